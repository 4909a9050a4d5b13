//! The Access REST API: the two exchanges, open to all, and what administrators do.
//!
//! Source of the paths and fields: JFrog REST API, and jfrog/terraform-provider-platform, which is
//! the client that most scripts stand for.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use http::request::Parts;
use http::{StatusCode, Uri, header};

use crate::access::{Principal, Refusal};
use crate::service_error::{AccessError, ArtifactoryError};
use crate::state::State;
use crate::wildcard;
use crate::{aws, oidc, root_certificate, system};

mod iam_roles;
mod mappings;
mod providers;
mod tokens;

/// Exchanges, administration and pings.
pub(crate) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/access/api/v1/oidc/token", post(oidc::exchange))
        .route("/access/api/v1/aws/token", post(aws::exchange))
        .merge(administration())
        .merge(system::router())
        .fallback(unknown)
        .with_state(state)
}

/// That creating answers 201 and removing 204 is the mock's choice: clients look for success only.
fn administration() -> Router<Arc<State>> {
    let provider = get(providers::one).put(providers::replace).delete(providers::remove);
    let mapping = get(mappings::one).put(mappings::replace).delete(mappings::remove);
    Router::new()
        .route("/access/api/v1/oidc", get(providers::all).post(providers::create))
        .route("/access/api/v1/oidc/{provider}", provider)
        .route("/access/api/v1/oidc/{provider}/identity_mappings", get(mappings::all).post(mappings::create))
        .route("/access/api/v1/oidc/{provider}/identity_mappings/{mapping}", mapping)
        .route("/access/api/v1/aws/iam_role", put(iam_roles::put))
        .route("/access/api/v1/aws/iam_role/{username}", get(iam_roles::one).delete(iam_roles::remove))
        .route("/access/api/v1/cert/root", get(root_certificate::root))
        .route("/access/api/v1/tokens", post(tokens::create))
        .route("/access/api/v1/tokens/me", get(tokens::me).delete(tokens::revoke_me))
        .route("/access/api/v1/tokens/revoke", axum::routing::delete(tokens::revoke))
        .route("/access/api/v1/tokens/{id}", axum::routing::delete(tokens::revoke_one))
}

/// Each service answers for what lies below it in its own shape.
async fn unknown(uri: Uri) -> Response {
    if uri.path().starts_with("/artifactory/") {
        ArtifactoryError::new(StatusCode::NOT_FOUND, "Not Found").into_response()
    } else {
        AccessError::not_found("Not Found").into_response()
    }
}

/// Someone who has logged in, with Basic or Bearer.
pub(crate) struct Caller(pub(crate) Principal);

/// Someone who has logged in and administers the platform.
pub(crate) struct Administrator;

impl FromRequestParts<Arc<State>> for Caller {
    type Rejection = AccessError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, AccessError> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (scheme, credential) =
            value.split_once(' ').ok_or_else(|| AccessError::unauthorized("Authentication required"))?;
        let principal = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => state.authenticate_bearer(credential),
            "basic" => basic(credential)
                .ok_or(Refusal::BadCredentials)
                .and_then(|(user, secret)| state.authenticate(&user, &secret)),
            _ => Err(Refusal::BadCredentials),
        };
        let principal = principal.map_err(refused)?;
        if is_for_access(&principal, &state.world.service_id) {
            Ok(Self(principal))
        } else {
            // Source of the text: jfrog/terraform-provider-artifactory issue 1135.
            Err(AccessError::unauthorized("Invalid token, audience"))
        }
    }
}

impl FromRequestParts<Arc<State>> for Administrator {
    type Rejection = AccessError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, AccessError> {
        let Caller(principal) = Caller::from_request_parts(parts, state).await?;
        if principal.is_administrator() {
            Ok(Self)
        } else {
            Err(AccessError::forbidden("Admin privileges are required"))
        }
    }
}

/// Source of the text for an expired token: vault-plugin-secrets-artifactory's expression for it.
fn refused(refusal: Refusal) -> AccessError {
    match refusal {
        Refusal::Expired => AccessError::unauthorized("Invalid token, expired"),
        Refusal::Revoked => AccessError::unauthorized("Invalid token, revoked"),
        Refusal::BadCredentials | Refusal::WrongUsername => AccessError::unauthorized("Bad credentials"),
    }
}

fn is_for_access(principal: &Principal, service_id: &str) -> bool {
    let audience = principal.audience.as_deref();
    audience.is_none_or(|audience| audience.split_whitespace().any(|pattern| wildcard::matches(pattern, service_id)))
}

fn basic(credential: &str) -> Option<(String, String)> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(credential.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(user, secret)| (user.to_owned(), secret.to_owned()))
}
