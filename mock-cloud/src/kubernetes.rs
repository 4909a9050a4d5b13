//! The issuer of a Kubernetes cluster's service account tokens, published as EKS does.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use mock_kit::Kit;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::issuer::{Issuer, KeyRing};

/// One cluster and its issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KubernetesWorld {
    /// The hexadecimal id of the cluster in its issuer, `https://oidc.eks.REGION.amazonaws.com/id/HEX`.
    pub cluster: String,
    /// The `iss` of its tokens; unless told, the URL at which the mock publishes the issuer.
    #[serde(default)]
    pub issuer: Option<String>,
}

/// The issuer of one cluster, as it is served.
#[derive(Clone)]
pub struct Kubernetes {
    cluster: String,
    published_at: String,
    issuer: Issuer,
}

impl Kubernetes {
    /// Makes the issuer of a cluster that a server at `url` publishes.
    #[must_use]
    pub fn new(world: &KubernetesWorld, url: &str, kit: &Kit) -> Self {
        let published_at = format!("{url}/id/{}", world.cluster);
        let name = world.issuer.as_ref().unwrap_or(&published_at);
        Self {
            issuer: Issuer::new(&**name, KeyRing::named("kubernetes"), kit.clock.clone()),
            cluster: world.cluster.clone(),
            published_at,
        }
    }

    /// Answers the issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Serves `/id/HEX/.well-known/openid-configuration` and `/id/HEX/keys`.
    pub fn router(&self) -> Router {
        let base = format!("/id/{}", self.cluster);
        Router::new()
            .route(&format!("{base}/.well-known/openid-configuration"), get(discovery))
            .route(&format!("{base}/keys"), get(keys))
            .with_state(self.clone())
    }

    /// Answers the fields that the API server publishes.
    ///
    /// Source: kubernetes/kubernetes, `pkg/serviceaccount/openidmetadata.go`.
    fn discovery(&self) -> Value {
        json!({
            "issuer": self.issuer.url(),
            "jwks_uri": format!("{}/keys", self.published_at),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }
}

async fn discovery(State(kubernetes): State<Kubernetes>) -> Response {
    (PUBLIC, Json(kubernetes.discovery())).into_response()
}

async fn keys(State(kubernetes): State<Kubernetes>) -> Response {
    let jwks = kubernetes.issuer.keys().jwks().to_string();
    (PUBLIC, [(CONTENT_TYPE, "application/jwk-set+json")], jwks).into_response()
}

/// Source: kubernetes/kubernetes, `pkg/routes/openidmetadata.go`.
const PUBLIC: [(http::HeaderName, &str); 1] = [(CACHE_CONTROL, "public, max-age=3600")];
