//! Remedies of a role that the node's own credentials assume.

use crate::identity::aws::{ExternalRoleError, Refusal};

pub(super) fn external_role(error: &ExternalRoleError) -> String {
    match error {
        ExternalRoleError::NoRegion => "set `aws_region` (`region`)".into(),
        ExternalRoleError::Chaining { .. } => too_long_for_a_chain(),
        ExternalRoleError::Refused(refusal) => refused(refusal),
    }
}

fn too_long_for_a_chain() -> String {
    "set `aws_external_role_session_duration_seconds` (`sessionDuration`) to 3600 (`1h`) or less, or leave it out"
        .into()
}

/// Source of the codes: AWS STS API reference, `AssumeRole` and "Common errors".
fn refused(refusal: &Refusal) -> String {
    match refusal.code.as_str() {
        "AccessDenied" => denied(refusal),
        "ValidationError" if refusal.message.contains("role chaining") => too_long_for_a_chain(),
        "ValidationError" if refusal.message.contains("MaxSessionDuration") => format!(
            "set `aws_external_role_session_duration_seconds` (`sessionDuration`) to what the role allows, or raise it: \
             aws iam update-role --role-name {} --max-session-duration {}",
            refusal.session.role.name(),
            refusal.session.duration.seconds(),
        ),
        "RegionDisabledException" => "enable the region's STS in the account, or set `aws_region` (`region`)".into(),
        "ExpiredToken" => {
            "the node's own credentials have ended; renew them (AWS_SESSION_TOKEN, the profile) and check its clock"
                .into()
        }
        "InvalidClientTokenId" => {
            "the node's own key is unknown to AWS; check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and the profile".into()
        }
        "SignatureDoesNotMatch" => "check the node's clock, and AWS_SECRET_ACCESS_KEY or the profile's key".into(),
        "PackedPolicyTooLarge" => "set fewer or shorter `sessionTags`".into(),
        "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => {
            "STS throttles the account; the kubelet tries again".into()
        }
        _ => "check `aws_external_role_arn` (`roleArn`), `sessionTags`, and that STS is enabled in the region".into(),
    }
}

/// Both policies that must say yes: the one of the role's account, and the caller's own.
fn denied(refusal: &Refusal) -> String {
    let (role, actions) = (&refusal.session.role, refusal.actions());
    let principal = refusal.principal.as_deref().unwrap_or("ARN of the node's own role");
    let condition = match &refusal.session.external_id {
        Some(_) => "\"Condition\": {\"StringEquals\": {\"sts:ExternalId\": the route's `externalId`}}",
        None => "no condition on sts:ExternalId (or set `externalId` in a configuration file)",
    };
    format!(
        "the trust policy of `{role}` must allow {actions} with \"Principal\": {{\"AWS\": \"{principal}\"}} and {condition}; \
         that principal's own policy must allow {actions} on the role"
    )
}
