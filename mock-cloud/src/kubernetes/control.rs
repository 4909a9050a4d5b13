//! The control paths of a cluster, `/__mock/kubernetes/..`.
//!
//! | request | meaning |
//! |---|---|
//! | `GET /__mock/kubernetes/serviceaccounts` | every service account: `namespace`, `name`, `uid`, `annotations` |
//! | `POST /__mock/kubernetes/serviceaccounts/NS/NAME/token` | `{"audiences": [..], "pod": {"name": .., "uid": ..}, "expirationSeconds": n}` gives `{"token": .., "expirationTimestamp": ..}` |
//!
//! Every field of a request may be absent: the audience is then the cluster's own, the token bound to no pod and good
//! for an hour. A refusal has the status and the body of the API server.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use mock_kit::control::{BadRequest, document};
use serde_json::{Value, json};

use super::{Kubernetes, ServiceAccount, TokenRefusal, TokenRequest};

/// Serves the control paths of a cluster.
pub(super) fn router(kubernetes: Kubernetes) -> Router {
    let base = "/__mock/kubernetes/serviceaccounts";
    Router::new()
        .route(base, get(service_accounts))
        .route(&format!("{base}/{{namespace}}/{{name}}/token"), post(token))
        .with_state(kubernetes)
}

async fn service_accounts(State(kubernetes): State<Kubernetes>) -> Json<Value> {
    let accounts = kubernetes.world().service_accounts.iter();
    let accounts = accounts.map(|ServiceAccount { namespace, name, uid, annotations }| {
        json!({"namespace": namespace, "name": name, "uid": uid, "annotations": annotations})
    });
    Json(accounts.collect())
}

async fn token(
    State(kubernetes): State<Kubernetes>,
    Path((namespace, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let request = if body.is_empty() { Ok(TokenRequest::default()) } else { document::<TokenRequest>(&body) };
    match request {
        Ok(request) => match kubernetes.service_account_token(&namespace, &name, &request) {
            Ok(token) => Json(token).into_response(),
            Err(refusal) => refusal.into_response(),
        },
        Err(refusal) => BadRequest::into_response(refusal),
    }
}

impl IntoResponse for TokenRefusal {
    /// The `Status` of the API server.
    fn into_response(self) -> Response {
        let (status, reason, details) = match &self {
            Self::NotFound(name) => {
                (StatusCode::NOT_FOUND, "NotFound", json!({"name": name, "kind": "serviceaccounts"}))
            }
            Self::Invalid(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "Invalid",
                json!({"group": "authentication.k8s.io", "kind": "TokenRequest"}),
            ),
        };
        let body = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.to_string(),
            "reason": reason,
            "details": details,
            "code": status.as_u16(),
        });
        (status, Json(body)).into_response()
    }
}
