//! AWS, Azure, Google Cloud and a Kubernetes issuer as a node meets them, on one address.
//!
//! ```text
//!                 ┌── /latest/..          EC2 instance metadata ──┐ role credentials
//!                 ├── /v1/credentials     Pod Identity agent ─────┤
//!                 ├── /  (signed)         STS, Secrets Manager, ◀─┘ verify them
//!                 │                       Cognito
//!  a node's       ├── /cognito/..         Cognito's tokens ─────────── sign with ──┐
//!  program  ──────┼── /metadata/..        Azure instance metadata ── signs with ─┐ │
//!                 ├── /v1/token           Google's STS ─────────── verifies tokens of the issuers
//!                 ├── /v1/projects/..     IAM Credentials ──────── signs with ─┐ │ │
//!                 ├── /computeMetadata/.. GCE metadata ─────────── signs with ─┤ │ │
//!                 │                                                            ▼ ▼ ▼
//!  who trusts ────┼── /TENANT/..  /google/..  /id/HEX/..  /POOL_ID/..  issuers: discovery and keys
//!  its tokens     └── /__mock/..   trust, certificates, tokens; journal, faults, clock
//! ```
//!
//! Nothing is a canned reply: credentials and keys are drawn at start, signatures, session tokens
//! and lifetimes are checked on the [clock](mock_kit::Clock) of the world, and a refusal has the
//! status and the body of the real service.
//!
//! # Layout
//!
//! - [`world`]: the facts, from YAML; `world/default.yaml` is the world unless told
//! - [`aws`]: EC2 instance metadata, STS, Secrets Manager, Cognito, the EKS Pod Identity agent
//! - [`azure`]: Azure instance metadata, managed identity tokens, Entra ID with the tenant's issuers and applications
//! - [`gcp`]: GCE and GKE metadata, tokens of service accounts, IAM Credentials, workload identity federation, Google's issuer
//! - [`kubernetes`]: a cluster's service accounts, their tokens and the issuer of these
//! - `registry`: the clouds' registries, and who may come in
//! - [`issuer`]: one issuer: its name, its keys, rotation; `discovery`: an issuer asked for its keys
//! - `trust`: what other programs need to trust this world
//! - `services`: every service of a world; `front`: which of them a request is for
//! - `hosts`: the real names of what a world has; `asked_at`: by which of them it was asked
//! - `environment`: the variables that point a program at this world
//! - `query`: the query of a request
//!
//! # Why one address
//!
//! The services differ in the first segment of their paths, so one plain and one TLS listener are
//! all that a script has to know. The root alone is shared: an `X-Amz-Target` or a host of theirs is
//! for Secrets Manager or Cognito, a signed request, a `POST`, an `Action` or a host `sts.*` for STS,
//! any other one is a program that looks for the GCE metadata server. Where the real names and
//! addresses lead here, the `Host` header says which service is meant.

mod asked_at;
pub mod aws;
pub mod azure;
mod discovery;
mod environment;
mod front;
pub mod gcp;
mod hosts;
pub mod issuer;
pub mod kubernetes;
mod query;
mod registry;
mod services;
mod trust;
pub mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use mock_kit::{Authority, Kit, Listen, Server, SigningKey, TlsIdentity};

pub use front::Cloud;
use front::Transport;
use kubernetes::{Kubernetes, ServiceAccountToken, TokenRefusal, TokenRequest};
use services::{Services, Urls};
pub use world::{World, WorldError};

/// A world that is being served; dropping it ends it.
pub struct MockCloud {
    kit: Kit,
    authority: Authority,
    services: Services,
    environment: BTreeMap<String, String>,
    plain: Server,
    tls: Server,
}

