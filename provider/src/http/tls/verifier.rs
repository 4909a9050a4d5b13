//! Whether a server is the one that is meant: the TLS library's verdict, and the pins.
//!
//! # Why a verifier of its own
//! The library's verifier judges each chain here, without exception. Around it stand the two things that it does not know: the
//! pins, and which certificate of the chain its reason is about. The library calls the way in `dangerous` because a verifier can
//! also say yes to everything; this one adds refusals only.
//!
//! # Why a pin counts for the leaf only
//! What else a server sends need not be part of the chain that was judged, so that a pinned authority could be sent along with
//! a certificate of another one. A pin of the server's own key survives its renewal as long as the key is kept.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::server_certificate::subject;
use super::{Pin, ServerCertificateError, Tls};

#[derive(Debug)]
pub(super) struct Verifier {
    library: Arc<WebPkiServerVerifier>,
    pins: Vec<Pin>,
    /// Where the trusted authorities stand, in words.
    trusted: String,
}

impl Verifier {
    pub(super) fn new(tls: &Tls, roots: RootCertStore, provider: Arc<CryptoProvider>) -> Arc<Self> {
        let library = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Arc::new(Self {
            library: library.expect("roots that are loaded are not empty, and there is no revocation list"),
            pins: tls.pins.clone(),
            trusted: tls.roots.in_words(),
        })
    }

    fn explain(&self, error: Error, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Error {
        match error {
            Error::InvalidCertificate(reason) => {
                let chain: Vec<_> = std::iter::once(leaf).chain(others).collect();
                refusal(ServerCertificateError::explain(&reason, &chain, &self.trusted))
            }
            other => other,
        }
    }
}

/// The way of an own error through the TLS library. The server is told that its certificate was refused, and not why.
fn refusal(error: ServerCertificateError) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

/// A wrong signature of the handshake is a server without the key of the certificate that it shows.
fn unproved(error: Error, leaf: &CertificateDer<'_>) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            refusal(ServerCertificateError::Impostor { subject: subject(leaf) })
        }
        other => other,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.library.verify_server_cert(leaf, others, name, ocsp_response, now);
        let verified = verified.map_err(|error| self.explain(error, leaf, others))?;
        if self.pins.is_empty() {
            return Ok(verified);
        }
        let seen = Pin::of(leaf)?;
        if self.pins.contains(&seen) { Ok(verified) } else { Err(refusal(ServerCertificateError::Pin { seen })) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.library.verify_tls12_signature(message, leaf, signature).map_err(|error| unproved(error, leaf))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.library.verify_tls13_signature(message, leaf, signature).map_err(|error| unproved(error, leaf))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.library.supported_verify_schemes()
    }
}
