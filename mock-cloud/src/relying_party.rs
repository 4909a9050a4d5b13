//! A service that trusts tokens of other issuers: it asks `OpenID` Connect discovery for the keys that they sign with.
//!
//! Keys are fetched anew for each token, so that a rotation is never missed.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// How long an issuer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A document larger than this is not read.
const LARGEST: usize = 1 << 20;

/// The way to every issuer, over plain HTTP only.
pub(crate) struct RelyingParty {
    client: Client,
    algorithms: &'static [Algorithm],
}

/// Why the signature of a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// The issuer does not answer.
    Unreachable,
    /// The issuer publishes no such key, or nothing usable.
    NoKey,
    /// It is no token, or its signature is not the key's.
    NoToken,
}

/// What is wanted in a discovery document; one that lacks any of it is none.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    #[serde(rename = "response_types_supported")]
    _response_types: IgnoredAny,
    #[serde(rename = "subject_types_supported")]
    _subject_types: IgnoredAny,
    #[serde(rename = "id_token_signing_alg_values_supported")]
    _algorithms: IgnoredAny,
}

impl RelyingParty {
    /// Prepares the way of a service, which calls itself by `name` and takes these algorithms.
    pub(crate) fn new(name: &'static str, algorithms: &'static [Algorithm]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has the default protocol versions")
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        #[expect(clippy::disallowed_methods, reason = "the one place where this mock makes its client")]
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(name)
            .timeout(PATIENCE)
            .build();
        Self { client: client.expect("nothing of the set-up comes from outside"), algorithms }
    }

    /// Whether the issuer, whose documents lie below a URL, signed a token. Its claims are not looked at.
    ///
    /// # Errors
    ///
    /// What stands against the signature.
    pub(crate) async fn signed(&self, token: &str, issuer: &str, published_at: &str) -> Result<(), Distrust> {
        let header = decode_header(token).map_err(|_| Distrust::NoToken)?;
        let algorithm = Some(header.alg).filter(|algorithm| self.algorithms.contains(algorithm));
        let algorithm = algorithm.ok_or(Distrust::NoToken)?;
        let base = published_at.strip_suffix('/').unwrap_or(published_at);
        let discovery: Discovery = self.document(&format!("{base}/.well-known/openid-configuration")).await?;
        if discovery.issuer != issuer {
            return Err(Distrust::NoKey);
        }
        let keys: JwkSet = self.document(&discovery.jwks_uri).await?;
        let key = key(&keys, header.kid.as_deref()).and_then(|key| DecodingKey::from_jwk(key).ok());
        let mut rules = Validation::new(algorithm);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        let decoded = decode::<IgnoredAny>(token, &key.ok_or(Distrust::NoKey)?, &rules);
        decoded.map(|_| ()).map_err(|_| Distrust::NoToken)
    }

    async fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, Distrust> {
        let unreachable = |_| Distrust::Unreachable;
        let mut answer = self.client.get(url).send().await.map_err(unreachable)?;
        if answer.status().is_server_error() {
            return Err(Distrust::Unreachable);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(Distrust::NoKey);
            }
        }
        let found = answer.status() == StatusCode::OK;
        found.then(|| serde_json::from_slice(&body).ok()).flatten().ok_or(Distrust::NoKey)
    }
}

/// The key that a token names, or the only one.
fn key<'a>(keys: &'a JwkSet, id: Option<&str>) -> Option<&'a Jwk> {
    match (id, keys.keys.as_slice()) {
        (Some(id), _) => keys.find(id),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}
