//! Why a request has no reply, found in the HTTP library's chain of causes.

use std::error::Error;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::http::{
    ClientCertificateError, ProxyError, ProxyFailure, Refusal, RootsError, ServerCertificateError, Waited,
};

/// Why no complete reply was had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HttpError {
    /// Nothing came within one attempt's time.
    #[error("no answer within {} ms", .after.as_millis())]
    Silence {
        /// How long the last attempt waited.
        after: Duration,
    },
    /// The pull's deadline passed.
    #[error("the deadline of the pull passed")]
    Deadline,
    /// No connection could be made.
    #[error("cannot connect: {cause}")]
    Connect {
        /// The innermost cause, in the operating system's words.
        cause: String,
    },
    /// The server's certificate was refused.
    #[error("the server's certificate was refused: {0}")]
    Certificate(Box<ServerCertificateError>),
    /// The server refused the handshake.
    #[error(transparent)]
    Refused(Refusal),
    /// The connection broke before the reply was complete.
    #[error("the connection broke before the reply was complete")]
    Broken,
    /// The reply is larger than any genuine one.
    #[error("the reply is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The address is not one that a request can be made for.
    #[error("`{url}` is not an address a request can be sent to")]
    Address {
        /// The address without its query.
        url: String,
    },
    /// The proxy on the way led nowhere.
    #[error(transparent)]
    Proxy(Box<ProxyError>),
    /// The root certificates could not be read.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// The client certificate could not be used.
    #[error(transparent)]
    ClientCertificate(#[from] ClientCertificateError),
}

impl HttpError {
    /// Whether the pull's deadline ended it.
    #[must_use]
    pub fn is_deadline(&self) -> bool {
        match self {
            Self::Deadline => true,
            Self::Proxy(error) => error.is_deadline(),
            _ => false,
        }
    }

    /// What kind it is, in one word of the telemetry.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Silence { .. } => "timeout",
            Self::Deadline => "deadline",
            Self::Connect { .. } => "connection",
            Self::Certificate(_) => "server_certificate",
            Self::Refused(_) => "handshake",
            Self::Broken => "broken_connection",
            Self::TooLarge { .. } => "too_large",
            Self::Address { .. } => "address",
            Self::Proxy(_) => "proxy",
            Self::Roots(_) => "roots",
            Self::ClientCertificate(_) => "client_certificate",
        }
    }

    /// Whether it is about files that the configuration names, and not about anybody who was asked.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Roots(_) | Self::ClientCertificate(_) => true,
            Self::Proxy(error) => matches!(error.failure, ProxyFailure::Credentials(_)),
            _ => false,
        }
    }
}

impl From<Waited> for HttpError {
    fn from(waited: Waited) -> Self {
        match waited {
            Waited::For(after) => Self::Silence { after },
            Waited::UntilDeadline => Self::Deadline,
        }
    }
}

/// What an error of the TLS library says, however deep it lies; `None` when there is none, or one that says nothing.
pub(super) fn handshake(error: &(dyn Error + 'static), client_certificate: Option<&Path>) -> Option<HttpError> {
    let error = chain(error).find_map(tls_error)?;
    if let rustls::Error::InvalidCertificate(reason) = error {
        return Some(HttpError::Certificate(Box::new(server_certificate(reason))));
    }
    Refusal::of(error, client_certificate).map(HttpError::Refused)
}

pub(super) fn classify(error: &reqwest::Error, url: &str, client_certificate: Option<&Path>) -> HttpError {
    let innermost = innermost(error);
    if let Some(error) = handshake(error, client_certificate) {
        return error;
    }
    if error.is_builder() {
        return HttpError::Address { url: url.split('?').next().unwrap_or_default().to_owned() };
    }
    if error.is_connect() { HttpError::Connect { cause: innermost } } else { HttpError::Broken }
}

pub(super) fn connect(error: &reqwest::Error) -> HttpError {
    HttpError::Connect { cause: innermost(error) }
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last cause of a chain, in the operating system's words and without its number.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let text = chain(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The TLS library's error, however many I/O errors it is wrapped in.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => tls_error(wrapper.get_ref()?),
        None => error.downcast_ref(),
    }
}

/// Our own verifier's reason, or the library's where a signature of the handshake is wrong.
fn server_certificate(reason: &rustls::CertificateError) -> ServerCertificateError {
    let own = match reason {
        rustls::CertificateError::Other(other) => other.0.downcast_ref::<ServerCertificateError>(),
        _ => None,
    };
    own.cloned().unwrap_or_else(|| ServerCertificateError::Other { reason: reason.to_string() })
}
