//! Request bodies of the Access API.

use axum::extract::{FromRequest, Request};
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::service_error::AccessError;

/// A JSON body; fields that the type does not know are ignored, as the real server ignores what
/// newer clients send.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = AccessError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AccessError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(AccessError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
        }
        let body = bytes::Bytes::from_request(request, state).await;
        let body = body.map_err(|_| AccessError::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| AccessError::bad_request(format!("Invalid JSON: {error}")))
    }
}
