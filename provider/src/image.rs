//! The image that the kubelet asks about, and the patterns that images are matched with.
//!
//! # Layout
//!
//! - `pattern`: one entry of `matchImages`.
//! - `precedence`: which of two patterns is closer.
//! - `images`: several of them, and which fits an image most closely.
//! - `auth_key`: the keys of a Docker configuration, which are patterns too.
//! - `go_url`: Go's `url.Parse`, by which the kubelet reads patterns and images.
//! - `go_match`: Go's `filepath.Match`, by which it compares host labels.

mod auth_key;
mod go_match;
mod go_url;
mod images;
mod pattern;
mod precedence;

use std::fmt;

use thiserror::Error;

pub use self::auth_key::first_key;
pub use self::go_url::UrlError;
pub use self::images::Images;
pub use self::pattern::{ImagePattern, ImagePatternError};
pub use self::precedence::Precedence;

/// An image's name as the kubelet sends it: registry and path, without tag and digest.
///
/// The kubelet completes names before it asks (`nginx` is `docker.io/library/nginx`), so that the registry is always
/// there. A tag or digest is tolerated and belongs neither to the registry nor to the path.
///
/// ```
/// use artifactory_credential_provider::image::ImageRef;
///
/// let image = ImageRef::parse("acme.jfrog.io:8443/docker-local/app")?;
/// assert_eq!(image.registry(), "acme.jfrog.io:8443");
/// assert_eq!(image.path(), "docker-local/app");
/// # Ok::<(), artifactory_credential_provider::image::ImageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    text: String,
    registry_length: usize,
    path_length: usize,
}

/// Reasons why a text is not an image name with a registry.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImageError {
    /// There is no text.
    #[error("the image name is empty")]
    Empty,
    /// White space or a control character.
    #[error("image `{}` holds white space or a control character", .image.escape_debug())]
    Character {
        /// The refused text.
        image: String,
    },
    /// No `/`, or nothing before it.
    #[error("image `{image}` names no registry before a `/`")]
    NoRegistry {
        /// The refused text.
        image: String,
    },
    /// The part before the first `/` is neither `host` nor `host:port`.
    #[error("image `{image}` begins with `{registry}`, which is no registry")]
    Registry {
        /// The refused text.
        image: String,
        /// Its part before the first `/`.
        registry: String,
    },
    /// Nothing after the first `/` but a tag or digest.
    #[error("image `{image}` names a registry and no repository in it")]
    NoPath {
        /// The refused text.
        image: String,
    },
}

impl ImageRef {
    /// Parses an image name; upper case in the host is legal and kept.
    ///
    /// # Errors
    ///
    /// The text names no registry, no repository, or holds characters that no image name holds. The registry must be one
    /// by the grammar of image names, so that a URL parser cannot see another host in it (`user@host`, `host%2f`).
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let image = || text.to_owned();
        if text.is_empty() {
            return Err(ImageError::Empty);
        }
        if text.contains(|character: char| character.is_whitespace() || character.is_control()) {
            return Err(ImageError::Character { image: image() });
        }
        let (registry, rest) = text.split_once('/').unwrap_or_default();
        if registry.is_empty() {
            return Err(ImageError::NoRegistry { image: image() });
        }
        if !is_registry(registry) {
            return Err(ImageError::Registry { image: image(), registry: registry.to_owned() });
        }
        let path = without_tag_and_digest(rest);
        if path.is_empty() {
            return Err(ImageError::NoPath { image: image() });
        }
        Ok(Self { text: image(), registry_length: registry.len(), path_length: path.len() })
    }

    /// The text before the first `/`, with its port.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.text[..self.registry_length]
    }

    /// The repository within the registry, without a `/` at its start.
    #[must_use]
    pub fn path(&self) -> &str {
        let start = self.registry_length + 1;
        &self.text[start..start + self.path_length]
    }

    /// The name as received.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Whether a text is `host` or `host:port` by the grammar of image names.
///
/// Source: <https://github.com/distribution/reference/blob/main/regexp.go>, `domain`.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => !address.is_empty() && address.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit()),
        None => host.split('.').all(is_host_label),
    };
    is_host && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_host_label(label: &str) -> bool {
    let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    letters && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
}

fn without_tag_and_digest(path: &str) -> &str {
    let name = path.split_once('@').map_or(path, |(name, _digest)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        image: String,
        repo_sent_to_plugin: Option<String>,
    }

    fn vectors() -> Vec<Vector> {
        serde_json::from_str(include_str!("../vectors/image.json")).unwrap()
    }

    #[test]
    fn every_name_that_the_kubelet_sends_is_read() {
        let names: Vec<String> = vectors().into_iter().filter_map(|vector| vector.repo_sent_to_plugin).collect();
        assert_eq!(names.len(), 19);
        for name in names {
            let image = ImageRef::parse(&name).unwrap();
            assert_eq!(image.to_string(), name);
            assert_eq!(format!("{}/{}", image.registry(), image.path()), name);
        }
    }

    #[test]
    fn a_name_with_tag_and_digest_gives_the_repository_that_the_kubelet_sends() {
        let mut tagged = 0;
        for Vector { image, repo_sent_to_plugin } in vectors() {
            let Some(repository) = repo_sent_to_plugin.filter(|repository| image.starts_with(repository)) else {
                continue;
            };
            let parsed = ImageRef::parse(&image).unwrap();
            assert_eq!(format!("{}/{}", parsed.registry(), parsed.path()), repository);
            tagged += usize::from(image != repository);
        }
        assert_eq!(tagged, 3);
    }

    #[test]
    fn the_registry_keeps_its_port_and_its_case() {
        let cases = [
            ("acme.jfrog.io/docker-local/app", "acme.jfrog.io", "docker-local/app"),
            ("ACME.jfrog.io/x", "ACME.jfrog.io", "x"),
            ("127.0.0.1:5000/x:1", "127.0.0.1:5000", "x"),
            ("[::1]:5000/x", "[::1]:5000", "x"),
            ("[::1]/x", "[::1]", "x"),
            ("localhost/a/b:1@sha256:00", "localhost", "a/b"),
            ("localhost/a:1/b", "localhost", "a:1/b"),
        ];
        for (text, registry, path) in cases {
            let image = ImageRef::parse(text).unwrap();
            assert_eq!((image.registry(), image.path(), image.as_str()), (registry, path, text));
        }
    }

    #[test]
    fn what_is_no_image_name_is_refused_with_its_reason() {
        let message = |text| ImageRef::parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "the image name is empty");
        assert_eq!(message("a.io/x y"), "image `a.io/x y` holds white space or a control character");
        assert_eq!(message("a.io/x\ny"), "image `a.io/x\\ny` holds white space or a control character");
        assert_eq!(message("nginx"), "image `nginx` names no registry before a `/`");
        assert_eq!(message("/x"), "image `/x` names no registry before a `/`");
        assert_eq!(message("a.io/:1"), "image `a.io/:1` names a registry and no repository in it");
        assert_eq!(message("u@a.io/x"), "image `u@a.io/x` begins with `u@a.io`, which is no registry");
    }

    #[test]
    fn no_other_host_can_hide_in_a_registry() {
        for registry in [
            "u:p@a.io", "a.io%2f", "a.io?", "a.io#", "a..io", "-a.io", "a-.io", "a.io:", "a.io:x", "a:b:1", "*.io",
            "[::1", "[g]", "[]", "x[::1]:1", "a\\b",
        ] {
            let parsed = ImageRef::parse(&format!("{registry}/x"));
            assert!(matches!(parsed, Err(ImageError::Registry { .. })), "{registry} {parsed:?}");
        }
    }
}
