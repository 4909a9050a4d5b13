//! AWS, Azure, Google Cloud and a Kubernetes issuer as a node meets them, on one address.
//!
//! ```text
//!                 ┌── /latest/..          EC2 instance metadata ──┐ role credentials
//!                 ├── /v1/credentials     Pod Identity agent ─────┤
//!                 ├── /  (signed)         STS, Secrets Manager, ◀─┘ verify them
//!                 │                       Cognito
//!  a node's       ├── /cognito/..         Cognito's tokens ─────────── sign with ──┐
//!  program  ──────┼── /metadata/..        Azure instance metadata ── signs with ─┐ │
//!                 ├── /computeMetadata/.. GCE metadata ─────────── signs with ─┐ │ │
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
//! - [`azure`]: Azure instance metadata, managed identity tokens, the issuers of the tenant
//! - [`gcp`]: GCE metadata, the service account's tokens, Google's issuer
//! - [`kubernetes`]: a cluster's service accounts, their tokens and the issuer of these
//! - [`issuer`]: one issuer: its name, its keys, rotation
//! - `trust`: what other programs need to trust this world
//! - `front`: which service a request is for
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

pub mod aws;
pub mod azure;
mod environment;
mod front;
pub mod gcp;
pub mod issuer;
pub mod kubernetes;
mod query;
mod trust;
pub mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mock_kit::{Authority, Kit, Listen, Server, SigningKey, TlsIdentity};

use aws::Aws;
use aws::cognito::Cognito;
use aws::pod_identity::PodIdentity;
use aws::secrets_manager::SecretsManager;
use azure::{Azure, TokenVersion};
use front::{Front, Transport};
use gcp::Gcp;
use issuer::Issuer;
use kubernetes::{Kubernetes, ServiceAccountToken, TokenRefusal, TokenRequest};
use trust::Trust;
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
        Self { plain: free, tls: free, certificates: Certificates::Generated }
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
                let identity = authority.issue(&tls_names(listeners.tls));
                (identity, Some(authority.clone()))
            }
            Certificates::Given(identity) => (identity, None),
        };
        let plain = Listen::Plain(listeners.plain).bind().await?;
        let tls = Listen::Tls(listeners.tls, identity).bind().await?;
        let urls = Urls { plain: plain.url(), tls: tls.url() };
        let services = Services::new(&world, &urls.plain, &kit)?;
        let front = front(&services, urls, own_authority);
        tokio::task::spawn_blocking(SigningKey::wait_for_named).await.map_err(io::Error::other)?;
        Ok(Self {
            environment: environment::environment(&world, &plain.url()),
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

    /// Answers every secret that AWS and the cluster have or have handed out so far, so that a test can look for it where
    /// it must not be.
    ///
    /// Those that begin with `eyJ` are tokens: of service accounts, which the clouds get to see, and of Cognito, which
    /// Artifactory does.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let Services { aws, secrets_manager, cognito, kubernetes, .. } = &self.services;
        [aws.secrets(), secrets_manager.secrets(), cognito.secrets(), kubernetes.secrets()].concat()
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
        self.services.kubernetes.service_account_token(namespace, name, request)
    }

    /// Answers the cluster.
    #[must_use]
    pub fn kubernetes(&self) -> &Kubernetes {
        &self.services.kubernetes
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

/// Where the two listeners are.
struct Urls {
    plain: String,
    tls: String,
}

/// Every service of a world.
struct Services {
    aws: Aws,
    secrets_manager: SecretsManager,
    cognito: Cognito,
    pod_identity: PodIdentity,
    azure: Azure,
    gcp: Gcp,
    kubernetes: Kubernetes,
}

impl Services {
    /// Makes the services of a world that is published at `url`.
    fn new(world: &World, url: &str, kit: &Kit) -> io::Result<Self> {
        let kubernetes = Kubernetes::new(&world.kubernetes, url, kit);
        let aws = world.aws.with_cluster(kubernetes.issuer().url(), kubernetes.published_at());
        let aws = Aws::new(&aws, kit);
        let cognito = Cognito::new(&aws, url);
        Ok(Self {
            secrets_manager: SecretsManager::new(&aws, &cognito)?,
            pod_identity: PodIdentity::new(&aws, &kubernetes),
            azure: Azure::new(&world.azure, url, kit),
            gcp: Gcp::new(&world.gcp, url, kit),
            aws,
            cognito,
            kubernetes,
        })
    }

    /// The issuers by the names that `/__mock/` has for them.
    fn issuers(&self) -> BTreeMap<&'static str, Issuer> {
        let issuers = [
            ("azure", Some(self.azure.issuer(TokenVersion::V2))),
            ("azure-v1", Some(self.azure.issuer(TokenVersion::V1))),
            ("cognito", self.cognito.issuer()),
            ("google", Some(self.gcp.issuer())),
            ("kubernetes", Some(self.kubernetes.issuer())),
        ];
        issuers.into_iter().filter_map(|(name, issuer)| Some((name, issuer?.clone()))).collect()
    }
}

/// Joins every service.
fn front(services: &Services, urls: Urls, authority: Option<Authority>) -> Front {
    let trust = Trust {
        pod_identity: format!("{}{}", urls.plain, aws::pod_identity::PATH),
        cognito_domains: format!("{}/cognito", urls.tls),
        sts: urls.plain,
        issuers: Arc::new(services.issuers()),
        authority,
    };
    Front {
        ec2_metadata: services.aws.imds_router(),
        sts: services.aws.api_router(),
        secrets_manager: services.secrets_manager.router(),
        cognito: services.cognito.router(),
        cognito_token: services.cognito.token_router(),
        cognito_domains: services.cognito.clone(),
        pod_identity: services.pod_identity.router(),
        azure_metadata: services.azure.imds_router(),
        entra: services.azure.entra_router(),
        gce_metadata: services.gcp.metadata_router(),
        google_issuer: services.gcp.issuer_router(),
        kubernetes_issuer: services.kubernetes.router(),
        control: trust.router().merge(services.kubernetes.control_router()),
    }
}
