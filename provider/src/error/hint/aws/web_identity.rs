//! Remedies of what STS refuses to a pod's token.
//!
//! Source of the codes: AWS STS API reference, `AssumeRoleWithWebIdentity`, "Errors", and "Common errors".

use crate::identity::aws::TrustHint;

pub(super) fn refused(code: &str, message: &str, trust: &TrustHint) -> String {
    let TrustHint { issuer, audience, subject } = trust;
    match code {
        "AccessDenied" => format!(
            "the role's trust policy must allow sts:AssumeRoleWithWebIdentity with \"Condition\": {{\"StringEquals\": \
             {{\"{issuer}:aud\": \"{audience}\", \"{issuer}:sub\": \"{subject}\"}}}}"
        ),
        "InvalidIdentityToken" if message.contains("audience") => {
            format!("add the client id `{audience}` to the IAM OIDC provider `{issuer}` of the role's account")
        }
        "InvalidIdentityToken" if message.contains("verification key") => {
            format!("AWS must be able to read {} and the keys that it names", discovery(issuer))
        }
        "InvalidIdentityToken" => {
            format!("the role's account needs an IAM OIDC provider `{issuer}` with the client id `{audience}`")
        }
        "ExpiredTokenException" => "check the node's clock; the kubelet sends a fresh token".into(),
        "IDPCommunicationError" => {
            format!("AWS could not read {} in time; the kubelet tries again", discovery(issuer))
        }
        "IDPRejectedClaim" => {
            "check that the service account and the pod still exist, and the node's clock; the kubelet sends a fresh token"
                .into()
        }
        "RegionDisabledException" => "enable the region's STS in the account, or set `aws_region` (`region`)".into(),
        "PackedPolicyTooLarge" => "shorten the session tags that the issuer puts into the token".into(),
        "MalformedPolicyDocument" => "report this: the provider sends no session policy".into(),
        "ValidationError" => {
            "check the role's ARN, as `eks.amazonaws.com/role-arn` (`roleArn`) has it, and its length".into()
        }
        "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => {
            "the account's calls to STS are throttled; a longer `secret_ttl_seconds` (`tokenLifetime`) means fewer".into()
        }
        _ => "check the role's ARN, its trust policy, and that STS is enabled in the region".into(),
    }
}

fn discovery(issuer: &str) -> String {
    format!("https://{}/.well-known/openid-configuration", issuer.trim_start_matches("http://"))
}
