//! What the agent itself sees in a token: that it is one and that its time is now, not who signed it.
//!
//! Sources: aws/eks-pod-identity-agent, `internal/validation/request.go` and `pkg/credentials/model.go`; the words behind
//! the colons are those of golang-jwt/jwt v5, `parser.go`, `validator.go` and `errors.go`.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use thiserror::Error;

/// Why the agent takes a token for none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unreadable {
    #[error("Service account token cannot be empty")]
    Empty,
    #[error("Service account token cannot be parsed: {0}")]
    Malformed(String),
    #[error("Service account token failed basic claim validations: {0}")]
    Untimely(String),
    #[error("Service account token missing {0}")]
    Missing(&'static str),
}

/// What `jwt.GetSigningMethod` knows.
const ALGORITHMS: [&str; 14] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512",
    "EdDSA", "none",
];

/// Looks at a token as the agent does before it asks EKS Auth.
///
/// # Errors
///
/// The first thing that the agent does not like.
pub(super) fn look_at(token: &str, now: i64) -> Result<(), Unreadable> {
    if token.is_empty() {
        return Err(Unreadable::Empty);
    }
    let claims = parse(token).map_err(Unreadable::Malformed)?;
    let complaints = untimely(&claims, now);
    if !complaints.is_empty() {
        return Err(Unreadable::Untimely(complaints.join(", ")));
    }
    let private = claims.get("kubernetes.io").and_then(Value::as_object);
    let private = private.ok_or(Unreadable::Missing("kubernetes.io claims"))?;
    let pod = private.get("pod").and_then(Value::as_object).ok_or(Unreadable::Missing("pod claims"))?;
    pod.get("uid").and_then(Value::as_str).map(|_| ()).ok_or(Unreadable::Missing("pod uid"))
}

fn parse(token: &str) -> Result<Map<String, Value>, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts[..] else {
        return Err("token is malformed: token contains an invalid number of segments".into());
    };
    let header = object(header, "header")?;
    let claims = object(claims, "claim")?;
    if ["exp", "nbf", "iat"].iter().any(|name| claims.get(*name).is_some_and(|value| !value.is_number())) {
        return Err("token is malformed: could not JSON decode claim: date is not a number".into());
    }
    match header.get("alg").and_then(Value::as_str) {
        None => Err("token is unverifiable: signing method (alg) is unspecified".into()),
        Some(name) if !ALGORITHMS.contains(&name) => {
            Err("token is unverifiable: signing method (alg) is unavailable".into())
        }
        Some(_) => Ok(claims),
    }
}

fn object(segment: &str, name: &str) -> Result<Map<String, Value>, String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(segment).map_err(|_| {
        let byte = first_illegal(segment);
        format!("token is malformed: could not base64 decode {name}: illegal base64 data at input byte {byte}")
    })?;
    let object = serde_json::from_slice(&bytes);
    object.map_err(|error| format!("token is malformed: could not JSON decode {name}: {error}"))
}

// Go's encoding/base64 names the first byte that is none of the alphabet, or the last of a length that cannot be.
fn first_illegal(segment: &str) -> usize {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let illegal = segment.bytes().position(|byte| !is_letter(byte));
    illegal.unwrap_or(segment.len().saturating_sub(1))
}

fn untimely(claims: &Map<String, Value>, now: i64) -> Vec<&'static str> {
    let at = |name: &str| claims.get(name).and_then(Value::as_f64);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in 53 bits")]
    let now = now as f64;
    let expired = at("exp").is_some_and(|end| now >= end).then_some("token is expired");
    let early = at("nbf").is_some_and(|start| now < start).then_some("token is not valid yet");
    expired.into_iter().chain(early).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn token(header: &Value, claims: &Value) -> String {
        let segment = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", segment(header), segment(claims))
    }

    fn bound(claims: &Value) -> Value {
        let mut all = json!({"kubernetes.io": {"pod": {"uid": "u"}}});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        all
    }

    fn said(token: &str) -> String {
        look_at(token, NOW).map_or_else(|error| error.to_string(), |()| "nothing".into())
    }

    #[test]
    fn a_token_of_a_pod_whose_time_is_now_is_one() {
        for claims in [json!({}), json!({"exp": NOW + 1, "nbf": NOW}), json!({"exp": NOW + 1, "nbf": NOW - 60})] {
            assert_eq!(said(&token(&json!({"alg": "RS256"}), &bound(&claims))), "nothing");
        }
    }

    #[test]
    fn what_is_no_token_is_said_in_the_words_of_the_parser() {
        let (header, claims) = (json!({"alg": "RS256"}), bound(&json!({})));
        let good = token(&header, &claims);
        let segments = "token is malformed: token contains an invalid number of segments";
        let bearer = "token is malformed: could not base64 decode header: illegal base64 data at input byte 6";
        let odd = "token is malformed: could not base64 decode header: illegal base64 data at input byte 4";
        for (token, said_of_it) in [
            ("nonsense", segments),
            ("a.b", segments),
            (&format!("Bearer {good}"), bearer),
            ("abcde.e30.x", odd),
            (&token(&json!({"alg": "XX1"}), &claims), "token is unverifiable: signing method (alg) is unavailable"),
            (&token(&json!({}), &claims), "token is unverifiable: signing method (alg) is unspecified"),
        ] {
            assert_eq!(said(token), format!("Service account token cannot be parsed: {said_of_it}"));
        }
        let text = said("e30.bm8.x");
        let start = "Service account token cannot be parsed: token is malformed: could not JSON decode claim: ";
        assert!(text.starts_with(start), "{text}");
        assert!(said(&token(&header, &bound(&json!({"exp": "soon"})))).starts_with(start));
        assert_eq!(said(""), "Service account token cannot be empty");
    }

    #[test]
    fn a_token_of_another_time_is_refused_to_the_second() {
        let basic = "Service account token failed basic claim validations: ";
        for (claims, said_of_it) in [
            (json!({"exp": NOW}), "token is expired"),
            (json!({"nbf": NOW + 1}), "token is not valid yet"),
            (json!({"exp": NOW - 1, "nbf": NOW + 1}), "token is expired, token is not valid yet"),
        ] {
            assert_eq!(said(&token(&json!({"alg": "RS256"}), &bound(&claims))), format!("{basic}{said_of_it}"));
        }
    }

    #[test]
    fn a_token_of_no_pod_is_refused() {
        for (claims, missing) in [
            (json!({}), "kubernetes.io claims"),
            (json!({"kubernetes.io": {"namespace": "default"}}), "pod claims"),
            (json!({"kubernetes.io": {"pod": {"name": "p"}}}), "pod uid"),
        ] {
            assert_eq!(
                said(&token(&json!({"alg": "RS256"}), &claims)),
                format!("Service account token missing {missing}")
            );
        }
    }
}
