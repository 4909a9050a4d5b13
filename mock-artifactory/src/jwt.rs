//! JSON Web Tokens: which algorithm and key a token names, and its claims once the signature holds.
//!
//! Times are left to the callers, which read them off the mock's clock.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// What a token says about its own signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm: one of those that sign with a private key.
    pub algorithm: Algorithm,
    /// The key's id.
    pub key_id: Option<String>,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The text is not three segments with a JSON header.
    #[error("malformed")]
    Malformed,
    /// The algorithm is `none`, a shared secret, or unknown.
    #[error("unsupported algorithm")]
    Algorithm,
    /// The signature is not the key's.
    #[error("signature")]
    Signature,
}

/// Reads the header of a token that nothing is known about.
///
/// # Errors
///
/// When the text is not a JWT, or is one that RS256 or ES256 did not sign.
pub fn header(token: &str) -> Result<Header, JwtError> {
    let segments: Vec<&str> = token.split('.').collect();
    let [first, _, _] = segments[..] else { return Err(JwtError::Malformed) };
    let header = json_segment(first).ok_or(JwtError::Malformed)?;
    let algorithm = match header.get("alg").and_then(Value::as_str) {
        Some("RS256") => Algorithm::RS256,
        Some("ES256") => Algorithm::ES256,
        _ => return Err(JwtError::Algorithm),
    };
    let key_id = header.get("kid").and_then(Value::as_str).map(str::to_owned);
    Ok(Header { algorithm, key_id })
}

/// The claims of a token whose signature is this key's.
///
/// # Errors
///
/// [`JwtError::Signature`] when it is not.
pub fn verified_claims(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Result<Claims, JwtError> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Claims>(token, key, &validation).map(|data| data.claims).map_err(|_| JwtError::Signature)
}

/// The claims of a token whose signature nobody has looked at: good for choosing a key, for nothing
/// else.
#[must_use]
pub fn unverified_claims(token: &str) -> Option<Claims> {
    json_segment(token.split('.').nth(1)?)
}

/// The key that a JWKS entry holds.
#[must_use]
pub fn decoding_key(jwk: &Value) -> Option<DecodingKey> {
    let jwk = serde_json::from_value(jwk.clone()).ok()?;
    DecodingKey::from_jwk(&jwk).ok()
}

fn json_segment(segment: &str) -> Option<Map<String, Value>> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(segment).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"none"}`, `{"alg":"HS256"}` and `{"alg":"RS256","kid":"k"}` in base64url.
    const NONE: &str = "eyJhbGciOiJub25lIn0.e30.";
    const SHARED_SECRET: &str = "eyJhbGciOiJIUzI1NiJ9.e30.AAAA";
    const RSA: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AAAA";

    #[test]
    fn only_private_key_algorithms_are_read() {
        assert_eq!(header(NONE), Err(JwtError::Algorithm));
        assert_eq!(header(SHARED_SECRET), Err(JwtError::Algorithm));
        assert_eq!(header(RSA), Ok(Header { algorithm: Algorithm::RS256, key_id: Some("k".into()) }));
    }

    #[test]
    fn text_that_is_no_token_is_malformed() {
        for text in ["", "a.b", "a.b.c", "e30.e30.e30.e30"] {
            assert_eq!(header(text), Err(JwtError::Malformed), "{text}");
        }
    }
}
