//! Amazon Cognito user pools as a program meets them that gets tokens of its own account.
//!
//! ```text
//! ListUserPools ─▶ DescribeUserPool ─▶ ListResourceServers     signed, `cognito-idp.REGION.amazonaws.com`
//!                                              │ scope
//! client id and secret ─▶ POST /oauth2/token ◀─┘               `PREFIX.auth.REGION.amazoncognito.com`
//!                              └──▶ access token, verified with  `ISSUER/POOL_ID/.well-known/jwks.json`
//! ```
//!
//! Where no host names can be had, the API is known by its `X-Amz-Target`, a pool by the first segment of the path, and a
//! token endpoint is `/cognito/DOMAIN/oauth2/token`, where the domain is the prefix or the custom domain. Tokens are to be
//! had over TLS only, as on the real one.
//!
//! # Layout
//!
//! - `world`: the facts
//! - `pool`: a user pool with its issuer and its clients' secrets
//! - `idp`: the three operations of the API; `page`: their pages
//! - `token`: the token endpoint
//! - `issuer`: discovery and keys

mod idp;
mod issuer;
mod page;
mod pool;
mod token;
mod world;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;

use self::page::Pages;
use self::pool::Pool;
pub use self::world::{Client, CognitoWorld, Flow, ForbiddenFlow, ResourceServer, UnknownScope, UserPool};
use super::{Aws, Facts};
use crate::issuer::Issuer;

/// Cognito in one account and region; clones share it.
#[derive(Clone)]
pub struct Cognito(Arc<Account>);

struct Account {
    facts: Arc<Facts>,
    pools: Vec<Pool>,
    pages: Pages,
    /// Where the mock publishes the issuers.
    url: String,
    issued: Mutex<Vec<String>>,
}

impl Cognito {
    /// Draws the client secrets of the pools, whose issuers a server at `url` publishes.
    #[must_use]
    pub fn new(aws: &Aws, url: &str) -> Self {
        let facts = Arc::clone(&aws.0);
        let pools = facts.world.cognito.user_pools.iter().map(|pool| Pool::new(pool, &facts, url)).collect();
        Self(Arc::new(Account { facts, pools, pages: Pages::new(), url: url.into(), issued: Mutex::default() }))
    }

    /// Serves the API at `/` and the issuers at `/POOL_ID/.well-known/..`.
    pub fn router(&self) -> Router {
        idp::router(self.clone()).merge(issuer::router(self.clone()))
    }

    /// Serves `/oauth2/token` by the host and `/cognito/DOMAIN/oauth2/token`.
    pub fn token_router(&self) -> Router {
        token::router(self.clone())
    }

    /// Answers the issuer of the first pool that has clients, `None` when none has.
    #[must_use]
    pub fn issuer(&self) -> Option<&Issuer> {
        let pool = self.0.pools.iter().find(|pool| !pool.facts.clients.is_empty());
        pool.map(Pool::issuer)
    }

    /// Answers the id and the secret of the first client with a name.
    #[must_use]
    pub fn client(&self, name: &str) -> Option<(String, String)> {
        let mut clients = self.0.pools.iter().flat_map(Pool::clients);
        let (client, secret) = clients.find(|(client, _)| client.name == name)?;
        Some((client.id.clone(), secret.to_owned()))
    }

    /// Answers every client secret, and every access token issued so far.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let clients = self.0.pools.iter().flat_map(Pool::clients);
        let issued = self.0.issued.lock().unwrap_or_else(PoisonError::into_inner);
        clients.map(|(_, secret)| secret.to_owned()).chain(issued.iter().cloned()).collect()
    }

    /// Whether a host name is that of a token endpoint: one of Cognito's, or a custom domain of a pool.
    pub(crate) fn is_domain(&self, host: &str) -> bool {
        let mut pools = self.0.pools.iter();
        token::is_cognito_domain(host) || pools.any(|pool| pool.facts.custom_domain.as_deref() == Some(host))
    }
}

impl Account {
    fn pool(&self, id: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.facts.id == id)
    }
}
