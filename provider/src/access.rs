//! How a route gets its credential: by an exchange, or from a static source.

use std::path::PathBuf;

use crate::artifactory::{ArtifactoryUrl, RegistryCredential};
use crate::http::Roots;
use crate::identity::IdentitySource;
use crate::lifetime::Lifetime;
use crate::secret::Secret;

/// How a route gets its credential. A static credential is no proof, and is exchanged for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A proof of identity is traded at Artifactory.
    Exchange {
        /// The Artifactory.
        artifactory: ArtifactoryUrl,
        /// Whose certificates are trusted for it.
        roots: Roots,
        /// Where the identity comes from: the first of these that applies to the pull.
        identities: Vec<IdentitySource>,
    },
    /// A user name and a password or token that somebody else rotates.
    Static(StaticCredential),
}

/// A credential that stands in the configuration or in a file that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticCredential {
    /// The user name.
    pub username: String,
    /// The password or token.
    pub password: StaticPassword,
}

/// Where a static password or token stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticPassword {
    /// In the configuration itself.
    Inline(Secret),
    /// In a file, read at each pull, so that a rotated file needs no restart.
    File(PathBuf),
}

/// Why a static credential could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StaticError {
    /// The file cannot be read.
    #[error("cannot read the static password from `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The file holds nothing.
    #[error("`{}` holds no password", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// The largest file that can be a password, in bytes; tokens are a few kilobytes.
const PASSWORD_LIMIT: usize = 64 * 1024;

impl StaticCredential {
    /// Reads the credential; trailing line ends of a file are not part of it.
    ///
    /// # Errors
    /// When the file cannot be read, is not text, is too large for a password, or is empty.
    pub fn read(&self) -> Result<RegistryCredential, StaticError> {
        let access_token = match &self.password {
            StaticPassword::Inline(secret) => secret.clone(),
            StaticPassword::File(path) => read_password(path)?,
        };
        Ok(RegistryCredential { username: self.username.clone(), access_token, lifetime: Lifetime::Unstated })
    }
}

fn read_password(path: &std::path::Path) -> Result<Secret, StaticError> {
    use std::io::Read as _;
    let unreadable = |cause: String| StaticError::Unreadable { path: path.to_owned(), cause };
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    file.take(PASSWORD_LIMIT as u64 + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    let secret = Secret::new(text);
    if secret.expose().len() > PASSWORD_LIMIT {
        return Err(unreadable(format!("it is larger than {PASSWORD_LIMIT} bytes")));
    }
    let password = Secret::new(secret.expose().trim_end_matches(['\r', '\n']).to_owned());
    if password.is_empty() { Err(StaticError::Empty { path: path.to_owned() }) } else { Ok(password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(content: &[u8]) -> Result<RegistryCredential, StaticError> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        std::fs::write(&path, content).expect("a file");
        StaticCredential { username: "robot".to_owned(), password: StaticPassword::File(path) }.read()
    }

    #[test]
    fn a_line_end_is_not_part_of_the_password() {
        assert_eq!(from_file(b" s3cret \r\n").expect("a password").access_token.expose(), " s3cret ");
    }

    #[test]
    fn what_is_no_password_is_refused() {
        assert!(matches!(from_file(b"\n"), Err(StaticError::Empty { .. })));
        assert!(matches!(from_file(b"\xff\xfe"), Err(StaticError::Unreadable { .. })));
        assert!(matches!(from_file(&vec![b'x'; PASSWORD_LIMIT + 1]), Err(StaticError::Unreadable { .. })));
    }
}
