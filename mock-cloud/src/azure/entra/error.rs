//! What Entra ID answers when it issues no token.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A refusal, with the status, code and words of the real one.
///
/// Sources: Microsoft Entra, Microsoft Entra authentication and authorization error codes; Azure Workload Identity,
/// Troubleshooting; Microsoft Entra, Important considerations and restrictions for federated identity credentials;
/// answers quoted in public issue trackers. Where only the words of an error are recorded its status is that of its kin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntraError {
    #[error(
        "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
         cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for \
         the tenant."
    )]
    Tenant(String),
    #[error("The request body must contain the following parameter: '{0}'.")]
    Parameter(&'static str),
    #[error("The app requested an unsupported grant type '{0}'.")]
    GrantType(String),
    #[error(
        "The provided request must include a 'client_secret' or 'client_assertion' input parameter. Only confidential \
         clients can use the client credentials flow."
    )]
    NoSecret,
    #[error(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not \
         the client secret ID, for a secret added to app '{0}'."
    )]
    ClientSecret(String),
    #[error(
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'. This can happen if the \
         application has not been installed by the administrator of the tenant or consented to by any user in the \
         tenant. You may have sent your authentication request to the wrong tenant."
    )]
    Application { client_id: String, tenant: String },
    #[error("The client application '{client_id}' is missing service principal in the tenant '{tenant}'.")]
    ServicePrincipal { client_id: String, tenant: String },
    #[error(
        "The provided value for scope {0} is not valid. Client credential flows must have a scope value with /.default \
         suffixed to the resource identifier (application ID URI)."
    )]
    ScopeForm(String),
    #[error(
        "The provided value for the input parameter 'scope' is not valid. The scope '{0}' names several resources."
    )]
    Scopes(String),
    #[error(
        "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the \
         application has not been installed by the administrator of the tenant or consented to by any user in the \
         tenant. You might have sent your authentication request to the wrong tenant."
    )]
    Resource { resource: String, tenant: String },
    #[error("JWT token is invalid or malformed.")]
    Malformed,
    #[error("The client '{0}' has no configured federated identity credentials.")]
    NoFederatedCredential(String),
    #[error(
        "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion \
         Subject: '{subject}'. Assertion Audience: '{audience}'."
    )]
    NoMatch { issuer: String, subject: String, audience: String },
    #[error(
        "No matching federated identity record found for presented assertion {claim} '{value}'. Check your federated \
         identity credential Subject, Audience and Issuer against the presented assertion. \
         https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
    )]
    NoMatchFor { claim: Claim, value: String },
    #[error(
        "No matching federated identity record found for presented assertion subject '{0}'. The subject matches with \
         case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential \
         Subject, Audience and Issuer against the presented assertion."
    )]
    SubjectCase(String),
    #[error("Request to External OIDC endpoint failed.")]
    IssuerUnreachable,
    #[error(
        "Client assertion failed signature validation. [Reason - The key was not found or its signature does not match.]"
    )]
    Signature,
    #[error(
        "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {start}, expiry \
         time of assertion {end}."
    )]
    Time { now: String, start: String, end: String },
}

/// A claim of an assertion for which no credential was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    Issuer,
    Audience,
    Subject,
}

impl std::fmt::Display for Claim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Subject => "subject",
        })
    }
}

impl EntraError {
    /// The number of its `AADSTS` code, its `error` and its status.
    fn code(&self) -> (u32, &'static str, StatusCode) {
        use StatusCode as Status;
        match self {
            Self::Tenant(_) => (90_002, "invalid_tenant", Status::BAD_REQUEST),
            Self::Parameter(_) => (900_144, "invalid_request", Status::BAD_REQUEST),
            Self::GrantType(_) => (70_003, "unsupported_grant_type", Status::BAD_REQUEST),
            Self::NoSecret => (7_000_216, "invalid_client", Status::UNAUTHORIZED),
            Self::ClientSecret(_) => (7_000_215, "invalid_client", Status::UNAUTHORIZED),
            Self::Application { .. } => (700_016, "unauthorized_client", Status::BAD_REQUEST),
            Self::ServicePrincipal { .. } => (7_000_229, "unauthorized_client", Status::UNAUTHORIZED),
            Self::ScopeForm(_) => (1_002_012, "invalid_scope", Status::BAD_REQUEST),
            Self::Scopes(_) => (70_011, "invalid_scope", Status::BAD_REQUEST),
            Self::Resource { .. } => (500_011, "invalid_resource", Status::BAD_REQUEST),
            Self::Malformed => (50_027, "invalid_client", Status::UNAUTHORIZED),
            Self::NoFederatedCredential(_) => (70_025, "invalid_client", Status::UNAUTHORIZED),
            Self::NoMatch { .. } => (70_021, "invalid_request", Status::BAD_REQUEST),
            Self::NoMatchFor { claim: Claim::Issuer, .. } => (700_211, "invalid_client", Status::UNAUTHORIZED),
            Self::NoMatchFor { claim: Claim::Audience, .. } => (700_212, "invalid_client", Status::UNAUTHORIZED),
            Self::NoMatchFor { claim: Claim::Subject, .. } => (700_213, "invalid_client", Status::UNAUTHORIZED),
            Self::SubjectCase(_) => (7_002_138, "invalid_client", Status::UNAUTHORIZED),
            Self::IssuerUnreachable => (90_061, "invalid_request", Status::BAD_REQUEST),
            Self::Signature => (700_027, "invalid_client", Status::UNAUTHORIZED),
            Self::Time { .. } => (700_024, "invalid_client", Status::UNAUTHORIZED),
        }
    }
}

/// A refusal as it is sent: with the time and the ids by which Microsoft's support finds it.
pub(crate) struct Refusal {
    pub(crate) error: EntraError,
    pub(crate) at: OffsetDateTime,
    pub(crate) correlation_id: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { error, at, correlation_id } = self;
        let (number, name, status) = error.code();
        let (trace_id, at) = (uuid::Uuid::new_v4().to_string(), timestamp(at));
        let description =
            format!("AADSTS{number}: {error} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {at}");
        let body = json!({
            "error": name,
            "error_description": description,
            "error_codes": [number],
            "timestamp": at,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        (status, Json(body)).into_response()
    }
}

/// Writes a time as errors have it, `2026-01-02 03:04:05Z`.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    at.truncate_to_second().format(&Rfc3339).expect("a year of four digits").replace('T', " ")
}
