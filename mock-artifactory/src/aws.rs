//! The exchange for AWS: a signed `GetCallerIdentity` comes in, the user of the caller's role goes
//! out.
//!
//! ```text
//! request ─▶ its signature headers ─▶ STS ─▶ account and role ─▶ user ─▶ answer
//! ```

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State as Extracted};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use crate::json_body::JsonBody;
use crate::service_error::AccessError;
use crate::state::State;
use crate::token::{Reference, TokenSpec};

pub(crate) mod caller;
pub mod iam_role;

use caller::{Caller, StsHost};

/// The lifetime of a token whose request names none; the mock's choice.
const DEFAULT_EXPIRES_IN: u64 = 3600;

/// Source of the field: jfrog/jfrog-credentials-provider sends a number,
/// jfrog/jfrog-secret-rotator-lambda a string.
#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    expires_in: Option<Seconds>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Where {
    region: Option<String>,
}

/// The answer. Source of the fields: jfrog/jfrog-credentials-provider, `AwsRoleAccessResponse`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    token_id: String,
    access_token: String,
    expires_in: u64,
    scope: String,
    token_type: &'static str,
    username: String,
}

/// `POST /access/api/v1/aws/token`, for anyone whom AWS vouches for.
pub(crate) async fn exchange(
    Extracted(state): Extracted<Arc<State>>,
    Query(Where { region }): Query<Where>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<Exchange>,
) -> Result<Json<Answer>, AccessError> {
    let requested = request.seconds()?;
    let host = StsHost::of(region.as_deref()).ok_or_else(|| AccessError::bad_request("Invalid region"))?;
    let username = state.user_of_caller(&host, &headers).await?;
    let expires_in = state.world.answers.capped(requested);
    let spec = TokenSpec {
        subject: state.tokens.user_subject(&username),
        scope: "applied-permissions/user".to_owned(),
        audience: crate::oidc::mapping::EVERY_SERVICE.to_owned(),
        expires_in: Some(expires_in),
        reference: Reference::Omitted,
        description: None,
    };
    let token = state.tokens.issue(spec);
    let (token_id, access_token, scope) = (token.id, token.access_token, token.spec.scope);
    Ok(Json(Answer { token_id, access_token, expires_in, scope, token_type: "Bearer", username }))
}

impl Exchange {
    fn seconds(&self) -> Result<u64, AccessError> {
        let seconds = match &self.expires_in {
            None => Some(DEFAULT_EXPIRES_IN),
            Some(Seconds::Number(seconds)) => Some(*seconds),
            Some(Seconds::Text(text)) => text.parse().ok(),
        };
        seconds.filter(|seconds| *seconds > 0).ok_or_else(|| AccessError::bad_request("Invalid expires_in"))
    }
}

impl State {
    async fn user_of_caller(&self, host: &StsHost, headers: &HeaderMap) -> Result<String, AccessError> {
        if !headers.contains_key(http::header::AUTHORIZATION) {
            return Err(AccessError::of(self.world.answers.refused_caller, "The request is not signed"));
        }
        let no_sts = || AccessError::new(StatusCode::INTERNAL_SERVER_ERROR, "AWS STS did not answer");
        let sts = self.sts.as_deref().ok_or_else(no_sts)?;
        let caller = caller::identify(&self.client, sts, host, headers).await.map_err(|error| match error {
            caller::CallerError::Refused { .. } => {
                AccessError::of(self.world.answers.refused_caller, error.to_string())
            }
            caller::CallerError::Unavailable => no_sts(),
        })?;
        let username = match &caller {
            Caller::Role(role) => self.directory().user_of(&role.account, &role.role).map(str::to_owned),
            Caller::Other => None,
        };
        username.ok_or_else(|| AccessError::of(self.world.answers.unmapped_role, "No user has the caller's role"))
    }
}
