//! Why a registry does not let somebody in, in its words.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::json;

use super::Registry;
use crate::aws::ecr;
use crate::azure::container_registry;
use crate::gcp::artifact_registry;

/// Why a registry does not let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No credential is shown.
    Absent,
    /// The credential is no good.
    Credential,
    /// It was good.
    Expired,
    /// It is good, and its owner may not pull.
    Forbidden,
    /// A parameter is not what it has to be.
    Request(&'static str),
    /// The registry has nothing there.
    NoSuchPath,
}

impl Refusal {
    /// The answer of a registry.
    ///
    /// Sources: the text of ECR without a credential is that of a bare `GET /v2/`; that of an expired one is in the Amazon
    /// ECR user guide, "Troubleshooting Amazon ECR error messages"; that of Azure is in its troubleshooting guide,
    /// "Registry login"; the others are codes of the OCI distribution specification.
    pub(super) fn respond(self, registry: &Registry, host: &str) -> Response {
        let denied = |message: &str| (StatusCode::FORBIDDEN, errors("DENIED", message)).into_response();
        match (self, registry) {
            (Self::Absent | Self::Credential, registry) => {
                let body = match registry {
                    Registry::Ecr { .. } => "Not Authorized\n".into_response(),
                    Registry::Azure => errors(
                        "UNAUTHORIZED",
                        "authentication required, visit https://aka.ms/acr/authorization for more information.",
                    )
                    .into_response(),
                    Registry::EcrPublic | Registry::Google => {
                        errors("UNAUTHORIZED", "authentication failed").into_response()
                    }
                };
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, registry.challenge(host))], body).into_response()
            }
            (Self::Expired, _) => denied("Your authorization token has expired. Reauthenticate and try again."),
            (Self::Forbidden, Registry::Azure) => Self::Credential.respond(registry, host),
            (Self::Forbidden, _) => denied("requested access to the resource is denied"),
            (Self::Request(name), _) => {
                (StatusCode::BAD_REQUEST, errors("INVALID_REQUEST", &format!("{name} is not valid"))).into_response()
            }
            (Self::NoSuchPath, _) => self.into_response(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::NOT_FOUND, errors("UNSUPPORTED", "The operation is unsupported.")).into_response()
    }
}

impl From<ecr::NoEntry> for Refusal {
    fn from(reason: ecr::NoEntry) -> Self {
        match reason {
            ecr::NoEntry::Unknown => Self::Credential,
            ecr::NoEntry::Expired => Self::Expired,
            ecr::NoEntry::Forbidden => Self::Forbidden,
        }
    }
}

impl From<artifact_registry::NoEntry> for Refusal {
    fn from(reason: artifact_registry::NoEntry) -> Self {
        match reason {
            artifact_registry::NoEntry::Credential => Self::Credential,
            artifact_registry::NoEntry::Forbidden => Self::Forbidden,
        }
    }
}

impl From<container_registry::Refusal> for Refusal {
    fn from(reason: container_registry::Refusal) -> Self {
        match reason {
            container_registry::Refusal::Request(name) => Self::Request(name),
            container_registry::Refusal::Token => Self::Credential,
            container_registry::Refusal::Forbidden => Self::Forbidden,
        }
    }
}

fn errors(code: &str, message: &str) -> Json<serde_json::Value> {
    Json(json!({ "errors": [{ "code": code, "message": message }] }))
}
