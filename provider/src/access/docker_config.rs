//! A Docker configuration (`.dockerconfigjson`) as a source of static credentials.
//!
//! Source of the form: Docker CLI, `config.json`; of what the kubelet makes of it: kubernetes
//! `pkg/credentialprovider/config.go`, `DockerConfigJSON` and `DockerConfigEntry`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::Deserialize;

use super::StaticError;
use super::credential::alive;
use crate::artifactory::RegistryCredential;
use crate::image::{ImageRef, first_key};
use crate::secret::{Secret, quote_foreign};
use crate::secret_file::{self, SecretFileError};
use crate::time::now;

/// A Kubernetes secret holds at most a mebibyte (kubernetes `pkg/apis/core`, `MaxSecretSize`), and the file comes from one.
const LIMIT: usize = 1024 * 1024;

/// A Docker configuration in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerConfig {
    /// The file, read at each pull, so that a rotated file needs no restart.
    pub path: PathBuf,
}

/// Why a Docker configuration has no credential for an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DockerConfigError {
    /// It cannot be read.
    #[error("no Docker configuration could be read")]
    Unreadable(#[from] SecretFileError),
    /// It is none.
    #[error("`{}` is no Docker configuration: no JSON object with `auths`", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// No entry is for the image.
    #[error("`auths` of `{}` has no entry for `{image}`", .path.display())]
    NoEntry {
        /// The file.
        path: PathBuf,
        /// The image.
        image: String,
    },
    /// The credential is behind a program.
    #[error("`{}` leaves `{key}` to the credential helper `{helper}`", .path.display())]
    Helper {
        /// The file.
        path: PathBuf,
        /// The registry.
        key: String,
        /// The helper's name, cut and cleaned.
        helper: String,
    },
    /// The entry is an identity token or a registry token.
    #[error("the entry `{key}` of `{}` holds the field `{field}`", .path.display())]
    OtherToken {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
        /// The field that it has.
        field: &'static str,
    },
    /// The entry's `auth` is not what it should be.
    #[error("`auth` of the entry `{key}` of `{}` is no base64 of `user:password`", .path.display())]
    Auth {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
    },
    /// The entry has no user name or no password.
    #[error("the entry `{key}` of `{}` has no user name or no password", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The entry.
        key: String,
    },
}

/// The parts of a Docker configuration that say where credentials are; every other is ignored, as the kubelet does.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileShape {
    auths: BTreeMap<String, EntryShape>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: String,
}

#[derive(Deserialize)]
struct EntryShape {
    #[serde(default)]
    auth: Option<Secret>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<Secret>,
    #[serde(default)]
    identitytoken: Option<Secret>,
    #[serde(default)]
    registrytoken: Option<Secret>,
}

impl DockerConfig {
    /// The credential that the kubelet would try first, had it this configuration.
    ///
    /// # Errors
    /// When the file is no Docker configuration, or has no user name and password for the image.
    pub fn credential_for(&self, image: &ImageRef) -> Result<RegistryCredential, StaticError> {
        let text = secret_file::read(&self.path, LIMIT).map_err(DockerConfigError::from)?;
        // The parser's own words are left out: they can repeat a value.
        let shape: FileShape =
            serde_json::from_str(text.expose()).map_err(|_| DockerConfigError::Form { path: self.path.clone() })?;
        let (username, password) = shape.entry_for(image, &self.path)?;
        alive(&username, password, None, now())
    }
}

impl FileShape {
    fn entry_for(&self, image: &ImageRef, path: &Path) -> Result<(String, Secret), DockerConfigError> {
        let helper = |key: String, helper: &str| {
            Err(DockerConfigError::Helper { path: path.to_owned(), key, helper: quote_foreign(helper) })
        };
        if let Some((key, normal)) = first_key(self.cred_helpers.keys().map(String::as_str), image) {
            return helper(normal, &self.cred_helpers[key]);
        }
        let found = first_key(self.auths.keys().map(String::as_str), image);
        let found = found.map(|(key, normal)| (&self.auths[key], normal)).filter(|(entry, _)| {
            // `docker login` with a store leaves an entry with nothing in it.
            self.creds_store.is_empty() || !entry.is_empty()
        });
        match found {
            Some((entry, key)) => entry.credential(key, path),
            None if !self.creds_store.is_empty() => helper(image.registry().to_owned(), &self.creds_store),
            None => Err(DockerConfigError::NoEntry { path: path.to_owned(), image: image.to_string() }),
        }
    }
}

impl EntryShape {
    fn is_empty(&self) -> bool {
        let secrets = [&self.auth, &self.password, &self.identitytoken, &self.registrytoken];
        secrets.into_iter().flatten().all(Secret::is_empty)
    }

    fn credential(&self, key: String, path: &Path) -> Result<(String, Secret), DockerConfigError> {
        let path = path.to_owned();
        let filled = |secret: &Option<Secret>| secret.as_ref().is_some_and(|secret| !secret.is_empty());
        let other = [("identitytoken", &self.identitytoken), ("registrytoken", &self.registrytoken)];
        if let Some((field, _)) = other.into_iter().find(|(_, secret)| filled(secret)) {
            return Err(DockerConfigError::OtherToken { path, key, field });
        }
        let (username, password) = match self.auth.as_ref().filter(|auth| !auth.is_empty()) {
            Some(auth) => match decoded(auth) {
                Some(pair) => pair,
                None => return Err(DockerConfigError::Auth { path, key }),
            },
            None => {
                (self.username.clone().unwrap_or_default(), self.password.clone().unwrap_or(Secret::new(String::new())))
            }
        };
        if username.is_empty() || password.is_empty() {
            return Err(DockerConfigError::Empty { path, key });
        }
        Ok((username, password))
    }
}

