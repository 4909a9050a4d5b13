//! Trust policies: who may assume a role, in the form and by the rules of IAM.
//!
//! ```text
//! statement ─▶ principal? ─▶ action? ─▶ conditions? ─▶ effect; Deny beats Allow, nothing said is a no
//! ```
//!
//! What this does not evaluate, it does not read: a policy with `NotPrincipal`, `NotAction`, a numeric or date condition
//! or a policy variable is no policy of a world.
//! [IAM user guide, Policy evaluation logic](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html).

mod condition;
mod context;
mod one_or_many;
pub(crate) mod pattern;
mod principal;

use serde::Deserialize;

use self::condition::Conditions;
pub(crate) use self::context::Context;
use self::one_or_many::OneOrMany;
pub(crate) use self::principal::Principal;
use self::principal::Principals;

/// Who may assume a role, and under which conditions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct TrustPolicy {
    #[serde(default)]
    version: Version,
    #[serde(default)]
    id: Option<String>,
    statement: OneOrMany<Statement>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Version {
    #[default]
    #[serde(rename = "2012-10-17")]
    Current,
    #[serde(rename = "2008-10-17")]
    Old,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Statement {
    #[serde(default)]
    sid: Option<String>,
    effect: Effect,
    principal: Principals,
    action: OneOrMany<String>,
    #[serde(default)]
    condition: Conditions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

/// What a trust policy says to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// No: nothing allows it, or something denies it.
    Denied,
    /// Yes, to the account of the principal, whose own policies have the last word.
    Delegated,
    /// Yes, to the principal itself.
    Allowed,
}

impl TrustPolicy {
    /// The policy that lets a service assume the role and tag the session.
    pub(crate) fn of_service(name: &str) -> Self {
        let actions = ["sts:AssumeRole", "sts:TagSession"].map(str::to_owned);
        let statement = Statement {
            sid: None,
            effect: Effect::Allow,
            principal: Principals::service(name),
            action: actions.to_vec().into(),
            condition: Conditions::default(),
        };
        Self { version: Version::default(), id: None, statement: vec![statement].into() }
    }

    /// What the policy says when a principal attempts an action.
    pub(crate) fn verdict(&self, principal: &Principal<'_>, action: &str, context: &Context) -> Verdict {
        let mut verdict = Verdict::Denied;
        for statement in self.statement.iter() {
            match (statement.effect, statement.concerns(principal, action, context)) {
                (_, None) => {}
                (Effect::Deny, Some(_)) => return Verdict::Denied,
                (Effect::Allow, Some(grant)) => verdict = verdict.max(grant),
            }
        }
        verdict
    }

    /// The same policy with another text for each occurrence of one, in principals and condition keys.
    #[must_use]
    pub(crate) fn replacing(&self, text: &str, by: &str) -> Self {
        let statement = self.statement.iter().map(|statement| Statement {
            principal: statement.principal.replacing(text, by),
            condition: statement.condition.replacing(text, by),
            ..statement.clone()
        });
        Self { statement: statement.collect::<Vec<_>>().into(), ..self.clone() }
    }
}

impl Statement {
    /// Whom the statement speaks to when it speaks of an attempt: the principal or its account.
    fn concerns(&self, principal: &Principal<'_>, action: &str, context: &Context) -> Option<Verdict> {
        let action = action.to_ascii_lowercase();
        let mut actions = self.action.iter();
        // Actions are compared without regard to case: IAM user guide, IAM JSON policy elements: Action.
        let is_named = actions.any(|pattern| pattern::matches(&pattern.to_ascii_lowercase(), &action));
        let grant = self.principal.grant(principal)?;
        (is_named && self.condition.hold(context)).then_some(grant)
    }
}

#[cfg(test)]
mod tests;
