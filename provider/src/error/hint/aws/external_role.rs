//! Remedies of a role that the node's own credentials assume.

use crate::error::hint::transport;
use crate::identity::aws::{ChainError, ExternalRoleError, Origin, Refusal};

pub(super) fn external_role(error: &ExternalRoleError) -> String {
    match error {
        ExternalRoleError::NoRegion => "set `aws_region` (`region`)".into(),
        ExternalRoleError::Chain(error) => chain(error),
        ExternalRoleError::Chaining { .. } => too_long_for_a_chain(),
        ExternalRoleError::Refused(refusal) => refused(refusal),
    }
}

fn too_long_for_a_chain() -> String {
    "set `aws_external_role_session_duration_seconds` (`sessionDuration`) to 3600 (`1h`) or less, or leave it out"
        .into()
}

fn chain(error: &ChainError) -> String {
    match error {
        ChainError::NoneFound { .. } => {
            "attach an instance profile to the node and check that it reaches 169.254.169.254 (hop limit, firewall), or set \
             AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or \
             AWS_CONTAINER_CREDENTIALS_FULL_URI in the `env` of the provider's entry"
                .into()
        }
        ChainError::Transport { origin, source } => transport(source, asked(*origin)),
        ChainError::Client(source) => transport(source, "AWS"),
        ChainError::Failed { origin, .. } | ChainError::Form { origin } => mend(*origin).into(),
    }
}

/// Whom a source asks.
fn asked(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment | Origin::Profile | Origin::WebIdentity => "AWS STS (AWS_ENDPOINT_URL_STS)",
        Origin::Container => "the address of AWS_CONTAINER_CREDENTIALS_FULL_URI",
        Origin::InstanceMetadata => "169.254.169.254",
    }
}

fn mend(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment => "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the `env` of the provider's entry",
        Origin::Profile => {
            "check the profile of AWS_PROFILE (else `default`) in the files AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
        }
        Origin::WebIdentity => {
            "check the file AWS_WEB_IDENTITY_TOKEN_FILE, and that the role AWS_ROLE_ARN trusts its token's issuer, aud and sub"
        }
        Origin::Container => {
            "check AWS_CONTAINER_CREDENTIALS_FULL_URI (https, or http to an IP address of loopback, ECS or EKS) and \
             AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, or unset them"
        }
        Origin::InstanceMetadata => {
            "check the instance profile's role: ec2.amazonaws.com must be allowed sts:AssumeRole"
        }
    }
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
