//! AWS: a role of the node or of the pod, proved by a signed `GetCallerIdentity` call.
//!
//! Every way ends the same: temporary credentials sign the call, Artifactory makes it, AWS says whose role it was, and an
//! `iam_role` mapping says whose user that is. The role needs no permission: `sts:GetCallerIdentity` cannot be denied.
//!
//! # Layout
//!
//! - `instance_role`: the role of the EC2 instance, by `imds`.
//! - `web_identity`: a role that the pod's token may assume, by `sts`.
//! - `pod_identity`: the role that EKS associates with the pod.
//! - `credentials`: what they all end in; `sigv4a`: what is made of it.
//! - `role_arn`: a role's ARN.

use std::time::Duration;

use crate::endpoints::Region;
use crate::identity::Proof;
use crate::identity::kubernetes::TokenError;
use crate::time::{Deadline, now};

mod credentials;
mod imds;
mod instance_role;
mod pod_identity;
mod role_arn;
mod sigv4a;
mod sts;
mod web_identity;

pub(crate) use imds::is_role_name;
pub use imds::{ImdsError, MetadataItem};
pub use instance_role::InstanceRole;
pub use pod_identity::{AgentError, PodIdentity};
pub use role_arn::RoleArn;
pub use sigv4a::SignError;
pub use sts::StsError;
pub use web_identity::{RoleChoice, WebIdentity, WebIdentityError};

use credentials::AwsCredentials;

/// How a role is shown to Artifactory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The region whose STS is signed for; `None` finds one.
    pub region: Option<Region>,
    /// The life that is asked for Artifactory's token.
    pub token_lifetime: Duration,
}

impl CallerIdentity {
    /// Signs the call for the region's STS; `None` signs for the global one.
    fn sign<'route>(
        &self,
        credentials: &AwsCredentials,
        region: Option<Region>,
        deadline: Deadline,
    ) -> Result<Proof<'route>, AwsError> {
        credentials.outlive(deadline)?;
        let request = sigv4a::caller_identity(credentials, region, now())?;
        Ok(Proof::SignedCallerIdentity { request, token_lifetime: self.token_lifetime })
    }
}

/// Why no role could be proved.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// The instance metadata service.
    #[error(transparent)]
    Imds(#[from] ImdsError),
    /// The pod's service account token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The choice of a role for the pod's token.
    #[error(transparent)]
    WebIdentity(#[from] WebIdentityError),
    /// AWS STS.
    #[error(transparent)]
    Sts(#[from] StsError),
    /// The EKS Pod Identity agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// Credentials that end before the pull must.
    #[error("the role's credentials expire in {} s, before the pull's deadline", .left.as_secs())]
    Expiring {
        /// What is left of their life.
        left: Duration,
    },
    /// The signature.
    #[error(transparent)]
    Sign(#[from] SignError),
}
