//! What says that the server is up, and which it is.

use std::sync::Arc;

use axum::extract::State as Extracted;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::state::State;

/// The version that the mock says it is: one that has every endpoint that it serves.
const VERSION: &str = "7.111.4";
const REVISION: &str = "81104900";

/// Pings, health and version. Source of the paths and bodies: JFrog REST API, System and Health.
pub(crate) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/access/api/v1/system/ping", get(ok))
        .route("/access/api/v1/system/readiness", get(ready))
        .route("/artifactory/api/system/ping", get(ok))
        .route("/artifactory/api/v1/system/readiness", get(ready))
        .route("/artifactory/api/v1/system/liveness", get(ready))
        .route("/artifactory/api/system/version", get(version))
        .route("/router/api/v1/system/health", get(health))
}

async fn ok() -> &'static str {
    "OK"
}

async fn ready() -> Json<Value> {
    Json(json!({"code": "OK"}))
}

async fn version() -> Json<Value> {
    Json(json!({"version": VERSION, "revision": REVISION, "addons": [], "license": "mock"}))
}

async fn health(Extracted(state): Extracted<Arc<State>>) -> Json<Value> {
    let node = json!({"node_id": "mock-artifactory", "state": "HEALTHY", "message": "OK"});
    let service =
        |id: String| json!({"service_id": id, "node_id": "mock-artifactory", "state": "HEALTHY", "message": "OK"});
    let id = &state.world.service_id;
    let artifactory = id.replacen("jfac@", "jfrt@", 1);
    Json(json!({"router": node, "services": [service(id.clone()), service(artifactory)]}))
}
