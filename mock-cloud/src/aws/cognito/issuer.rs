//! The issuer of a pool's tokens: discovery and keys.
//!
//! Source: the document at `https://cognito-idp.REGION.amazonaws.com/POOL_ID/.well-known/openid-configuration`; Amazon
//! Cognito developer guide, "Verifying JSON web tokens".

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::Cognito;
use super::pool::Pool;
use crate::asked_at::AskedAt;

pub(super) fn router(cognito: Cognito) -> Router {
    Router::new()
        .route("/{pool}/.well-known/openid-configuration", get(discovery))
        .route("/{pool}/.well-known/jwks.json", get(keys))
        .with_state(cognito)
}

async fn discovery(State(cognito): State<Cognito>, asked_at: AskedAt, Path(id): Path<String>) -> Response {
    with_pool(&cognito, &id, |pool| document(pool, &cognito, &asked_at))
}

async fn keys(State(cognito): State<Cognito>, Path(id): Path<String>) -> Response {
    with_pool(&cognito, &id, |pool| pool.issuer().keys().jwks())
}

fn with_pool(cognito: &Cognito, id: &str, document: impl FnOnce(&Pool) -> Value) -> Response {
    match cognito.0.pool(id) {
        Some(pool) => Json(document(pool)).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"message": "User pool does not exist."}))).into_response(),
    }
}

fn document(pool: &Pool, cognito: &Cognito, asked_at: &AskedAt) -> Value {
    let published_at = format!("{}/{}", asked_at.or(&cognito.0.url), pool.facts.id);
    let mut document = json!({
        "issuer": pool.issuer().url(),
        "jwks_uri": format!("{published_at}/.well-known/jwks.json"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    // A pool without a domain has no endpoints to name.
    if let Some(domain) = pool.host(&cognito.0.facts.world.region) {
        for (field, path) in
            [("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("userinfo_endpoint", "userInfo")]
        {
            document[field] = json!(format!("https://{domain}/oauth2/{path}"));
        }
    }
    document
}
