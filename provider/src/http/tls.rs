//! How a connection is made safe.

use rustls::{ClientConfig, RootCertStore};

use super::{HttpError, Roots};

/// How a connection is made safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Whose certificates are trusted.
    pub roots: Roots,
}

impl Tls {
    /// Reads the files at each pull, so that renewed ones need no restart.
    pub(super) fn load(&self) -> Result<ClientConfig, HttpError> {
        client(self.roots.load()?)
    }
}

/// For services on the link, which speak plain HTTP: no file is read.
pub(super) fn without_roots() -> Result<ClientConfig, HttpError> {
    client(RootCertStore::empty())
}

fn client(roots: RootCertStore) -> Result<ClientConfig, HttpError> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Certificate { cause: error.to_string() })?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
