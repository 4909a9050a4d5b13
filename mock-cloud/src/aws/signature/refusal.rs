//! Why a signature was not accepted, in the words of AWS.

use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;

use crate::aws::timestamp::basic;

/// Why a signature was not accepted.
///
/// The texts are those that [dynalite](https://github.com/mhart/dynalite),
/// [scratchstack](https://github.com/dacut/scratchstack-aws-signature), [versitygw](https://github.com/versity/versitygw)
/// and [argmin](https://github.com/justincormack/argmin) quote from AWS.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// No `Authorization` header, or none of AWS.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// `AWS4-` something, but not one of the two known.
    #[error("Unsupported AWS 'algorithm': '{0}'. ")]
    Algorithm(String),
    /// A part of the `Authorization` header without an equal-sign; holds the hash of the header.
    #[error(
        "Invalid key=value pair (missing equal-sign) in Authorization header \
         (hashed with SHA-256 and encoded with Base64): '{0}'."
    )]
    KeyValue(String),
    /// Parts that the header lacks, one sentence each, and the hash of the header.
    #[error("{missing}(Hashed with SHA-256 and encoded with Base64) Authorization={hash}")]
    Incomplete {
        /// The sentences, each with a trailing space.
        missing: String,
        /// SHA-256 of the header in base 64.
        hash: String,
    },
    /// A credential with too few or too many parts.
    #[error("Credential must have exactly {parts} slash-delimited elements, e.g. {example}, got '{got}'")]
    Credential {
        /// How many there should be.
        parts: usize,
        /// Their names.
        example: &'static str,
        /// What there is.
        got: String,
    },
    /// A date that is not ISO 8601 basic format.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    DateFormat(String),
    /// Headers that a signature must cover when they are present.
    #[error("The request signature does not conform to AWS standards. Header(s) not signed: {0}.")]
    HeadersNotSigned(String),
    /// A signature that does not cover the host.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned,
    /// A signature of too long ago.
    #[error(
        "Signature expired: {} is now earlier than {} ({} - {} min.)",
        basic(*date), basic(*now - *window), basic(*now), window.as_secs() / 60
    )]
    Expired {
        /// When the request was signed.
        date: OffsetDateTime,
        /// The present.
        now: OffsetDateTime,
        /// How far off the date may be.
        window: Duration,
    },
    /// A signature of the future.
    #[error(
        "Signature not yet current: {} is still later than {} ({} + {} min.)",
        basic(*date), basic(*now + *window), basic(*now), window.as_secs() / 60
    )]
    NotYetCurrent {
        /// When the request was signed.
        date: OffsetDateTime,
        /// The present.
        now: OffsetDateTime,
        /// How far off the date may be.
        window: Duration,
    },
    /// A credential scope for another day, region or service.
    #[error("{0}")]
    Scope(String),
    /// A key that nobody has, or a session token that is not the key's.
    #[error("The security token included in the request is invalid.")]
    UnknownToken,
    /// A session that is over. The text really ends without a full stop.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// A signature that the key does not give.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl Refusal {
    /// The `Code` element of the answer.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Algorithm(_)
            | Self::KeyValue(_)
            | Self::Incomplete { .. }
            | Self::Credential { .. }
            | Self::DateFormat(_)
            | Self::HeadersNotSigned(_) => "IncompleteSignature",
            Self::UnknownToken => "InvalidClientTokenId",
            Self::ExpiredToken => "ExpiredToken",
            Self::HostNotSigned
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::Scope(_)
            | Self::Mismatch => "SignatureDoesNotMatch",
        }
    }
}
