//! Why a server's certificate is refused: which certificate, and why.

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Pin;
use super::certificate::Facts;
use crate::secret::quote_claim;

/// Why a server's certificate is refused. Subjects and issuers are in the peer's words, cut and cleaned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerCertificateError {
    /// Its issuer is nobody who is trusted.
    #[error("`{subject}` is issued by `{issuer}`, which {trusted} does not hold")]
    UnknownIssuer {
        /// Whose certificate.
        subject: String,
        /// Who issued it.
        issuer: String,
        /// Where the trusted authorities stand.
        trusted: String,
    },
    /// An authority of its issuer's name is trusted, and has not signed it.
    #[error("`{subject}` is signed by another key than that of `{issuer}` in {trusted}")]
    OtherKey {
        /// Whose certificate.
        subject: String,
        /// Who issued it, by name.
        issuer: String,
        /// Where the trusted authorities stand.
        trusted: String,
    },
    /// It, or one on the way to a trusted authority, has expired.
    #[error("`{subject}` expired at {at}")]
    Expired {
        /// Whose certificate.
        subject: String,
        /// When.
        at: String,
    },
    /// It, or one on the way to a trusted authority, is not valid yet.
    #[error("`{subject}` is not valid before {at}")]
    NotYetValid {
        /// Whose certificate.
        subject: String,
        /// When it will be.
        at: String,
    },
    /// It is for other hosts.
    #[error("it is for {presented} and not for `{expected}`")]
    OtherName {
        /// The name that was asked for.
        expected: String,
        /// The names that it has, in words.
        presented: String,
    },
    /// It is for no host: a common name is none.
    #[error("`{subject}` names no host (subjectAltName), and so is not for `{expected}`")]
    NoName {
        /// Whose certificate.
        subject: String,
        /// The name that was asked for.
        expected: String,
    },
    /// It is an authority's own certificate.
    #[error("`{subject}` is the certificate of an authority, and none for a server")]
    Authority {
        /// Whose certificate.
        subject: String,
    },
    /// It is for another purpose.
    #[error("`{subject}` is not for servers")]
    Purpose {
        /// Whose certificate.
        subject: String,
    },
    /// It is trusted, and its key is not one of the pinned.
    #[error("its key is `{seen}`, which is none of the pins")]
    Pin {
        /// The pin of its key.
        seen: Pin,
    },
    /// The server cannot sign with the certificate's key: it shows somebody else's certificate.
    #[error("the server has not the key of `{subject}`")]
    Impostor {
        /// Whose certificate.
        subject: String,
    },
    /// Anything else.
    #[error("{reason}")]
    Other {
        /// The TLS library's words.
        reason: String,
    },
}

impl ServerCertificateError {
    /// Finds which certificate of a chain, leaf first, a reason is about.
    pub(super) fn explain(reason: &CertificateError, chain: &[&CertificateDer<'_>], trusted: &str) -> Self {
        use CertificateError as Reason;
        let facts: Vec<_> = chain.iter().filter_map(|certificate| Facts::of(certificate)).collect();
        let Some(leaf) = facts.first() else { return Self::Other { reason: reason.to_string() } };
        let subject = leaf.subject.in_words();
        let trusted = trusted.to_owned();
        match reason {
            Reason::UnknownIssuer => {
                let (subject, issuer) = ends(leaf, &facts);
                Self::UnknownIssuer { subject, issuer, trusted }
            }
            Reason::BadSignature => {
                let (subject, issuer) = ends(leaf, &facts);
                Self::OtherKey { subject, issuer, trusted }
            }
            Reason::ExpiredContext { not_after, .. } => {
                let at = moment(not_after.as_secs());
                let expired = facts.iter().find(|facts| Some(facts.not_after) == at).unwrap_or(leaf);
                Self::Expired { subject: expired.subject.in_words(), at: rfc3339(expired.not_after) }
            }
            Reason::NotValidYetContext { not_before, .. } => {
                let at = moment(not_before.as_secs());
                let early = facts.iter().find(|facts| Some(facts.not_before) == at).unwrap_or(leaf);
                Self::NotYetValid { subject: early.subject.in_words(), at: rfc3339(early.not_before) }
            }
            Reason::NotValidForNameContext { expected, presented } if presented.is_empty() => {
                Self::NoName { subject, expected: expected.to_str().into_owned() }
            }
            Reason::NotValidForNameContext { expected, presented } => {
                Self::OtherName { expected: expected.to_str().into_owned(), presented: names(presented) }
            }
            Reason::InvalidPurpose | Reason::InvalidPurposeContext { .. } => Self::Purpose { subject },
            // The TLS library has no variant of its own for it.
            Reason::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Self::Authority { subject },
            other => Self::Other { reason: other.to_string() },
        }
    }
}

/// Whose certificate it is, in words.
pub(super) fn subject(certificate: &CertificateDer<'_>) -> String {
    Facts::of(certificate).map_or_else(|| "a damaged certificate".to_owned(), |facts| facts.subject.in_words())
}

/// The last certificate that the chain leads to, and who issued it. An authority's own certificate, which some servers send
/// as well, leads nowhere.
fn ends(leaf: &Facts<'_>, chain: &[Facts<'_>]) -> (String, String) {
    let mut last = leaf;
    // A chain can be a ring, but no longer than it is.
    for _ in chain {
        let above = chain.iter().find(|facts| facts.subject == last.issuer && facts.subject != facts.issuer);
        let Some(above) = above else { break };
        last = above;
    }
    (last.subject.in_words(), last.issuer.in_words())
}

/// The names that a certificate has; the library writes each with its kind, such as `DnsName("acme.example")`.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 8;
    let plain = presented.iter().take(SHOWN).map(|name| {
        let name = name.split_once('(').map_or(name.as_str(), |(_, inner)| inner.trim_end_matches(')'));
        format!("`{}`", quote_claim(name.trim_matches('"')))
    });
    let plain = plain.collect::<Vec<_>>().join(", ");
    match presented.len() {
        0..=SHOWN => plain,
        more => format!("{plain} and {} more", more - SHOWN),
    }
}

fn moment(unix: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(unix.try_into().ok()?).ok()
}

pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_plainly_and_not_without_end() {
        let presented =
            |count: usize| (0..count).map(|name| format!("DnsName(\"{name}.example\")")).collect::<Vec<_>>();
        assert_eq!(names(&presented(2)), "`0.example`, `1.example`");
        assert_eq!(names(&["IpAddress(10.0.0.1)".to_owned(), "a\u{1b}[31m".to_owned()]), "`10.0.0.1`, `a[31m`");
        assert!(names(&presented(8)).ends_with("`7.example`"));
        assert!(names(&presented(10)).ends_with("`7.example` and 2 more"));
    }

    #[test]
    fn a_ring_of_issuers_has_an_end() {
        let facts = |subject, issuer| Facts {
            subject: super::super::certificate::tests::name(subject),
            issuer: super::super::certificate::tests::name(issuer),
            not_before: OffsetDateTime::UNIX_EPOCH,
            not_after: OffsetDateTime::UNIX_EPOCH,
        };
        let ring = [facts(b"leaf", b"one"), facts(b"one", b"two"), facts(b"two", b"one")];
        ends(&ring[0], &ring);
    }
}
