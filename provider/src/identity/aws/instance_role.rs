//! The role of the EC2 instance.
//!
//! The role needs no permission, and its trust policy allows `sts:AssumeRole` to `ec2.amazonaws.com`. Source: IAM user guide,
//! "IAM roles for Amazon EC2".

use crate::endpoints::{InstanceMetadata, Region};
use crate::http::Http;
use crate::identity::Proof;
use crate::identity::aws::credentials::{AwsCredentials, lasting};
use crate::identity::aws::imds::Imds;
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
    pub async fn prove<'route>(
        &self,
        http: &Http,
        metadata: &InstanceMetadata,
        deadline: Deadline,
    ) -> Result<Proof<'route>, AwsError> {
        let role_name = self.role_name.as_deref();
        let (region, credentials) =
            role_and_region(http, metadata, role_name, self.caller.region.as_ref(), deadline).await?;
        self.caller.sign(&credentials, region, deadline)
    }
}

/// The credentials of the named role, or of the one that the instance has, and the region to use them in.
pub(super) async fn role_and_region(
    http: &Http,
    metadata: &InstanceMetadata,
    role_name: Option<&str>,
    region: Option<&Region>,
    deadline: Deadline,
) -> Result<(Option<Region>, AwsCredentials), AwsError> {
    let imds = Imds::open(http, metadata).await?;
    tokio::try_join!(region_or_own(&imds, region), credentials(&imds, role_name, deadline))
}

/// The configured region, else the instance's, for whoever needs nothing else of the instance.
pub(super) async fn node_region(
    http: &Http,
    metadata: &InstanceMetadata,
    region: Option<&Region>,
) -> Result<Option<Region>, AwsError> {
    match region {
        Some(region) => Ok(Some(region.clone())),
        None => Ok(Imds::open(http, metadata).await?.region().await?),
    }
}

/// The configured region, else the instance's; `None` as [`Imds::region`] has it.
async fn region_or_own(imds: &Imds<'_>, region: Option<&Region>) -> Result<Option<Region>, AwsError> {
    match region {
        Some(region) => Ok(Some(region.clone())),
        None => Ok(imds.region().await?),
    }
}

async fn credentials(imds: &Imds<'_>, role_name: Option<&str>, deadline: Deadline) -> Result<AwsCredentials, AwsError> {
    let role = match role_name {
        Some(name) => name,
        None => &imds.only_role().await?,
    };
    lasting(deadline, async || imds.credentials(role).await).await
}
