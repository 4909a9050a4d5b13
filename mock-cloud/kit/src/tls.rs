//! A TLS server: what it shows, whom it lets in, which versions it speaks, and what it learned of a client.

use std::io;
use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};
use serde::Serialize;
use tokio_rustls::TlsAcceptor;

use crate::authority::TlsIdentity;

/// A TLS server; one that is made of an identity alone owns it, asks no client for a certificate and speaks TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct TlsServer {
    /// What it shows.
    pub identity: TlsIdentity,
    /// Whose certificate it shows.
    pub holder: Holder,
    /// Whom it lets in.
    pub clients: Clients,
    /// Which versions it speaks.
    pub versions: Versions,
}

/// Whose certificate a TLS server shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// Its own; one whose key it has not is refused at the start.
    #[default]
    Owner,
    /// Somebody else's: it signs with a key that is not the certificate's.
    Impostor,
}

/// Whom a TLS server lets in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Clients {
    /// Anyone, without asking for a certificate.
    #[default]
    Anyone,
    /// Anyone, asking for a certificate of these authorities (PEM); a certificate that is none of theirs is refused.
    Asked(String),
    /// Those with a certificate of these authorities (PEM).
    Certified(String),
}

/// Which versions a TLS server speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 and nothing newer.
    Tls12,
    /// TLS 1.3 and nothing older.
    Tls13,
}

/// What a handshake told the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handshake {
    /// `TLSv1_2` or `TLSv1_3`.
    pub version: String,
    /// The name that the client asked for (SNI), if it did; a client that connects to an IP address asks for none.
    pub server_name: Option<String>,
    /// The subject of the client's certificate, which was verified; `None` when the client showed none.
    pub client: Option<String>,
}

impl From<TlsIdentity> for TlsServer {
    fn from(identity: TlsIdentity) -> Self {
        let (holder, clients, versions) = (Holder::default(), Clients::default(), Versions::default());
        Self { identity, holder, clients, versions }
    }
}

impl TlsServer {
    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions.supported())
            .map_err(io::Error::other)?
            .with_client_cert_verifier(self.clients.verifier()?)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(self.certified()?)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn certified(&self) -> io::Result<CertifiedKey> {
        let TlsIdentity { certificates_pem, key_pem } = &self.identity;
        let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(invalid)?;
        let certified = CertifiedKey::new(certificates(certificates_pem)?, any_supported_type(&key).map_err(invalid)?);
        match self.holder {
            Holder::Owner => certified.keys_match().map_err(invalid)?,
            Holder::Impostor => {}
        }
        Ok(certified)
    }
}

impl Versions {
    fn supported(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Both => vec![&TLS13, &TLS12],
            Self::Tls12 => vec![&TLS12],
            Self::Tls13 => vec![&TLS13],
        }
    }
}

impl Clients {
    fn verifier(&self) -> io::Result<Arc<dyn ClientCertVerifier>> {
        let builder = |pem: &str| {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(pem)? {
                roots.add(certificate).map_err(invalid)?;
            }
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            Ok::<_, io::Error>(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider))
        };
        match self {
            Self::Anyone => Ok(WebPkiClientVerifier::no_client_auth()),
            Self::Asked(pem) => builder(pem)?.allow_unauthenticated().build().map_err(invalid),
            Self::Certified(pem) => builder(pem)?.build().map_err(invalid),
        }
    }
}

impl Handshake {
    pub(crate) fn of(connection: &ServerConnection) -> Self {
        let client = connection.peer_certificates().and_then(<[_]>::first).and_then(|certificate| {
            let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
            Some(certificate.subject().to_string())
        });
        Self {
            version: connection.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
            server_name: connection.server_name().map(str::to_owned),
            client,
        }
    }
}

fn certificates(pem: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(invalid)
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Authority;

    #[test]
    fn an_identity_that_is_no_pem_or_has_a_foreign_key_is_refused() {
        let authority = Authority::generate();
        let mut server = TlsServer::from(authority.issue(&["localhost".into()]));
        assert!(server.acceptor().is_ok());
        server.identity.key_pem = authority.issue(&["localhost".into()]).key_pem;
        assert!(server.acceptor().is_err());
        server.identity.key_pem = "no key".into();
        assert!(server.acceptor().is_err());
    }

    #[test]
    fn clients_of_no_authority_are_nobody() {
        let mut server = TlsServer::from(Authority::generate().issue(&["localhost".into()]));
        server.clients = Clients::Certified("no certificate".into());
        assert!(server.acceptor().is_err());
    }
}
