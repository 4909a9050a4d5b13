//! Access tokens: JWTs of JFrog's shape, their reference tokens, and what became of each.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jsonwebtoken::{Algorithm, DecodingKey};
use mock_kit::{Clock, SigningKey};
use rand::Rng as _;
use serde_json::{Value, json};

use crate::jwt;

/// A reference token is 64 characters and begins with this, `reft` in base64.
///
/// Source: JFrog Platform Administration, Understanding Identity Tokens.
pub const REFERENCE_PREFIX: &str = "cmVmd";

const REFERENCE_LENGTH: usize = 64;

/// What a token is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSpec {
    /// `jfac@ID/users/NAME`, or `PROVIDER/MAPPING` for a token of groups.
    pub subject: String,
    /// The space-separated scope.
    pub scope: String,
    /// The space-separated audience.
    pub audience: String,
    /// Seconds from issue to expiry; `None` is a token that does not expire.
    pub expires_in: Option<u64>,
    /// Whether a reference token goes with it.
    pub reference: Reference,
    /// What its owner calls it.
    pub description: Option<String>,
}

/// Whether a reference token goes with an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// One does.
    Included,
    /// None does.
    Omitted,
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The `jti`.
    pub id: String,
    /// The JWT.
    pub access_token: String,
    /// The reference token, if one was asked for.
    pub reference_token: Option<String>,
    /// What it says.
    pub spec: TokenSpec,
    /// When it was issued, in seconds since 1970.
    pub issued_at: i64,
    /// When it expires; `None` is never.
    pub expires_at: Option<i64>,
}

/// Why a token is worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// This server did not issue it.
    #[error("unknown token")]
    Unknown,
    /// Its time is over.
    #[error("expired token")]
    Expired,
    /// It was revoked.
    #[error("revoked token")]
    Revoked,
}

/// Every token issued since the start.
pub struct TokenStore {
    service_id: String,
    clock: Clock,
    key: SigningKey,
    public_key: OnceLock<DecodingKey>,
    issued: Mutex<HashMap<String, Entry>>,
}

struct Entry {
    token: IssuedToken,
    revoked: bool,
}

impl TokenStore {
    /// A store that has issued nothing.
    #[must_use]
    pub fn new(service_id: String, clock: Clock) -> Self {
        let key = SigningKey::named("artifactory");
        Self { service_id, clock, key, public_key: OnceLock::new(), issued: Mutex::default() }
    }

    /// The key that signs the tokens.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The subject of a user's token.
    #[must_use]
    pub fn user_subject(&self, username: &str) -> String {
        format!("{}/users/{username}", self.service_id)
    }

    /// Issues a token.
    #[must_use]
    pub fn issue(&self, spec: TokenSpec) -> IssuedToken {
        let issued_at = self.clock.unix();
        let expires_at = spec.expires_in.map(|seconds| issued_at.saturating_add_unsigned(seconds));
        let id = uuid::Uuid::new_v4().to_string();
        let access_token = self.sign(&spec, &id, issued_at, expires_at);
        let reference_token = (spec.reference == Reference::Included).then(new_reference);
        let token = IssuedToken { id: id.clone(), access_token, reference_token, spec, issued_at, expires_at };
        self.lock().insert(id, Entry { token: token.clone(), revoked: false });
        token
    }

    /// Source of the claims and of the header: the token fixtures of jfrog/setup-jfrog-cli and
    /// jfrog/jfrog-client-go.
    fn sign(&self, spec: &TokenSpec, id: &str, issued_at: i64, expires_at: Option<i64>) -> String {
        let mut claims = json!({
            "sub": spec.subject,
            "scp": spec.scope,
            "aud": spec.audience,
            "iss": self.service_id,
            "iat": issued_at,
            "jti": id,
            "ext": json!({"revocable": "true"}).to_string(),
        });
        if let Some(expires_at) = expires_at {
            claims["exp"] = expires_at.into();
        }
        let header = [("ver".to_owned(), Value::from("2"))].into_iter().collect();
        self.key.sign(header, &claims)
    }

    /// The issued token that a JWT or a reference token stands for.
    ///
    /// # Errors
    ///
    /// When this server did not issue it, or it is over.
    pub fn find(&self, secret: &str) -> Result<IssuedToken, TokenError> {
        let issued = self.lock();
        let entry = if is_reference(secret) {
            issued.values().find(|entry| entry.token.reference_token.as_deref() == Some(secret))
        } else {
            self.verified_id(secret).and_then(|id| issued.get(&id))
        };
        let Entry { token, revoked } = entry.ok_or(TokenError::Unknown)?;
        if *revoked {
            return Err(TokenError::Revoked);
        }
        if token.expires_at.is_some_and(|end| end <= self.clock.unix()) {
            return Err(TokenError::Expired);
        }
        Ok(token.clone())
    }

    fn verified_id(&self, token: &str) -> Option<String> {
        let claims = jwt::verified_claims(token, Algorithm::RS256, self.public_key()).ok()?;
        claims.get("jti")?.as_str().map(str::to_owned)
    }

    /// Read off the key at first use, because the key is generated while the server starts.
    fn public_key(&self) -> &DecodingKey {
        self.public_key.get_or_init(|| jwt::decoding_key(&self.key.jwk()).expect("the kit's own key is a valid JWK"))
    }

    /// The issued token of an id, whatever became of it.
    #[must_use]
    pub fn by_id(&self, id: &str) -> Option<IssuedToken> {
        self.lock().get(id).map(|entry| entry.token.clone())
    }

    /// Revokes a token by its id; `false` when there is none.
    pub fn revoke(&self, id: &str) -> bool {
        self.lock().get_mut(id).map(|entry| entry.revoked = true).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_reference(secret: &str) -> bool {
    secret.len() == REFERENCE_LENGTH && secret.starts_with(REFERENCE_PREFIX)
}

fn new_reference() -> String {
    let random = rand::thread_rng().sample_iter(rand::distributions::Alphanumeric);
    let random: String = random.take(REFERENCE_LENGTH - REFERENCE_PREFIX.len()).map(char::from).collect();
    format!("{REFERENCE_PREFIX}{random}")
}
