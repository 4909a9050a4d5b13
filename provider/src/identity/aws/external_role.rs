//! A role of another account (or of this one), assumed with whatever credentials the node has.
//!
//! The role's trust policy allows `sts:AssumeRole` (and `sts:TagSession` where tags are sent) to the node's own role or
//! user, best under a condition on `sts:ExternalId`; that role or user needs the same two permissions on the role. Source:
//! IAM user guide, "Cross-account resource access in IAM" and "Access to AWS accounts owned by third parties".

use crate::config::Network;
use crate::http::Http;
use crate::identity::Proof;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::instance_role::node_region;
use crate::identity::aws::refusal::Refusal;
use crate::identity::aws::{AwsError, CallerIdentity, Origin, RoleSession, Sdk};
use crate::time::Deadline;

/// A role that the node's own credentials may assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalRole {
    /// What assumes it.
    pub sdk: Sdk,
    /// The role and what its session is to be.
    pub session: RoleSession,
    /// How it is shown to Artifactory; without a region the metadata service is asked.
    pub caller: CallerIdentity,
}

/// Why the role could not be assumed.
#[derive(Debug, thiserror::Error)]
pub enum ExternalRoleError {
    /// Neither the route, the environment nor the metadata service knows a region.
    #[error("no AWS region is known to assume the role in")]
    NoRegion,
    /// A session that is too long for whoever asks.
    #[error(
        "{origin} gave credentials of a role, which open sessions of 3600 s at most, and {seconds} s are asked for"
    )]
    Chaining {
        /// Where the credentials came from.
        origin: Origin,
        /// The life that the configuration asks for, in seconds.
        seconds: i32,
    },
    /// STS said no.
    #[error("AWS STS refused with `{}`: {}", .0.code, .0.message)]
    Refused(Box<Refusal>),
}

impl ExternalRole {
    /// Finds the node's credentials, assumes the role and signs with what it gives.
    ///
    /// # Errors
    /// When no region or no credentials are known, the session is too long for them, or STS refuses.
    pub async fn prove<'route>(
        &self,
        metadata: &Http,
        network: &Network,
        deadline: Deadline,
    ) -> Result<Proof<'route>, AwsError> {
        let region = node_region(metadata, &network.endpoints.aws_metadata, self.caller.region.as_ref()).await?;
        let region = region.ok_or(ExternalRoleError::NoRegion)?;
        self.session.role.fits(&region)?;
        let (base, origin) = self.sdk.credentials(network, &region, deadline).await?;
        self.allowed(&base, origin)?;
        let credentials = self.sdk.assume_role(network, &region, &base, &self.session, deadline).await?;
        self.caller.sign(&credentials, Some(region), deadline)
    }

    /// Refuses what STS would refuse to the credentials of a role.
    ///
    /// Credentials with an end were made for this pull, and every source that makes some makes a role's. Those that the
    /// environment or a profile holds say no end and may be a user's: STS decides about them.
    fn allowed(&self, base: &AwsCredentials, origin: Origin) -> Result<(), ExternalRoleError> {
        if base.expiration.is_some() && !self.session.duration.can_be_chained() {
            return Err(ExternalRoleError::Chaining { origin, seconds: self.session.duration.seconds() });
        }
        Ok(())
    }
}
