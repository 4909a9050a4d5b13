//! One OpenID Connect issuer: its name, its keys and the tokens that it signs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mock_kit::{Clock, SigningKey};
use serde_json::{Map, Value, json};

/// Seconds that a token lives when its claims do not say.
const LIFETIME: i64 = 3600;

/// An issuer; clones share its keys.
#[derive(Clone)]
pub struct Issuer {
    url: Arc<str>,
    keys: KeyRing,
    clock: Clock,
}

impl Issuer {
    /// Makes an issuer that calls itself `url` in `iss`.
    #[must_use]
    pub fn new(url: impl Into<Arc<str>>, keys: KeyRing, clock: Clock) -> Self {
        let url = url.into();
        Self { url, keys, clock }
    }

    /// Answers the `iss` of its tokens, to the letter.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers its keys.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Signs claims as they are.
    #[must_use]
    pub fn sign(&self, claims: Map<String, Value>) -> String {
        self.sign_with_header(Map::new(), claims)
    }

    /// Signs claims as they are, under a header with more than `alg`, `typ` and `kid`.
    #[must_use]
    pub fn sign_with_header(&self, header: Map<String, Value>, claims: Map<String, Value>) -> String {
        self.keys.current().sign(header, &Value::Object(claims))
    }

    /// Signs claims; `iss`, `iat`, `nbf` and `exp` are filled in where they are absent.
    #[must_use]
    pub fn token(&self, mut claims: Map<String, Value>) -> String {
        let now = self.clock.unix();
        let issued = claims.get("iat").and_then(Value::as_i64).unwrap_or(now);
        for (name, value) in [
            ("iss", json!(self.url())),
            ("iat", json!(issued)),
            ("nbf", json!(issued)),
            ("exp", json!(issued + LIFETIME)),
        ] {
            claims.entry(name).or_insert(value);
        }
        self.sign(claims)
    }
}

/// The keys of an issuer: one that signs, and former ones that are still published.
///
/// A rotation keeps the former key published, as real issuers do for as long as its tokens live;
/// [`KeyRing::retire`] takes former keys away. A client that has cached the keys from before a
/// rotation must fetch them again to verify a token from after it.
#[derive(Clone)]
pub struct KeyRing(Arc<Mutex<Keys>>);

struct Keys {
    current: SigningKey,
    former: Vec<SigningKey>,
}

impl KeyRing {
    /// Makes a ring that begins with this process's key of that name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let (current, former) = (SigningKey::named(name), Vec::new());
        Self(Arc::new(Mutex::new(Keys { current, former })))
    }

    /// Answers the key that signs.
    #[must_use]
    pub fn current(&self) -> SigningKey {
        self.lock().current.clone()
    }

    /// Signs with a fresh key from now on; the former one stays published.
    pub fn rotate(&self) {
        let fresh = SigningKey::generate();
        let mut keys = self.lock();
        let former = std::mem::replace(&mut keys.current, fresh);
        keys.former.push(former);
    }

    /// Publishes the current key only.
    pub fn retire(&self) {
        self.lock().former.clear();
    }

    /// Answers the published keys as a JSON Web Key Set, the current one first.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let keys = {
            let keys = self.lock();
            let newest_first = std::iter::once(&keys.current).chain(keys.former.iter().rev());
            newest_first.cloned().collect::<Vec<_>>()
        };
        json!({ "keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_ids(keys: &KeyRing) -> Vec<String> {
        let jwks = keys.jwks();
        let keys = jwks["keys"].as_array().unwrap();
        let ids = keys.iter().map(|key| key["kid"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }

    fn claims(token: &str) -> Value {
        let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        let key = KeyRing::named("issuer-test").current().decoding_key();
        jsonwebtoken::decode(token, &key, &rules).unwrap().claims
    }

    fn issuer() -> Issuer {
        Issuer::new("https://issuer.test", KeyRing::named("issuer-test"), Clock::system())
    }

    #[test]
    fn a_rotation_signs_with_a_new_key_and_publishes_the_former_one() {
        let keys = KeyRing::named("issuer-test");
        let before = keys.current().key_id().to_owned();
        keys.rotate();
        let after = keys.current().key_id().to_owned();
        assert_ne!(before, after);
        assert_eq!(key_ids(&keys), [after, before]);
    }

    #[test]
    fn retiring_takes_the_former_keys_away_and_leaves_the_current_one() {
        let keys = KeyRing::named("issuer-test");
        keys.rotate();
        keys.retire();
        assert_eq!(key_ids(&keys), [keys.current().key_id()]);
    }

    #[test]
    fn absent_claims_are_filled_in() {
        let issuer = issuer();
        let now = issuer.clock.unix();
        let claims = claims(&issuer.token(Map::new()));
        assert_eq!(claims["iss"], "https://issuer.test");
        let start = claims["iat"].as_i64().unwrap();
        assert!((now..now + 5).contains(&start));
        assert_eq!(claims["nbf"], start);
        assert_eq!(claims["exp"], start + LIFETIME);
    }

    #[test]
    fn claims_that_are_given_stay_as_they_are() {
        let given = json!({"iss": "https://other.test", "iat": 5, "nbf": 6, "exp": 7, "sub": "a"});
        let token = issuer().token(given.as_object().unwrap().clone());
        assert_eq!(claims(&token), given);
    }
}
