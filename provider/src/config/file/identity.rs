//! An identity of a route, of whichever cloud: what it needs beside itself, and what it becomes.

use super::RouteContext;
use super::shape::IdentityShape;
use crate::config::ConfigError;
use crate::identity::IdentitySource;

impl IdentityShape {
    /// Whether the proof is an ID token, which is meant for an OIDC provider of Artifactory.
    pub(super) fn needs_provider(&self) -> bool {
        match self {
            Self::AwsInstanceRole(_) | Self::AwsWebIdentity(_) | Self::AwsPodIdentity(_) | Self::AwsExternalRole(_) => {
                false
            }
            Self::AwsCognito(_)
            | Self::AzureManagedIdentity(_)
            | Self::AzureFederated(_)
            | Self::AzureWorkloadIdentity(_)
            | Self::GcpMetadata(_)
            | Self::GcpImpersonation(_)
            | Self::GcpWorkloadIdentity(_)
            | Self::GcpApplicationDefault(_)
            | Self::ServiceAccountToken(_)
            | Self::ServiceAccountTokenFile(_) => true,
        }
    }

    pub(super) fn into_source(self, route: &RouteContext<'_>) -> Result<IdentitySource, ConfigError> {
        Ok(match self {
            Self::AwsInstanceRole(shape) => IdentitySource::AwsInstanceRole(shape.into_identity(route)?),
            Self::AwsWebIdentity(shape) => IdentitySource::AwsWebIdentity(shape.into_identity(route)?),
            Self::AwsPodIdentity(shape) => IdentitySource::AwsPodIdentity(shape.into_identity(route)?),
            Self::AwsCognito(shape) => IdentitySource::AwsCognito(shape.into_identity(route)?),
            Self::AwsExternalRole(shape) => IdentitySource::AwsExternalRole(shape.into_identity(route)?),
            Self::AzureManagedIdentity(shape) => IdentitySource::AzureManagedIdentity(shape.into_identity(route)?),
            Self::AzureFederated(shape) => IdentitySource::AzureFederated(shape.into_identity(route)?),
            Self::AzureWorkloadIdentity(shape) => IdentitySource::AzureWorkloadIdentity(shape.into_identity(route)?),
            Self::GcpMetadata(shape) => IdentitySource::GcpMetadata(shape.into_identity(route)?),
            Self::GcpImpersonation(shape) => IdentitySource::GcpImpersonation(shape.into_identity(route)?),
            Self::GcpWorkloadIdentity(shape) => IdentitySource::GcpWorkloadIdentity(shape.into_identity(route)?),
            Self::GcpApplicationDefault(shape) => IdentitySource::GcpApplicationDefault(shape.into_identity(route)?),
            Self::ServiceAccountToken(shape) => IdentitySource::ServiceAccountToken(shape.into_identity(route)?),
            Self::ServiceAccountTokenFile(shape) => {
                IdentitySource::ServiceAccountTokenFile(shape.into_identity(route)?)
            }
        })
    }
}
