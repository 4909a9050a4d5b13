//! The certificate that a client shows, and its key: read at each pull, and refused here where a server could only say no.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use zeroize::Zeroize as _;

use super::certificate::Facts;
use super::pem_file;
use super::server_certificate::rfc3339;
use crate::secret::Secret;
use crate::secret_file::{self, SecretFileError};

/// The largest key file, in bytes; an RSA key of 4096 bits has three kilobytes.
const KEY_LIMIT: usize = 64 * 1024;

/// The files of a client's certificate and of its key, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and behind it those of its issuers.
    pub certificate: PathBuf,
    /// Its key: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub key: PathBuf,
}

/// Why a client certificate cannot be used; each is found before any connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientCertificateError {
    /// The file of the certificate cannot be read, or holds none.
    #[error("cannot read a client certificate from `{}`: {cause}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The file of the key cannot be read.
    #[error("no key of the client certificate could be read: {0}")]
    Key(SecretFileError),
    /// Others than its owner have a right to the key.
    #[error("the key `{}` of the client certificate is open to others: its mode is {mode:04o}", .path.display())]
    KeyMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key needs a passphrase.
    #[error("the key `{}` of the client certificate is encrypted", .path.display())]
    KeyEncrypted {
        /// The file.
        path: PathBuf,
    },
    /// No key, or one that cannot be used.
    #[error("`{}` holds no usable key of the client certificate: {cause}", .path.display())]
    KeyForm {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The key of another certificate.
    #[error("the key `{}` is not that of the client certificate `{}`", .key.display(), .certificate.display())]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// The certificate of the key does not come first.
    #[error("the client certificate stands in place {place} of `{}`, behind another", .path.display())]
    Order {
        /// The certificate's file.
        path: PathBuf,
        /// The certificate's place in it, from 1.
        place: usize,
    },
    /// The certificate is no longer valid.
    #[error("the client certificate `{}` expired at {at}", .path.display())]
    Expired {
        /// The certificate's file.
        path: PathBuf,
        /// When.
        at: String,
    },
    /// The certificate is not yet valid.
    #[error("the client certificate `{}` is not valid before {at}", .path.display())]
    NotYetValid {
        /// The certificate's file.
        path: PathBuf,
        /// When it will be.
        at: String,
    },
}

use ClientCertificateError as Problem;

impl ClientCertificate {
    /// Reads both files, as they are now.
    pub(super) fn load(&self, now: SystemTime) -> Result<Arc<SingleCertAndKey>, ClientCertificateError> {
        let chain = self.chain(now)?;
        let certified = CertifiedKey::new(chain, self.key()?);
        if certified.keys_match().is_err() {
            return Err(self.mismatch(&certified));
        }
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }

    fn chain(&self, now: SystemTime) -> Result<Vec<CertificateDer<'static>>, ClientCertificateError> {
        let path = || self.certificate.clone();
        let unusable = |cause: String| Problem::Certificate { path: path(), cause };
        let chain = pem_file::certificates(&self.certificate).map_err(unusable)?;
        let first = chain.first().ok_or_else(|| unusable("it holds no certificate".to_owned()))?;
        let facts = Facts::of(first).ok_or_else(|| unusable("its first certificate is damaged".to_owned()))?;
        if now > facts.not_after {
            return Err(Problem::Expired { path: path(), at: rfc3339(facts.not_after) });
        }
        if now < facts.not_before {
            return Err(Problem::NotYetValid { path: path(), at: rfc3339(facts.not_before) });
        }
        Ok(chain)
    }

    fn key(&self) -> Result<Arc<dyn SigningKey>, ClientCertificateError> {
        let path = || self.key.clone();
        if let Some(mode) = secret_file::mode_beyond_owner(&self.key).map_err(Problem::Key)? {
            return Err(Problem::KeyMode { path: path(), mode });
        }
        let text = secret_file::read(&self.key, KEY_LIMIT).map_err(Problem::Key)?;
        if is_encrypted(&text) {
            return Err(Problem::KeyEncrypted { path: path() });
        }
        let unusable = |cause: String| Problem::KeyForm { path: path(), cause };
        let mut key = PrivateKeyDer::from_pem_slice(text.expose().as_bytes()).map_err(|error| unusable(why(&error)))?;
        let signing = any_supported_type(&key);
        key.zeroize();
        signing.map_err(|_| unusable("its kind or size is not supported".to_owned()))
    }

    /// Whose key it is instead, if another certificate of the file's.
    fn mismatch(&self, CertifiedKey { cert, key, .. }: &CertifiedKey) -> ClientCertificateError {
        let fits = |certificate: &CertificateDer<'static>| {
            CertifiedKey::new(vec![certificate.clone()], key.clone()).keys_match().is_ok()
        };
        match cert.iter().position(fits) {
            Some(index) => Problem::Order { path: self.certificate.clone(), place: index + 1 },
            None => Problem::OtherKey { key: self.key.clone(), certificate: self.certificate.clone() },
        }
    }
}

