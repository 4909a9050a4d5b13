//! `/access/api/v1/oidc`: OIDC providers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Extracted};
use http::StatusCode;
use serde_json::Value;

use super::Administrator;
use crate::directory::Before;
use crate::json_body::JsonBody;
use crate::oidc::provider::Provider;
use crate::service_error::AccessError;
use crate::state::State;

type Shared = Extracted<Arc<State>>;

pub(super) async fn all(_: Administrator, Extracted(state): Shared) -> Json<Vec<Provider>> {
    Json(state.directory().providers().cloned().collect())
}

pub(super) async fn one(
    _: Administrator,
    Extracted(state): Shared,
    Path(name): Path<String>,
) -> Result<Json<Provider>, AccessError> {
    state.directory().provider(&name).cloned().map(Json).ok_or_else(|| not_found(&name))
}

pub(super) async fn create(
    _: Administrator,
    Extracted(state): Shared,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<Provider>), AccessError> {
    let provider = Provider::parse(body)?;
    let mut directory = state.directory();
    if directory.provider(&provider.name).is_some() {
        return Err(AccessError::conflict(format!("OIDC provider {} already exists", provider.name)));
    }
    directory.put_provider(provider.clone());
    Ok((StatusCode::CREATED, Json(provider)))
}

pub(super) async fn replace(
    _: Administrator,
    Extracted(state): Shared,
    Path(name): Path<String>,
    JsonBody(mut body): JsonBody<Value>,
) -> Result<Json<Provider>, AccessError> {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("name".to_owned(), name.clone().into());
    }
    let provider = Provider::parse(body)?;
    let mut directory = state.directory();
    directory.provider(&name).ok_or_else(|| not_found(&name))?;
    directory.put_provider(provider.clone());
    Ok(Json(provider))
}

pub(super) async fn remove(
    _: Administrator,
    Extracted(state): Shared,
    Path(name): Path<String>,
) -> Result<StatusCode, AccessError> {
    match state.directory().remove_provider(&name) {
        Before::Present => Ok(StatusCode::NO_CONTENT),
        Before::Absent => Err(not_found(&name)),
    }
}

pub(super) fn not_found(name: &str) -> AccessError {
    AccessError::not_found(format!("OIDC provider {name} was not found"))
}
