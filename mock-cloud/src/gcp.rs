//! Google Cloud as a program on a Compute Engine instance meets it: the metadata server with the
//! tokens of its service account, and the issuer of its ID tokens.

mod metadata;
mod page;
mod token;
mod tree;
mod world;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State as Shared;
use axum::routing::get;
use axum::{Json, Router};
use mock_kit::{Clock, Kit};
use serde_json::{Value, json};

use crate::issuer::{Issuer, KeyRing};
use token::{AccessToken, AccessTokenReply, Format};
pub use world::{GcpWorld, Instance, ServiceAccount};

/// The Google Cloud side of one world.
#[derive(Clone)]
pub struct Gcp(Arc<State>);

struct State {
    world: GcpWorld,
    published_at: String,
    issuer: Issuer,
    clock: Clock,
    /// By scopes.
    access_tokens: Mutex<HashMap<String, AccessToken>>,
}

impl Gcp {
    /// Makes the Google Cloud side of a world that a server at `url` publishes.
    #[must_use]
    pub fn new(world: &GcpWorld, url: &str, kit: &Kit) -> Self {
        let published_at = format!("{url}/google");
        let name = world.issuer.as_ref().unwrap_or(&published_at);
        Self(Arc::new(State {
            issuer: Issuer::new(&**name, KeyRing::named("google"), kit.clock.clone()),
            world: world.clone(),
            published_at,
            clock: kit.clock.clone(),
            access_tokens: Mutex::default(),
        }))
    }

    /// Serves `/` and `/computeMetadata/*`.
    pub fn metadata_router(&self) -> Router {
        metadata::router(self)
    }

    /// Serves the issuer below `/google/`.
    pub fn issuer_router(&self) -> Router {
        Router::new()
            .route("/google/.well-known/openid-configuration", get(discovery))
            .route("/google/oauth2/v3/certs", get(keys))
            .with_state(self.clone())
    }

    /// Answers the issuer of ID tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    fn world(&self) -> &GcpWorld {
        &self.0.world
    }

    /// Answers an access token, the same one until near its end; `None` without a service account.
    fn access_token_reply(&self, scopes: Option<&str>) -> Option<AccessTokenReply> {
        let account = self.world().service_account.as_ref()?;
        let scopes = scopes.map_or_else(|| account.scopes.join(","), str::to_owned);
        let now = self.0.clock.unix();
        let tokens = self.0.access_tokens.lock();
        let mut tokens = tokens.unwrap_or_else(PoisonError::into_inner);
        let token = tokens.entry(scopes);
        let token = token.or_insert_with(|| AccessToken::draw(now));
        if !token.is_kept(now) {
            *token = AccessToken::draw(now);
        }
        Some(token.reply(now))
    }

    /// Answers a fresh ID token; `None` without a service account.
    fn id_token(&self, audience: &str, format: Format) -> Option<String> {
        let account = self.world().service_account.as_ref()?;
        let now = self.0.clock.unix();
        let mut claims = token::claims(self.world(), account, audience, format, now);
        claims.insert("iss".into(), json!(self.issuer().url()));
        Some(self.issuer().sign(claims))
    }
}

/// Source: the document at `https://accounts.google.com/.well-known/openid-configuration`.
async fn discovery(Shared(gcp): Shared<Gcp>) -> Json<Value> {
    let base = &gcp.0.published_at;
    Json(json!({
        "issuer": gcp.issuer().url(),
        "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["code", "token", "id_token", "none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported":
            ["aud", "email", "email_verified", "exp", "iat", "iss", "name", "sub"],
    }))
}

async fn keys(Shared(gcp): Shared<Gcp>) -> Json<Value> {
    Json(gcp.issuer().keys().jwks())
}
