//! The world's certificate authority, and the identity of one TLS server or client.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};

mod leaf;

pub use leaf::{Leaf, Validity};

/// A certificate authority that exists in one test world only; clones share its key.
#[derive(Clone)]
pub struct Authority {
    issuer: Arc<CertifiedIssuer<'static, KeyPair>>,
    certificate_pem: Arc<str>,
    /// The certificates from this authority's own up to the root's.
    chain_pem: Arc<str>,
}

impl Authority {
    /// Makes an authority with a fresh key.
    ///
    /// # Panics
    ///
    /// When the system has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self::named("Mock certificate authority")
    }

    /// Makes an authority of this name with a fresh key.
    ///
    /// # Panics
    ///
    /// When the system has no randomness.
    #[must_use]
    pub fn named(common_name: &str) -> Self {
        let key = KeyPair::generate().expect("the system has randomness");
        let issuer = CertifiedIssuer::self_signed(authority_params(common_name, Validity::Present), key);
        Self::of(issuer.expect("an ECDSA key can sign"), "")
    }

    /// Makes an authority below this one.
    ///
    /// # Panics
    ///
    /// When the system has no randomness.
    #[must_use]
    pub fn intermediate(&self, common_name: &str, validity: Validity) -> Self {
        let key = KeyPair::generate().expect("the system has randomness");
        let issuer = CertifiedIssuer::signed_by(authority_params(common_name, validity), key, &self.issuer);
        Self::of(issuer.expect("an ECDSA key can sign"), &self.chain_pem)
    }

    fn of(issuer: CertifiedIssuer<'static, KeyPair>, above: &str) -> Self {
        let certificate_pem = issuer.pem();
        Self {
            chain_pem: format!("{certificate_pem}{above}").into(),
            certificate_pem: certificate_pem.into(),
            issuer: Arc::new(issuer),
        }
    }

    /// Answers the authority's own certificate, for a client to trust.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Answers the authority's own certificate as what a server shows, which no server should.
    #[must_use]
    pub fn own_identity(&self) -> TlsIdentity {
        TlsIdentity { certificates_pem: self.chain_pem.to_string(), key_pem: self.issuer.key().serialize_pem() }
    }

    /// Issues a server certificate for these host names and IP addresses.
    ///
    /// # Panics
    ///
    /// When a name is not ASCII, which no certificate can hold.
    #[must_use]
    pub fn issue(&self, names: &[String]) -> TlsIdentity {
        self.sign(&Leaf::server(names))
    }

    /// Issues a certificate as it is described.
    ///
    /// # Panics
    ///
    /// When a name is not ASCII, which no certificate can hold, or its key is none.
    #[must_use]
    pub fn sign(&self, leaf: &Leaf) -> TlsIdentity {
        let key = leaf.key();
        let certificate = leaf.params().signed_by(&key, &self.issuer);
        let certificate = certificate.expect("the authority's key can sign").pem();
        TlsIdentity { certificates_pem: format!("{certificate}{}", self.chain_pem), key_pem: key.serialize_pem() }
    }
}

fn authority_params(common_name: &str, validity: Validity) -> CertificateParams {
    let mut params = leaf::params(common_name, validity);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What one side of a TLS connection shows: a certificate chain, leaf first, and the leaf's key.
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
    }

    #[test]
    fn a_chain_goes_through_every_authority_up_to_the_root() {
        let root = Authority::named("Root");
        let identity = root.intermediate("Issuing", Validity::Present).issue(&["localhost".into()]);
        assert_eq!(identity.certificates_pem.matches("BEGIN CERTIFICATE").count(), 3);
        assert!(identity.certificates_pem.ends_with(root.certificate_pem()));
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
}
