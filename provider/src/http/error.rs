//! Why a request has no reply, found in the HTTP library's chain of causes.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use crate::http::RootsError;

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
    #[error("the server's certificate was refused: {cause}")]
    Certificate {
        /// The TLS library's reason.
        cause: String,
    },
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
    /// The root certificates could not be read.
    #[error(transparent)]
    Roots(#[from] RootsError),
}

pub(super) fn classify(error: &reqwest::Error, url: &str) -> HttpError {
    let innermost = innermost(error);
    if let Some(cause) = certificate_cause(error) {
        return HttpError::Certificate { cause };
    }
    if error.is_builder() {
        return HttpError::Address { url: url.split('?').next().unwrap_or_default().to_owned() };
    }
    if error.is_connect() { HttpError::Connect { cause: innermost } } else { HttpError::Broken }
}

pub(super) fn connect(error: &reqwest::Error) -> HttpError {
    HttpError::Connect { cause: innermost(error) }
}

fn chain<'e>(error: &'e reqwest::Error) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}

/// The last cause of a chain, in the operating system's words and without its number.
fn innermost(error: &reqwest::Error) -> String {
    let text = chain(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The reason for refusing a certificate, if that is what ended the connection.
fn certificate_cause(error: &reqwest::Error) -> Option<String> {
    match chain(error).find_map(tls_error)? {
        rustls::Error::InvalidCertificate(reason) => Some(in_words(reason)),
        _ => None,
    }
}

/// The TLS library's error, however many I/O errors it is wrapped in.
fn tls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => tls_error(wrapper.get_ref()?),
        None => error.downcast_ref(),
    }
}

fn in_words(reason: &rustls::CertificateError) -> String {
    use rustls::CertificateError as Reason;
    match reason {
        Reason::UnknownIssuer | Reason::BadSignature => {
            "it is not signed by an authority that is trusted here".to_owned()
        }
        Reason::Expired | Reason::ExpiredContext { .. } => "it has expired".to_owned(),
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => "it is for another host name".to_owned(),
        other => format!("{other:?}"),
    }
}
