//! The roles of the world and who may assume them.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::aws::trust_policy::TrustPolicy;

/// A role of an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Role {
    /// The name of the role, without its path.
    pub name: String,
    /// The path, which begins and ends with a slash; part of the role's ARN and of no session's.
    #[serde(default = "root_path", deserialize_with = "path")]
    pub path: String,
    /// The account that the role lies in; unless told, the one of the world.
    #[serde(default)]
    pub account: Option<String>,
    /// Seconds that a session of it may be asked to last, 3,600 to 43,200.
    #[serde(default = "one_hour", deserialize_with = "session_duration")]
    pub max_session_duration: u32,
    /// Who may assume it.
    #[serde(default)]
    pub trust: Trust,
    /// The ARNs of roles that its own policies let it assume; `*` stands for any text.
    ///
    /// A role of its own account whose trust policy names it needs no such policy, one of another account always does
    /// ([IAM user guide, Cross-account policy evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html)).
    #[serde(default)]
    pub may_assume: Vec<String>,
    /// The actions that its own policies let it call, `secretsmanager:GetSecretValue` for one; `*` stands for any text.
    ///
    /// `GetCallerIdentity` needs none, and assuming a role is what the fact above is for.
    #[serde(default)]
    pub may_call: Vec<String>,
}

/// Who may assume a role.
///
/// Written as `ec2`, `other`, or a trust policy in the form of IAM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// The EC2 service, so that instances get credentials.
    #[default]
    Ec2,
    /// Somebody else, so that the credentials read `AssumeRoleUnauthorizedAccess`.
    Other,
    /// Whom a policy says.
    Policy(TrustPolicy),
}

impl Role {
    /// A role of the world's account, all else as IAM has it unless told.
    #[must_use]
    pub fn new(name: &str, trust: Trust) -> Self {
        Self {
            name: name.into(),
            path: root_path(),
            account: None,
            max_session_duration: one_hour(),
            trust,
            may_assume: Vec::new(),
            may_call: Vec::new(),
        }
    }
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html, `Path` and `MaxSessionDuration`
fn root_path() -> String {
    "/".into()
}

fn one_hour() -> u32 {
    3600
}

fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let path = String::deserialize(deserializer)?;
    let is_path = path.starts_with('/') && path.ends_with('/');
    let complaint = || D::Error::custom(format!("the path `{path}` does not begin and end with a slash"));
    if is_path { Ok(path) } else { Err(complaint()) }
}

fn session_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let seconds = u32::deserialize(deserializer)?;
    let complaint = || D::Error::custom(format!("maxSessionDuration is {seconds} and not 3600 to 43200"));
    if (3600..=43_200).contains(&seconds) { Ok(seconds) } else { Err(complaint()) }
}

impl Trust {
    /// The policy that this stands for.
    pub(crate) fn policy(&self) -> TrustPolicy {
        match self {
            Self::Ec2 => TrustPolicy::of_service("ec2.amazonaws.com"),
            Self::Other => TrustPolicy::of_service("lambda.amazonaws.com"),
            Self::Policy(policy) => policy.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Trust {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        enum Short {
            Ec2,
            Other,
        }
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Trust;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`ec2`, `other` or a trust policy")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Trust, E> {
                Ok(match Short::deserialize(StrDeserializer::new(text))? {
                    Short::Ec2 => Trust::Ec2,
                    Short::Other => Trust::Other,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Trust, A::Error> {
                TrustPolicy::deserialize(MapAccessDeserializer::new(map)).map(Trust::Policy)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}
