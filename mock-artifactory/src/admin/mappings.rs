//! `/access/api/v1/oidc/{provider}/identity_mappings`: identity mappings, global ones or with
//! `?project_key=` a project's.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State as Extracted};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::Administrator;
use super::providers;
use crate::directory::Before;
use crate::json_body::JsonBody;
use crate::oidc::mapping::Mapping;
use crate::service_error::AccessError;
use crate::state::State;

type Shared = Extracted<Arc<State>>;

/// Where a mapping belongs. Source: jfrog/terraform-provider-platform issue 311, the project's key
/// is a query parameter.
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    project_key: Option<String>,
}

impl Project {
    fn key(&self) -> Option<&str> {
        self.project_key.as_deref().filter(|key| !key.is_empty())
    }
}

pub(super) async fn all(
    _: Administrator,
    Extracted(state): Shared,
    Path(provider): Path<String>,
    Query(project): Query<Project>,
) -> Result<Json<Vec<Mapping>>, AccessError> {
    let directory = state.directory();
    directory.provider(&provider).ok_or_else(|| providers::not_found(&provider))?;
    let mappings = directory.mappings(&provider).filter(|mapping| mapping.project_key.as_deref() == project.key());
    Ok(Json(mappings.cloned().collect()))
}

pub(super) async fn one(
    _: Administrator,
    Extracted(state): Shared,
    Path((provider, name)): Path<(String, String)>,
    Query(project): Query<Project>,
) -> Result<Json<Mapping>, AccessError> {
    state.directory().mapping(&provider, &name, project.key()).cloned().map(Json).ok_or_else(|| not_found(&name))
}

pub(super) async fn create(
    _: Administrator,
    Extracted(state): Shared,
    Path(provider): Path<String>,
    Query(project): Query<Project>,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<Mapping>), AccessError> {
    let mapping = parse(body, &provider, &project)?;
    let mut directory = state.directory();
    directory.provider(&provider).ok_or_else(|| providers::not_found(&provider))?;
    if directory.mapping(&provider, &mapping.name, mapping.project_key.as_deref()).is_some() {
        return Err(AccessError::conflict(format!("Identity mapping {} already exists", mapping.name)));
    }
    directory.put_mapping(mapping.clone());
    Ok((StatusCode::CREATED, Json(mapping)))
}

pub(super) async fn replace(
    _: Administrator,
    Extracted(state): Shared,
    Path((provider, name)): Path<(String, String)>,
    Query(project): Query<Project>,
    JsonBody(mut body): JsonBody<Value>,
) -> Result<Json<Mapping>, AccessError> {
    if let Some(fields) = body.as_object_mut() {
        fields.insert("name".to_owned(), name.clone().into());
    }
    let mapping = parse(body, &provider, &project)?;
    let mut directory = state.directory();
    directory.mapping(&provider, &name, mapping.project_key.as_deref()).ok_or_else(|| not_found(&name))?;
    directory.put_mapping(mapping.clone());
    Ok(Json(mapping))
}

pub(super) async fn remove(
    _: Administrator,
    Extracted(state): Shared,
    Path((provider, name)): Path<(String, String)>,
    Query(project): Query<Project>,
) -> Result<StatusCode, AccessError> {
    match state.directory().remove_mapping(&provider, &name, project.key()) {
        Before::Present => Ok(StatusCode::NO_CONTENT),
        Before::Absent => Err(not_found(&name)),
    }
}

/// The project stands in the query or in the body; the query wins.
fn parse(body: Value, provider: &str, project: &Project) -> Result<Mapping, AccessError> {
    let mapping = Mapping::parse(body, provider)?;
    let project_key = project.key().map(str::to_owned).or_else(|| mapping.project_key.clone());
    Ok(Mapping { project_key, ..mapping })
}

fn not_found(name: &str) -> AccessError {
    AccessError::not_found(format!("Identity mapping {name} was not found"))
}
