//! Google Cloud as a program on a Compute Engine instance or in a trusted cluster meets it: the metadata server, the tokens
//! of service accounts and who may have them, and the issuer of ID tokens.
//!
//! # Layout
//!
//! - `world`: the facts; `policy`: who may act as an account; `pool`: whose tokens the project trusts
//! - `metadata`: the instance's server, over a `tree` of elements; `page`: its refusals; `gke`: the one that pods meet
//! - `iam_credentials`: tokens of an account for others, with errors of `rpc_error`
//! - `sts`: federated access tokens
//! - `artifact_registry`: access tokens as passwords of registries
//! - `access_token`: whom an access token speaks for, a `principal`; `token`: what ID tokens say
//! - `control`: changes of metadata, `/__mock/gcp/..`

mod access_token;
pub(crate) mod artifact_registry;
mod control;
mod gke;
mod iam_credentials;
mod metadata;
mod page;
mod policy;
mod pool;
mod principal;
mod rpc_error;
mod sts;
mod token;
mod tree;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{OriginalUri, State as Shared};
use axum::routing::get;
use axum::{Json, Router};
use mock_kit::{Clock, Kit};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::asked_at::AskedAt;
use crate::discovery::Issuers;
use crate::issuer::{Issuer, KeyRing};
use access_token::{AccessTokens, Grant};
use page::Refusal;
use principal::Principal;
use token::{AccessTokenReply, Format, KeptToken, LIFETIME};
use tree::{Node, ShownAccount};

pub use policy::{Binding, Policy};
pub use pool::{Oidc, PoolProvider};
pub use world::{GcpWorld, GkeWorkload, Instance, MetadataServer, ServiceAccount};

/// Below which path the issuer is where it has no host of its own.
const ISSUER: &str = "/google";
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The Google Cloud side of one world.
#[derive(Clone)]
pub struct Gcp(Arc<State>);

struct State {
    world: GcpWorld,
    url: String,
    issuer: Issuer,
    clock: Clock,
    access_tokens: AccessTokens,
    /// Those that the metadata server hands out again, by scopes.
    kept: Mutex<HashMap<String, KeptToken>>,
    /// The custom metadata of the instance.
    attributes: watch::Sender<BTreeMap<String, String>>,
    issuers: Issuers,
}

impl Gcp {
    /// Makes the Google Cloud side of a world that a server at `url` publishes.
    #[must_use]
    pub fn new(world: &GcpWorld, url: &str, kit: &Kit) -> Self {
        let name = world.issuer.clone().unwrap_or_else(|| format!("{url}{ISSUER}"));
        Self(Arc::new(State {
            issuer: Issuer::new(name, KeyRing::named("google"), kit.clock.clone()),
            attributes: watch::Sender::new(world.instance.attributes.clone()),
            world: world.clone(),
            url: url.to_owned(),
            clock: kit.clock.clone(),
            access_tokens: AccessTokens::default(),
            kept: Mutex::default(),
            issuers: Issuers::asked_by("mock-cloud-google-sts"),
        }))
    }

    /// Serves `/` and `/computeMetadata/*`.
    pub fn metadata_router(&self) -> Router {
        metadata::router(self)
    }

    /// Serves `/v1/projects/-/serviceAccounts/*`.
    pub fn iam_credentials_router(&self) -> Router {
        iam_credentials::router(self)
    }

    /// Serves `/v1/token`.
    pub fn sts_router(&self) -> Router {
        sts::router(self)
    }

    /// Serves the issuer, at its own host from the root on, elsewhere below `/google/`.
    pub fn issuer_router(&self) -> Router {
        let issuer = |router: Router<Self>, base| {
            router
                .route(&format!("{base}{DISCOVERY}"), get(discovery))
                .route(&format!("{base}/oauth2/v3/certs"), get(keys))
        };
        issuer(issuer(Router::new(), ""), ISSUER).with_state(self.clone())
    }

    /// Serves `/__mock/gcp/*`.
    pub fn control_router(&self) -> Router {
        control::router(self)
    }

