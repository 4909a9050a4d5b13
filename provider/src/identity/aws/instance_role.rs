//! The role of the EC2 instance.

use crate::endpoints::Region;
use crate::http::Http;
use crate::identity::Proof;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::imds::{Imds, ImdsError};
use crate::identity::aws::{AwsError, CallerIdentity};
use crate::time::Deadline;

/// The role of the EC2 instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRole {
    /// The role's name; `None` takes the one role that the instance has.
    pub role_name: Option<String>,
    /// How it is shown to Artifactory; without a region the metadata service is asked.
    pub caller: CallerIdentity,
}

impl InstanceRole {
    /// Takes the role's credentials from the metadata service and signs with them. The credentials go nowhere else.
    ///
    /// # Errors
    /// When the metadata service gives no usable credentials, or a region of no known partition.
    pub async fn prove<'route>(&self, http: &Http, base: &str, deadline: Deadline) -> Result<Proof<'route>, AwsError> {
        let imds = Imds::open(http, base).await?;
        let (region, credentials) = tokio::try_join!(self.region(&imds), self.credentials(&imds))?;
        self.caller.sign(&credentials, region, deadline)
    }

    /// The configured region, else the instance's; `None` when the metadata service knows none.
    async fn region(&self, imds: &Imds<'_>) -> Result<Option<Region>, ImdsError> {
        match &self.caller.region {
            Some(region) => Ok(Some(region.clone())),
            None => imds.region().await,
        }
    }

    async fn credentials(&self, imds: &Imds<'_>) -> Result<AwsCredentials, ImdsError> {
        match &self.role_name {
            Some(name) => imds.credentials(name).await,
            None => imds.credentials(&imds.only_role().await?).await,
        }
    }
}
