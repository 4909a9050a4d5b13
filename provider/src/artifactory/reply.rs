//! What Artifactory answers: a credential, or a refusal in one of its error shapes.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use crate::artifactory::{RegistryCredential, TokenForm};
use crate::jwt::Claims;
use crate::lifetime::Lifetime;
use crate::secret::{Secret, quote_foreign};

/// Why a reply of status 200 holds no usable credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Nothing in it.
    #[error("the body is empty")]
    Empty,
    /// No JSON document of the expected shape, such as a proxy's HTML page.
    #[error("the body is not the JSON document of a token exchange")]
    Shape,
    /// `access_token` is absent or empty.
    #[error("`access_token` is absent or empty")]
    NoAccessToken,
    /// `reference_token` was asked for and is absent or empty.
    #[error("`reference_token` is absent or empty")]
    NoReferenceToken,
    /// No `username`, and the token has no subject that stands for one.
    #[error("`username` is absent or empty, and the token has no subject")]
    NoUsername,
    /// A colon or a control character, which Basic authentication cannot carry (RFC 7617 section 2).
    #[error("`username` holds a colon or a control character")]
    Username,
}

/// The fields of both exchanges that the provider uses; every other is ignored.
#[derive(Deserialize)]
struct TokenReply {
    #[serde(default)]
    access_token: Option<Secret>,
    #[serde(default)]
    reference_token: Option<Secret>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    expires_in: Option<Value>,
}

/// Reads a credential out of a reply of status 200.
pub(super) fn credential(body: &[u8], form: TokenForm, now: SystemTime) -> Result<RegistryCredential, ReplyError> {
    if body.trim_ascii().is_empty() {
        return Err(ReplyError::Empty);
    }
    let reply: TokenReply = serde_json::from_slice(body).map_err(|_| ReplyError::Shape)?;
    let access_token = reply.access_token.filter(|token| !token.is_empty()).ok_or(ReplyError::NoAccessToken)?;
    let claims = Claims::read(&access_token);
    let lifetime = Lifetime::lesser(whole_seconds(reply.expires_in.as_ref()), claims.as_ref(), now);
    let username = reply
        .username
        .filter(|name| !name.is_empty())
        .or_else(|| claims.as_ref().and_then(Claims::username).map(str::to_owned))
        .ok_or(ReplyError::NoUsername)?;
    if username.contains(|c: char| c == ':' || c.is_control()) {
        return Err(ReplyError::Username);
    }
    let password = match form {
        TokenForm::AccessToken => access_token,
        TokenForm::ReferenceToken => {
            reply.reference_token.filter(|token| !token.is_empty()).ok_or(ReplyError::NoReferenceToken)?
        }
    };
    Ok(RegistryCredential { username, access_token: password, lifetime })
}

/// Whether a body of status 400 is the page by which nginx asks for a client certificate, or refuses the one it was shown.
///
/// Source: nginx `ngx_http_special_response.c`, `ngx_http_error_495_page` and `ngx_http_error_496_page`.
pub(super) fn asks_for_certificate(body: &[u8]) -> bool {
    let page = String::from_utf8_lossy(body);
    ["<title>400 The SSL certificate error", "<title>400 No required SSL certificate was sent"]
        .into_iter()
        .any(|title| page.contains(title))
}

/// `expires_in` as a number or, from some servers, as a string; nothing negative and nothing else counts.
fn whole_seconds(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().filter(|n| *n < 0.0).map(|_| 0)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The message of a refusal in Artifactory's own shape; `None` for anything else, such as a proxy's page.
///
/// Access writes `{"errors":[{"code":"..","message":".."}]}`, Artifactory `{"errors":[{"status":401,"message":".."}]}`.
/// Source: JFrog REST APIs, error responses.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let message = document.get("errors")?.get(0)?.get("message")?.as_str()?;
    Some(quote_foreign(message)).filter(|message| !message.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifactory::TokenForm::{AccessToken, ReferenceToken};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use std::time::Duration;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn jwt(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_username_with_a_slash_is_kept_whole() {
        let body = br#"{"access_token":"t","username":"google/nodes","expires_in":60,"scope":"x","novel":1}"#;
        let credential = credential(body, AccessToken, NOW).expect("a credential");
        assert_eq!(credential.username, "google/nodes");
        assert_eq!(credential.access_token.expose(), "t");
        assert_eq!(credential.lifetime, Lifetime::Ends(Duration::from_secs(60)));
    }

    #[test]
    fn a_missing_username_comes_from_the_subject() {
        let body = format!(r#"{{"access_token":"{}"}}"#, jwt(r#"{"sub":"jfac@1/users/robot","exp":50}"#));
        let credential = credential(body.as_bytes(), AccessToken, NOW).expect("a credential");
        assert_eq!(credential.username, "robot");
        assert_eq!(credential.lifetime, Lifetime::Ends(Duration::from_secs(50)));
    }

    #[test]
    fn a_reference_token_replaces_the_password_and_keeps_the_life() {
        let body = br#"{"access_token":"t","reference_token":"cmVm","username":"u","expires_in":"90"}"#;
        let credential = credential(body, ReferenceToken, NOW).expect("a credential");
        assert_eq!(credential.access_token.expose(), "cmVm");
        assert_eq!(credential.lifetime, Lifetime::Ends(Duration::from_secs(90)));
    }

    #[test]
    fn what_is_no_credential_is_refused() {
        let table: [(&str, TokenForm, ReplyError); 9] = [
            (" \n", AccessToken, ReplyError::Empty),
            ("<html>", AccessToken, ReplyError::Shape),
            ("\"text\"", AccessToken, ReplyError::Shape),
            ("{}", AccessToken, ReplyError::NoAccessToken),
            (r#"{"access_token":"","username":"u"}"#, AccessToken, ReplyError::NoAccessToken),
            (r#"{"access_token":"t","username":""}"#, AccessToken, ReplyError::NoUsername),
            (r#"{"access_token":"t","username":"a:b"}"#, AccessToken, ReplyError::Username),
            (r#"{"access_token":"t","username":"a\nb"}"#, AccessToken, ReplyError::Username),
            (r#"{"access_token":"t","username":"u"}"#, ReferenceToken, ReplyError::NoReferenceToken),
        ];
        for (body, form, reason) in table {
            assert_eq!(credential(body.as_bytes(), form, NOW).expect_err(body), reason, "{body}");
        }
    }

    #[test]
    fn a_refusal_gives_its_message_and_nothing_else() {
        assert_eq!(
            refusal(br#"{"errors":[{"code":"BAD_REQUEST","message":"Invalid audience"}]}"#).as_deref(),
            Some("Invalid audience")
        );
        assert_eq!(
            refusal(br#"{"errors":[{"status":401,"message":"Bad credentials"}]}"#).as_deref(),
            Some("Bad credentials")
        );
        for body in ["", "<html>", "{}", r#"{"errors":[]}"#, r#"{"errors":"x"}"#] {
            assert_eq!(refusal(body.as_bytes()), None, "{body}");
        }
    }
}
