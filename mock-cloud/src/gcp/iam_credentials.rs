//! The IAM Service Account Credentials API: tokens of a service account for whoever may act as it.
//!
//! ```text
//! access token ─▶ its scopes ─▶ the request ─▶ the account ─▶ delegates, permission ─▶ token
//! ```
//!
//! Sources: Service Account Credentials REST reference, `projects.serviceAccounts`; IAM documentation, "Create short-lived
//! credentials for a service account".

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Gcp;
use super::access_token::{Grant, NoGrant};
use super::policy::Permission;
use super::principal::Principal;
use super::rpc_error::RpcError;
use super::token::email_claims;
use super::world::ServiceAccount;

/// The scopes of which a caller's access token needs one.
const SCOPES: [&str; 2] = ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/iam"];

/// The longest life of an access token, in seconds, unless an organization allows more.
const LONGEST: i64 = 3600;

pub(super) fn router(gcp: &Gcp) -> Router {
    Router::new()
        .route("/v1/projects/{project}/serviceAccounts/{call}", post(answer))
        .fallback(|| async { RpcError::NoMethod })
        .with_state(gcp.clone())
}

async fn answer(
    State(gcp): State<Gcp>,
    Path((project, call)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match gcp.iam_credentials(&project, &call, &headers, &body) {
        Ok(reply) => Json(reply).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdTokenRequest {
    #[serde(default)]
    audience: String,
    #[serde(default)]
    delegates: Option<Vec<String>>,
    #[serde(default)]
    include_email: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessTokenRequest {
    #[serde(default)]
    scope: Vec<String>,
    #[serde(default)]
    delegates: Option<Vec<String>>,
    #[serde(default)]
    lifetime: Option<String>,
}

impl Gcp {
    fn iam_credentials(&self, project: &str, call: &str, headers: &HeaderMap, body: &[u8]) -> Result<Value, RpcError> {
        let (name, method) = call.rsplit_once(':').ok_or(RpcError::NoMethod)?;
        match method {
            "generateIdToken" => {
                let caller = self.caller(headers, "GenerateIdToken")?;
                let request: IdTokenRequest = document(body)?;
                let delegates = request.delegates.as_deref().unwrap_or_default();
                let account = self.acted_as(project, name, delegates, &caller, Permission::GetOpenIdToken)?;
                self.generate_id_token(account, &request)
            }
            "generateAccessToken" => {
                let caller = self.caller(headers, "GenerateAccessToken")?;
                let request: AccessTokenRequest = document(body)?;
                let delegates = request.delegates.as_deref().unwrap_or_default();
                let account = self.acted_as(project, name, delegates, &caller, Permission::GetAccessToken)?;
                self.generate_access_token(account, request)
            }
            _ => Err(RpcError::NoMethod),
        }
    }

    /// Whom the access token of a request speaks for, if it is for this API at all.
    fn caller(&self, headers: &HeaderMap, method: &'static str) -> Result<Principal, RpcError> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).ok_or(RpcError::MissingToken)?;
        let grant = self.0.access_tokens.grant(token, self.0.clock.unix()).map_err(|reason| match reason {
            NoGrant::Unknown => RpcError::UnknownToken { method },
            NoGrant::Expired => RpcError::ExpiredToken { method },
        })?;
        let sufficient = grant.scopes.iter().any(|scope| SCOPES.contains(&scope.as_str()));
        if sufficient { Ok(grant.principal) } else { Err(RpcError::Scope { method }) }
    }

    /// The account that a caller may act as, each delegate acting for the one before it.
    fn acted_as(
        &self,
        project: &str,
        name: &str,
        delegates: &[String],
        caller: &Principal,
        permission: Permission,
    ) -> Result<&ServiceAccount, RpcError> {
        if project != "-" {
            let text = "The project must be the wildcard character `-`.".into();
            return Err(RpcError::Argument { text });
        }
        let mut acting = caller.clone();
        for delegate in delegates {
            let text = || "Invalid form of delegate; use projects/-/serviceAccounts/{ACCOUNT}.".into();
            let name = delegate.strip_prefix("projects/-/serviceAccounts/");
            let account = self.account(name.ok_or_else(|| RpcError::Argument { text: text() })?)?;
            permitted(account, Permission::ImplicitDelegation, &acting)?;
            acting = Principal::ServiceAccount(account.email.clone());
        }
        let account = self.account(name)?;
        permitted(account, permission, &acting)?;
        Ok(account)
    }

    fn account(&self, name: &str) -> Result<&ServiceAccount, RpcError> {
        self.world().account(name).ok_or_else(|| RpcError::NoAccount { account: name.into() })
    }

    fn generate_id_token(&self, account: &ServiceAccount, request: &IdTokenRequest) -> Result<Value, RpcError> {
        if request.audience.is_empty() {
            return Err(RpcError::Argument { text: "Request contains an invalid argument.".into() });
        }
        let mut claims = self.subject_claims(account, &request.audience);
        if request.include_email {
            claims.extend(email_claims(account));
        }
        Ok(json!({ "token": self.issuer().sign(claims) }))
    }

    fn generate_access_token(&self, account: &ServiceAccount, request: AccessTokenRequest) -> Result<Value, RpcError> {
        let invalid = || RpcError::Argument { text: "Request contains an invalid argument.".into() };
        let lifetime = request.lifetime.as_deref().unwrap_or("3600s").strip_suffix('s');
        let lifetime = lifetime.and_then(|seconds| seconds.parse::<i64>().ok()).ok_or_else(invalid)?;
        if request.scope.is_empty() || !(1..=LONGEST).contains(&lifetime) {
            return Err(invalid());
        }
        let expires_on = self.0.clock.unix() + lifetime;
        let principal = Principal::ServiceAccount(account.email.clone());
        let token = self.0.access_tokens.issue("ya29.c.", Grant { principal, scopes: request.scope, expires_on });
        let expiry = OffsetDateTime::from_unix_timestamp(expires_on).ok().and_then(|it| it.format(&Rfc3339).ok());
        Ok(json!({"accessToken": token, "expireTime": expiry}))
    }
}

fn permitted(account: &ServiceAccount, permission: Permission, caller: &Principal) -> Result<(), RpcError> {
    let granted = account.policy.grants(permission, caller);
    granted.then_some(()).ok_or(RpcError::Permission { permission: permission.name() })
}

fn document<T: DeserializeOwned>(body: &[u8]) -> Result<T, RpcError> {
    let invalid = |_| RpcError::Argument { text: "Invalid JSON payload received.".into() };
    serde_json::from_slice(body).map_err(invalid)
}