    /// Answers the issuer of ID tokens.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    /// Answers every access token handed out so far.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.0.access_tokens.all()
    }

    fn world(&self) -> &GcpWorld {
        &self.0.world
    }

    /// What the instance, or the pod on it, can read.
    fn tree(&self) -> Node {
        let world = self.world();
        let workload_pool = format!("{}.svc.id.goog", world.project);
        let own = world.service_account.as_ref();
        let shown = match &world.metadata_server {
            MetadataServer::ComputeEngine => own.map(|own| ShownAccount { email: &own.email, scopes: &own.scopes }),
            MetadataServer::Gke(workload) => Some(ShownAccount {
                email: workload.annotation.as_ref().unwrap_or(&workload_pool),
                scopes: own.map_or(&[], |own| &own.scopes),
            }),
        };
        tree::root(world, &self.0.attributes.borrow(), shown)
    }

    /// Answers an access token, the same one until near its end; `None` without a service account.
    fn access_token_reply(&self, scopes: Option<&str>) -> Result<Option<AccessTokenReply>, Refusal> {
        let Some(account) = self.served_account()? else { return Ok(None) };
        // The scopes of an instance bound what its programs can ask for; a pod's tokens are for everything.
        let all = match &self.world().metadata_server {
            MetadataServer::ComputeEngine => account.scopes.clone(),
            MetadataServer::Gke(_) => vec!["https://www.googleapis.com/auth/cloud-platform".to_owned()],
        };
        let scopes = scopes.map_or(all, |scopes| scopes.split(',').map(str::to_owned).collect());
        let now = self.0.clock.unix();
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let token = kept.entry(scopes.join(","));
        let draw = || {
            let principal = Principal::ServiceAccount(account.email.clone());
            let expires_on = now + LIFETIME;
            let token = self.0.access_tokens.issue("ya29.c.", Grant { principal, scopes, expires_on });
            KeptToken { token, expires_on }
        };
        let token = match token {
            std::collections::hash_map::Entry::Occupied(kept) if kept.get().is_kept(now) => kept.get().clone(),
            entry => entry.insert_entry(draw()).get().clone(),
        };
        Ok(Some(token.reply(now)))
    }

    /// Answers a fresh ID token; `None` without a service account.
    fn id_token(&self, audience: &str, format: Format) -> Result<Option<String>, Refusal> {
        let Some(account) = self.served_account()? else { return Ok(None) };
        let mut claims = self.subject_claims(account, audience);
        match &self.world().metadata_server {
            MetadataServer::ComputeEngine if format == Format::Standard => {}
            MetadataServer::ComputeEngine => {
                claims.extend(token::email_claims(account));
                claims.extend(token::instance_claims(self.world(), format));
            }
            MetadataServer::Gke(_) => claims.extend(token::email_claims(account)),
        }
        Ok(Some(self.issuer().sign(claims)))
    }

    /// The claims of every ID token of an account.
    fn subject_claims(&self, account: &ServiceAccount, audience: &str) -> Map<String, Value> {
        let mut claims = token::subject_claims(account, audience, self.0.clock.unix());
        claims.insert("iss".into(), json!(self.issuer().url()));
        claims
    }
}

/// Source: the document at `https://accounts.google.com/.well-known/openid-configuration`.
async fn discovery(Shared(gcp): Shared<Gcp>, asked_at: AskedAt, uri: OriginalUri) -> Json<Value> {
    let below = uri.path().strip_suffix(DISCOVERY).unwrap_or_default();
    let base = format!("{}{below}", asked_at.or(&gcp.0.url));
    Json(json!({
        "issuer": gcp.issuer().url(),
        "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/oauth2/v3/certs"),
        "response_types_supported": ["code", "token", "id_token", "none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported":
            ["aud", "email", "email_verified", "exp", "iat", "iss", "name", "sub"],
    }))
}

async fn keys(Shared(gcp): Shared<Gcp>) -> Json<Value> {
    Json(gcp.issuer().keys().jwks())
}
