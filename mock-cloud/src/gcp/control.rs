//! The control path of an instance: `PUT /__mock/gcp/attributes/NAME` sets a key of its custom metadata to the body, so
//! that whoever waits for a change sees one.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::put;
use http::StatusCode;

use super::Gcp;

/// Serves the control path of an instance.
pub(super) fn router(gcp: &Gcp) -> Router {
    Router::new().route("/__mock/gcp/attributes/{name}", put(set)).with_state(gcp.clone())
}

async fn set(State(gcp): State<Gcp>, Path(name): Path<String>, value: String) -> StatusCode {
    gcp.0.attributes.send_modify(|attributes| {
        attributes.insert(name, value);
    });
    StatusCode::NO_CONTENT
}
