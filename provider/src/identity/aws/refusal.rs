//! What a refusal of STS says about the caller, and what the role's owner would have to say.
//!
//! Source: AWS STS API reference, `AssumeRole` and "Common errors".

use crate::identity::aws::RoleSession;
use crate::secret::quote_foreign;

/// A refusal, with what is needed to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error's code, such as `AccessDenied`.
    pub code: String,
    /// Its message, cut and cleaned.
    pub message: String,
    /// The principal that a trust policy has to name, where the message says who called.
    pub principal: Option<String>,
    /// What was asked for.
    pub session: RoleSession,
}

impl Refusal {
    /// Reads the code and the message of a refusal.
    #[must_use]
    pub fn new(code: &str, message: &str, session: &RoleSession) -> Self {
        let caller = message.strip_prefix("User: ").and_then(|rest| rest.split(' ').next());
        Self {
            code: quote_foreign(code),
            message: quote_foreign(message),
            principal: caller.and_then(principal),
            session: session.clone(),
        }
    }

    /// The actions that the trust policy and the caller's own policy must allow.
    #[must_use]
    pub fn actions(&self) -> &'static str {
        if self.session.tags.is_empty() { "sts:AssumeRole" } else { "sts:AssumeRole and sts:TagSession" }
    }
}

/// The role behind a session, or whoever called otherwise.
///
/// A session's ARN drops the path of its role: IAM user guide, "IAM identifiers".
fn principal(caller: &str) -> Option<String> {
    let fields: Vec<_> = caller.split(':').collect();
    let ["arn", partition, "iam" | "sts", "", account, resource] = fields.as_slice() else { return None };
    let principal = match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["assumed-role", role, _] => format!("arn:{partition}:iam::{account}:role/{role}"),
        _ => caller.to_owned(),
    };
    Some(principal).filter(|principal| quote_foreign(principal) == *principal)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::aws::{RoleArn, SessionDuration, SessionName, SessionTags};

    fn session(tags: &[(&str, &str)]) -> RoleSession {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        RoleSession {
            role: RoleArn::parse("arn:aws:iam::444455556666:role/pull").expect("a role"),
            external_id: None,
            name: SessionName::of_node("node"),
            duration: SessionDuration::parse(Duration::from_secs(900)).expect("a duration"),
            tags: SessionTags::parse(tags).expect("tags"),
        }
    }

    #[test]
    fn the_role_behind_a_session_is_the_principal() {
        for (caller, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/node/i-0", Some("arn:aws:iam::111122223333:role/node")),
            ("arn:aws-cn:iam::111122223333:user/team/x", Some("arn:aws-cn:iam::111122223333:user/team/x")),
            ("arn:aws:s3:::bucket", None),
            (&format!("arn:aws:sts::111122223333:assumed-role/{}/i-0", "A".repeat(65)), None),
            ("somebody", None),
        ] {
            let message = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: x");
            let refusal = Refusal::new("AccessDenied", &message, &session(&[]));
            assert_eq!(refusal.principal.as_deref(), expected, "{caller}");
        }
        assert_eq!(Refusal::new("AccessDenied", "no", &session(&[])).principal, None);
    }

    #[test]
    fn names_are_quoted_and_tokens_are_not() {
        let name = format!("arn:aws:sts::111122223333:assumed-role/{}/x", "n".repeat(60));
        let message = format!("User:  {name}\nsent {} {}", "t".repeat(60), "arn:aws:sts::1:eyJ".repeat(5));
        let refusal = Refusal::new("Code", &message, &session(&[]));
        assert_eq!(refusal.message, format!("User: {name} sent [redacted] [redacted]"));
    }

    #[test]
    fn tags_need_an_action_of_their_own() {
        assert_eq!(Refusal::new("x", "", &session(&[])).actions(), "sts:AssumeRole");
        assert_eq!(Refusal::new("x", "", &session(&[("a", "b")])).actions(), "sts:AssumeRole and sts:TagSession");
    }
}
