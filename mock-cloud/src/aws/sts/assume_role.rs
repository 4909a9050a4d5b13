//! `AssumeRole`: one session opens another.
//!
//! [API reference](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). Whoever calls here is
//! itself the session of a role, so that every call chains roles and an hour is the most that it can get.

use std::sync::Arc;
use std::time::Duration;

use super::Question;
use super::constraint::{EXTERNAL_ID, ROLE_ARN, ROLE_SESSION_NAME, SOURCE_IDENTITY, Violations};
use super::error::StsError;
use super::request_tags::RequestTags;
use super::role_arn::RoleArn;
use super::xml::Element;
use crate::aws::session::{KnownRole, Opening, RoleSession, SessionTags};
use crate::aws::timestamp;
use crate::aws::trust_policy::{Context, Principal, Verdict};

/// The parameters that narrow a session or prove more about its caller.
const NOT_EVALUATED: [&str; 5] = ["Policy", "PolicyArns", "SerialNumber", "TokenCode", "ProvidedContexts"];

/// The longest that a session may last which another session opens.
const CHAINED: Duration = Duration::from_hours(1);

/// What one session wants of a role.
struct Attempt<'a> {
    caller: &'a RoleSession,
    role_arn: RoleArn<'a>,
    opening: Opening,
    external_id: Option<&'a str>,
}

impl Question<'_> {
    /// Answers the elements of the result.
    ///
    /// # Errors
    ///
    /// The first of: the signature, the form of the parameters, what they say together, the policies, the lifetime.
    pub(crate) fn assume_role(&self) -> Result<Vec<Element>, StsError> {
        let caller = self.caller()?;
        let attempt = self.attempt(&caller)?;
        let sessions = &self.sts.facts.sessions;
        let role = attempt.granted(sessions.role(attempt.role_arn.text))?;
        attempt.fits(role)?;
        let mut opening = attempt.opening;
        opening.tags = opening.tags.merged(caller.tags.transitive());
        Ok(result(&sessions.open(role, opening, self.now)))
    }

    fn attempt<'q>(&'q self, caller: &'q RoleSession) -> Result<Attempt<'q>, StsError> {
        self.refuse_any_of(&NOT_EVALUATED)?;
        let seconds = self.parameters.number("DurationSeconds")?;
        let mut violations = Violations::default();
        let role_arn = violations.required(&ROLE_ARN, self.parameters.value("RoleArn"));
        let name = violations.required(&ROLE_SESSION_NAME, self.parameters.value("RoleSessionName"));
        let seconds = violations.duration(seconds);
        let tags = RequestTags::read(&self.parameters, &mut violations);
        let external_id = violations.optional(&EXTERNAL_ID, self.parameters.value("ExternalId"));
        let source_identity = violations.optional(&SOURCE_IDENTITY, self.parameters.value("SourceIdentity"));
        violations.into_result()?;
        let mut opening = Opening::new(name, Duration::from_secs(seconds.into()));
        opening.tags = tags.tags(&caller.tags)?;
        opening.source_identity = inherited(caller, source_identity)?;
        Ok(Attempt { caller, role_arn: RoleArn::parse(role_arn)?, opening, external_id })
    }

    /// Refuses parameters that the real service heeds and this one cannot.
    pub(crate) fn refuse_any_of(&self, names: &[&'static str]) -> Result<(), StsError> {
        let given = names.iter().find(|name| self.parameters.has_member(name));
        given.map_or(Ok(()), |name| Err(StsError::NotEvaluated(name)))
    }
}

