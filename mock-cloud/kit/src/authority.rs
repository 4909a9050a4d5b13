//! The world's certificate authority, and the identity of one TLS server.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;

/// How long certificates hold, before and after the present.
const PAST: Duration = Duration::from_hours(24);
const FUTURE: Duration = Duration::from_hours(24 * 365);

/// A certificate authority that exists in one test world only; clones share its key.
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<CertifiedIssuer<'static, KeyPair>>,
    certificate_pem: Arc<str>,
}

impl Authority {
    /// Makes an authority with a fresh key.
    ///
    /// # Panics
    ///
    /// When the system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        let key = KeyPair::generate().expect("the system has randomness");
        let mut params = params("Mock certificate authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an ECDSA key can sign");
        Self { certificate_pem: issuer.pem().into(), issuer: Arc::new(issuer) }
    }

    /// Answers the authority's own certificate, for a client to trust.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Issues a server certificate for these host names and IP addresses.
    ///
    /// # Panics
    ///
    /// When a name is not ASCII, which no certificate can hold.
    #[must_use]
    pub fn issue(&self, names: &[String]) -> TlsIdentity {
        let key = KeyPair::generate().expect("the system has randomness");
        let mut params = params("Mock server");
        let names = CertificateParams::new(names).expect("names of a certificate are ASCII");
        params.subject_alt_names = names.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer);
        let leaf = leaf.expect("the authority's key can sign").pem();
        TlsIdentity { certificates_pem: format!("{leaf}{}", self.certificate_pem), key_pem: key.serialize_pem() }
    }
}

fn params(common_name: &str) -> CertificateParams {
    let now = Clock::system().now();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = now - PAST;
    params.not_after = now + FUTURE;
    params
}

/// What a TLS server shows: a certificate chain, leaf first, and the leaf's key.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The chain in PEM, leaf first.
    pub certificates_pem: String,
    /// The leaf's private key in PEM.
    pub key_pem: String,
}

impl TlsIdentity {
    /// Reads both parts from PEM files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read; its content is looked at when a server starts with it.
    pub fn from_files(certificates: &Path, key: &Path) -> io::Result<Self> {
        Ok(Self { certificates_pem: std::fs::read_to_string(certificates)?, key_pem: std::fs::read_to_string(key)? })
    }

    pub(crate) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(self.certificates_pem.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(chain.map_err(invalid)?, key.map_err(invalid)?)
            .map_err(invalid)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_the_leaf_and_then_the_authority() {
        let authority = Authority::generate();
        let identity = authority.issue(&["localhost".into(), "127.0.0.1".into()]);
        let certificates = identity.certificates_pem.matches("BEGIN CERTIFICATE");
        assert_eq!(certificates.count(), 2);
        assert!(identity.certificates_pem.ends_with(authority.certificate_pem()));
        assert!(identity.acceptor().is_ok());
    }

    #[test]
    fn an_identity_is_read_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let (certificates, key) = (folder.path().join("c"), folder.path().join("k"));
        let identity = Authority::generate().issue(&["localhost".into()]);
        std::fs::write(&certificates, &identity.certificates_pem).unwrap();
        std::fs::write(&key, &identity.key_pem).unwrap();
        let read = TlsIdentity::from_files(&certificates, &key).unwrap();
        assert_eq!(read.certificates_pem, identity.certificates_pem);
        assert!(TlsIdentity::from_files(&certificates, &folder.path().join("none")).is_err());
    }

    #[test]
    fn an_identity_that_is_no_pem_or_has_a_foreign_key_is_refused() {
        let authority = Authority::generate();
        let mut identity = authority.issue(&["localhost".into()]);
        identity.key_pem = authority.issue(&["localhost".into()]).key_pem;
        assert!(identity.acceptor().is_err());
        identity.key_pem = "no key".into();
        assert!(identity.acceptor().is_err());
    }
}
