//! What other programs need to trust this world, and what its authority and issuers sign for them.
//!
//! | request | meaning |
//! |---|---|
//! | `GET /__mock/trust` | `{"sts": URL, "pod_identity": URL, "cognito": URL, "issuers": {NAME: ISS, ..}, "registries": {HOST: URL, ..}, "ca": PEM}` |
//! | `POST /__mock/certificates` | `{"names": ["localhost", ..]}` gives `{"certificate": PEM, "key": PEM}`; 404 with given certificates |
//! | `POST /__mock/issuers/NAME/tokens` | claims give `{"token": "..."}`; `iss`, `iat`, `nbf` and `exp` are filled in where absent |
//! | `POST /__mock/issuers/NAME/rotate` | signs with a fresh key; the former one stays published |
//! | `POST /__mock/issuers/NAME/retire` | publishes the current key only |
//!
//! `pod_identity` is what `AWS_CONTAINER_CREDENTIALS_FULL_URI` is for a pod of EKS. It is no variable of the world's
//! environment, where it would hide the role of the instance from the SDKs. Below `cognito` lie the token endpoints,
//! `DOMAIN/oauth2/token`. A registry's requests are sent to its `URL` with its `HOST` first, to learn who may come in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use mock_kit::Authority;
use mock_kit::control::{BadRequest, document};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::issuer::Issuer;

/// The authorities of a world.
#[derive(Clone)]
pub(crate) struct Trust {
    /// Where STS answers.
    pub(crate) sts: String,
    /// Where the EKS Pod Identity agent answers.
    pub(crate) pod_identity: String,
    /// What the domain of a Cognito user pool is added to, with a slash between.
    pub(crate) cognito_domains: String,
    /// The hosts of the clouds' registries.
    pub(crate) registries: Vec<String>,
    /// The issuers by name.
    pub(crate) issuers: Arc<BTreeMap<&'static str, Issuer>>,
    /// The certificate authority; `None` with given certificates, whose key is not here.
    pub(crate) authority: Option<Authority>,
}

impl Trust {
    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/__mock/trust", get(trust))
            .route("/__mock/certificates", post(certificates))
            .route("/__mock/issuers/{name}/tokens", post(tokens))
            .route("/__mock/issuers/{name}/rotate", post(rotate))
            .route("/__mock/issuers/{name}/retire", post(retire))
            .with_state(self.clone())
    }

    fn issuer(&self, name: &str) -> Result<&Issuer, Refusal> {
        let issuer = self.issuers.get(name);
        issuer.ok_or_else(|| {
            let known: Vec<_> = self.issuers.keys().copied().collect();
            Refusal::NotFound(format!("no issuer `{name}`, but {}", known.join(", ")))
        })
    }
}

enum Refusal {
    NotFound(String),
    BadRequest(BadRequest),
}

impl From<BadRequest> for Refusal {
    fn from(refusal: BadRequest) -> Self {
        Self::BadRequest(refusal)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound(text) => (StatusCode::NOT_FOUND, Json(json!({ "error": text }))).into_response(),
            Self::BadRequest(refusal) => refusal.into_response(),
        }
    }
}

async fn trust(State(trust): State<Trust>) -> Json<Value> {
    let issuers = trust.issuers.iter();
    let issuers: Map<_, _> = issuers.map(|(name, issuer)| ((*name).to_owned(), json!(issuer.url()))).collect();
    let registries = trust.registries.iter().map(|host| (host.clone(), json!(trust.sts)));
    let ca = trust.authority.as_ref().map(Authority::certificate_pem);
    Json(json!({
        "sts": trust.sts,
        "pod_identity": trust.pod_identity,
        "cognito": trust.cognito_domains,
        "issuers": issuers,
        "registries": registries.collect::<Map<_, _>>(),
        "ca": ca,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    names: Vec<String>,
}

async fn certificates(State(trust): State<Trust>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Some(authority) = &trust.authority else {
        let text = "this mock runs on given certificates and has no authority";
        return Err(Refusal::NotFound(text.to_owned()));
    };
    let Names { names } = document(&body)?;
    if names.is_empty() || !names.iter().all(|name| name.is_ascii() && !name.is_empty()) {
        let text = "`names` must be host names and addresses in ASCII, at least one".to_owned();
        return Err(BadRequest(text).into());
    }
    let identity = authority.issue(&names);
    Ok(Json(json!({
        "certificate": identity.certificates_pem,
        "key": identity.key_pem,
    })))
}

async fn tokens(State(trust): State<Trust>, Path(name): Path<String>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let issuer = trust.issuer(&name)?;
    let claims: Map<String, Value> = document(&body)?;
    Ok(Json(json!({ "token": issuer.token(claims) })))
}

async fn rotate(State(trust): State<Trust>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let keys = trust.issuer(&name)?.keys();
    keys.rotate();
    Ok(Json(keys.jwks()))
}

async fn retire(State(trust): State<Trust>, Path(name): Path<String>) -> Result<Json<Value>, Refusal> {
    let keys = trust.issuer(&name)?.keys();
    keys.retire();
    Ok(Json(keys.jwks()))
}
