//! `/access/api/v1/tokens`: tokens for oneself or, by administrators, for anyone; and their end.
//!
//! Source: JFrog REST API, Create Token, Revoke Token by ID, Revoke Token by Value.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Extracted};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Administrator, Caller};
use crate::access::Principal;
use crate::json_body::JsonBody;
use crate::oidc::mapping::EVERY_SERVICE;
use crate::scope;
use crate::service_error::AccessError;
use crate::state::State;
use crate::token::{IssuedToken, Reference, TokenSpec};

type Shared = Extracted<Arc<State>>;

/// Seconds in a year: the lifetime of a token whose request names none.
///
/// Source: JFrog Platform Administration, `token.default-expiry`.
const DEFAULT_EXPIRES_IN: u64 = 31_536_000;

/// Refresh tokens are not issued; `refreshable` is accepted and ignored.
#[derive(Debug, Deserialize)]
pub(super) struct Create {
    username: Option<String>,
    scope: Option<String>,
    expires_in: Option<u64>,
    description: Option<String>,
    audience: Option<String>,
    #[serde(default)]
    include_reference_token: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    token_id: String,
    access_token: String,
    expires_in: u64,
    scope: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Revoke {
    token: String,
}

pub(super) async fn create(
    Caller(principal): Caller,
    Extracted(state): Shared,
    JsonBody(request): JsonBody<Create>,
) -> Result<Json<Answer>, AccessError> {
    let spec = state.requested(&principal, request)?;
    Ok(Json(Answer::from(state.tokens.issue(spec))))
}

/// What the token says that the request came with.
pub(super) async fn me(Caller(principal): Caller, Extracted(state): Shared) -> Result<Json<Value>, AccessError> {
    let token = principal.token_id.and_then(|id| state.tokens.by_id(&id)).ok_or_else(not_a_token)?;
    Ok(Json(json!({
        "token_id": token.id,
        "subject": token.spec.subject,
        "issued_at": token.issued_at,
        "expiry": token.expires_at,
        "issuer": state.world.service_id,
        "description": token.spec.description,
    })))
}

pub(super) async fn revoke_me(Caller(principal): Caller, Extracted(state): Shared) -> Result<StatusCode, AccessError> {
    state.tokens.revoke(&principal.token_id.ok_or_else(not_a_token)?);
    Ok(StatusCode::OK)
}

pub(super) async fn revoke_one(_: Administrator, Extracted(state): Shared, Path(id): Path<String>) -> StatusCode {
    if state.tokens.revoke(&id) { StatusCode::OK } else { StatusCode::NO_CONTENT }
}

pub(super) async fn revoke(
    _: Administrator,
    Extracted(state): Shared,
    JsonBody(Revoke { token }): JsonBody<Revoke>,
) -> Result<Json<Value>, AccessError> {
    let token = state.tokens.find(&token).map_err(|error| AccessError::not_found(error.to_string()))?;
    state.tokens.revoke(&token.id);
    Ok(Json(json!({"revoked-token-id": token.id})))
}

impl State {
    fn requested(&self, principal: &Principal, request: Create) -> Result<TokenSpec, AccessError> {
        let username = request.username.unwrap_or_else(|| principal.username.clone());
        let scope = request.scope.unwrap_or_else(|| "applied-permissions/user".to_owned());
        if !scope::is_known(&scope) {
            return Err(AccessError::bad_request("Invalid scope"));
        }
        let is_own = username == principal.username && scope == "applied-permissions/user";
        if !is_own && !principal.is_administrator() {
            return Err(AccessError::forbidden("Admin privileges are required to create a token for others"));
        }
        let requested = request.expires_in.unwrap_or(DEFAULT_EXPIRES_IN);
        Ok(TokenSpec {
            subject: self.tokens.user_subject(&username),
            scope,
            audience: request
                .audience
                .filter(|audience| !audience.is_empty())
                .unwrap_or_else(|| EVERY_SERVICE.to_owned()),
            expires_in: (requested > 0).then(|| self.world.answers.capped(requested)),
            reference: if request.include_reference_token { Reference::Included } else { Reference::Omitted },
            description: request.description,
        })
    }
}

impl From<IssuedToken> for Answer {
    fn from(token: IssuedToken) -> Self {
        Self {
            token_id: token.id,
            access_token: token.access_token,
            expires_in: token.spec.expires_in.unwrap_or_default(),
            scope: token.spec.scope,
            token_type: "Bearer",
            reference_token: token.reference_token,
        }
    }
}

fn not_a_token() -> AccessError {
    AccessError::bad_request("The request was not made with a token")
}
