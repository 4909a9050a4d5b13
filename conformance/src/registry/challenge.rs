//! The challenge by which a registry sends a client to its token endpoint, or asks for the credential itself.
//!
//! Source: <https://distribution.github.io/distribution/spec/auth/token/>, RFC 9110 section 11.6.1.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token of its endpoint.
    Bearer(Bearer),
    /// The credential.
    Basic,
}

/// A Bearer challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bearer {
    /// The token endpoint.
    pub(super) realm: String,
    /// Who the token is for.
    pub(super) service: Option<String>,
    /// What the token is for.
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// Finds the challenge among the headers of an answer; one for a token comes before one for the credential.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = || headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let is_basic = |value: &str| value.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"));
        let basic = || values().any(is_basic).then_some(Self::Basic);
        values().find_map(Bearer::parse).map(Self::Bearer).or_else(basic)
    }
}

impl Bearer {
    fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let find = |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = |name: &str| find(name).map(|(_, value)| value.clone());
        Some(Self { realm: value("realm")?, service: value("service"), scope: value("scope") })
    }
}

/// Splits `a="1",b=2`; a quoted value may hold commas.
fn parameters(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        found.push((name.trim().to_owned(), value.to_owned()));
        rest = after.trim_start_matches([',', ' ']);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(realm: &str, service: Option<&str>, scope: Option<&str>) -> Bearer {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Bearer { realm: realm.to_owned(), service: owned(service), scope: owned(scope) }
    }

    #[test]
    fn a_challenge_of_artifactory_is_read() {
        let value = "Bearer realm=\"https://a.io/artifactory/api/docker/r/v2/token\",service=\"a.io\",scope=\"repository:x:pull\"";
        let expected =
            challenge("https://a.io/artifactory/api/docker/r/v2/token", Some("a.io"), Some("repository:x:pull"));
        assert_eq!(Bearer::parse(value), Some(expected));
    }

    #[test]
    fn a_quoted_value_may_hold_a_comma() {
        let expected = challenge("https://a.io/t", None, Some("repository:x:pull,push"));
        assert_eq!(Bearer::parse("bearer scope=\"repository:x:pull,push\", realm=https://a.io/t"), Some(expected));
    }

    #[test]
    fn what_names_no_token_endpoint_is_no_challenge() {
        for value in ["Basic realm=\"x\"", "Bearer", "Bearer service=\"x\"", ""] {
            assert_eq!(Bearer::parse(value), None, "{value}");
        }
    }

    #[test]
    fn the_bearer_challenge_is_found_beside_another() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic realm=\"x\"".parse().unwrap());
        headers.append(WWW_AUTHENTICATE, "Bearer realm=\"y\"".parse().unwrap());
        assert_eq!(Challenge::of(&headers), Some(Challenge::Bearer(challenge("y", None, None))));
        headers.clear();
        assert_eq!(Challenge::of(&headers), None);
        headers.append(WWW_AUTHENTICATE, "Basic realm=\"x\"".parse().unwrap());
        assert_eq!(Challenge::of(&headers), Some(Challenge::Basic));
    }
}
