//! The identities that the demo pulls with, and how an operator configures each.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::{Value, json};

/// Who proves what to Artifactory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The role of an EC2 instance.
    AwsInstanceRole,
    /// The annotated role of a pod that has opted in (IRSA).
    AwsWebIdentity,
    /// The role that EKS associates with a pod's service account.
    AwsPodIdentity,
    /// The managed identity of an Azure virtual machine.
    AzureManagedIdentity,
    /// The service account of a Compute Engine instance.
    GcpMetadata,
    /// Another service account, which the instance's one acts as.
    GcpImpersonation,
    /// A service account that a pod's token stands for, by a workload identity pool.
    GcpWorkloadIdentity,
    /// A pod's service account token as it is, on any cluster.
    ServiceAccountToken,
    /// A username and a password in a file: nothing is proven or exchanged.
    Static,
}

/// The account of mock-cloud's world that others act as.
const IMAGES: &str = "images@artifactory-demo.iam.gserviceaccount.com";

/// The pool's provider of mock-cloud's world that trusts the cluster.
const POOL_PROVIDER: &str = "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/demo";

/// How the kubelet's entry configures the provider.
pub(super) enum Entry {
    /// By variables, as for the incumbent, beside those that point at the mocks.
    Variables(&'static [(&'static str, &'static str)]),
    /// By one route of a file, without `artifactoryUrl`.
    Route(Value),
    /// By a static route of a file.
    StaticRoute,
}

/// The pod that pulls, as far as the kubelet tells the provider about it.
pub(super) struct Pod {
    /// `tokenAttributes.serviceAccountTokenAudience` of the entry.
    pub(super) audience: &'static str,
    /// The service account, in the namespace `default`.
    pub(super) service_account: &'static str,
    /// Those annotations of the service account that the entry asks for.
    pub(super) annotations: BTreeMap<String, String>,
}

/// What a provider has to ask before it can exchange anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// The cloud, and then Artifactory once.
    CloudAndArtifactory,
    /// Artifactory once.
    Artifactory,
    /// Nobody.
    Nobody,
}

/// Whether another identity's proofs have the same issuer, whose keys Artifactory keeps once it has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Issuer {
    /// No other one shown has it.
    Own,
    /// One shown before has it.
    Shared,
}

impl Identity {
    /// All of them, in the order shown.
    pub const ALL: [Self; 9] = [
        Self::AwsInstanceRole,
        Self::AwsWebIdentity,
        Self::AwsPodIdentity,
        Self::AzureManagedIdentity,
        Self::GcpMetadata,
        Self::GcpImpersonation,
        Self::GcpWorkloadIdentity,
        Self::ServiceAccountToken,
        Self::Static,
    ];

    /// The name for a person.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AwsInstanceRole => "AWS instance role",
            Self::AwsWebIdentity => "AWS web identity",
            Self::AwsPodIdentity => "EKS Pod Identity",
            Self::AzureManagedIdentity => "Azure managed identity",
            Self::GcpMetadata => "GCP metadata ID token",
            Self::GcpImpersonation => "GCP impersonation",
            Self::GcpWorkloadIdentity => "GCP workload identity",
            Self::ServiceAccountToken => "service account token",
            Self::Static => "static credential",
        }
    }

    /// How it is configured.
    pub(super) fn entry(self) -> Entry {
        let provider = json!({"name": "mock-cloud", "audience": "artifactory"});
        match self {
            Self::AwsInstanceRole | Self::AwsWebIdentity => Entry::Variables(&[("cloud_provider", "aws")]),
            Self::AwsPodIdentity => Entry::Route(json!({"identity": {"awsPodIdentity": {"region": "us-east-1"}}})),
            Self::AzureManagedIdentity => Entry::Variables(&[("cloud_provider", "azure")]),
            Self::GcpMetadata => Entry::Variables(&[("cloud_provider", "google")]),
            Self::GcpImpersonation => {
                let identity = json!({"gcpImpersonation": {"serviceAccount": IMAGES, "audience": "artifactory"}});
                Entry::Route(json!({"identity": identity, "oidcProvider": provider}))
            }
            Self::GcpWorkloadIdentity => {
                let identity = json!({"gcpWorkloadIdentity": {
                    "workloadIdentityProvider": POOL_PROVIDER, "serviceAccount": IMAGES, "audience": "artifactory"}});
                Entry::Route(json!({"identity": identity, "oidcProvider": provider}))
            }
            Self::ServiceAccountToken => {
                let identity = json!({"serviceAccountToken": {"audience": "artifactory"}});
                Entry::Route(json!({"identity": identity, "oidcProvider": provider}))
            }
            Self::Static => Entry::StaticRoute,
        }
    }

    /// Whose pod pulls; `None` where the kubelet's entry has no `tokenAttributes`.
    pub(super) fn pod(self) -> Option<Pod> {
        let pod = |audience, service_account| Pod { audience, service_account, annotations: BTreeMap::new() };
        match self {
            Self::AwsWebIdentity => {
                let role = "arn:aws:iam::111122223333:role/web-identity-pull";
                let annotations = [("JFrogExchange", "true"), ("eks.amazonaws.com/role-arn", role)];
                let annotations = annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
                Some(Pod { annotations, ..pod("sts.amazonaws.com", "app") })
            }
            Self::AwsPodIdentity => Some(pod("pods.eks.amazonaws.com", "pod-identity")),
            Self::GcpWorkloadIdentity => Some(pod("google-sts", "app")),
            Self::ServiceAccountToken => Some(pod("artifactory", "app")),
            Self::AwsInstanceRole
            | Self::AzureManagedIdentity
            | Self::GcpMetadata
            | Self::GcpImpersonation
            | Self::Static => None,
        }
    }

    /// Whose keys verify the proof.
    pub(super) const fn issuer(self) -> Issuer {
        match self {
            Self::GcpImpersonation | Self::GcpWorkloadIdentity => Issuer::Shared,
            Self::AwsInstanceRole
            | Self::AwsWebIdentity
            | Self::AwsPodIdentity
            | Self::AzureManagedIdentity
            | Self::GcpMetadata
            | Self::ServiceAccountToken
            | Self::Static => Issuer::Own,
        }
    }

    /// Whom the provider has to ask.
    pub(super) const fn asks(self) -> Asks {
        match self {
            Self::Static => Asks::Nobody,
            Self::ServiceAccountToken => Asks::Artifactory,
            Self::AwsInstanceRole
            | Self::AwsWebIdentity
            | Self::AwsPodIdentity
            | Self::AzureManagedIdentity
            | Self::GcpMetadata
            | Self::GcpImpersonation
            | Self::GcpWorkloadIdentity => Asks::CloudAndArtifactory,
        }
    }
}
