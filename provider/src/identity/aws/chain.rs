//! The credentials that the node has, from the first of the AWS SDK's sources that is set up.

use std::fmt;

use crate::http::HttpError;

/// Where the credentials came from.
///
/// Source: AWS SDKs and tools reference, "Standardized credential providers".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `AWS_ACCESS_KEY_ID` and its companions.
    Environment,
    /// The profile of the shared configuration files.
    Profile,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    WebIdentity,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI` or `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`.
    Container,
    /// The metadata service of the EC2 instance.
    InstanceMetadata,
}

impl Origin {
    /// The order of the SDK's default chain. Source: AWS SDK for Rust developer guide, "Credential providers".
    pub const IN_ORDER: [Self; 5] =
        [Self::Environment, Self::Profile, Self::WebIdentity, Self::Container, Self::InstanceMetadata];
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Environment => "the environment",
            Self::Profile => "the profile",
            Self::WebIdentity => "the web identity token file",
            Self::Container => "the container endpoint",
            Self::InstanceMetadata => "the instance metadata service",
        })
    }
}

/// Why the node has no credentials to start from.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// No source is set up.
    #[error("no AWS credentials were found: {}", .tried.join("; "))]
    NoneFound {
        /// Each source and why it was passed over, in the SDK's words.
        tried: Vec<String>,
    },
    /// A source that is set up did not answer.
    #[error("cannot get AWS credentials from {origin}")]
    Transport {
        /// The source.
        origin: Origin,
        /// What happened.
        source: HttpError,
    },
    /// A source that is set up gave none.
    #[error("{origin} gave no AWS credentials: {reason}")]
    Failed {
        /// The source.
        origin: Origin,
        /// The reason, in the SDK's words, cut and cleaned.
        reason: String,
    },
    /// Credentials that lack a part.
    #[error("{origin} gave AWS credentials without a key")]
    Form {
        /// The source.
        origin: Origin,
    },
    /// No client for the sources could be made.
    #[error("no HTTP client could be made")]
    Client(#[source] HttpError),
}
