//! Entra ID: the issuers of the tenant, v1 and v2 with the same keys, and the endpoint where an application gets a token
//! for a client assertion.
//!
//! # Layout
//!
//! - `token`: the endpoint
//! - `assertion`: client assertions and the federated identity credentials that accept them
//! - `error`: refusals, with their AADSTS codes

mod assertion;
mod error;
mod token;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::error::{EntraError, Refusal};
use super::Azure;
use super::world::TokenVersion;
use crate::asked_at::AskedAt;

pub(super) fn router(azure: &Azure) -> Router {
    Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery_v2))
        .route("/{tenant}/.well-known/openid-configuration", get(discovery_v1))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/discovery/keys", get(keys))
        .route("/{tenant}/oauth2/v2.0/token", post(token::token))
        .with_state(azure.clone())
}

type Document = Result<Json<Value>, Refusal>;

async fn discovery_v1(State(azure): State<Azure>, asked_at: AskedAt, tenant: Path<String>) -> Document {
    azure.known(&tenant)?;
    Ok(Json(azure.discovery(TokenVersion::V1, &azure.base(&asked_at))))
}

async fn discovery_v2(State(azure): State<Azure>, asked_at: AskedAt, tenant: Path<String>) -> Document {
    azure.known(&tenant)?;
    Ok(Json(azure.discovery(TokenVersion::V2, &azure.base(&asked_at))))
}

async fn keys(State(azure): State<Azure>, tenant: Path<String>) -> Document {
    azure.known(&tenant)?;
    Ok(Json(azure.jwks()))
}

impl Azure {
    fn is_tenant(&self, tenant: &str) -> Result<(), EntraError> {
        let known = tenant.eq_ignore_ascii_case(&self.world().tenant);
        known.then_some(()).ok_or_else(|| EntraError::Tenant(tenant.to_owned()))
    }

    fn known(&self, tenant: &str) -> Result<(), Refusal> {
        let correlation_id = uuid::Uuid::new_v4().to_string();
        self.is_tenant(tenant).map_err(|error| Refusal { error, at: self.0.clock.now(), correlation_id })
    }

    /// Answers the address below which the tenant's endpoints are for whoever asks.
    fn base(&self, asked_at: &AskedAt) -> String {
        format!("{}/{}", asked_at.or(&self.0.url), self.world().tenant)
    }

    /// Answers the discovery document of one form of token.
    ///
    /// Whatever the issuer is called, its endpoints are where the document was asked for.
    /// Source: the document at `https://login.microsoftonline.com/TENANT/v2.0/.well-known/openid-configuration`.
    fn discovery(&self, version: TokenVersion, base: &str) -> Value {
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
