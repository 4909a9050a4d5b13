//! The EKS Pod Identity agent of a node: the token of a pod for role credentials.
//!
//! ```text
//! GET /v1/credentials, Authorization: TOKEN
//!   rate ─▶ host ─▶ token readable and of this time ─▶ EKS Auth verifies it and opens a session
//! ```
//!
//! On a node the agent is at `http://169.254.170.23` and `http://[fd00:ec2::23]`; here a loopback host will do as well.
//! Source: aws/eks-pod-identity-agent, `pkg/handlers/eks_credential_handler.go`.
//!
//! # Layout
//!
//! - `world`: the facts
//! - `limit`: how many requests are answered; `host`: by which address; `token`: what the agent sees in a token
//! - `eks_auth`: what really verifies it

mod eks_auth;
mod host;
mod limit;
mod token;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use self::eks_auth::EksAuthError;
pub(crate) use self::host::without_port;
use self::limit::Limit;
use self::token::Unreadable;
pub use self::world::{Association, PodIdentityWorld, SessionTagging};
use super::session::RoleSession;
use super::{Aws, Facts, timestamp};
use crate::kubernetes::Kubernetes;

/// Where the agent answers.
pub(crate) const PATH: &str = "/v1/credentials";

/// How long credentials are handed out again: `--max-credential-retention-before-renewal` of the agent.
const RETENTION: Duration = Duration::from_hours(3);

/// Credentials with less left are not handed out: `internal/credsretriever/refreshing_cache.go`.
const SHORTEST: Duration = Duration::from_secs(15);

/// The agent of one node; clones share its memory.
#[derive(Clone)]
pub struct PodIdentity(Arc<Agent>);

struct Agent {
    facts: Arc<Facts>,
    cluster: Kubernetes,
    limit: Limit,
    /// The sessions by token.
    kept: Mutex<BTreeMap<String, RoleSession>>,
}

/// Why the agent gives no credentials.
#[derive(Debug, Error)]
enum AgentError {
    #[error("Too Many Requests")]
    TooMany,
    #[error(
        "Access Denied. Called agent through invalid address, please use either [{}] address not {called}",
        host::ADDRESSES.join(" ")
    )]
    Host { called: String },
    #[error(transparent)]
    Token(#[from] Unreadable),
    #[error(transparent)]
    EksAuth(#[from] EksAuthError),
    #[error("fetched credentials are expired or will expire within the next {0:.2} seconds")]
    TooShort(f64),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    account_id: &'a str,
    expiration: String,
}

impl PodIdentity {
    /// Starts the agent of a node in a cluster.
    #[must_use]
    pub fn new(aws: &Aws, cluster: &Kubernetes) -> Self {
        let facts = Arc::clone(&aws.0);
        let limit = Limit::new(facts.world.pod_identity.requests_per_second, facts.clock.now());
        Self(Arc::new(Agent { facts, cluster: cluster.clone(), limit, kept: Mutex::default() }))
    }

    /// Serves `/v1/credentials` with any method, and 404 in the words of Go beside it.
    pub fn router(&self) -> Router {
        Router::new().route(PATH, any(answer)).fallback(nowhere).with_state(self.clone())
    }

    /// Whether a host is one of the agent's own two addresses.
    pub(crate) fn is_address(host: &str) -> bool {
        host::ADDRESSES.contains(&host::without_port(host))
    }
}

async fn nowhere() -> Response {
    plain(StatusCode::NOT_FOUND, "404 page not found")
}

async fn answer(State(agent): State<PodIdentity>, headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match agent.0.credentials(text(HOST), text(AUTHORIZATION)) {
        Ok(session) => {
            let credentials = Credentials {
                access_key_id: &session.access_key_id,
                secret_access_key: &session.secret_access_key,
                token: &session.token,
                account_id: &session.role.account,
                expiration: timestamp::extended(session.expiration),
            };
            let body = serde_json::to_string(&credentials).expect("texts are JSON");
            ([(CONTENT_TYPE, "application/json")], body).into_response()
        }
        Err(error) => error.into_response(),
    }
}

impl Agent {
    fn credentials(&self, host: &str, token: &str) -> Result<RoleSession, AgentError> {
        let now = self.facts.clock.now();
        if !self.limit.allows_one_more(now) {
            return Err(AgentError::TooMany);
        }
        host::is_the_agent(host).map_err(|host| AgentError::Host { called: host.into() })?;
        token::look_at(token, self.facts.clock.unix())?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let good =
            |session: &&RoleSession| session.expiration - now > SHORTEST && now - session.last_updated < RETENTION;
        if let Some(session) = kept.get(token).filter(good) {
            return Ok(session.clone());
        }
        // What EKS Auth refuses is forgotten, so that a later request asks again.
        kept.remove(token);
        let session = eks_auth::assume_role(&self.facts, &self.cluster, token)?;
        let left = session.expiration - now;
        if left <= SHORTEST {
            return Err(AgentError::TooShort(left.as_seconds_f64()));
        }
        kept.insert(token.into(), session.clone());
        Ok(session)
    }
}

impl IntoResponse for AgentError {
    /// The text of Go's `http.Error`, with the status of whoever refused.
    fn into_response(self) -> Response {
        let status = match &self {
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Host { .. } => StatusCode::FORBIDDEN,
            Self::Token(_) => StatusCode::BAD_REQUEST,
            Self::TooShort(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::EksAuth(error) => return refusal(error),
        };
        plain(status, &self.to_string())
    }
}

// Source: aws/eks-pod-identity-agent, `pkg/errors/errors.go`.
fn refusal(error: &EksAuthError) -> Response {
    match error.answer() {
        Some((status, code)) => plain(status, &format!("[{}]: ({code}): {error}, fault: client", Uuid::new_v4())),
        None => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, headers, format!("{text}\n")).into_response()
}
