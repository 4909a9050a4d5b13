//! The three error bodies of the platform: Access answers with a string `code`, Artifactory with a
//! numeric `status`, the Docker API as the distribution specification has it.

use std::fmt::Write as _;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};

/// An error of the Access service: `{"errors":[{"code":"BAD_REQUEST","message":".."}]}`.
///
/// Source: bodies quoted in jfrog/setup-jfrog-cli issues 155 and 270.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessError {
    status: StatusCode,
    message: String,
}

impl AccessError {
    /// An error of this status, whose `code` is the status's name.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// An error whose status is a knob of the world; 500 when that is no status.
    #[must_use]
    pub fn of(status: u16, message: impl Into<String>) -> Self {
        Self::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), message)
    }

    /// 400 `BAD_REQUEST`.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401 `UNAUTHORIZED`.
    #[must_use]
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 403 `FORBIDDEN`.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404 `NOT_FOUND`.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 409 `CONFLICT`.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the error says.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for AccessError {
    fn into_response(self) -> Response {
        let code = code_of(self.status);
        json_response(self.status, pretty(&[("code", code.into()), ("message", self.message.into())]))
    }
}

/// An error of the Artifactory service: `{"errors":[{"status":401,"message":"Bad credentials"}]}`.
///
/// Source: body quoted in jfrog/jfrog-cli issue 1616.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactoryError {
    status: StatusCode,
    message: String,
}

impl ArtifactoryError {
    /// An error of this status.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

impl IntoResponse for ArtifactoryError {
    fn into_response(self) -> Response {
        json_response(self.status, pretty(&[("status", self.status.as_u16().into()), ("message", self.message.into())]))
    }
}

/// An error of the Docker API: `{"errors":[{"code":"UNAUTHORIZED","message":"..","detail":null}]}`.
///
/// Source: body captured in containerd issue 6339.
#[derive(Clone, Debug, PartialEq)]
pub struct RegistryError {
    status: StatusCode,
    code: &'static str,
    message: String,
    detail: Value,
}

impl RegistryError {
    /// An error with one of the distribution specification's codes.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), detail: Value::Null }
    }

    /// The same error with a `detail`.
    #[must_use]
    pub fn with_detail(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

impl IntoResponse for RegistryError {
    fn into_response(self) -> Response {
        let (code, message, detail) = (json!(self.code), json!(self.message), self.detail);
        let body = format!("{{\"errors\":[{{\"code\":{code},\"message\":{message},\"detail\":{detail}}}]}}\n");
        (self.status, [(header::CONTENT_TYPE, "application/json;charset=ISO-8859-1")], body).into_response()
    }
}

/// The name of a status as Access writes it: upper case with underscores.
fn code_of(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("UNKNOWN").to_ascii_uppercase().replace([' ', '-'], "_")
}

/// Jackson's default pretty printing, which both services use: ` : ` between key and value, `[ {`
/// on one line.
fn pretty(fields: &[(&str, Value)]) -> String {
    let mut body = String::from("{\n  \"errors\" : [ {");
    for (index, (key, value)) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(body, "{comma}\n    \"{key}\" : {value}").expect("writing to a string cannot fail");
    }
    body.push_str("\n  } ]\n}");
    body
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_access_error_has_a_string_code_in_jackson_style() {
        let error = AccessError::bad_request("Invalid audience").into_response();
        assert_eq!(error.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            body(error).await,
            "{\n  \"errors\" : [ {\n    \"code\" : \"BAD_REQUEST\",\n    \"message\" : \"Invalid audience\"\n  } ]\n}"
        );
    }

    #[tokio::test]
    async fn an_artifactory_error_has_a_numeric_status() {
        let error = ArtifactoryError::new(StatusCode::UNAUTHORIZED, "Bad credentials").into_response();
        let value: Value = serde_json::from_str(&body(error).await).unwrap();
        assert_eq!(value, json!({"errors": [{"status": 401, "message": "Bad credentials"}]}));
    }

    #[tokio::test]
    async fn a_registry_error_is_as_long_as_the_captured_one() {
        let error =
            RegistryError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required").into_response();
        assert_eq!(body(error).await.len(), 87);
    }

    #[tokio::test]
    async fn quotes_in_a_message_stay_json() {
        let error = AccessError::not_found("no \"x\"").into_response();
        let value: Value = serde_json::from_str(&body(error).await).unwrap();
        assert_eq!(value["errors"][0]["message"], "no \"x\"");
    }
}
