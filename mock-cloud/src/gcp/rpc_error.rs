//! Errors of Google's APIs: `google.rpc.Status` in JSON.
//!
//! Source: Google Cloud API design guide, "Errors" (HTTP mapping and `ErrorInfo`).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};

/// A refusal of the IAM Credentials API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RpcError {
    /// No access token.
    MissingToken,
    /// An access token that nobody knows.
    UnknownToken { method: &'static str },
    /// An access token whose time is over.
    ExpiredToken { method: &'static str },
    /// An access token for other services.
    Scope { method: &'static str },
    /// The caller may not do this as this account.
    Permission { permission: &'static str },
    /// No such service account.
    NoAccount { account: String },
    /// A request that lacks something or says something impossible.
    Argument { text: String },
    /// No such method.
    NoMethod,
}

impl IntoResponse for RpcError {
    fn into_response(self) -> Response {
        let (status, name, message) = self.status();
        let mut error = json!({"code": status.as_u16(), "message": message, "status": name});
        if let Some(info) = self.info() {
            error["details"] = json!([info]);
        }
        let response = (status, Json(json!({ "error": error }))).into_response();
        match status {
            StatusCode::UNAUTHORIZED => {
                ([(WWW_AUTHENTICATE, "Bearer realm=\"https://accounts.google.com/\"")], response).into_response()
            }
            _ => response,
        }
    }
}

impl RpcError {
    fn status(&self) -> (StatusCode, &'static str, String) {
        const CREDENTIALS: &str = "Expected OAuth 2 access token, login cookie or other valid authentication \
             credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
        match self {
            Self::MissingToken => (
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                format!("Request is missing required authentication credential. {CREDENTIALS}"),
            ),
            Self::UnknownToken { .. } | Self::ExpiredToken { .. } => (
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                format!("Request had invalid authentication credentials. {CREDENTIALS}"),
            ),
            Self::Scope { .. } => {
                (StatusCode::FORBIDDEN, "PERMISSION_DENIED", "Request had insufficient authentication scopes.".into())
            }
            Self::Permission { permission } => (
                StatusCode::FORBIDDEN,
                "PERMISSION_DENIED",
                format!("Permission '{permission}' denied on resource (or it may not exist)."),
            ),
            Self::NoAccount { account } => {
                (StatusCode::NOT_FOUND, "NOT_FOUND", format!("Not found; Gaia id not found for email {account}"))
            }
            Self::Argument { text } => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", text.clone()),
            Self::NoMethod => (StatusCode::NOT_FOUND, "NOT_FOUND", "Method not found.".into()),
        }
    }

    /// The `ErrorInfo`. Source: the reasons of `google.api.ErrorReason` in googleapis/googleapis.
    fn info(&self) -> Option<Value> {
        let (reason, domain, metadata) = match self {
            Self::MissingToken => ("CREDENTIALS_MISSING", "googleapis.com", json!({"service": SERVICE})),
            Self::UnknownToken { method } => ("ACCESS_TOKEN_TYPE_UNSUPPORTED", "googleapis.com", service(method)),
            Self::ExpiredToken { method } => ("ACCESS_TOKEN_EXPIRED", "googleapis.com", service(method)),
            Self::Scope { method } => ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", service(method)),
            Self::Permission { permission } => {
                ("IAM_PERMISSION_DENIED", "iam.googleapis.com", json!({"permission": permission}))
            }
            Self::NoAccount { .. } | Self::Argument { .. } | Self::NoMethod => return None,
        };
        let kind = "type.googleapis.com/google.rpc.ErrorInfo";
        Some(json!({"@type": kind, "reason": reason, "domain": domain, "metadata": metadata}))
    }
}

const SERVICE: &str = "iamcredentials.googleapis.com";

fn service(method: &str) -> Value {
    json!({"service": SERVICE, "method": format!("google.iam.credentials.v1.IAMCredentials.{method}")})
}
