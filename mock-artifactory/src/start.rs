//! A running mock: listener, certificate, trust and state put together.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use mock_kit::{Authority, Clients, Holder, Kit, Listen, Server, SigningKey, TlsIdentity, TlsServer, Versions};

use crate::state::{Scheme, State, StateError};
use crate::trust::{self, Trust, TrustError};
use crate::world::{Issuer, World};

/// How a mock is to be reached and whom it trusts; the default is TLS on a free port of this
/// machine.
pub struct Options {
    /// The URL of the mock-cloud whose issuers, STS and certificate authority are trusted.
    pub trust: Option<String>,
    /// The address to listen on; port 0 takes a free port.
    pub listen: SocketAddr,
    /// What clients see of TLS.
    pub transport: Transport,
    /// Further host names that the certificate is to hold.
    pub names: Vec<String>,
    /// Whom TLS lets in.
    pub clients: Clients,
    /// Which versions of TLS are spoken.
    pub versions: Versions,
}

/// What clients see of TLS.
pub enum Transport {
    /// A certificate of the trusted mock-cloud's authority, or of an own one.
    Issued,
    /// This certificate.
    Given(TlsIdentity),
    /// This certificate of somebody else's, and a key that is not the certificate's.
    Stolen(TlsIdentity),
    /// No TLS.
    Plain,
}

/// Why a mock does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The mock-cloud cannot be trusted.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The world cannot be served.
    #[error(transparent)]
    State(#[from] StateError),
    /// The address or the certificate cannot be used.
    #[error("failed to listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A mock that serves until it is dropped.
pub struct MockArtifactory {
    server: Server,
    state: Arc<State>,
    ca_pem: String,
}

impl Default for Options {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            trust: None,
            listen,
            transport: Transport::Issued,
            names: Vec::new(),
            clients: Clients::Anyone,
            versions: Versions::Both,
        }
    }
}

impl MockArtifactory {
    /// Starts a mock with TLS on a free port; `trust` is the URL of a running mock-cloud.
    ///
    /// # Errors
    ///
    /// When the mock-cloud does not answer or the world is not one.
    pub async fn start(world: World, trust: Option<&str>) -> Result<Self, StartError> {
        Self::start_with(world, Options { trust: trust.map(str::to_owned), ..Options::default() }).await
    }

    /// Starts a mock.
    ///
    /// # Errors
    ///
    /// When the mock-cloud does not answer, the world is not one, or the address cannot be had.
    pub async fn start_with(world: World, options: Options) -> Result<Self, StartError> {
        let bootstrap = trust::client("")?;
        let trusted = match &options.trust {
            Some(cloud) => Some(Trust::fetch(&bootstrap, cloud).await?),
            None => None,
        };
        let names = names(&world, &options);
        let tls = tls(&bootstrap, options.transport, options.trust.as_deref(), &names).await?;
        let ca_pem = bundle(trusted.as_ref(), tls.as_ref().map(|tls| tls.authority.as_str()));
        let kit = Kit::new();
        let scheme = if tls.is_some() { Scheme::Https } else { Scheme::Http };
        let state = State::new(kit.clone(), world, scheme, trusted.as_ref(), trust::client(&ca_pem)?)?;
        let state = Arc::new(state);
        let address = options.listen;
        let ready = tokio::task::spawn_blocking(SigningKey::wait_for_named).await;
        ready.map_err(|error| StartError::Listen { address, source: std::io::Error::other(error) })?;
        let listen = match tls {
            Some(tls) => {
                let (clients, versions) = (options.clients, options.versions);
                Listen::Tls(address, TlsServer { identity: tls.identity, holder: tls.holder, clients, versions })
            }
            None => Listen::Plain(address),
        };
        let server = Server::start(router(state.clone()), &kit, listen).await;
        let server = server.map_err(|source| StartError::Listen { address, source })?;
        Ok(Self { server, state, ca_pem })
    }

    /// Where the mock listens, without a final slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.state.scheme.as_str(), self.host())
    }

    /// Host and port, as images name them.
    #[must_use]
    pub fn host(&self) -> String {
        let mut address = self.server.address();
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        address.to_string()
    }

    /// The variables that point a credential provider at the mock.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let provider = provider_for_all(&self.state).map(|name| ("jfrog_oidc_provider_name".to_owned(), name));
        [("artifactory_url".to_owned(), self.host())].into_iter().chain(provider).collect()
    }

    /// The certificate authorities of the mock and of the mock-cloud that it trusts, in PEM; empty
    /// without TLS and trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Clock, journal and faults.
    #[must_use]
    pub fn kit(&self) -> &Kit {
        &self.state.kit
    }

    /// The world as it is now.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }
}

/// Every endpoint of the mock.
pub fn router(state: Arc<State>) -> Router {
    crate::registry::router(state.clone()).merge(crate::admin::router(state))
}

/// The provider that accepts every issuer, if the world has one and a mock-cloud is trusted.
fn provider_for_all(state: &State) -> Option<String> {
    let is_for_all = |issuer: &Issuer| *issuer == Issuer::Trusted { trusted: "all".to_owned() };
    let facts = state.world.providers.iter().find(|provider| is_for_all(&provider.issuer))?;
    state.directory().provider(&facts.name).map(|provider| provider.name.clone())
}

struct Tls {
    identity: TlsIdentity,
    holder: Holder,
    authority: String,
}

async fn tls(
    client: &reqwest::Client,
    transport: Transport,
    cloud: Option<&str>,
    names: &[String],
) -> Result<Option<Tls>, StartError> {
    let from_cloud = match (&transport, cloud) {
        (Transport::Issued, Some(cloud)) => trust::certificate(client, cloud, names).await?,
        _ => None,
    };
    let owned = |identity: TlsIdentity, authority: String| Tls { identity, holder: Holder::Owner, authority };
    Ok(match (transport, from_cloud) {
        (Transport::Plain, _) => None,
        (Transport::Given(identity), _) => Some(owned(identity.clone(), identity.certificates_pem)),
        (Transport::Stolen(identity), _) => {
            let authority = identity.certificates_pem.clone();
            Some(Tls { identity, holder: Holder::Impostor, authority })
        }
        // The mock-cloud's authority is part of what it says of itself.
        (Transport::Issued, Some(identity)) => Some(owned(identity, String::new())),
        (Transport::Issued, None) => {
            let authority = Authority::generate();
            Some(owned(authority.issue(names), authority.certificate_pem().to_owned()))
        }
    })
}

/// The names of the certificate: this machine's, and for the subdomain method one for each
/// repository.
fn names(world: &World, options: &Options) -> Vec<String> {
    let mut names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    names.extend(world.repositories.iter().map(|repository| format!("{}.localhost", repository.key)));
    names.extend(options.names.iter().cloned());
    let ip = options.listen.ip();
    if !ip.is_unspecified() && ip != IpAddr::V4(Ipv4Addr::LOCALHOST) {
        names.push(ip.to_string());
    }
    names
}

fn bundle(trust: Option<&Trust>, own: Option<&str>) -> String {
    let cloud = trust.and_then(|trust| trust.ca.as_deref());
    let parts = [cloud, own].into_iter().flatten().map(str::trim).filter(|pem| !pem.is_empty());
    parts.fold(String::new(), |bundle, pem| bundle + pem + "\n")
}
