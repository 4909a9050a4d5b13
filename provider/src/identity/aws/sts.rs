//! AWS STS, by hand: one unsigned call, whose reply is a small document.
//!
//! Source: AWS STS API reference, `AssumeRoleWithWebIdentity` and "Common errors".

use serde::Deserialize;

use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::aws::RoleArn;
use crate::identity::aws::credentials::AwsCredentials;
use crate::secret::{Secret, quote_foreign};

/// Why STS gave no credentials.
#[derive(Debug, thiserror::Error)]
pub enum StsError {
    /// No complete reply.
    #[error("cannot reach AWS STS at `{host}`")]
    Transport {
        /// Its host.
        host: String,
        /// What happened.
        source: HttpError,
    },
    /// A refusal, with the service's own code and words.
    #[error("AWS STS refused with `{code}`: {message}")]
    Refused {
        /// The error's code, such as `AccessDenied`.
        code: String,
        /// Its message, cut and cleaned.
        message: String,
        /// What the trust policy would have to say.
        trust: Box<TrustHint>,
    },
    /// A reply that is not what the service documents.
    #[error("AWS STS answered {status} in an unknown form")]
    Form {
        /// The HTTP status.
        status: u16,
    },
}

/// The token's own claims, as a trust policy names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustHint {
    /// The issuer without its scheme, as IAM names the provider.
    pub issuer: String,
    /// The first audience.
    pub audience: String,
    /// The subject.
    pub subject: String,
}

/// A role to be assumed with a token.
pub(super) struct Assumption<'a> {
    pub(super) role: &'a RoleArn,
    pub(super) session_name: &'a str,
    pub(super) token: &'a Secret,
    pub(super) trust: TrustHint,
}

/// Assumes a role with a token that a web identity provider issued, at the STS of this address; the call is not signed.
pub(super) async fn assume_role_with_web_identity(
    http: &Http,
    sts: &str,
    assumption: &Assumption<'_>,
) -> Result<AwsCredentials, StsError> {
    let fields = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", assumption.role.as_str()),
        ("RoleSessionName", assumption.session_name),
        ("WebIdentityToken", assumption.token.expose()),
    ];
    let request = Request::post_form(format!("{sts}/"), &fields).retried_if(passing);
    let host = || sts.split_once("://").map_or(sts, |(_, host)| host).to_owned();
    let transport = |source| StsError::Transport { host: host(), source };
    let reply = http.send(&request).await.map_err(transport)?;
    let status = reply.status.as_u16();
    if reply.is_ok() {
        return credentials(&reply.text()).ok_or(StsError::Form { status });
    }
    let Refusal { code, message } = refusal(&reply).ok_or(StsError::Form { status })?;
    let (code, message) = (quote_foreign(&code), quote_foreign(&message));
    Err(StsError::Refused { code, message, trust: Box::new(assumption.trust.clone()) })
}

/// Whether STS refuses for now, with a status that says for good.
///
/// Source: AWS STS API reference, `AssumeRoleWithWebIdentity`, `IDPCommunicationError`, and "Common errors".
pub(super) fn passing(reply: &Reply) -> bool {
    let code = refusal(reply).map(|refusal| refusal.code);
    matches!(
        code.as_deref(),
        Some("Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "IDPCommunicationError")
    )
}

fn refusal(reply: &Reply) -> Option<Refusal> {
    let refused = !reply.is_ok();
    refused.then(|| quick_xml::de::from_str(&reply.text()).ok()).flatten().map(|ErrorResponse { error }| error)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WebIdentityResponse {
    assume_role_with_web_identity_result: AssumeResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AssumeResult {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
    expiration: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorResponse {
    error: Refusal,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal {
    code: String,
    #[serde(default)]
    message: String,
}

fn credentials(xml: &str) -> Option<AwsCredentials> {
    let response: WebIdentityResponse = quick_xml::de::from_str(xml).ok()?;
    let Credentials { access_key_id, secret_access_key, session_token, expiration } =
        response.assume_role_with_web_identity_result.credentials;
    AwsCredentials::complete(access_key_id, secret_access_key, session_token, expiration.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_from_the_documented_reply() {
        let xml = r#"<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Audience>sts.amazonaws.com</Audience>
    <AssumedRoleUser><AssumedRoleId>AROA:x</AssumedRoleId><Arn>arn:aws:sts::1:assumed-role/r/x</Arn></AssumedRoleUser>
    <Provider>arn:aws:iam::1:oidc-provider/x</Provider>
    <Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/+=&amp;</SecretAccessKey>
      <SessionToken>t</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration></Credentials>
    <SubjectFromWebIdentityToken>system:serviceaccount:n:s</SubjectFromWebIdentityToken>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>"#;
        let credentials = credentials(xml).expect("credentials");
        assert_eq!(credentials.access_key_id, "ASIA1");
        assert_eq!(credentials.secret_access_key.expose(), "s/+=&");
        assert_eq!(credentials.session_token.as_ref().map(Secret::expose), Some("t"));
    }

    #[test]
    fn what_is_no_such_reply_holds_no_credentials() {
        for text in ["", "<html>", "<AssumeRoleWithWebIdentityResponse/>", "{}"] {
            assert!(credentials(text).is_none(), "{text}");
        }
    }
}