impl Attempt<'_> {
    /// The role, when every policy concerned grants the session.
    ///
    /// The live service names `sts:SetSourceIdentity` before `sts:AssumeRole` where a policy denies both. Tags that the
    /// calling session hands on want `sts:TagSession` like those of the request:
    /// [IAM user guide, Chaining roles with session tags](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining).
    fn granted<'r>(&self, role: Option<&'r Arc<KnownRole>>) -> Result<&'r Arc<KnownRole>, StsError> {
        let role = role.ok_or_else(|| self.denied("sts:AssumeRole"))?;
        let context = self.context();
        let is_tagged = !self.opening.tags.is_empty() || !self.caller.tags.transitive().is_empty();
        let actions = [
            self.opening.source_identity.is_some().then_some("sts:SetSourceIdentity"),
            Some("sts:AssumeRole"),
            is_tagged.then_some("sts:TagSession"),
        ];
        let mut actions = actions.into_iter().flatten();
        let denied = actions.find(|action| !self.is_granted(role, action, &context));
        denied.map_or(Ok(role), |action| Err(self.denied(action)))
    }

    fn is_granted(&self, role: &KnownRole, action: &str, context: &Context) -> bool {
        let own = &self.caller.role;
        let arn = self.caller.arn();
        let principal = Principal::Session { arn: &arn, role_arn: &own.arn, account: &own.account };
        let same_account = own.account == role.account;
        match role.trust.verdict(&principal, action, context) {
            Verdict::Denied => false,
            Verdict::Allowed if same_account => true,
            Verdict::Allowed | Verdict::Delegated => own.may_assume(&role.arn),
        }
    }

    /// What the policy of the role may ask about the call.
    ///
    /// [IAM user guide, AWS global condition context keys](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
    fn context(&self) -> Context {
        let (caller, own) = (self.caller, &self.caller.role);
        let context = Context::default()
            .with("sts:ExternalId", self.external_id)
            .with("aws:PrincipalArn", [&own.arn])
            .with("aws:PrincipalAccount", [&own.account])
            .with("aws:PrincipalType", ["AssumedRole"])
            .with("aws:userid", [caller.user_id()])
            .with("aws:SourceIdentity", &caller.source_identity);
        let tags = caller.tags.iter();
        let context =
            tags.fold(context, |context, (key, value)| context.with(&format!("aws:PrincipalTag/{key}"), [value]));
        self.opening.described_in(context)
    }

    /// Whether the session may last so long; the live service asks the role before it thinks of the chain.
    fn fits(&self, role: &KnownRole) -> Result<(), StsError> {
        if self.opening.lifetime > role.max_session_duration() {
            return Err(too_long_for_role());
        }
        if self.opening.lifetime > CHAINED {
            let text =
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
            return Err(StsError::Validation(text.into()));
        }
        Ok(())
    }

    fn denied(&self, action: &'static str) -> StsError {
        StsError::AccessDenied { caller: self.caller.arn(), action, role_arn: self.role_arn.text.into() }
    }
}

/// The source identity of a new session: that of the calling one, if any, which nobody can change.
fn inherited(caller: &RoleSession, asked: Option<&str>) -> Result<Option<String>, StsError> {
    match (&caller.source_identity, asked) {
        (Some(own), Some(asked)) if own != asked => {
            Err(StsError::Validation("The source identity is already set for this assume role session".into()))
        }
        (Some(own), _) => Ok(Some(own.clone())),
        (None, asked) => Ok(asked.map(str::to_owned)),
    }
}

/// A lifetime that the role does not grant.
pub(crate) fn too_long_for_role() -> StsError {
    let text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    StsError::Validation(text.into())
}

fn result(session: &RoleSession) -> Vec<Element> {
    let mut elements = vec![assumed_role_user(session), credentials(session)];
    elements.extend(packed_policy_size(&session.tags));
    elements.extend(session.source_identity.as_ref().map(|text| Element::text("SourceIdentity", text)));
    elements
}

/// Who the session is.
pub(crate) fn assumed_role_user(session: &RoleSession) -> Element {
    let id = Element::text("AssumedRoleId", session.user_id());
    Element::Group("AssumedRoleUser", vec![id, Element::text("Arn", session.arn())])
}

/// The key of the session.
pub(crate) fn credentials(session: &RoleSession) -> Element {
    let elements = vec![
        Element::text("AccessKeyId", &session.access_key_id),
        Element::text("SecretAccessKey", &session.secret_access_key),
        Element::text("SessionToken", &session.token),
        Element::text("Expiration", timestamp::extended(session.expiration)),
    ];
    Element::Group("Credentials", elements)
}

/// How much of the room for tags a session takes, in per cent, which the real service measures in a form of its own.
fn packed_policy_size(tags: &SessionTags) -> Option<Element> {
    const ROOM: usize = 2048;
    let length: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    (!tags.is_empty()).then(|| Element::text("PackedPolicySize", (length * 100).div_ceil(ROOM).to_string()))
}
