//! Why the metadata service gave nothing usable.

use crate::http::HttpError;

/// What was asked of the metadata service, as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataItem {
    /// The session token.
    Session,
    /// The region.
    Region,
    /// The partition.
    Partition,
    /// The list of roles.
    Roles,
    /// A role's credentials.
    Credentials,
}

impl std::fmt::Display for MetadataItem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Session => "a session token",
            Self::Region => "the region",
            Self::Partition => "the partition",
            Self::Roles => "the roles",
            Self::Credentials => "the role's credentials",
        })
    }
}

/// Why the metadata service gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum ImdsError {
    /// No complete reply.
    #[error("cannot get {item} from the instance metadata service")]
    Transport {
        /// What was asked for.
        item: MetadataItem,
        /// What happened.
        source: HttpError,
    },
    /// None of the addresses can be connected to.
    #[error("cannot connect to the instance metadata service: {causes}")]
    Unreachable {
        /// Each address and what happened there.
        causes: String,
    },
    /// The environment says that the service must not be asked.
    #[error("the instance metadata service must not be asked, by `AWS_EC2_METADATA_DISABLED`")]
    Forbidden,
    /// The service is switched off for this instance.
    #[error("the instance metadata service is switched off (status 403)")]
    Disabled,
    /// A status that fits no other error.
    #[error("the instance metadata service answered {status} for {item}")]
    Status {
        /// What was asked for.
        item: MetadataItem,
        /// The HTTP status.
        status: u16,
    },
    /// The instance has no role.
    #[error("the instance has no role")]
    NoRole,
    /// The configured role is not the instance's.
    #[error("the instance has no role `{role}`")]
    UnknownRole {
        /// The configured name.
        role: String,
    },
    /// The instance lists several roles and the configuration names none.
    #[error("the instance has several roles: {roles}")]
    SeveralRoles {
        /// The names, separated by commas.
        roles: String,
    },
    /// The service cannot give the role's credentials.
    #[error("the role's credentials were refused with code `{code}`{}", .message.as_ref().map(|message| format!(": {message}")).unwrap_or_default())]
    Refused {
        /// The `Code` of the reply.
        code: String,
        /// Its `Message`.
        message: Option<String>,
    },
    /// A reply that is not what the service documents.
    #[error("the instance metadata service answered {item} in an unknown form")]
    Form {
        /// What was asked for.
        item: MetadataItem,
    },
    /// A region of no known partition.
    #[error("`{region}` is no region of a known AWS partition")]
    UnknownRegion {
        /// The region as the service named it.
        region: String,
    },
    /// Neither a region nor the partition that has a global STS.
    #[error("the instance metadata service knows no region, nor that the instance is of the partition `aws`")]
    NoRegion,
}
