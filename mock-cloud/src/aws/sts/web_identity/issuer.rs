//! The issuer of a token, asked by `OpenID` Connect discovery for the keys that it signs with.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::super::error::StsError;
use super::claims::no_token;

/// How long an issuer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A document larger than this is not read.
const LARGEST: usize = 1 << 20;

// IAM user guide, Create an OpenID Connect (OIDC) identity provider in IAM, lists the algorithms that AWS takes.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

/// The way to every issuer, over plain HTTP only.
pub(crate) struct Issuers(Client);

/// What AWS wants to find in a discovery document; one that lacks any of it is none.
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
    /// Prepares the way.
    pub(crate) fn new() -> Self {
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
            .user_agent("mock-cloud-sts")
            .timeout(PATIENCE)
            .build();
        Self(client.expect("nothing of the set-up comes from outside"))
    }

    /// Whether the issuer, whose documents lie below a URL, signed a token.
    ///
    /// # Errors
    ///
    /// [`StsError::IdpCommunication`] for an issuer that cannot be reached, [`StsError::InvalidIdentityToken`] for one
    /// whose documents are none or lack the key, and for a signature that is not the key's.
    pub(crate) async fn signed(&self, token: &str, issuer: &str, published_at: &str) -> Result<(), StsError> {
        let header = decode_header(token).map_err(|_| no_token())?;
        let algorithm = Some(header.alg).filter(|algorithm| ALGORITHMS.contains(algorithm)).ok_or_else(no_token)?;
        let base = published_at.strip_suffix('/').unwrap_or(published_at);
        let discovery: Discovery = self.document(&format!("{base}/.well-known/openid-configuration")).await?;
        if discovery.issuer != issuer {
            return Err(no_key());
        }
        let keys: JwkSet = self.document(&discovery.jwks_uri).await?;
        let key =
            key(&keys, header.kid.as_deref()).and_then(|key| DecodingKey::from_jwk(key).ok()).ok_or_else(no_key)?;
        let mut rules = Validation::new(algorithm);
        rules.required_spec_claims.clear();
        rules.validate_exp = false;
        rules.validate_aud = false;
        decode::<IgnoredAny>(token, &key, &rules).map(|_| ()).map_err(|_| no_token())
    }

    async fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, StsError> {
        let unreachable = |_| StsError::IdpCommunication;
        let mut answer = self.0.get(url).send().await.map_err(unreachable)?;
        if answer.status().is_server_error() {
            return Err(StsError::IdpCommunication);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST {
                return Err(no_key());
            }
        }
        let found = answer.status() == StatusCode::OK;
        found.then(|| serde_json::from_slice(&body).ok()).flatten().ok_or_else(no_key)
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

/// An issuer that publishes nothing usable. The live text really has two spaces.
fn no_key() -> StsError {
    let text = "Couldn't retrieve verification key from your identity provider,  please reference \
                AssumeRoleWithWebIdentity documentation for requirements";
    StsError::InvalidIdentityToken(text.into())
}