/// Source: RFC 7468 section 11, and RFC 1421 section 4.6.1.1 for OpenSSL's older form.
fn is_encrypted(text: &Secret) -> bool {
    text.expose().contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.expose().contains("Proc-Type: 4,ENCRYPTED")
}

/// Why no key was found in a text, without a word of the text.
fn why(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::NoItemsFound => "it has no section of a private key".to_owned(),
        _ => "its PEM is damaged".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mock_kit::{Authority, Leaf, Validity};

    use super::*;

    /// A key of the vectors.
    fn vector(name: &str) -> String {
        let path = format!("{}/vectors/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn loaded(certificate: &str, key: &str) -> Result<(), ClientCertificateError> {
        let directory = tempfile::tempdir().expect("a directory");
        let files = ClientCertificate { certificate: "client.pem".into(), key: "client.key".into() };
        let place = |path: &PathBuf| directory.path().join(path);
        fs::write(place(&files.certificate), certificate).expect("a file");
        fs::write(place(&files.key), key).expect("a file");
        #[cfg(unix)]
        fs::set_permissions(place(&files.key), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
        let absolute = ClientCertificate { certificate: place(&files.certificate), key: place(&files.key) };
        absolute.load(crate::time::now()).map(|_| ())
    }

    fn certificate_of(key: &str, validity: Validity) -> String {
        Authority::generate().sign(&Leaf::client("node").with_key(key).valid(validity)).certificates_pem
    }

    #[test]
    fn every_form_of_key_is_read() {
        let kinds = [
            ("ec-p256", &["sec1", "pkcs8"][..]),
            ("ec-p384", &["sec1", "pkcs8"]),
            ("rsa", &["pkcs1", "pkcs8"]),
            ("ed25519", &["pkcs8"]),
        ];
        for (kind, forms) in kinds {
            let certificate = certificate_of(&vector(&format!("{kind}.pkcs8")), Validity::Present);
            for form in forms {
                assert_eq!(loaded(&certificate, &vector(&format!("{kind}.{form}"))), Ok(()), "{kind} {form}");
            }
            let stranger = vector(if kind == "rsa" { "ec-p256.pkcs8" } else { "rsa.pkcs8" });
            assert!(matches!(loaded(&certificate, &stranger), Err(Problem::OtherKey { .. })), "{kind}");
        }
    }

    #[test]
    fn a_key_that_is_encrypted_or_of_no_use_is_refused() {
        let certificate = certificate_of(&vector("ec-p256.pkcs8"), Validity::Present);
        for name in ["ec-p256.pkcs8.encrypted", "ec-p256.sec1.encrypted"] {
            assert!(matches!(loaded(&certificate, &vector(name)), Err(Problem::KeyEncrypted { .. })), "{name}");
        }
        let damaged = vector("ec-p256.pkcs8").replace("-----END", "*----END");
        for text in [vector("ec-p521.pkcs8"), vector("rsa-1024.pkcs1"), String::new(), certificate.clone(), damaged] {
            assert!(matches!(loaded(&certificate, &text), Err(Problem::KeyForm { .. })), "{text}");
        }
    }

    #[test]
    fn a_certificate_that_does_not_hold_now_is_refused() {
        let key = vector("ec-p256.pkcs8");
        let expired = loaded(&certificate_of(&key, Validity::Past), &key);
        assert!(matches!(expired, Err(Problem::Expired { at, .. }) if at == "2021-01-01T00:00:00Z"));
        let early = loaded(&certificate_of(&key, Validity::Future), &key);
        assert!(matches!(early, Err(Problem::NotYetValid { at, .. }) if at == "2100-01-01T00:00:00Z"));
    }

    #[test]
    fn a_certificate_behind_those_of_its_issuers_is_named_by_its_place() {
        let key = vector("ec-p256.pkcs8");
        let authority = Authority::generate();
        let chain = authority.sign(&Leaf::client("node").with_key(&key)).certificates_pem;
        let turned = format!("{}{chain}", authority.certificate_pem());
        assert!(matches!(loaded(&turned, &key), Err(Problem::Order { place: 2, .. })));
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", damaged, "-----BEGIN CERTIFICATE-----\n*"] {
            assert!(matches!(loaded(text, &key), Err(Problem::Certificate { .. })), "{text}");
        }
    }
}
