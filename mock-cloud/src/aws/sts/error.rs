//! Why STS answers an error, in its own words.

use http::StatusCode;
use thiserror::Error;

use super::xml;
use crate::aws::signature::Refusal;

/// Why STS answers an error.
///
/// Codes and statuses are those of botocore, `data/sts/2011-06-15/service-2.json`, and of
/// [argmin](https://github.com/justincormack/argmin), which asserts them against the live service.
#[derive(Debug, Error)]
pub(crate) enum StsError {
    /// An operation that STS has not got, or not in that version.
    #[error("Could not find operation {action} for version {version}")]
    InvalidAction {
        /// What was asked for.
        action: String,
        /// The version asked for, or `NO_VERSION_SPECIFIED`.
        version: String,
    },
    /// A signature that was not accepted.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Parameters that cannot be so.
    #[error("{0}")]
    Validation(String),
    /// A number that is none; only the empty one has a message.
    #[error("{0}")]
    MalformedInput(&'static str),
    /// Session tags that cannot be so together.
    #[error("{0}")]
    InvalidParameterValue(&'static str),
    /// A session that the caller may not have, be it for a policy or for a role that does not exist.
    #[error("User: {caller} is not authorized to perform: {action} on resource: {role_arn}")]
    AccessDenied {
        /// The ARN of the caller.
        caller: String,
        /// What it may not do.
        action: &'static str,
        /// The role, as it was asked for.
        role_arn: String,
    },
    /// The same for a caller that STS knows by a token only.
    #[error("Not authorized to perform sts:AssumeRoleWithWebIdentity")]
    WebIdentityDenied,
    /// A token that proves nothing.
    #[error("{0}")]
    InvalidIdentityToken(String),
    /// A token that is over. The code differs from that of a signature whose session is over.
    #[error("Token expired: current date/time {now} must be before the expiration date/time {expiry}")]
    ExpiredIdentityToken {
        /// The present in seconds since 1970.
        now: i64,
        /// The end of the token.
        expiry: i64,
    },
    /// An issuer that does not answer. The text is not recorded anywhere.
    #[error("The identity provider could not be reached")]
    IdpCommunication,
    /// A parameter that STS heeds and this one cannot.
    #[error("{0} is not evaluated here")]
    NotEvaluated(&'static str),
}

impl StsError {
    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::AccessDenied { .. } | Self::WebIdentityDenied => StatusCode::FORBIDDEN,
            Self::Refused(refusal) if refusal.code() != "IncompleteSignature" => StatusCode::FORBIDDEN,
            Self::NotEvaluated(_) => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The body of the answer.
    pub(crate) fn document(&self, request_id: &str) -> String {
        let namespace = if matches!(self, Self::InvalidAction { .. }) { xml::FAULT } else { xml::STS };
        xml::error(namespace, self.code(), &self.to_string(), request_id)
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidAction { .. } => "InvalidAction",
            Self::Refused(refusal) => refusal.code(),
            Self::Validation(_) => "ValidationError",
            Self::MalformedInput(_) => "MalformedInput",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::AccessDenied { .. } | Self::WebIdentityDenied => "AccessDenied",
            Self::InvalidIdentityToken(_) => "InvalidIdentityToken",
            Self::ExpiredIdentityToken { .. } => "ExpiredTokenException",
            Self::IdpCommunication => "IDPCommunicationError",
            Self::NotEvaluated(_) => "NotImplemented",
        }
    }
}
