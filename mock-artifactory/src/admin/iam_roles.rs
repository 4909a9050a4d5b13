//! `/access/api/v1/aws/iam_role`: which AWS role a user is for.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Extracted};
use http::StatusCode;
use serde::Deserialize;

use super::Administrator;
use crate::aws::iam_role::{IamRole, RoleArn};
use crate::directory::Before;
use crate::json_body::JsonBody;
use crate::service_error::AccessError;
use crate::state::State;

type Shared = Extracted<Arc<State>>;

#[derive(Debug, Deserialize)]
pub(super) struct Body {
    username: String,
    iam_role: String,
}

pub(super) async fn put(
    _: Administrator,
    Extracted(state): Shared,
    JsonBody(Body { username, iam_role }): JsonBody<Body>,
) -> Result<Json<IamRole>, AccessError> {
    if username.is_empty() {
        return Err(AccessError::bad_request("Username is required"));
    }
    let iam_role = RoleArn::try_from(iam_role).map_err(|error| AccessError::bad_request(error.to_string()))?;
    let role = IamRole { username, iam_role };
    state.directory().put_role(role.clone());
    Ok(Json(role))
}

pub(super) async fn one(
    _: Administrator,
    Extracted(state): Shared,
    Path(username): Path<String>,
) -> Result<Json<IamRole>, AccessError> {
    state.directory().role(&username).map(Json).ok_or_else(|| not_found(&username))
}

pub(super) async fn remove(
    _: Administrator,
    Extracted(state): Shared,
    Path(username): Path<String>,
) -> Result<StatusCode, AccessError> {
    match state.directory().remove_role(&username) {
        Before::Present => Ok(StatusCode::NO_CONTENT),
        Before::Absent => Err(not_found(&username)),
    }
}

fn not_found(username: &str) -> AccessError {
    AccessError::not_found(format!("No IAM role of user {username} was found"))
}
