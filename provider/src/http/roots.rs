//! Which certificate authorities are trusted: one bundle file, read once.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Where distributions keep their bundle, in the order they are tried.
///
/// One file and never a directory: reading each file of `/etc/ssl/certs` costs several milliseconds a pull.
/// Source: Go `crypto/x509` `root_linux.go`, `certFiles`.
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The source of root certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// The first bundle of the system that exists.
    System,
    /// One PEM file: the route's `caFile`, or `SSL_CERT_FILE`.
    File(PathBuf),
}

/// Why no root certificate could be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RootsError {
    /// No bundle at any of the usual places.
    #[error("no bundle of root certificates was found on this system")]
    Missing,
    /// The file cannot be read or is not PEM.
    #[error("cannot read root certificates from `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The file holds no certificate.
    #[error("`{}` holds no usable certificate", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Roots {
    /// Reads the certificates.
    ///
    /// # Errors
    /// When the file is missing, is not PEM, or holds no usable certificate.
    pub fn load(&self) -> Result<RootCertStore, RootsError> {
        let path = match self {
            Self::File(path) => path.as_path(),
            Self::System => BUNDLES.iter().map(Path::new).find(|path| path.exists()).ok_or(RootsError::Missing)?,
        };
        let unreadable = |cause: String| RootsError::Unreadable { path: path.to_owned(), cause };
        let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
            // A bundle may hold a certificate that this library cannot use; the others still count.
            let _ = store.add(certificate);
        }
        if store.is_empty() { Err(RootsError::Empty { path: path.to_owned() }) } else { Ok(store) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ca.pem");
        std::fs::write(&path, "not a certificate").expect("a file");
        let error = Roots::File(path.clone()).load().expect_err("no certificate");
        assert!(matches!(error, RootsError::Empty { .. }));
        assert!(error.to_string().contains(path.to_str().expect("a name")));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Roots::File("/nowhere/ca.pem".into()).load().expect_err("no file");
        assert!(matches!(error, RootsError::Unreadable { .. }));
    }
}
