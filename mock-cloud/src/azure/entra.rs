//! The issuers of the tenant, as Entra ID publishes them: v1 and v2 with the same keys.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Value, json};

use super::Azure;
use super::world::TokenVersion;

pub(super) fn router(azure: &Azure) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery_v2))
        .route("/{tenant}/.well-known/openid-configuration", get(discovery_v1))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/discovery/keys", get(keys))
        .with_state(azure.clone())
}

/// A tenant that the world does not have.
///
/// Source: Microsoft Entra, Authentication and authorization error codes, AADSTS90002.
struct UnknownTenant(String);

impl IntoResponse for UnknownTenant {
    fn into_response(self) -> Response {
        let Self(tenant) = self;
        let description = format!(
            "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct \
             tenant ID and are signing into the correct cloud. Check with your subscription \
             administrator, this may happen if there are no active subscriptions for the tenant."
        );
        let body = json!({
            "error": "invalid_tenant",
            "error_description": description,
            "error_codes": [90002],
        });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

async fn discovery_v1(state: State<Azure>, tenant: Path<String>) -> Result<Json<Value>, UnknownTenant> {
    discovery(state, tenant, TokenVersion::V1)
}

async fn discovery_v2(state: State<Azure>, tenant: Path<String>) -> Result<Json<Value>, UnknownTenant> {
    discovery(state, tenant, TokenVersion::V2)
}

fn discovery(
    State(azure): State<Azure>,
    Path(tenant): Path<String>,
    version: TokenVersion,
) -> Result<Json<Value>, UnknownTenant> {
    known(&azure, tenant)?;
    Ok(Json(azure.discovery(version)))
}

async fn keys(State(azure): State<Azure>, Path(tenant): Path<String>) -> Result<Json<Value>, UnknownTenant> {
    known(&azure, tenant)?;
    Ok(Json(azure.jwks()))
}

fn known(azure: &Azure, tenant: String) -> Result<(), UnknownTenant> {
    if tenant.eq_ignore_ascii_case(&azure.world().tenant) {
        return Ok(());
    }
    Err(UnknownTenant(tenant))
}

impl Azure {
    /// Answers the discovery document of one form of token.
    ///
    /// Source: the document at `https://login.microsoftonline.com/TENANT/v2.0/.well-known/openid-configuration`.
    fn discovery(&self, version: TokenVersion) -> Value {
        let base = self.published_at();
        let infix = match version {
            TokenVersion::V1 => "",
            TokenVersion::V2 => "/v2.0",
        };
        json!({
            "token_endpoint": format!("{base}/oauth2{infix}/token"),
            "token_endpoint_auth_methods_supported":
                ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/discovery{infix}/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer(version).url(),
            "authorization_endpoint": format!("{base}/oauth2{infix}/authorize"),
            "tenant_region_scope": "NA",
            "cloud_instance_name": "microsoftonline.com",
        })
    }

    /// Answers the keys of both issuers: like the real ones they name no `alg`.
    fn jwks(&self) -> Value {
        let mut jwks = self.issuer(TokenVersion::V2).keys().jwks();
        for key in jwks["keys"].as_array_mut().into_iter().flatten() {
            if let Some(key) = key.as_object_mut() {
                key.remove("alg");
                let thumbprint = key["kid"].clone();
                key.insert("x5t".into(), thumbprint);
            }
        }
        jwks
    }
}
