//! `AssumeRoleWithWebIdentity`: the token of an identity provider opens a session.
//!
//! [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html). The call is
//! not signed: the token is all that speaks for the caller. What the request alone can show is answered before the
//! issuer is asked, and what the issuer vouches for before the role's policy is read.

use std::time::Duration;

use super::Question;
use super::assume_role::{assumed_role_user, credentials, too_long_for_role};
use super::constraint::{ROLE_ARN, ROLE_SESSION_NAME, Violations, WEB_IDENTITY_TOKEN};
use super::error::StsError;
use super::role_arn::RoleArn;
use super::web_identity::WebIdentity;
use super::xml::Element;
use crate::aws::session::{KnownRole, Opening};
use crate::aws::trust_policy::{Context, Principal, Verdict};

/// The parameters that narrow a session, and the one for providers that are not `OpenID` Connect.
const NOT_EVALUATED: [&str; 3] = ["Policy", "PolicyArns", "ProviderId"];

impl Question<'_> {
    /// Answers the elements of the result.
    ///
    /// # Errors
    ///
    /// The first of: the form of the parameters, the token, the role's policy, the lifetime.
    pub(crate) async fn assume_role_with_web_identity(&self) -> Result<Vec<Element>, StsError> {
        self.refuse_any_of(&NOT_EVALUATED)?;
        let seconds = self.parameters.number("DurationSeconds")?;
        let mut violations = Violations::default();
        let role_arn = violations.required(&ROLE_ARN, self.parameters.value("RoleArn"));
        let name = violations.required(&ROLE_SESSION_NAME, self.parameters.value("RoleSessionName"));
        let token = violations.required(&WEB_IDENTITY_TOKEN, self.parameters.value("WebIdentityToken"));
        let seconds = violations.duration(seconds);
        violations.into_result()?;
        let role_arn = RoleArn::parse(role_arn)?;
        let account = Some(role_arn.account).filter(|_| self.is_at_home());
        let identity = self.sts.providers.identity(token, account, self.now).await?;
        let opening = Opening::new(name, Duration::from_secs(seconds.into()));
        let sessions = &self.sts.facts.sessions;
        let role = sessions.role(role_arn.text).filter(|role| identity.may_assume(role, &opening));
        let role = role.ok_or(StsError::WebIdentityDenied)?;
        if opening.lifetime > role.max_session_duration() {
            return Err(too_long_for_role());
        }
        let session = sessions.open(role, opening, self.now);
        Ok(vec![
            Element::text("Audience", identity.audience),
            assumed_role_user(&session),
            Element::text("Provider", identity.provider_arn),
            credentials(&session),
            Element::text("SubjectFromWebIdentityToken", identity.subject),
        ])
    }
}

impl WebIdentity {
    /// Whether the policy of a role lets the identity open a session.
    ///
    /// [IAM user guide, Available keys for AWS OIDC federation](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif).
    fn may_assume(&self, role: &KnownRole, opening: &Opening) -> bool {
        let key = |claim: &str| format!("{}:{claim}", self.provider_name);
        let context = Context::default()
            .with(&key("aud"), &self.audiences)
            .with(&key("sub"), [&self.subject])
            .with(&key("amr"), &self.methods)
            .with("aws:FederatedProvider", [&self.provider_arn]);
        let context = opening.described_in(context);
        let principal = Principal::Federated(&self.provider_arn);
        role.trust.verdict(&principal, "sts:AssumeRoleWithWebIdentity", &context) == Verdict::Allowed
    }
}
