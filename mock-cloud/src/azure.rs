//! Azure as a program on a virtual machine meets it: the metadata service with the tokens of its
//! managed identities, Entra ID with the issuers of the tenant and the tokens of its applications, and container registries.

pub(crate) mod container_registry;
mod entra;
mod error;
mod identity;
mod imds;
mod instance;
mod token;
mod world;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use mock_kit::{Clock, Kit};
use serde_json::{Map, json};

use crate::discovery::Issuers;
use crate::issuer::{Issuer, KeyRing};
use crate::kubernetes::Kubernetes;
use error::ImdsError;
use identity::{Identity, Selector};
use token::{Issued, Target, TokenReply};
pub use world::{
    AppRole, Application, AzureWorld, ContainerRegistry, FederatedCredential, Machine, SystemAssigned, TokenVersion,
    UserAssigned,
};

/// The Azure side of one world.
#[derive(Clone)]
pub struct Azure(Arc<State>);

struct State {
    world: AzureWorld,
    url: String,
    v1: Issuer,
    v2: Issuer,
    clock: Clock,
    /// By object id of the identity, and resource.
    issued: Mutex<HashMap<(String, String), Issued>>,
    /// Every token handed out so far.
    tokens: Mutex<Vec<String>>,
    /// The way to the issuers of client assertions.
    issuers: Issuers,
    /// Where the mock publishes the issuers that it has itself, by their names.
    published_issuers: Vec<(String, String)>,
    /// How many assertions are still refused because no server has seen their credential.
    unseen: AtomicUsize,
}

impl Azure {
    /// Makes the Azure side of a world that a server at `url` publishes, beside a cluster.
    #[must_use]
    pub fn new(world: &AzureWorld, url: &str, cluster: &Kubernetes, kit: &Kit) -> Self {
        let published_at = format!("{url}/{}", world.tenant);
        let (v1, v2) = (format!("{published_at}/"), format!("{published_at}/v2.0"));
        let keys = KeyRing::named("azure");
        let issuer = |told: &Option<String>, usual: &String| {
            let name = told.as_ref().unwrap_or(usual);
            Issuer::new(&**name, keys.clone(), kit.clock.clone())
        };
        let (issuer_v1, issuer_v2) = (issuer(&world.issuer_v1, &v1), issuer(&world.issuer_v2, &v2));
        let cluster = (cluster.issuer().url().to_owned(), cluster.published_at().to_owned());
        Self(Arc::new(State {
            world: world.with_issuers(issuer_v2.url(), &cluster.0),
            published_issuers: vec![(issuer_v1.url().to_owned(), v1), (issuer_v2.url().to_owned(), v2), cluster],
            v1: issuer_v1,
            v2: issuer_v2,
            url: url.to_owned(),
            clock: kit.clock.clone(),
            issued: Mutex::default(),
            tokens: Mutex::default(),
            issuers: Issuers::asked_by("mock-cloud-entra"),
            unseen: AtomicUsize::new(world.unseen_assertions),
        }))
    }

    /// Serves `/metadata/*`.
    pub fn imds_router(&self) -> Router {
        imds::router(self)
    }

    /// Serves the issuers and the token endpoint below `/TENANT/`.
    pub fn entra_router(&self) -> Router {
        entra::router(self)
    }

    /// Answers the issuer of one form of token; both sign with the same keys.
    #[must_use]
    pub fn issuer(&self, version: TokenVersion) -> &Issuer {
        match version {
            TokenVersion::V1 => &self.0.v1,
            TokenVersion::V2 => &self.0.v2,
        }
    }

    /// Answers every token of a managed identity or an application that was handed out so far.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn world(&self) -> &AzureWorld {
        &self.0.world
    }

    /// Answers a token of the machine, the same one until it expires.
    fn managed_identity_token(&self, selector: &Selector, resource: &str) -> Result<TokenReply, ImdsError> {
        let identity = identity::identity(self.world(), selector)?;
        let now = self.0.clock.unix();
        let key = (identity.object_id.clone(), resource.to_owned());
        let mut issued = self.0.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(issued) = issued.get(&key).filter(|it| it.expires_on > now) {
            return Ok(issued.reply(now));
        }
        let fresh = self.issue(&identity, resource, now)?;
        let reply = fresh.reply(now);
        issued.insert(key, fresh);
        Ok(reply)
    }

    fn issue(&self, identity: &Identity, resource: &str, now: i64) -> Result<Issued, ImdsError> {
        let target = token::target(self.world(), resource)?;
        Ok(Issued {
            access_token: self.sign(identity, &target, now, token::LIFETIME),
            client_id: identity.client_id.clone(),
            resource: resource.to_owned(),
            expires_on: now + token::LIFETIME,
        })
    }

    /// Signs a token of an identity that lives so many seconds.
    fn sign(&self, identity: &Identity, target: &Target, now: i64, lifetime: i64) -> String {
        let issuer = self.issuer(target.version);
        let mut claims = token::claims(self.world(), identity, target, now, lifetime);
        claims.insert("iss".into(), json!(issuer.url()));
        let mut header = Map::new();
        if target.version == TokenVersion::V1 {
            claims.insert("idp".into(), json!(issuer.url()));
            header.insert("x5t".into(), json!(issuer.keys().current().key_id()));
        }
        let token = issuer.sign_with_header(header, claims);
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        token
    }
}
