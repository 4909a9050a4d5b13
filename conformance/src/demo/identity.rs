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
    /// A role of another account, which the instance's role assumes.
    AwsCrossAccount,
    /// A client of a Cognito user pool, whose secret the instance's role may read.
    AwsCognito,
    /// The managed identity of an Azure virtual machine.
    AzureManagedIdentity,
    /// An application of Entra ID that trusts the managed identity.
    AzureFederated,
    /// An application of Entra ID that trusts the cluster's service accounts.
    AzureWorkloadIdentity,
    /// The service account of a Compute Engine instance.
    GcpMetadata,
    /// Another service account, which the instance's one acts as.
    GcpImpersonation,
    /// A service account that a pod's token stands for, by a workload identity pool.
    GcpWorkloadIdentity,
    /// Google's application default credentials, which are the instance's where no file gives others.
    GcpApplicationDefault,
    /// A pod's service account token as it is, on any cluster.
    ServiceAccountToken,
    /// A service account token in a file, the node's own, on any cluster.
    ServiceAccountTokenFile,
    /// A username and a password in a file: nothing is proven or exchanged.
    Static,
}

/// The role of mock-cloud's world in another account, and what its owner asks for beside the caller's role.
const CROSS_ACCOUNT: (&str, &str) = ("arn:aws:iam::444455556666:role/cross-account-pull", "artifactory-external-id");