/// Where a world is served.
pub struct Listeners {
    /// The plain listener; port 0 takes a free port.
    pub plain: SocketAddr,
    /// The TLS listener; port 0 takes a free port.
    pub tls: SocketAddr,
    /// What the TLS listener shows.
    pub certificates: Certificates,
    /// Further host names that a generated certificate is to hold.
    pub names: Vec<String>,
    /// Whose metadata service answers at 169.254.169.254; `None` for all of them, which their paths tell apart.
    pub cloud: Option<Cloud>,
}

/// What the TLS listener shows.
pub enum Certificates {
    /// A certificate of the world's own authority.
    Generated,
    /// A given one, whose authority's key the world does not have.
    Given(TlsIdentity),
}

impl Default for Listeners {
    /// Free ports of the loopback interface, with a certificate of the world's own authority.
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { plain: free, tls: free, certificates: Certificates::Generated, names: Vec::new(), cloud: None }
    }
}

impl MockCloud {
    /// Serves a world on free ports of the loopback interface.
    ///
    /// # Errors
    ///
    /// When no port can be had, or the facts of the world contradict each other.
    pub async fn start(world: World) -> io::Result<Self> {
        Self::start_on(world, Listeners::default()).await
    }

    /// Serves a world where it is told.
    ///
    /// # Errors
    ///
    /// When an address cannot be had, the given certificates are none, or the facts of the world contradict each other.
    pub async fn start_on(world: World, listeners: Listeners) -> io::Result<Self> {
        let (kit, authority) = (Kit::new(), Authority::generate());
        let (identity, own_authority) = match listeners.certificates {
            Certificates::Generated => {
                let names = [tls_names(listeners.tls), listeners.names].concat();
                let identity = authority.issue(&names);
                (identity, Some(authority.clone()))
            }
            Certificates::Given(identity) => (identity, None),
        };
        let plain = Listen::Plain(listeners.plain).bind().await?;
        let tls = Listen::Tls(listeners.tls, identity.into()).bind().await?;
        let urls = Urls { plain: plain.url(), tls: tls.url() };
        let environment = environment::environment(&world, &urls);
        let services = Services::new(&world, &urls.plain, &kit)?;
        let front = services.front(urls, own_authority, listeners.cloud);
        tokio::task::spawn_blocking(SigningKey::wait_for_named).await.map_err(io::Error::other)?;
        Ok(Self {
            environment,
            plain: plain.serve(front.clone().router(Transport::Plain), &kit),
            tls: tls.serve(front.router(Transport::Tls), &kit),
            kit,
            authority,
            services,
        })
    }

    /// Answers where every service answers, without a final slash: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.plain.url()
    }

    /// Answers where the same services answer over TLS: `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn tls_url(&self) -> String {
        self.tls.url()
    }

    /// Answers every variable that points a program at this world.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.environment.clone()
    }

    /// Answers the clock, the journal and the faults of this world.
    #[must_use]
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Answers every secret that the clouds and the cluster have or have handed out so far, so that a test can look for it
    /// where it must not be.
    ///
    /// Those that begin with `eyJ` are tokens: of service accounts and of managed identities, which the clouds get to see,
    /// and of Cognito and of Azure, which Artifactory does. Those that begin with `ya29.` are Google's access tokens, which
    /// only Google gets to see.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.services.secrets()
    }

    /// Issues a token of a service account of the world, as the API server does for the kubelet.
    ///
    /// # Errors
    ///
    /// When there is no such service account or no token may live so long.
    pub fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        request: &TokenRequest,
    ) -> Result<ServiceAccountToken, TokenRefusal> {
        self.kubernetes().service_account_token(namespace, name, request)
    }

    /// Answers the cluster.
    #[must_use]
    pub fn kubernetes(&self) -> &Kubernetes {
        self.services.kubernetes()
    }

    /// Answers the world's authority; with given certificates the TLS listener shows none of its.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

/// The names by which a TLS listener is reached.
fn tls_names(address: SocketAddr) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
    let ip = address.ip().to_string();
    if !names.contains(&ip) {
        names.push(ip);
    }
    names
}
