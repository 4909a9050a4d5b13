//! The issuers' keys: fetched by discovery, kept, and fetched again for a key id that is not among
//! them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::provider::is_fetchable;
use crate::jwt;

/// A discovery document or key set larger than this is not read.
const MAX_BYTES: u64 = 1 << 20;

/// Seconds for which keys are used without being asked for again.
const KEPT_FOR: i64 = 3600;

/// The keys of every issuer that was asked for.
pub struct Keys {
    client: reqwest::Client,
    by_issuer: Mutex<HashMap<String, KeySet>>,
}

#[derive(Clone)]
struct KeySet {
    keys: Vec<Value>,
    fetched_at: i64,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Discovery or the key set did not answer as they should.
    #[error("the issuer's keys cannot be fetched")]
    Unavailable,
    /// The issuer has no such key, not even after asking it again.
    #[error("the issuer has no such key")]
    Unknown,
}

impl Keys {
    /// A cache that has asked nobody yet.
    #[must_use]
    pub fn new(client: reqwest::Client) -> Self {
        Self { client, by_issuer: Mutex::default() }
    }

    /// The key of an issuer that a token's header names; a token that names none may use the
    /// issuer's only key.
    ///
    /// An issuer is asked at most once for each call, so that a made-up key id costs it one fetch.
    ///
    /// # Errors
    ///
    /// When the issuer cannot be asked or has no such key.
    pub async fn find(&self, issuer_url: &str, header: &jwt::Header, now: i64) -> Result<DecodingKey, KeyError> {
        let kept = self.lock().get(issuer_url).filter(|set| now - set.fetched_at < KEPT_FOR).cloned();
        if let Some(key) = kept.and_then(|set| set.key(header)) {
            return Ok(key);
        }
        let fetched = KeySet { keys: self.fetch(issuer_url).await.ok_or(KeyError::Unavailable)?, fetched_at: now };
        self.lock().insert(issuer_url.to_owned(), fetched.clone());
        fetched.key(header).ok_or(KeyError::Unknown)
    }

    async fn fetch(&self, issuer_url: &str) -> Option<Vec<Value>> {
        let discovery = self.json(&format!("{issuer_url}/.well-known/openid-configuration")).await?;
        let keys = self.json(discovery.get("jwks_uri")?.as_str()?).await?;
        keys.get("keys")?.as_array().cloned()
    }

    async fn json(&self, url: &str) -> Option<Value> {
        if !is_fetchable(url) {
            return None;
        }
        let answer = self
            .client
            .get(url)
            .headers(mock_kit::trace::onward())
            .send()
            .await
            .ok()
            .filter(|answer| answer.status() == 200)?;
        serde_json::from_slice(&limited(answer).await?).ok()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, KeySet>> {
        self.by_issuer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeySet {
    fn key(&self, header: &jwt::Header) -> Option<DecodingKey> {
        let mut suited = self.keys.iter().filter(|key| is_suited(key, header.algorithm));
        let key = match &header.key_id {
            Some(id) => suited.find(|key| key["kid"].as_str() == Some(id)),
            None => suited.next().filter(|_| suited.next().is_none()),
        };
        jwt::decoding_key(key?)
    }
}

/// Whether a key may verify signatures of this algorithm (RFC 7517, sections 4.1, 4.2 and 4.4).
fn is_suited(key: &Value, algorithm: Algorithm) -> bool {
    let (kind, name) = match algorithm {
        Algorithm::ES256 => ("EC", "ES256"),
        _ => ("RSA", "RS256"),
    };
    key["kty"] == kind
        && key.get("use").is_none_or(|usage| usage == "sig")
        && key.get("alg").is_none_or(|alg| alg == name)
}

async fn limited(mut answer: reqwest::Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > MAX_BYTES {
            return None;
        }
    }
    Some(body)
}
