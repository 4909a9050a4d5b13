//! A Kubernetes cluster as the clouds see it: the issuer of its service account tokens, published as EKS does, and the
//! requests for such tokens.
//!
//! # Layout
//!
//! - `world`: the cluster, its node and its service accounts
//! - `token_request`: tokens as the API server issues them; `control`: how they are asked for, `/__mock/kubernetes/..`
//! - `presented`: tokens verified as whoever trusts the cluster does

mod control;
pub(crate) mod presented;
mod token_request;
mod world;

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use mock_kit::{Clock, Kit};
use serde_json::{Value, json};

use crate::asked_at::AskedAt;
use crate::issuer::{Issuer, KeyRing};

pub use self::token_request::{Pod, ServiceAccountToken, TokenRefusal, TokenRequest};
pub use self::world::{KubernetesWorld, Node, ServiceAccount};

/// One cluster and its issuer, as they are served; clones share the tokens.
#[derive(Clone)]
pub struct Kubernetes {
    world: Arc<KubernetesWorld>,
    url: String,
    published_at: String,
    issuer: Issuer,
    clock: Clock,
    issued: Arc<Mutex<Vec<String>>>,
}

impl Kubernetes {
    /// Makes the issuer of a cluster that a server at `url` publishes.
    #[must_use]
    pub fn new(world: &KubernetesWorld, url: &str, kit: &Kit) -> Self {
        let published_at = format!("{url}/id/{}", world.cluster);
        let name = world.issuer.as_ref().unwrap_or(&published_at);
        Self {
            issuer: Issuer::new(&**name, KeyRing::named("kubernetes"), kit.clock.clone()),
            world: Arc::new(world.clone()),
            url: url.to_owned(),
            published_at,
            clock: kit.clock.clone(),
            issued: Arc::default(),
        }
    }

    /// Answers the issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Answers where the mock publishes the issuer, which a world may call otherwise.
    #[must_use]
    pub fn published_at(&self) -> &str {
        &self.published_at
    }

    /// Answers the facts of the cluster.
    #[must_use]
    pub fn world(&self) -> &KubernetesWorld {
        &self.world
    }

    /// Answers every service account token issued so far.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves `/id/HEX/.well-known/openid-configuration` and `/id/HEX/keys`.
    pub fn router(&self) -> Router {
        let base = format!("/id/{}", self.world.cluster);
        Router::new()
            .route(&format!("{base}/.well-known/openid-configuration"), get(discovery))
            .route(&format!("{base}/keys"), get(keys))
            .with_state(self.clone())
    }

    /// Serves `/__mock/kubernetes/serviceaccounts/..`.
    pub fn control_router(&self) -> Router {
        control::router(self.clone())
    }

    /// Answers the fields that the API server publishes.
    ///
    /// Source: kubernetes/kubernetes, `pkg/serviceaccount/openidmetadata.go`.
    fn discovery(&self, asked_at: &AskedAt) -> Value {
        json!({
            "issuer": self.issuer.url(),
            "jwks_uri": format!("{}/id/{}/keys", asked_at.or(&self.url), self.world.cluster),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }
}

async fn discovery(State(kubernetes): State<Kubernetes>, asked_at: AskedAt) -> Response {
    (PUBLIC, Json(kubernetes.discovery(&asked_at))).into_response()
}

async fn keys(State(kubernetes): State<Kubernetes>) -> Response {
    let jwks = kubernetes.issuer.keys().jwks().to_string();
    (PUBLIC, [(CONTENT_TYPE, "application/jwk-set+json")], jwks).into_response()
}

/// Source: kubernetes/kubernetes, `pkg/routes/openidmetadata.go`.
const PUBLIC: [(http::HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=3600")];
