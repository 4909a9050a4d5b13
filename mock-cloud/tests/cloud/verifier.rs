//! A relying party that knows nothing but an issuer's URL and the time.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use crate::client;

/// The keys of an issuer, fetched as `OpenID` Connect discovery says.
pub(crate) async fn keys_of(issuer: &str) -> JwkSet {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    let http = client::client(None);
    let document = http.get(format!("{base}/.well-known/openid-configuration"));
    let document = client::json(document.send().await.unwrap()).await;
    assert_eq!(document["issuer"], issuer, "the document is for another issuer");
    let keys = http.get(document["jwks_uri"].as_str().unwrap());
    serde_json::from_value(client::json(keys.send().await.unwrap()).await).unwrap()
}

/// What a relying party expects of a token.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// Verifies signature, issuer, audience and lifetime.
pub(crate) fn verify(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Value, String> {
    let header = decode_header(token).map_err(|error| error.to_string())?;
    let key = keys.find(&header.kid.unwrap_or_default()).ok_or("no such key")?;
    let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[expected.issuer]);
    rules.set_audience(&[expected.audience]);
    // The library knows only real time, and the world has its own.
    rules.validate_exp = false;
    let claims = decode::<Value>(token, &key, &rules).map_err(|error| error.to_string())?;
    let claims = claims.claims;
    let at = |name: &str| claims[name].as_i64();
    if at("exp").is_none_or(|expiry| expiry <= expected.now) {
        return Err("expired".into());
    }
    if at("nbf").or(at("iat")).is_none_or(|start| start > expected.now + 5) {
        return Err("not yet valid".into());
    }
    Ok(claims)
}
