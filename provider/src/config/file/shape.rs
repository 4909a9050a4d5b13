//! The configuration file as it is written, before anything in it is understood. Each identity's keys stand with its
//! cloud.
//!
//! The comments of the keys are what an editor shows: `docs/config.schema.json` is made from these shapes.

use serde::Deserialize;

use super::aws::{CognitoShape, ExternalRoleShape, InstanceRoleShape, PodIdentityShape, WebIdentityShape};
use super::azure::{FederatedShape, ManagedIdentityShape};
use super::gcp::{ApplicationDefaultShape, ImpersonationShape, MetadataShape};
use super::kubernetes::{ServiceAccountTokenFileShape, ServiceAccountTokenShape};
use super::proxy::ProxyShape;
use super::response::ResponseShape;
use super::static_route::StaticShape;
use super::telemetry::TelemetryShape;
use super::tls::TlsShape;

/// The configuration of artifactory-credential-provider: which images are served, and how their credential is had.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FileShape {
    /// The routes, in any order: the one whose pattern is closest to an image serves it.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub(super) routes: Vec<RouteShape>,
    /// How long one pull may take, such as `30s`. Default: `http_timeout_seconds`, else `55s`, which is also the most.
    pub(super) deadline: Option<String>,
    /// Where pulls are recorded, for whoever wants to know what took so long or why one failed.
    pub(super) telemetry: Option<TelemetryShape>,
}

/// Some images, and how their credential is had: by an exchange at an Artifactory, or from a static source.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("not" = super::schema::any_two(["identity", "identities", "static"]))))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RouteShape {
    /// The images, by the kubelet's rule: `host[:port][/path]`, with `*` for a label of the host or a part of it.
    /// Default: the host of `artifactoryUrl`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub(super) match_images: Option<Vec<String>>,
    /// The Artifactory at which the proof is exchanged: `host[:port]`, with `https://` or `http://` before it or not, and a
    /// path behind it. Default: `artifactory_url`.
    pub(super) artifactory_url: Option<String>,
    /// Whether `http://` to an Artifactory that is not on this node is meant: whoever is on the way can then read the proof
    /// and the token. Default: `false`.
    pub(super) insecure: Option<bool>,
    /// How the Artifactory is made sure of.
    pub(super) tls: Option<TlsShape>,
    /// Through which proxy it is reached: `direct` for none, or its `url`. Default: `HTTPS_PROXY`, with `http://` `HTTP_PROXY`,
    /// and `NO_PROXY`.
    pub(super) proxy: Option<ProxyShape>,
    /// Whose identity is proved. Default: that of the cloud which `cloud_provider` names.
    pub(super) identity: Option<IdentityShape>,
    /// Several identities: the first that applies to a pull is proved.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub(super) identities: Option<Vec<IdentityShape>>,
    /// How the identities follow one another: `strict`, `firstThatApplies` or `firstThatWorks`. With `strict` a pull with
    /// a pod's token is never the node's. Default: `ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER`, else
    /// `firstThatApplies`.
    #[cfg_attr(test, schemars(extend("enum" = ["strict", "firstThatApplies", "firstThatWorks", null])))]
    pub(super) identity_order: Option<String>,
    /// The OIDC provider of Artifactory for which an ID token is meant; needed for every identity but roles of AWS.
    pub(super) oidc_provider: Option<OidcProviderShape>,
    /// Which images an answer covers, and for how long the kubelet keeps it.
    pub(super) response: Option<ResponseShape>,
    /// A credential that somebody else rotates, in the place of an exchange. It takes nothing from the environment.
    #[serde(rename = "static")]
    pub(super) fixed: Option<StaticShape>,
}

/// Where an identity comes from.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum IdentityShape {
    /// The role of the EC2 instance.
    AwsInstanceRole(InstanceRoleShape),
    /// A role that the pod's service account token may assume (IRSA).
    AwsWebIdentity(WebIdentityShape),
    /// The role that EKS associates with the pod's service account.
    AwsPodIdentity(PodIdentityShape),
    /// A client of an Amazon Cognito user pool, whose secret the node's credentials may read.
    AwsCognito(CognitoShape),
    /// A role that the node's own credentials may assume, in another account for one.
    AwsExternalRole(ExternalRoleShape),
    /// A managed identity of the Azure VM.
    AzureManagedIdentity(ManagedIdentityShape),
    /// An application that trusts a managed identity of the Azure VM.
    AzureFederated(FederatedShape),
    /// An application that trusts the cluster's issuer (Microsoft Entra Workload ID).
    AzureWorkloadIdentity(super::azure::WorkloadIdentityShape),
    /// A service account of the Compute Engine VM.
    GcpMetadata(MetadataShape),
    /// A service account that the VM's one acts as.
    GcpImpersonation(ImpersonationShape),
    /// A service account that a token of a cluster stands for.
    GcpWorkloadIdentity(super::gcp::WorkloadIdentityShape),
    /// A service account by Google's application default credentials.
    GcpApplicationDefault(ApplicationDefaultShape),
    /// The pod's service account token itself.
    ServiceAccountToken(ServiceAccountTokenShape),
    /// A service account token that the node keeps in a file.
    ServiceAccountTokenFile(ServiceAccountTokenFileShape),
}

/// The OIDC provider of Artifactory for which an ID token is meant, and what is asked of it.
#[derive(Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OidcProviderShape {
    /// The provider's name. Default: `jfrog_oidc_provider_name`.
    pub(super) name: Option<String>,
    /// The provider's type. Default: `Generic OpenID Connect`, which every server takes.
    #[serde(rename = "type")]
    pub(super) provider_type: Option<String>,
    /// The audience asked for Artifactory's token. Default: `jfrog_token_audience`, else the identity mapping's.
    pub(super) audience: Option<String>,
    /// The one identity mapping to be used. Default: the first that fits.
    pub(super) identity_mapping_name: Option<String>,
    /// The project whose mappings count. Default: none.
    pub(super) project_key: Option<String>,
    /// Whether a reference token of 64 characters is asked for, for registries that limit the length of a password.
    /// Default: `false`.
    #[serde(default)]
    pub(super) include_reference_token: bool,
}
