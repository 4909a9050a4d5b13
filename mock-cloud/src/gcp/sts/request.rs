//! What the Security Token Service is asked: a form with the names of RFC 8693, or JSON with Google's.

use axum::body::to_bytes;
use axum::extract::Request;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::error::StsError;
use crate::query::Query;

/// More than any token.
const LONGEST_BODY: usize = 1 << 16;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const REQUESTED: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The kinds of token that the issuer of an OIDC provider signs.
const SUBJECT_TOKEN_TYPES: [&str; 2] =
    ["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"];

/// A token to be exchanged.
pub(super) struct Exchange {
    /// `//iam.googleapis.com/` and the name of a provider.
    pub(super) audience: String,
    pub(super) subject_token: String,
    pub(super) scopes: Vec<String>,
}

impl Exchange {
    pub(super) async fn read(request: Request) -> Result<Self, StsError> {
        let (parts, body) = request.into_parts();
        let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_json = media_type.starts_with("application/json");
        let body = to_bytes(body, LONGEST_BODY).await.map_err(|_| StsError::parameter("subject_token"))?;
        let body = String::from_utf8_lossy(&body).into_owned();
        if is_json {
            let document: Value = serde_json::from_str(&body).unwrap_or_default();
            return Self::of(|name| document[camel_case(name)].as_str().map(str::to_owned));
        }
        let form = Query::parse(Some(&body));
        Self::of(|name| form.first(name).map(str::to_owned))
    }

    fn of(parameter: impl Fn(&str) -> Option<String>) -> Result<Self, StsError> {
        let needed = |name| parameter(name).filter(|it| !it.is_empty()).ok_or_else(|| StsError::parameter(name));
        if needed("grant_type")? != GRANT_TYPE {
            return Err(StsError::grant_type());
        }
        let audience = needed("audience")?;
        if needed("requested_token_type")? != REQUESTED {
            return Err(StsError::parameter("requested_token_type"));
        }
        if !SUBJECT_TOKEN_TYPES.contains(&&*needed("subject_token_type")?) {
            return Err(StsError::parameter("subject_token_type"));
        }
        let scopes = needed("scope")?.split(' ').map(str::to_owned).collect();
        Ok(Self { audience, subject_token: needed("subject_token")?, scopes })
    }
}

/// The claims of a token, before anybody vouches for it.
pub(super) fn claims(token: &str) -> Option<Value> {
    let [_, payload, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Writes `subject_token` as `subjectToken`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| camel + &word[..1].to_ascii_uppercase() + &word[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_json_are_those_of_the_form() {
        assert_eq!(camel_case("subject_token_type"), "subjectTokenType");
        assert_eq!(camel_case("audience"), "audience");
    }

    #[test]
    fn what_is_no_token_has_no_claims() {
        for text in ["", "a.b", "a.b.c", "e30.e30.x.y", "e30.bm90anNvbg.x"] {
            assert_eq!(claims(text), None, "{text}");
        }
        assert_eq!(claims("e30.e30.x"), Some(serde_json::json!({})));
    }
}
