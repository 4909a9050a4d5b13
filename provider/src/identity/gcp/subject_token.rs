//! The token of a cluster or another issuer that a workload identity pool takes.

use std::path::{Path, PathBuf};

use super::GcpError;
use crate::http::HttpError;
use crate::identity::kubernetes::usable;
use crate::identity::{PassedOver, Subject, token};
use crate::kubelet::Workload;
use crate::secret::Secret;
use crate::secret_file::{self, SecretFileError, TOKEN_LIMIT};

/// Where the token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectToken {
    /// From the kubelet: the pod's service account token.
    Pod,
    /// From a file that something on the node keeps fresh; it is read at every pull.
    File(PathBuf),
}

/// Why there is no such token.
#[derive(Debug, thiserror::Error)]
pub enum SubjectTokenError {
    /// The file cannot be read.
    #[error("cannot read the token file `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        cause: String,
    },
    /// The address does not answer.
    #[error("cannot get the subject token of the application default credentials")]
    Transport(#[source] HttpError),
    /// The address refuses.
    #[error("the address of the subject token answered {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// There is no token in what was read.
    #[error("{place} holds no token")]
    Empty {
        /// Which file or address.
        place: String,
    },
}

impl SubjectToken {
    /// Whom the token speaks for.
    pub(in crate::identity) fn subject(&self) -> Subject {
        match self {
            Self::Pod => Subject::Pod,
            Self::File(_) => Subject::Node,
        }
    }

    pub(super) fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        match self {
            Self::Pod => token(workload).map(|_| ()),
            Self::File(_) => Ok(()),
        }
    }

    pub(super) fn read(&self, workload: Option<&Workload>) -> Result<Secret, GcpError> {
        match self {
            Self::Pod => Ok(usable(workload, None)?.0.clone()),
            Self::File(path) => Ok(from_text(read(path)?.expose(), path)?),
        }
    }
}

/// The text of a file that holds a token.
pub(super) fn read(path: &Path) -> Result<Secret, SubjectTokenError> {
    secret_file::read(path, TOKEN_LIMIT)
        .map_err(|SecretFileError { path, cause }| SubjectTokenError::Unreadable { path, cause })
}

/// The token that a file's text is.
pub(super) fn from_text(text: &str, path: &Path) -> Result<Secret, SubjectTokenError> {
    let token = Secret::new(text.trim().to_owned());
    let place = || format!("the token file `{}`", path.display());
    if token.is_empty() { Err(SubjectTokenError::Empty { place: place() }) } else { Ok(token) }
}
