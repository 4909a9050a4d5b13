//! The token endpoint: OAuth 2 first, then Basic, as containerd asks.
//!
//! Upstream: <https://github.com/containerd/containerd>, `core/remotes/docker/authorizer.go` (`fetchToken`), with its case for
//! Artifactory: <https://github.com/containerd/containerd/pull/2166>.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;

use super::challenge::Bearer;
use super::{PullError, answered, body, granted};
use crate::kubelet::RegistryAuth;

const STEP: &str = "token";
const LARGEST_ANSWER: u64 = 1 << 20;

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

/// Gets the `Authorization` header for what a challenge asks.
pub(super) async fn fetch(
    http: &reqwest::Client,
    challenge: &Bearer,
    auth: Option<&RegistryAuth>,
) -> Result<HeaderValue, PullError> {
    let answer = match auth {
        None => by_query(http, challenge, None).await?,
        Some(auth) => match by_form(http, challenge, auth).await? {
            answer if is_unsupported(answer.status()) => by_query(http, challenge, Some(auth)).await?,
            answer => answer,
        },
    };
    header(&body(granted(answer, STEP)?, LARGEST_ANSWER, STEP).await?)
}

/// 401 is how Artifactory says that it has no `POST` there.
fn is_unsupported(status: StatusCode) -> bool {
    matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED)
}

async fn by_form(http: &reqwest::Client, challenge: &Bearer, auth: &RegistryAuth) -> Result<Response, PullError> {
    let mut form = endpoint(challenge)?;
    form.query_pairs_mut().clear().extend_pairs([
        ("grant_type", "password"),
        ("client_id", "conformance"),
        ("username", &auth.username),
        ("password", &auth.password),
    ]);
    form.query_pairs_mut().extend_pairs(wanted(challenge));
    let body = form.query().unwrap_or_default().to_owned();
    let request = http.post(endpoint(challenge)?).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    answered(request.body(body), STEP).await
}

async fn by_query(
    http: &reqwest::Client,
    challenge: &Bearer,
    auth: Option<&RegistryAuth>,
) -> Result<Response, PullError> {
    let mut url = endpoint(challenge)?;
    url.query_pairs_mut().extend_pairs(wanted(challenge));
    let mut request = http.get(url);
    if let Some(auth) = auth {
        request = request.basic_auth(&auth.username, Some(&auth.password));
    }
    answered(request, STEP).await
}

fn endpoint(challenge: &Bearer) -> Result<Url, PullError> {
    challenge.realm.parse().map_err(|_| PullError::protocol(STEP, "the challenge's realm is no URL"))
}

fn wanted(challenge: &Bearer) -> impl Iterator<Item = (&str, &str)> {
    let pairs = [("service", &challenge.service), ("scope", &challenge.scope)];
    pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// The `Authorization` header that holds a credential itself (RFC 7617).
pub(super) fn basic(auth: &RegistryAuth) -> Result<HeaderValue, PullError> {
    let pair = BASE64_STANDARD.encode(format!("{}:{}", auth.username, auth.password));
    sensitive(format!("Basic {pair}"))
}

fn sensitive(text: String) -> Result<HeaderValue, PullError> {
    let mut header =
        HeaderValue::try_from(text).map_err(|_| PullError::protocol(STEP, "a token that no header can hold"))?;
    header.set_sensitive(true);
    Ok(header)
}

fn header(body: &[u8]) -> Result<HeaderValue, PullError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|_| PullError::protocol(STEP, "not a token answer"))?;
    let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
    let token = token.ok_or(PullError::protocol(STEP, "an answer without a token"))?;
    sensitive(format!("Bearer {token}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_either_name_and_is_not_empty() {
        assert_eq!(header(br#"{"token":"a"}"#).unwrap(), "Bearer a");
        assert_eq!(header(br#"{"access_token":"b","expires_in":1}"#).unwrap(), "Bearer b");
        for body in [&br#"{"token":""}"#[..], b"{}", b"<html>", br#"{"token":"a\nb"}"#] {
            assert!(header(body).is_err());
        }
    }
}
