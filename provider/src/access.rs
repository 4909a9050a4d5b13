//! How a route gets its credential: by an exchange, or from a static source.

use crate::artifactory::{ArtifactoryUrl, RegistryCredential};
use crate::http::Transport;
use crate::identity::{Identities, IdentityOrder};
use crate::image::ImageRef;
use crate::secret_file::SecretFileError;

mod credential;
mod docker_config;

pub use credential::{StaticCredential, StaticPassword};
pub use docker_config::{DockerConfig, DockerConfigError};

/// How a route gets its credential. A static credential is no proof, and is exchanged for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A proof of identity is traded at Artifactory.
    Exchange {
        /// The Artifactory.
        artifactory: ArtifactoryUrl,
        /// How connections to it are made.
        transport: Transport,
        /// Where the identity may come from.
        identities: Identities,
        /// How they follow one another.
        order: IdentityOrder,
    },
    /// A user name and a password or token that somebody else rotates.
    Static(StaticSource),
}

/// Where the static credentials of a route stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticSource {
    /// In the configuration: the one whose images fit closest is the image's, the first of them if several fit equally.
    Credentials(Vec<StaticCredential>),
    /// In a Docker configuration, read at each pull.
    DockerConfig(DockerConfig),
}

/// Why a static credential could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StaticError {
    /// The file with the password cannot be read.
    #[error("no password could be read")]
    Unreadable(#[from] SecretFileError),
    /// The file holds nothing.
    #[error("`{}` holds no password", .path.display())]
    Empty {
        /// The file.
        path: std::path::PathBuf,
    },
    /// The token's own end is over.
    #[error("the static token of `{username}` has expired")]
    Expired {
        /// Whose token it is.
        username: String,
    },
    /// The Docker configuration has nothing to offer.
    #[error(transparent)]
    DockerConfig(#[from] DockerConfigError),
}

impl StaticSource {
    /// The credential for an image that the route serves; `None` when it is nobody's, which cannot be for such an image.
    ///
    /// # Errors
    /// When a file cannot be read, or holds no usable credential for the image.
    pub fn credential_for(&self, image: &ImageRef) -> Result<Option<RegistryCredential>, StaticError> {
        match self {
            Self::Credentials(credentials) => closest(credentials, image).map(StaticCredential::read).transpose(),
            Self::DockerConfig(config) => Ok(Some(config.credential_for(image)?)),
        }
    }
}

/// The first of the credentials whose images fit closest.
fn closest<'c>(credentials: &'c [StaticCredential], image: &ImageRef) -> Option<&'c StaticCredential> {
    let fitting = credentials.iter().filter_map(|credential| Some((credential.images.closeness(image)?, credential)));
    fitting.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, credential)| credential)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{ImagePattern, Images};
    use crate::secret::Secret;

    fn named(username: &str, patterns: &[&str]) -> StaticCredential {
        let patterns = patterns.iter().map(|text| ImagePattern::parse(text).expect(text)).collect();
        StaticCredential {
            images: Images::Matching(patterns),
            username: username.to_owned(),
            password: StaticPassword::Inline(Secret::new("p".to_owned())),
            kept: None,
        }
    }

    #[test]
    fn the_longest_pattern_wins_wherever_it_stands() {
        let source = StaticSource::Credentials(vec![
            named("any", &["*.example.com", "docker.io"]),
            named("team", &["quay.example.com/team"]),
            named("quay", &["quay.example.com"]),
            named("again", &["quay.example.com"]),
        ]);
        let table = [
            ("quay.example.com/team/x", Some("team")),
            ("quay.example.com/x", Some("quay")),
            ("other.example.com/team/x", Some("any")),
            ("docker.io/library/nginx", Some("any")),
            ("example.com/x", None),
        ];
        for (image, username) in table {
            let image = ImageRef::parse(image).expect(image);
            let found = source.credential_for(&image).expect("no error").map(|credential| credential.username);
            assert_eq!(found.as_deref(), username, "{image}");
        }
    }
}
