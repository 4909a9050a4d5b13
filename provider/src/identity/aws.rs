//! AWS: the instance role, proved by a signed `GetCallerIdentity` call.
//!
//! The instance needs a role and no IAM permission at all: `sts:GetCallerIdentity` cannot be denied. Artifactory needs an
//! `iam_role` mapping from that role to a user.

use std::time::Duration;

use crate::endpoints::Region;
use crate::http::Http;
use crate::identity::Proof;
use crate::time::{Deadline, now};

mod imds;
mod sigv4a;
pub(crate) use imds::is_role_name;
pub use imds::{ImdsError, MetadataItem};
pub use sigv4a::SignError;

/// The role of the EC2 instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRole {
    /// The role's name; `None` takes the one role that the instance has.
    pub role_name: Option<String>,
    /// The region whose STS is signed for; `None` asks the metadata service.
    pub region: Option<Region>,
    /// The life that is asked for Artifactory's token.
    pub token_lifetime: Duration,
}

/// Why the instance role could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The instance metadata service.
    #[error(transparent)]
    Imds(#[from] ImdsError),
    /// The signature.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl InstanceRole {
    /// Takes the role's credentials from the metadata service and signs with them. The credentials go nowhere else.
    ///
    /// # Errors
    /// When the metadata service gives no usable credentials, or no region of a known partition.
    pub async fn prove<'route>(&self, http: &Http, base: &str, deadline: Deadline) -> Result<Proof<'route>, AwsError> {
        let imds = imds::Imds::open(http, base).await?;
        let (region, credentials) = tokio::try_join!(self.region(&imds), self.credentials(&imds))?;
        credentials.outlive(deadline)?;
        let request = sigv4a::caller_identity(&credentials, region, now())?;
        Ok(Proof::SignedCallerIdentity { request, token_lifetime: self.token_lifetime })
    }

    /// The configured region, else the instance's; `None` when the metadata service knows none.
    async fn region(&self, imds: &imds::Imds<'_>) -> Result<Option<Region>, ImdsError> {
        match &self.region {
            Some(region) => Ok(Some(region.clone())),
            None => imds.region().await,
        }
    }

    async fn credentials(&self, imds: &imds::Imds<'_>) -> Result<imds::RoleCredentials, ImdsError> {
        match &self.role_name {
            Some(name) => imds.credentials(name).await,
            None => imds.credentials(&imds.only_role().await?).await,
        }
    }
}
