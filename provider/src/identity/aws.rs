//! AWS: a role of the node or of the pod, proved by a signed `GetCallerIdentity` call.
//!
//! Every way but Cognito's ends the same: temporary credentials sign the call, Artifactory makes it, AWS says whose role it was, and an
//! `iam_role` mapping says whose user that is. The role needs no permission: `sts:GetCallerIdentity` cannot be denied.
//!
//! # Layout
//!
//! - `instance_role`: the role of the EC2 instance, by `imds`.
//! - `web_identity`: a role that the pod's token may assume, by `sts`.
//! - `pod_identity`: the role that EKS associates with the pod.
//! - `cognito`: a client of a user pool, whose token is the proof; its calls go by `json`.
//! - `pod_region`: the region in which a pod's role is used.
//! - `external_role`: a role of another account, which the node's own credentials assume; `role_session` is what is asked,
//!   `refusal` what STS says to it, `sdk` the AWS SDK that finds the credentials and asks.
//! - `chain`: where the SDK finds credentials, and why it finds none.
//! - `credentials`: what the others end in; `sigv4a`: what is made of it.
//! - `role_arn`: a role's ARN.

use std::time::Duration;

use crate::endpoints::Region;
use crate::http::HttpError;
use crate::identity::Proof;
use crate::identity::kubernetes::TokenError;
use crate::time::{Deadline, now};

mod chain;
mod cognito;
mod credentials;
mod external_role;
mod imds;
mod instance_role;
mod json;
mod pod_identity;
mod pod_region;
mod refusal;
mod role_arn;
mod role_session;
#[cfg(feature = "aws-sdk")]
mod sdk;
#[cfg(not(feature = "aws-sdk"))]
#[path = "aws/no_sdk.rs"]
mod sdk;
mod sigv4a;
mod sts;
mod web_identity;

pub use chain::{ChainError, Origin};
pub use cognito::{
    AuthorizationServer, BaseCredentials, Cognito, CognitoError, PoolError, ResourceServer, SecretError,
    TokenEndpointError, UserPool,
};
pub use external_role::{ExternalRole, ExternalRoleError};
pub(crate) use imds::is_role_name;
pub use imds::{ImdsError, MetadataItem};
pub use instance_role::InstanceRole;
pub use json::{CallError, Operation};
pub use pod_identity::{AgentError, PodIdentity};
pub use refusal::Refusal;
pub use role_arn::{PartitionError, RoleArn};
pub use role_session::{ExternalId, RoleSession, SessionDuration, SessionName, SessionTags, TagProblem};
pub use sdk::Sdk;
pub use sigv4a::SignError;
pub use sts::{StsError, TrustHint};
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
    /// A role and a region of different partitions.
    #[error(transparent)]
    Partition(#[from] PartitionError),
    /// AWS STS.
    #[error(transparent)]
    Sts(#[from] StsError),
    /// The EKS Pod Identity agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// Secrets Manager or Cognito.
    #[error(transparent)]
    Cognito(Box<CognitoError>),
    /// The node's own credentials, as the SDK finds them.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The role of another account.
    #[error(transparent)]
    ExternalRole(#[from] ExternalRoleError),
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

impl From<CognitoError> for AwsError {
    fn from(error: CognitoError) -> Self {
        Self::Cognito(Box::new(error))
    }
}

/// What happened at each of a service's addresses, in one line.
fn each_cause(failures: &[(impl AsRef<str>, HttpError)]) -> String {
    let at = |address: &str| address.split('/').nth(2).unwrap_or_default().to_owned();
    let causes = failures.iter().map(|(address, error)| format!("at {}: {error}", at(address.as_ref())));
    causes.collect::<Vec<_>>().join("; ")
}
