//! One static credential: a user name, and a password or token in the configuration or in a file.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::StaticError;
use crate::artifactory::RegistryCredential;
use crate::image::Images;
use crate::jwt::Claims;
use crate::lifetime::Lifetime;
use crate::secret::Secret;
use crate::secret_file;
use crate::time::now;

/// A credential that stands in the configuration or in a file that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticCredential {
    /// The images that it is for.
    pub images: Images,
    /// The user name.
    pub username: String,
    /// The password or token.
    pub password: StaticPassword,
    /// How long the kubelet may keep it, if somebody has said so.
    pub kept: Option<Duration>,
}

/// Where a static password or token stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticPassword {
    /// In the configuration itself.
    Inline(Secret),
    /// In a file, read at each pull, so that a rotated file needs no restart.
    File(PathBuf),
}

impl StaticCredential {
    /// Reads the credential; trailing line ends of a file are not part of it.
    ///
    /// # Errors
    /// When the file cannot be read, is not text, is too large for a password, or is empty, or when the password is a token
    /// whose end is over.
    pub fn read(&self) -> Result<RegistryCredential, StaticError> {
        let password = match &self.password {
            StaticPassword::Inline(secret) => secret.clone(),
            StaticPassword::File(path) => {
                let secret = secret_file::read(path, secret_file::TOKEN_LIMIT)?;
                if secret.is_empty() {
                    return Err(StaticError::Empty { path: path.clone() });
                }
                secret
            }
        };
        alive(&self.username, password, self.kept, now())
    }
}

/// The credential, unless its password is a token that has expired.
pub(super) fn alive(
    username: &str,
    password: Secret,
    kept: Option<Duration>,
    now: SystemTime,
) -> Result<RegistryCredential, StaticError> {
    match Lifetime::of_static(Claims::read(&password).as_ref(), kept, now) {
        Some(lifetime) => Ok(RegistryCredential { username: username.to_owned(), access_token: password, lifetime }),
        None => Err(StaticError::Expired { username: username.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(content: &[u8]) -> Result<RegistryCredential, StaticError> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        std::fs::write(&path, content).expect("a file");
        let username = "robot".to_owned();
        StaticCredential { images: Images::Every, username, password: StaticPassword::File(path), kept: None }.read()
    }

    #[test]
    fn a_line_end_is_not_part_of_the_password() {
        assert_eq!(from_file(b" s3cret \r\n").expect("a password").access_token.expose(), " s3cret ");
    }

    #[test]
    fn what_is_no_password_is_refused() {
        assert!(matches!(from_file(b"\n"), Err(StaticError::Empty { .. })));
        assert!(matches!(from_file(b"\xff\xfe"), Err(StaticError::Unreadable { .. })));
        let long = vec![b'x'; secret_file::TOKEN_LIMIT + 1];
        assert!(matches!(from_file(&long), Err(StaticError::Unreadable { .. })));
    }

    #[test]
    fn a_token_that_has_expired_is_not_answered() {
        assert!(matches!(from_file(b"e30.eyJleHAiOjF9.c2ln"), Err(StaticError::Expired { .. })));
        assert!(from_file(b"e30.e30.c2ln").is_ok(), "a token without an expiry");
    }
}
