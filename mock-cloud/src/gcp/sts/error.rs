//! Refusals of the Security Token Service, in the form of RFC 6749 section 5.2.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// A refusal; the status is always 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StsError {
    error: &'static str,
    description: String,
}

impl IntoResponse for StsError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

impl StsError {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    /// A parameter that is absent or cannot be; its words are not recorded anywhere.
    pub(super) fn parameter(name: &str) -> Self {
        Self::new("invalid_request", format!("Invalid value for \"{name}\"."))
    }

    pub(super) fn grant_type() -> Self {
        Self::new("unsupported_grant_type", "Invalid grant type.")
    }

    pub(super) fn audience() -> Self {
        Self::new(
            "invalid_request",
            "Invalid value for \"audience\". This value should be the full resource name of the Identity Provider. See \
             https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.",
        )
    }

    pub(super) fn target() -> Self {
        Self::new(
            "invalid_target",
            "The target service indicated by the \"audience\" parameters is invalid. This might either be because the \
             pool or provider is disabled or deleted or because it doesn't exist.",
        )
    }

    pub(super) fn issuer(found: &str, expected: &str) -> Self {
        let text = format!("The issuer in ID Token {found} does not match the expected ones: {expected}.");
        Self::new("invalid_grant", text)
    }

    pub(super) fn token_audience(found: &str, expected: &str) -> Self {
        let text = format!("The audience in ID Token [{found}] does not match the expected audience {expected}.");
        Self::new("invalid_grant", text)
    }

    pub(super) fn stale(issued: i64) -> Self {
        Self::new("invalid_grant", format!("ID Token issued at {issued} is stale to sign-in."))
    }

    pub(super) fn unreachable() -> Self {
        Self::new("invalid_grant", "Error connecting to the given credential's issuer.")
    }

    /// Its words are not recorded anywhere.
    pub(super) fn no_token() -> Self {
        Self::new("invalid_grant", "The given credential is not a valid ID Token of its issuer.")
    }

    /// Its words are not recorded anywhere.
    pub(super) fn unmapped(attribute: &str) -> Self {
        Self::new("invalid_grant", format!("The mapped attribute '{attribute}' must be of type STRING."))
    }

    pub(super) fn condition() -> Self {
        Self::new("unauthorized_client", "The given credential is rejected by the attribute condition.")
    }
}
