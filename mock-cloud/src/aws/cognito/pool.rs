//! A user pool with what the service gave it when it was made.

use std::sync::OnceLock;

use mock_kit::Clock;
use rand::Rng as _;

use super::{Client, UserPool};
use crate::aws::Facts;
use crate::aws::region::partition_of;
use crate::issuer::{Issuer, KeyRing};

/// A user pool.
pub(super) struct Pool {
    pub(super) facts: UserPool,
    pub(super) arn: String,
    secrets: Vec<String>,
    name: String,
    clock: Clock,
    /// Made when it is first asked for, since a key takes its time and a pool without clients signs nothing.
    issuer: OnceLock<Issuer>,
}

impl Pool {
    /// Makes a pool that a server at `url` publishes.
    pub(super) fn new(pool: &UserPool, facts: &Facts, url: &str) -> Self {
        let (region, account) = (&facts.world.region, &facts.world.account);
        let base = facts.world.cognito.issuer.as_deref().unwrap_or(url);
        let made = Self {
            arn: arn(region, account, &pool.id),
            secrets: pool.clients.iter().map(|_| client_secret()).collect(),
            name: format!("{base}/{}", pool.id),
            clock: facts.clock.clone(),
            issuer: OnceLock::new(),
            facts: pool.clone(),
        };
        if !pool.clients.is_empty() {
            made.issuer();
        }
        made
    }

    /// The issuer of its tokens.
    pub(super) fn issuer(&self) -> &Issuer {
        let keys = || KeyRing::named(&format!("cognito-{}", self.facts.id));
        self.issuer.get_or_init(|| Issuer::new(self.name.as_str(), keys(), self.clock.clone()))
    }

    /// Its clients, each with its secret.
    pub(super) fn clients(&self) -> impl Iterator<Item = (&Client, &str)> {
        self.facts.clients.iter().zip(self.secrets.iter().map(String::as_str))
    }

    /// The host of its domain at Cognito, in a region; `None` when it has none.
    ///
    /// Amazon Cognito developer guide, "Configuring a user pool domain"; those of the US government's regions are all FIPS
    /// ones.
    pub(super) fn host(&self, region: &str) -> Option<String> {
        let prefix = self.facts.domain.as_ref()?;
        let label = if region.starts_with("us-gov-") { "auth-fips" } else { "auth" };
        Some(format!("{prefix}.{label}.{region}.amazoncognito.com"))
    }

    /// Whether a host is its owner's domain for it.
    pub(super) fn is_own(&self, host: &str) -> bool {
        self.facts.custom_domain.as_deref() == Some(host)
    }

    /// Whether a resource server of it has a scope, `IDENTIFIER/SCOPE`.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        let mut servers = self.facts.resource_servers.iter();
        servers.any(|server| server.scopes.iter().any(|name| scope == format!("{}/{name}", server.identifier)))
    }
}

/// The ARN of a pool, whether or not there is one.
pub(super) fn arn(region: &str, account: &str, id: &str) -> String {
    let partition = partition_of(region).id;
    format!("arn:{partition}:cognito-idp:{region}:{account}:userpool/{id}")
}

// A real one has 51 to 52 lower-case letters and digits: Amazon Cognito developer guide, "Application-specific settings
// with app clients".
fn client_secret() -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let letter = |_| char::from(ALPHABET[rand::thread_rng().gen_range(0..ALPHABET.len())]);
    (0..51).map(letter).collect()
}
