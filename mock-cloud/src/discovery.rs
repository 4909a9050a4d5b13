//! The issuer of a token, asked by `OpenID` Connect discovery for the keys that it signs with.
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
pub(crate) struct Issuers(Client);

/// Why nobody vouches for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// It is no token, not signed by an algorithm that is taken, or its signature is not the key's.
    Token,
    /// The issuer cannot be reached or fails.
    Unreachable,
    /// What the issuer publishes is not usable or lacks the key.
    Key,
}

/// What must be in a discovery document; one that lacks any of it is none.
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

impl Issuers {
    /// Prepares the way for a service, which calls itself so in its requests.
    pub(crate) fn asked_by(service: &str) -> Self {
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
            .user_agent(service)
            .timeout(PATIENCE)
            .build();
        Self(client.expect("nothing of the set-up comes from outside"))
    }

    /// Whether the issuer, whose documents lie below a URL, signed a token by one of these algorithms.
    ///
    /// # Errors
    ///
    /// Why nobody vouches for it.
    pub(crate) async fn signed(
        &self,
        token: &str,
        issuer: &str,
        published_at: &str,
        algorithms: &[Algorithm],
    ) -> Result<(), Unverified> {
        let header = decode_header(token).map_err(|_| Unverified::Token)?;
        let algorithm = Some(header.alg).filter(|algorithm| algorithms.contains(algorithm)).ok_or(Unverified::Token)?;
        let base = published_at.strip_suffix('/').unwrap_or(published_at);
        let discovery: Discovery = self.document(&format!("{base}/.well-known/openid-configuration")).await?;
        if discovery.issuer != issuer {
            return Err(Unverified::Key);
        }
        let keys: JwkSet = self.document(&discovery.jwks_uri).await?;
        let key =
            key(&keys, header.kid.as_deref()).and_then(|key| DecodingKey::from_jwk(key).ok()).ok_or(Unverified::Key)?;
        let mut rules = Validation::new(algorithm);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        decode::<IgnoredAny>(token, &key, &rules).map(|_| ()).map_err(|_| Unverified::Token)
    }

    async fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, Unverified> {
        let unreachable = |_| Unverified::Unreachable;
        let mut answer = self.0.get(url).send().await.map_err(unreachable)?;
        if answer.status().is_server_error() {
            return Err(Unverified::Unreachable);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(Unverified::Key);
            }
        }
        let found = answer.status() == StatusCode::OK;
        found.then(|| serde_json::from_slice(&body).ok()).flatten().ok_or(Unverified::Key)
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
