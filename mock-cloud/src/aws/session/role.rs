//! A role as STS knows it.

use std::time::Duration;

use super::unique_id;
use crate::aws::region::partition_of;
use crate::aws::trust_policy::{TrustPolicy, pattern};
use crate::aws::world::{AwsWorld, Role};

/// A role with what IAM gave it when it was made.
#[derive(Debug)]
pub(crate) struct KnownRole {
    /// The name, without the path.
    pub(crate) name: String,
    /// The twelve digits of its account.
    pub(crate) account: String,
    /// The partition of its account.
    pub(crate) partition: &'static str,
    /// The ARN, with the path.
    pub(crate) arn: String,
    /// The unique id, `AROA...`.
    pub(crate) id: String,
    /// Who may assume it.
    pub(crate) trust: TrustPolicy,
    max_session_seconds: u32,
    may_assume: Vec<String>,
    may_call: Vec<String>,
}

impl KnownRole {
    /// Makes a role of a world, with a unique id of its own.
    pub(crate) fn new(role: &Role, world: &AwsWorld) -> Self {
        let partition = partition_of(&world.region).id;
        let account = role.account.as_ref().unwrap_or(&world.account);
        Self {
            name: role.name.clone(),
            account: account.clone(),
            partition,
            arn: format!("arn:{partition}:iam::{account}:role{}{}", role.path, role.name),
            id: unique_id("AROA", 21),
            trust: role.trust.policy(),
            max_session_seconds: role.max_session_duration,
            may_assume: role.may_assume.clone(),
            may_call: role.may_call.clone(),
        }
    }

    /// The longest that a session of it may be asked to last.
    pub(crate) fn max_session_duration(&self) -> Duration {
        Duration::from_secs(self.max_session_seconds.into())
    }

    /// Whether its own policies let it assume the role with an ARN.
    pub(crate) fn may_assume(&self, role_arn: &str) -> bool {
        self.may_assume.iter().any(|pattern| pattern::matches(pattern, role_arn))
    }

    /// Whether its own policies let it call an action, `secretsmanager:GetSecretValue` for one.
    pub(crate) fn may_call(&self, action: &str) -> bool {
        self.may_call.iter().any(|pattern| pattern::matches(pattern, action))
    }
}