/// `user:password` out of base64, with its padding or without; only the first colon divides.
fn decoded(auth: &Secret) -> Option<(String, Secret)> {
    let text = auth.expose().trim();
    let bytes = if text.ends_with('=') { STANDARD.decode(text) } else { STANDARD_NO_PAD.decode(text) };
    let pair = Secret::new(String::from_utf8(bytes.ok()?).ok()?);
    let (username, password) = pair.expose().split_once(':')?;
    Some((username.to_owned(), Secret::new(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_for(image: &str, config: &str) -> Result<(String, String), String> {
        let shape: FileShape = serde_json::from_str(config).expect(config);
        let image = ImageRef::parse(image).expect(image);
        let found = shape.entry_for(&image, Path::new("/c.json")).map_err(|error| error.to_string());
        found.map(|(username, password)| (username, password.expose().to_owned()))
    }

    fn pair(username: &str, password: &str) -> (String, String) {
        (username.to_owned(), password.to_owned())
    }

    #[test]
    fn a_credential_stands_in_auth_or_beside_it() {
        let table = [
            (r#"{"auth":"dTpw"}"#, Ok(pair("u", "p"))),
            (r#"{"auth":"dXNlcjpwOmE="}"#, Ok(pair("user", "p:a"))),
            (r#"{"auth":" dXNlcjpwOmE=\n"}"#, Ok(pair("user", "p:a"))),
            (r#"{"username":"u","password":"p","email":"e"}"#, Ok(pair("u", "p"))),
            (r#"{"auth":"dTpw","username":"other","password":"other"}"#, Ok(pair("u", "p"))),
            (r#"{"auth":"","username":"u","password":"p"}"#, Ok(pair("u", "p"))),
        ];
        for (entry, expected) in table {
            assert_eq!(entry_for("quay.io/x", &format!(r#"{{"auths":{{"quay.io":{entry}}}}}"#)), expected, "{entry}");
        }
    }

    #[test]
    fn what_is_no_user_name_with_a_password_is_refused_with_its_reason() {
        let table = [
            (
                r#"{"auth":"dTpw","identitytoken":"t"}"#,
                "the entry `quay.io` of `/c.json` holds the field `identitytoken`",
            ),
            (r#"{"registrytoken":"t"}"#, "the entry `quay.io` of `/c.json` holds the field `registrytoken`"),
            (r#"{"auth":"!"}"#, "`auth` of the entry `quay.io` of `/c.json` is no base64 of `user:password`"),
            (r#"{"auth":"dXA="}"#, "`auth` of the entry `quay.io` of `/c.json` is no base64 of `user:password`"),
            (r#"{"auth":"dTo="}"#, "the entry `quay.io` of `/c.json` has no user name or no password"),
            (r#"{"username":"u"}"#, "the entry `quay.io` of `/c.json` has no user name or no password"),
            ("{}", "the entry `quay.io` of `/c.json` has no user name or no password"),
        ];
        for (entry, reason) in table {
            let config = format!(r#"{{"auths":{{"https://quay.io/v1/":{entry}}}}}"#);
            assert_eq!(entry_for("quay.io/x", &config), Err(reason.to_owned()), "{entry}");
        }
    }

    #[test]
    fn the_entry_is_the_one_that_the_kubelet_would_try_first() {
        let config = r#"{"auths":{
            "https://index.docker.io/v1/":{"username":"hub","password":"p"},
            "*.example.com":{"username":"any","password":"p"},
            "https://quay.example.com/v2/":{"username":"quay","password":"p"},
            "quay.example.com/team":{"username":"team","password":"p"}}}"#;
        let table = [
            ("docker.io/library/nginx", Some("hub")),
            ("quay.example.com/team/x", Some("team")),
            ("quay.example.com/x", Some("quay")),
            ("other.example.com/x", Some("any")),
            ("quay.io/x", None),
        ];
        for (image, username) in table {
            let found = entry_for(image, config).ok().map(|(username, _)| username);
            assert_eq!(found.as_deref(), username, "{image}");
        }
    }

    #[test]
    fn a_helper_is_named_for_its_own_registry_only() {
        let config = r#"{"auths":{"quay.io":{"auth":"dTpw"},"ghcr.io":{}},"credHelpers":{"gcr.io":"gcloud"}}"#;
        assert_eq!(entry_for("quay.io/x", config), Ok(pair("u", "p")));
        let refused = "`/c.json` leaves `gcr.io` to the credential helper `gcloud`";
        assert_eq!(entry_for("gcr.io/x", config), Err(refused.to_owned()));
        let store = r#"{"auths":{"quay.io":{"auth":"dTpw"},"ghcr.io":{}},"credsStore":"pass"}"#;
        assert_eq!(entry_for("quay.io/x", store), Ok(pair("u", "p")));
        for registry in ["ghcr.io", "docker.io"] {
            let refused = format!("`/c.json` leaves `{registry}` to the credential helper `pass`");
            assert_eq!(entry_for(&format!("{registry}/x"), store), Err(refused));
        }
    }
}
