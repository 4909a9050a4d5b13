//! What exists at the start: users, repositories, images, OIDC providers, identity mappings and IAM
//! roles, read from one YAML file.
//!
//! Keys are written as the REST API writes them, so that a mapping can be copied from one to the
//! other.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::aws::iam_role::IamRole;

mod answers;
mod provider;

pub use answers::Answers;
pub use provider::{Issuer, MappingFacts, ProviderFacts, TokenFacts};

/// What a mock starts from; the default is a world that agrees with mock-cloud's default world.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The Access service's id, such as `jfac@01j..`: issuer of its tokens and prefix of their
    /// subjects.
    pub service_id: String,
    /// How the server answers where the real one's answer is not known or depends on its
    /// configuration.
    #[serde(default)]
    pub answers: Answers,
    /// Users with passwords; a user that only tokens stand for has none.
    #[serde(default)]
    pub users: Vec<User>,
    /// Groups, which lend their repositories to their members and to group-scoped tokens.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// What may be read without a credential; absent: nothing.
    #[serde(default)]
    pub anonymous: Option<Anonymous>,
    /// Docker repositories.
    #[serde(default)]
    pub repositories: Vec<Repository>,
    /// Images in them.
    #[serde(default)]
    pub images: Vec<Image>,
    /// OIDC providers with their identity mappings.
    #[serde(default)]
    pub providers: Vec<ProviderFacts>,
    /// AWS roles and the users that they become.
    #[serde(default)]
    pub iam_roles: Vec<IamRole>,
}

/// A user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password; a user without one logs in with tokens only.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether the user administers the platform and reads everything.
    #[serde(default)]
    pub admin: bool,
    /// The groups that the user belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Keys of the repositories that the user may read; `*` stands for any characters.
    #[serde(default)]
    pub repositories: Vec<String>,
}

/// A group.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The name.
    pub name: String,
    /// Keys of the repositories that members may read; `*` stands for any characters.
    #[serde(default)]
    pub repositories: Vec<String>,
}

/// What everyone may read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anonymous {
    /// Keys of the repositories that may be read without a credential; `*` stands for any
    /// characters.
    pub repositories: Vec<String>,
}

/// A Docker repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// The repository key, first segment of an image name in the repository-path method.
    pub key: String,
}

/// An image in a repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Key of the repository.
    pub repository: String,
    /// Name inside the repository, such as `hello` or `team/app`.
    pub name: String,
    /// The tag.
    pub tag: String,
    /// An OCI image layout to serve; absent: a small image built in memory.
    #[serde(default)]
    pub oci_layout: Option<PathBuf>,
}

/// Why a world file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The file cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a world.
    #[error("failed to parse the world")]
    Parse(#[source] Box<serde_saphyr::Error>),
}

impl World {
    /// Parses a world file's text.
    ///
    /// # Errors
    ///
    /// When the text is not YAML or has a key or value that no world has.
    pub fn from_yaml(yaml: &str) -> Result<Self, WorldError> {
        serde_saphyr::from_str(yaml).map_err(|error| WorldError::Parse(Box::new(error)))
    }

    /// Reads a world file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or parsed.
    pub fn from_file(path: &Path) -> Result<Self, WorldError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| WorldError::Read { path: path.to_owned(), source })?;
        Self::from_yaml(&text)
    }

    /// The user of this name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The group of this name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::from_yaml(include_str!("world/default.yaml")).expect("the built-in world parses: a test reads it")
    }
}

#[cfg(test)]
mod tests {
    use super::World;

    #[test]
    fn a_misspelt_key_is_refused_wherever_it_stands() {
        let mapping = |text: &str| {
            format!(
                "providers: [{{name: idp, issuer: 'https://idp.example.com', mappings: [{{name: m, priority: 1, {text}}}]}}]"
            )
        };
        let cases = [
            "answers: {no_maping: 401}".to_owned(),
            "users: [{name: a, pasword: b}]".to_owned(),
            "repositories: [{key: a, public: true}]".to_owned(),
            "iam_roles: [{username: a, role: b}]".to_owned(),
            mapping("token_spec: {user: a}"),
            mapping("token_spec: {}, claim: {}"),
        ];
        for text in cases {
            assert!(World::from_yaml(&format!("service_id: a\n{text}")).is_err(), "{text}");
        }
        assert!(World::from_yaml(&format!("service_id: a\n{}", mapping("token_spec: {}, claims: {}"))).is_ok());
    }

    #[test]
    fn a_role_that_no_user_can_have_is_refused() {
        let text = "service_id: a\niam_roles: [{username: a, iam_role: 'arn:aws:iam::1:role/b'}]";
        assert!(World::from_yaml(text).is_err());
    }
}