/// The tenant and the application of mock-cloud's world.
const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const APPLICATION: &str = "44444444-5555-4666-8777-888888888888";

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
    /// By a route of a file that names a file with a token of this service account, for Artifactory.
    TokenFileRoute(&'static str),
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
    pub const ALL: [Self; 15] = [
        Self::AwsInstanceRole,
        Self::AwsWebIdentity,
        Self::AwsPodIdentity,
        Self::AwsCrossAccount,
        Self::AwsCognito,
        Self::AzureManagedIdentity,
        Self::AzureFederated,
        Self::AzureWorkloadIdentity,
        Self::GcpMetadata,
        Self::GcpImpersonation,
        Self::GcpWorkloadIdentity,
        Self::GcpApplicationDefault,
        Self::ServiceAccountToken,
        Self::ServiceAccountTokenFile,
        Self::Static,
    ];

    /// The name for a person.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::AwsInstanceRole => "AWS instance role",
            Self::AwsWebIdentity => "AWS web identity",
            Self::AwsPodIdentity => "EKS Pod Identity",
            Self::AwsCrossAccount => "AWS cross-account role",
            Self::AwsCognito => "AWS Cognito",
            Self::AzureManagedIdentity => "Azure managed identity",
            Self::AzureFederated => "Azure federated",
            Self::AzureWorkloadIdentity => "Azure workload identity",
            Self::GcpMetadata => "GCP metadata ID token",
            Self::GcpImpersonation => "GCP impersonation",
            Self::GcpWorkloadIdentity => "GCP workload identity",
            Self::GcpApplicationDefault => "GCP default credentials",
            Self::ServiceAccountToken => "service account token",
            Self::ServiceAccountTokenFile => "node's token file",
            Self::Static => "static credential",
        }
    }

    /// How it is configured.
    pub(super) fn entry(self) -> Entry {
        match self {
            Self::AwsInstanceRole | Self::AwsWebIdentity => Entry::Variables(&[("cloud_provider", "aws")]),
            Self::AwsPodIdentity => Entry::Route(json!({"identity": {"awsPodIdentity": {"region": "us-east-1"}}})),
            Self::AwsCrossAccount => {
                let (role, external_id) = CROSS_ACCOUNT;
                Entry::Route(json!({"identity": {"awsExternalRole": {"roleArn": role, "externalId": external_id}}}))
            }
            Self::AwsCognito => Entry::Variables(&[
                ("cloud_provider", "aws"),
                ("aws_auth_method", "cognito_oidc"),
                ("secret_name", "artifactory/cognito"),
                ("user_pool_name", "artifactory-pool"),
                ("resource_server_name", "artifactory"),
                ("user_pool_resource_scope", "pull"),
                ("jfrog_oidc_provider_name", "cognito"),
            ]),
            Self::AzureManagedIdentity => Entry::Variables(&[("cloud_provider", "azure")]),
            // The method that has no name: without one the managed identity becomes the application.
            Self::AzureFederated => Entry::Variables(&[("cloud_provider", "azure"), ("azure_auth_method", "")]),
            Self::AzureWorkloadIdentity => {
                // The proof is for the application, and so is the mapping.
                let identity = json!({"azureWorkloadIdentity": {"tenantId": TENANT}});
                Entry::Route(json!({"identity": identity, "oidcProvider": {"name": "mock-cloud"}}))
            }
            Self::GcpMetadata => Entry::Variables(&[("cloud_provider", "google")]),
            Self::GcpImpersonation => {
                oidc_route(&json!({"gcpImpersonation": {"serviceAccount": IMAGES, "audience": "artifactory"}}))
            }
            Self::GcpWorkloadIdentity => oidc_route(&json!({"gcpWorkloadIdentity": {
                "workloadIdentityProvider": POOL_PROVIDER, "serviceAccount": IMAGES, "audience": "artifactory"}})),
            Self::GcpApplicationDefault => oidc_route(&json!({"gcpApplicationDefault": {"audience": "artifactory"}})),
            Self::ServiceAccountToken => oidc_route(&json!({"serviceAccountToken": {"audience": "artifactory"}})),
            Self::ServiceAccountTokenFile => Entry::TokenFileRoute("app"),
            Self::Static => Entry::StaticRoute,
        }
    }

    /// Whose pod pulls; `None` where the kubelet's entry has no `tokenAttributes`.
    pub(super) fn pod(self) -> Option<Pod> {
        let pod = |audience, service_account| Pod { audience, service_account, annotations: BTreeMap::new() };
        match self {
            Self::AwsWebIdentity => {
                let role = "arn:aws:iam::111122223333:role/web-identity-pull";
                let annotations = annotations([("JFrogExchange", "true"), ("eks.amazonaws.com/role-arn", role)]);
                Some(Pod { annotations, ..pod("sts.amazonaws.com", "app") })
            }
            Self::AwsPodIdentity => Some(pod("pods.eks.amazonaws.com", "pod-identity")),
            Self::AzureWorkloadIdentity => {
                let annotations =
                    annotations([("JFrogExchange", "true"), ("azure.workload.identity/client-id", APPLICATION)]);
                Some(Pod { annotations, ..pod("api://AzureADTokenExchange", "app") })
            }
            Self::GcpWorkloadIdentity => Some(pod("google-sts", "app")),
            Self::ServiceAccountToken => Some(pod("artifactory", "app")),
            Self::AwsInstanceRole
            | Self::AwsCrossAccount
            | Self::AwsCognito
            | Self::AzureManagedIdentity
            | Self::AzureFederated
            | Self::GcpMetadata
            | Self::GcpImpersonation
            | Self::GcpApplicationDefault
            | Self::ServiceAccountTokenFile
            | Self::Static => None,
        }
    }

    /// Whose keys verify the proof.
    pub(super) const fn issuer(self) -> Issuer {
        match self {
            Self::AzureFederated
            | Self::AzureWorkloadIdentity
            | Self::GcpImpersonation
            | Self::GcpWorkloadIdentity
            | Self::GcpApplicationDefault
            | Self::ServiceAccountTokenFile => Issuer::Shared,
            Self::AwsInstanceRole
            | Self::AwsWebIdentity
            | Self::AwsPodIdentity
            | Self::AwsCrossAccount
            | Self::AwsCognito
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
            Self::ServiceAccountToken | Self::ServiceAccountTokenFile => Asks::Artifactory,
            Self::AwsInstanceRole
            | Self::AwsWebIdentity
            | Self::AwsPodIdentity
            | Self::AwsCrossAccount
            | Self::AwsCognito
            | Self::AzureManagedIdentity
            | Self::AzureFederated
            | Self::AzureWorkloadIdentity
            | Self::GcpMetadata
            | Self::GcpImpersonation
            | Self::GcpWorkloadIdentity
            | Self::GcpApplicationDefault => Asks::CloudAndArtifactory,
        }
    }
}

/// A route whose proof is for Artifactory, by the OIDC provider that trusts every issuer of mock-cloud.
fn oidc_route(identity: &Value) -> Entry {
    Entry::Route(json!({"identity": identity, "oidcProvider": {"name": "mock-cloud", "audience": "artifactory"}}))
}

fn annotations(pairs: [(&str, &str); 2]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
