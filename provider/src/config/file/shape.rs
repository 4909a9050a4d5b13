//! The configuration file as it is written, before anything in it is understood. Each identity's keys stand with its cloud.

use serde::Deserialize;

use super::aws::{CognitoShape, ExternalRoleShape, InstanceRoleShape, PodIdentityShape, WebIdentityShape};
use super::azure::{FederatedShape, ManagedIdentityShape};
use super::gcp::{ApplicationDefaultShape, ImpersonationShape, MetadataShape};
use super::kubernetes::{ServiceAccountTokenFileShape, ServiceAccountTokenShape};
use super::proxy::ProxyShape;
use super::response::ResponseShape;
use super::static_route::StaticShape;
use super::tls::TlsShape;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FileShape {
    pub(super) routes: Vec<RouteShape>,
    pub(super) deadline: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RouteShape {
    pub(super) match_images: Option<Vec<String>>,
    pub(super) artifactory_url: Option<String>,
    pub(super) insecure: Option<bool>,
    pub(super) tls: Option<TlsShape>,
    pub(super) proxy: Option<ProxyShape>,
    pub(super) identity: Option<IdentityShape>,
    pub(super) identities: Option<Vec<IdentityShape>>,
    pub(super) identity_order: Option<String>,
    pub(super) oidc_provider: Option<OidcProviderShape>,
    pub(super) response: Option<ResponseShape>,
    #[serde(rename = "static")]
    pub(super) fixed: Option<StaticShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum IdentityShape {
    AwsInstanceRole(InstanceRoleShape),
    AwsWebIdentity(WebIdentityShape),
    AwsPodIdentity(PodIdentityShape),
    AwsCognito(CognitoShape),
    AwsExternalRole(ExternalRoleShape),
    AzureManagedIdentity(ManagedIdentityShape),
    AzureFederated(FederatedShape),
    AzureWorkloadIdentity(super::azure::WorkloadIdentityShape),
    GcpMetadata(MetadataShape),
    GcpImpersonation(ImpersonationShape),
    GcpWorkloadIdentity(super::gcp::WorkloadIdentityShape),
    GcpApplicationDefault(ApplicationDefaultShape),
    ServiceAccountToken(ServiceAccountTokenShape),
    ServiceAccountTokenFile(ServiceAccountTokenFileShape),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OidcProviderShape {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) provider_type: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) identity_mapping_name: Option<String>,
    pub(super) project_key: Option<String>,
    #[serde(default)]
    pub(super) include_reference_token: bool,
}
