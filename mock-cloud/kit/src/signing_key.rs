//! RSA keys that sign JSON Web Tokens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use rsa::RsaPrivateKey;
use rsa::pkcs1v15;
use rsa::pkcs8::{self, DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// The size that all of the mocked issuers use.
const BITS: usize = 2048;

/// A 2048-bit RSA key that signs with RS256; clones share it.
///
/// Making one takes tenths of a second, so it happens on a thread of its own, and the first use
/// waits for it.
#[derive(Clone)]
pub struct SigningKey(Arc<OnceLock<Material>>);

struct Material {
    signer: pkcs1v15::SigningKey<Sha256>,
    key_id: String,
    modulus: String,
    exponent: String,
}

/// The keys that were asked for by name, one per name and process.
static NAMED: LazyLock<Mutex<HashMap<String, SigningKey>>> = LazyLock::new(Mutex::default);

impl SigningKey {
    /// Answers this process's key of that name, the same for every world that asks.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        named.entry(name.to_owned()).or_insert_with(Self::generate).clone()
    }

    /// Waits until every key that was asked for by name is made, so that no first answer waits for one.
    pub fn wait_for_named() {
        let keys: Vec<Self> = NAMED.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for key in keys {
            key.material();
        }
    }

    /// Answers every key that was asked for by name, in PEM, for another process to have the same.
    ///
    /// # Panics
    ///
    /// Never: a key that was made can be written.
    #[must_use]
    pub fn export_named() -> BTreeMap<String, String> {
        let keys = NAMED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let pem = |key: &Self| key.material().signer.to_pkcs8_pem(LineEnding::LF).expect("the key is one").to_string();
        keys.iter().map(|(name, key)| (name.clone(), pem(key))).collect()
    }

    /// Makes the keys of another process this one's; a name that has a key here keeps it.
    ///
    /// # Errors
    ///
    /// When a text is no RSA key in PEM.
    pub fn import_named(keys: &BTreeMap<String, String>) -> Result<(), pkcs8::Error> {
        for (name, pem) in keys {
            let material = Material::of(RsaPrivateKey::from_pkcs8_pem(pem)?);
            let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
            named.entry(name.clone()).or_insert_with(|| Self(Arc::new(OnceLock::from(material))));
        }
        Ok(())
    }

    /// Makes a fresh key, which no other call answers.
    #[must_use]
    pub fn generate() -> Self {
        let key = Self(Arc::default());
        let background = key.clone();
        // When no thread can be had, the first use makes the key.
        drop(thread::Builder::new().spawn(move || {
            background.material();
        }));
        key
    }

    /// Answers the `kid` of the key: its RFC 7638 thumbprint.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.material().key_id
    }

    /// Signs claims as a compact JWS; `header` adds to or replaces `alg`, `typ` and `kid`.
    #[must_use]
    pub fn sign(&self, header: Map<String, Value>, claims: &Value) -> String {
        let mut whole = Map::new();
        whole.insert("alg".into(), "RS256".into());
        whole.insert("typ".into(), "JWT".into());
        whole.insert("kid".into(), self.key_id().into());
        whole.extend(header);
        let header = base64url(Value::Object(whole).to_string());
        let signed = format!("{header}.{}", base64url(claims.to_string()));
        let signature = self.material().signer.sign(signed.as_bytes());
        format!("{signed}.{}", base64url(signature.to_bytes()))
    }

    /// Answers the public key as a JSON Web Key.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let material = self.material();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": material.key_id,
            "n": material.modulus,
            "e": material.exponent,
        })
    }

    /// Answers the public key as `jsonwebtoken` wants it, for a mock that verifies its own tokens.
    ///
    /// # Panics
    ///
    /// Never: the components are base64url by construction.
    #[must_use]
    pub fn decoding_key(&self) -> DecodingKey {
        let Material { modulus, exponent, .. } = self.material();
        DecodingKey::from_rsa_components(modulus, exponent).expect("components are base64url")
    }

    fn material(&self) -> &Material {
        self.0.get_or_init(Material::generate)
    }
}

