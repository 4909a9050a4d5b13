//! Why a server ended the handshake.

use std::path::{Path, PathBuf};

use rustls::{AlertDescription, Error, PeerIncompatible};

/// Why a server ended the handshake, or cannot go on with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It wants a certificate of its client, and there is none.
    #[error("the server asks for a client certificate, and there is none to show")]
    NoClientCertificate,
    /// It does not take the certificate that it was shown.
    #[error("the server refused the client certificate `{}`: {reason}", .path.display())]
    ClientCertificate {
        /// The certificate's file.
        path: PathBuf,
        /// The server's reason.
        reason: String,
    },
    /// It speaks older versions only.
    #[error("the server speaks no version of TLS that is allowed here")]
    Version,
    /// It does not know the name that it was asked for.
    #[error("the server has no certificate for the name that it was asked for")]
    Name,
    /// Anything else.
    #[error("the server ended the TLS handshake: {reason}")]
    Other {
        /// The server's reason.
        reason: String,
    },
}

impl Refusal {
    /// What an error of the TLS library says of the server's refusal; `None` when it is about something else.
    pub(in crate::http) fn of(error: &Error, client_certificate: Option<&Path>) -> Option<Self> {
        match error {
            Error::AlertReceived(alert) => Some(Self::by_alert(*alert, client_certificate)),
            Error::PeerIncompatible(
                PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::ServerDoesNotSupportTls12Or13,
            ) => Some(Self::Version),
            _ => None,
        }
    }

    /// Source: RFC 8446 section 6.2. Servers of TLS 1.2 send `bad_certificate` for want of a certificate (Go, Java), and most
    /// others `handshake_failure`, which has other causes as well.
    fn by_alert(alert: AlertDescription, client_certificate: Option<&Path>) -> Self {
        use AlertDescription as Alert;
        let reason = in_words(alert);
        match (alert, client_certificate) {
            (Alert::ProtocolVersion, _) => Self::Version,
            (Alert::UnrecognisedName, _) => Self::Name,
            (Alert::CertificateRequired | Alert::BadCertificate, None) => Self::NoClientCertificate,
            (
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
                | Alert::DecryptError,
                Some(path),
            ) => Self::ClientCertificate { path: path.to_owned(), reason },
            _ => Self::Other { reason },
        }
    }
}

/// An alert in the words of its name: `CertificateExpired` is `certificate expired`.
fn in_words(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => return "unknown certificate authority".to_owned(),
        AlertDescription::Unknown(number) => return format!("alert {number}"),
        _ => {}
    }
    let mut words = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_about_the_client_certificate_only_where_there_is_one() {
        let path = Path::new("/client.pem");
        let refused = |reason: &str| Refusal::ClientCertificate { path: path.to_owned(), reason: reason.to_owned() };
        let other = |reason: &str| Refusal::Other { reason: reason.to_owned() };
        let table = [
            (AlertDescription::CertificateRequired, Refusal::NoClientCertificate, refused("certificate required")),
            (AlertDescription::BadCertificate, Refusal::NoClientCertificate, refused("bad certificate")),
            (
                AlertDescription::UnknownCA,
                other("unknown certificate authority"),
                refused("unknown certificate authority"),
            ),
            (AlertDescription::CertificateExpired, other("certificate expired"), refused("certificate expired")),
            (AlertDescription::HandshakeFailure, other("handshake failure"), other("handshake failure")),
            (AlertDescription::ProtocolVersion, Refusal::Version, Refusal::Version),
            (AlertDescription::UnrecognisedName, Refusal::Name, Refusal::Name),
            (AlertDescription::Unknown(250), other("alert 250"), other("alert 250")),
        ];
        for (alert, without, with) in table {
            let error = Error::AlertReceived(alert);
            assert_eq!(Refusal::of(&error, None), Some(without), "{alert:?}");
            assert_eq!(Refusal::of(&error, Some(path)), Some(with), "{alert:?}");
        }
    }

    #[test]
    fn what_the_server_did_not_say_is_no_refusal() {
        assert_eq!(Refusal::of(&Error::DecryptError, None), None);
        let old = Error::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig);
        assert_eq!(Refusal::of(&old, None), Some(Refusal::Version));
    }
}
