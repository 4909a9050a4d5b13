//! A role of another account (or of this one), assumed with whatever credentials the node has.
//!
//! The role's trust policy allows `sts:AssumeRole` (and `sts:TagSession` where tags are sent) to the node's own role or
//! user, best under a condition on `sts:ExternalId`; that role or user needs the same two permissions on the role. Source:
//! IAM user guide, "Cross-account resource access in IAM" and "Access to AWS accounts owned by third parties".

use std::fmt;

use crate::config::Network;
use crate::endpoints::Region;
use crate::http::{Http, HttpError};
use crate::identity::Proof;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::imds::Imds;
use crate::identity::aws::refusal::Refusal;
use crate::identity::aws::{AwsError, CallerIdentity, RoleSession, Sdk};
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

/// Where the credentials came from that assume the role.
///
/// Source: AWS SDKs and tools reference, "Standardized credential providers".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// The profile of the shared configuration files.
    Profile,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    WebIdentity,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    Container,
    /// The metadata service of the EC2 instance.
    InstanceMetadata,
}

impl Origin {
    /// The order of the SDK's default chain. Source: AWS SDK for Rust developer guide, "Credential providers".
    pub const IN_ORDER: [Self; 5] =
        [Self::Environment, Self::Profile, Self::WebIdentity, Self::Container, Self::InstanceMetadata];
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Environment => "the environment",
            Self::Profile => "the profile",
            Self::WebIdentity => "the web identity token file",
            Self::Container => "the container endpoint",
            Self::InstanceMetadata => "the instance metadata service",
        })
    }
}

/// Why the node has no credentials to start from.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// No source is set up.
    #[error("no AWS credentials were found: {}", .tried.join("; "))]
    NoneFound {
        /// Each source and why it was passed over, in the SDK's words.
        tried: Vec<String>,
    },
    /// A source that is set up did not answer.
    #[error("cannot get AWS credentials from {origin}")]
    Transport {
        /// The source.
        origin: Origin,
        /// What happened.
        source: HttpError,
    },
    /// A source that is set up gave none.
    #[error("{origin} gave no AWS credentials: {reason}")]
    Failed {
        /// The source.
        origin: Origin,
        /// The reason, in the SDK's words, cut and cleaned.
        reason: String,
    },
    /// Credentials that lack a part.
    #[error("{origin} gave AWS credentials without a key")]
    Form {
        /// The source.
        origin: Origin,
    },
    /// No client for the sources could be made.
    #[error("no HTTP client could be made")]
    Client(#[source] HttpError),
}

/// Why the role could not be assumed.
#[derive(Debug, thiserror::Error)]
pub enum ExternalRoleError {
    /// Neither the route, the environment nor the metadata service knows a region.
    #[error("no AWS region is known to assume the role in")]
    NoRegion,
    /// The credentials to start from.
    #[error(transparent)]
    Chain(#[from] ChainError),
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
        let region = self.region(metadata, network).await?;
        self.session.role.fits(&region)?;
        let (base, origin) =
            self.sdk.credentials(network, &region, deadline).await.map_err(ExternalRoleError::Chain)?;
        self.allowed(&base, origin)?;
        let credentials = self.sdk.assume_role(network, &region, &base, &self.session, deadline).await?;
        self.caller.sign(&credentials, Some(region), deadline)
    }

    async fn region(&self, metadata: &Http, network: &Network) -> Result<Region, AwsError> {
        if let Some(region) = &self.caller.region {
            return Ok(region.clone());
        }
        let imds = Imds::open(metadata, &network.endpoints.aws_metadata).await?;
        Ok(imds.region().await?.ok_or(ExternalRoleError::NoRegion)?)
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