impl Material {
    fn generate() -> Self {
        let key = RsaPrivateKey::new(&mut rand::thread_rng(), BITS);
        Self::of(key.expect("the system has randomness"))
    }

    fn of(key: RsaPrivateKey) -> Self {
        let modulus = base64url(key.n().to_bytes_be());
        let exponent = base64url(key.e().to_bytes_be());
        // RFC 7638, section 3.2: the required members only, in this order, without white space.
        let thumbprint = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        Self {
            signer: pkcs1v15::SigningKey::new(key),
            key_id: base64url(Sha256::digest(thumbprint)),
            modulus,
            exponent,
        }
    }
}

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{Algorithm, Validation, decode, decode_header};

    use super::*;

    fn accepts(jwk: Value, token: &str) -> bool {
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_exp = false;
        rules.required_spec_claims.clear();
        decode::<Value>(token, &key, &rules).is_ok()
    }

    #[test]
    fn a_token_verifies_with_its_own_jwk_and_no_other() {
        let (key, other) = (SigningKey::named("one"), SigningKey::named("two"));
        let token = key.sign(Map::new(), &json!({"sub": "a"}));
        assert!(accepts(key.jwk(), &token));
        assert!(!accepts(other.jwk(), &token));
    }

    #[test]
    fn a_changed_token_does_not_verify() {
        let key = SigningKey::named("one");
        let token = key.sign(Map::new(), &json!({"sub": "a"}));
        let parts: Vec<_> = token.split('.').collect();
        let forged = base64url(json!({"sub": "b"}).to_string());
        assert!(!accepts(key.jwk(), &format!("{}.{forged}.{}", parts[0], parts[2])));
    }

    #[test]
    fn a_name_is_one_key_and_generate_is_always_another() {
        let key = SigningKey::named("one");
        assert_eq!(key.key_id(), SigningKey::named("one").key_id());
        assert_ne!(key.key_id(), SigningKey::generate().key_id());
    }

    #[test]
    fn a_key_of_another_process_signs_as_the_same_one_here() {
        let key = SigningKey::named("exported");
        let pem = SigningKey::export_named().remove("exported").unwrap();
        SigningKey::import_named(&[("imported".to_owned(), pem)].into()).unwrap();
        let imported = SigningKey::named("imported");
        assert_eq!(imported.key_id(), key.key_id());
        assert!(accepts(key.jwk(), &imported.sign(Map::new(), &json!({"sub": "a"}))));
    }

    #[test]
    fn a_name_that_has_a_key_keeps_it_and_what_is_no_key_is_refused() {
        let (key, other) = (SigningKey::named("kept"), SigningKey::named("kept too"));
        let pem = SigningKey::export_named().remove("kept too").unwrap();
        SigningKey::import_named(&[("kept".to_owned(), pem)].into()).unwrap();
        assert_eq!(SigningKey::named("kept").key_id(), key.key_id());
        assert_ne!(key.key_id(), other.key_id());
        assert!(SigningKey::import_named(&[("none".to_owned(), "no key".to_owned())].into()).is_err());
    }

    #[test]
    fn a_header_adds_to_and_replaces_the_usual_one() {
        let key = SigningKey::named("one");
        let extra = json!({"x5t": "thumb", "typ": "at+jwt"});
        let token = key.sign(extra.as_object().unwrap().clone(), &json!({}));
        let header = decode_header(&token).unwrap();
        assert_eq!(header.x5t.as_deref(), Some("thumb"));
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(header.kid.as_deref(), Some(key.key_id()));
    }

    #[test]
    fn the_decoding_key_is_the_jwk() {
        let key = SigningKey::named("one");
        let token = key.sign(Map::new(), &json!({"exp": 1}));
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_exp = false;
        assert!(decode::<Value>(&token, &key.decoding_key(), &rules).is_ok());
    }
}
