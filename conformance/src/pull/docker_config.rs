//! Credentials as Docker keeps them: pull secrets, and the node's own.
//!
//! Upstream: `DockerConfigEntry` of <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/config.go`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;
use thiserror::Error;

use super::Auth;
use crate::kubelet::RegistryAuth;

/// Why a Docker configuration cannot be used. No message holds a value of it.
#[derive(Debug, Error)]
pub enum DockerConfigError {
    /// A file that cannot be read.
    #[error("failed to read `{}`: name the node's Docker configuration, such as /var/lib/kubelet/config.json", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not what Docker writes.
    #[error(
        "{0} is no Docker configuration: it should be JSON with `auths`, by registry, each with `auth` or with `username` and `password`"
    )]
    Shape(String),
}

#[derive(Deserialize)]
struct DockerConfig {
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    auth: String,
}

/// Reads the node's Docker configuration.
pub(super) fn read(path: &Path) -> Result<Auth, DockerConfigError> {
    let bytes = std::fs::read(path).map_err(|source| DockerConfigError::Read { path: path.to_owned(), source })?;
    parse(&bytes, &format!("`{}`", path.display()))
}

/// Reads `{"auths": ..}`, or as older secrets have it, what is in it.
pub(super) fn parse(bytes: &[u8], name: &str) -> Result<Auth, DockerConfigError> {
    let unfit = || DockerConfigError::Shape(name.to_owned());
    let auths = serde_json::from_slice(bytes)
        .map(|DockerConfig { auths }| auths)
        .or_else(|_no_auths| serde_json::from_slice::<BTreeMap<String, Entry>>(bytes))
        .map_err(|_neither| unfit())?;
    auths.into_iter().map(|(key, entry)| entry.into_auth().map(|auth| (key, auth)).ok_or_else(unfit)).collect()
}

impl Entry {
    /// `auth` comes before name and password.
    fn into_auth(self) -> Option<RegistryAuth> {
        let Self { username, password, auth } = self;
        if auth.is_empty() {
            return Some(RegistryAuth { username, password });
        }
        let padded = auth.trim().ends_with('=');
        let decoded = if padded { STANDARD.decode(&auth) } else { STANDARD_NO_PAD.decode(&auth) };
        let text = String::from_utf8(decoded.ok()?).ok()?;
        let (username, password) = text.split_once(':')?;
        Some(RegistryAuth { username: username.to_owned(), password: password.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_credential_are_read() {
        let json = br#"{"auths":{"r.io":{"auth":"dTpwOnE="},"q.io":{"username":"a","password":"b"}}}"#;
        let auth = parse(json, "x").unwrap();
        assert_eq!((auth["r.io"].username.as_str(), auth["r.io"].password.as_str()), ("u", "p:q"));
        assert_eq!(auth["q.io"].password, "b");
        assert_eq!(parse(br#"{"r.io":{"auth":"dTpw"}}"#, "x").unwrap()["r.io"].password, "p");
    }

    #[test]
    fn what_is_none_is_told_without_its_content() {
        for json in [r#"{"auths":{"r.io":{"auth":"hunter2!"}}}"#, "[]", r#"{"auths":{"r.io":{"auth":"aHVudGVyMg=="}}}"#]
        {
            let error = parse(json.as_bytes(), "the secret `s`").unwrap_err().to_string();
            assert!(error.starts_with("the secret `s` is no Docker configuration"), "{error}");
            assert!(!error.contains("hunter2"));
        }
    }
}
