//! What the Azure metadata service answers when it refuses.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::ALLOW;
use serde_json::{Value, json};

use super::instance::NEWEST_VERSIONS;

/// A refusal of the metadata service, each with the body of the real one.
///
/// Sources: Azure, Azure Instance Metadata Service (Usage, Errors and debugging); Microsoft Entra,
/// How to use managed identities on an Azure VM to acquire an access token (Error handling).
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImdsError {
    #[error("requests that were forwarded are refused")]
    Forwarded,
    #[error("Required metadata header not specified")]
    MetadataHeader,
    #[error("only GET is served")]
    Method,
    #[error("no such element")]
    NotFound,
    #[error(
        "Bad request. api-version is invalid or was not specified in the request. \
         For more information refer to aka.ms/azureimds"
    )]
    ApiVersion,
    #[error("Query parameter '{0}' is given more than once")]
    DuplicateParameter(String),
    #[error("Required query variable 'resource' is missing")]
    NoResource,
    #[error("Only one of client_id, object_id and msi_res_id can be given")]
    SeveralSelectors,
    #[error("Identity not found")]
    IdentityNotFound,
    #[error(
        "Multiple user assigned identities exist, please specify the clientId / resourceId of \
         the identity in the token request"
    )]
    SeveralIdentities,
    #[error(
        "AADSTS500011: The resource principal named {resource} was not found in the tenant named \
         {tenant}. This can happen if the application has not been installed by the administrator \
         of the tenant or consented to by any user in the tenant. You might have sent your \
         authentication request to the wrong tenant."
    )]
    Resource { resource: String, tenant: String },
    #[error("a leaf of the metadata is served as text: ask for format=text")]
    LeafFormat,
}

impl ImdsError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn body(&self) -> Value {
        let text = self.to_string();
        let described = |error| json!({"error": error, "error_description": text});
        match self {
            Self::ApiVersion => json!({"error": text, "newest-versions": NEWEST_VERSIONS}),
            Self::Method => json!({"error": "Method not allowed"}),
            Self::NotFound => json!({"error": "Not found"}),
            Self::Resource { .. } => described("invalid_resource"),
            _ => described("invalid_request"),
        }
    }
}

impl IntoResponse for ImdsError {
    fn into_response(self) -> Response {
        let answer = (self.status(), Json(self.body()));
        match self {
            Self::Method => ([(ALLOW, "GET")], answer).into_response(),
            _ => answer.into_response(),
        }
    }
}
