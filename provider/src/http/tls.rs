//! How a connection is made safe.
//!
//! # Why the files are read at each pull
//! The program lives for one pull, and certificates are renewed under it: what the files hold now is what counts. A file that
//! cannot be used is a fault of the configuration, found before any connection.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::DnsName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::{HttpError, Roots};

mod asked_name;
mod certificate;
mod client_certificate;
mod pem_file;
mod pin;
mod refusal;
mod server_certificate;
mod verifier;

pub(super) use asked_name::AskedName;
pub use client_certificate::{ClientCertificate, ClientCertificateError};
pub(super) use pem_file::certificates;
pub use pin::{Pin, PinError};
pub use refusal::Refusal;
pub use server_certificate::ServerCertificateError;
use verifier::Verifier;

/// How a connection is made safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// What the server is shown when it asks; `None` shows nothing.
    pub client_certificate: Option<ClientCertificate>,
    /// The oldest version of TLS that is spoken.
    pub minimum_version: MinimumVersion,
    /// The name that the server is asked for (SNI) and that its certificate must hold; `None` is the host that the connection is
    /// made to.
    pub server_name: Option<DnsName<'static>>,
    /// The keys one of which the server's certificate must have; empty allows any that is trusted.
    pub pins: Vec<Pin>,
}

/// The oldest version of TLS that is spoken; nothing older than 1.2 ever is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MinimumVersion {
    /// TLS 1.2, and 1.3 where the server speaks it.
    #[default]
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

impl MinimumVersion {
    /// The version as it is written in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }

    fn spoken(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Tls12 => vec![&TLS13, &TLS12],
            Self::Tls13 => vec![&TLS13],
        }
    }
}

impl Tls {
    /// Trusts these authorities and asks for nothing else.
    #[must_use]
    pub fn trusting(roots: Roots) -> Self {
        Self {
            roots,
            client_certificate: None,
            minimum_version: MinimumVersion::default(),
            server_name: None,
            pins: Vec::new(),
        }
    }

    /// Reads the files and makes the TLS library's configuration.
    pub(super) fn load(&self) -> Result<ClientConfig, HttpError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new(self, self.roots.load()?, provider.clone());
        let builder = builder(provider, self.minimum_version).dangerous().with_custom_certificate_verifier(verifier);
        Ok(match &self.client_certificate {
            None => builder.with_no_client_auth(),
            Some(certificate) => builder.with_client_cert_resolver(certificate.load(crate::time::now())?),
        })
    }
}

/// For services on the link, which speak plain HTTP: no file is read.
pub(super) fn without_roots() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    builder(provider, MinimumVersion::default()).with_root_certificates(RootCertStore::empty()).with_no_client_auth()
}

fn builder(
    provider: Arc<CryptoProvider>,
    minimum: MinimumVersion,
) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&minimum.spoken());
    builder.expect("ring has suites of TLS 1.2 and 1.3")
}
