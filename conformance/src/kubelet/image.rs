//! Image names as the kubelet reads them: completed, and split into repository, tag and digest.
//!
//! Upstream: `ParseNormalizedNamed` of <https://github.com/distribution/reference> (0.6), files `normalize.go`, `reference.go`
//! and `regexp.go`, which the kubelet calls in `pkg/util/parsers`; errors have its words.

use thiserror::Error;

/// A complete image name.
///
/// ```
/// use conformance::kubelet::ImageName;
///
/// let image = ImageName::parse("nginx:1.25")?;
/// assert_eq!(image.repository(), "docker.io/library/nginx");
/// assert_eq!(image.registry(), "docker.io");
/// assert_eq!(image.tag(), Some("1.25"));
/// # Ok::<(), conformance::kubelet::ImageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageName {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is no image name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ImageError {
    /// 64 hexadecimal digits, which would be an image's id.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    Identifier(String),
    /// Upper case in the part that has none.
    #[error("invalid reference format: repository name ({0}) must be lowercase")]
    RemoteUppercase(String),
    /// A name that would be one in lower case.
    #[error("repository name must be lowercase")]
    Uppercase,
    /// No name at all.
    #[error("invalid reference format")]
    Format,
    /// A repository of more than 255 bytes after the registry.
    #[error("repository name must not be more than 255 characters")]
    TooLong,
    /// A digest by an algorithm other than SHA-256, SHA-384 and SHA-512.
    #[error("unsupported digest algorithm")]
    DigestAlgorithm,
    /// A digest that is too short or too long for its algorithm.
    #[error("invalid checksum digest length")]
    DigestLength,
    /// A digest in upper case.
    #[error("invalid checksum digest format")]
    DigestFormat,
}

const DOCKER_HUB: &str = "docker.io";
const DOCKER_INDEX: &str = "index.docker.io";
const LIBRARY: &str = "library/";
const LONGEST_PATH: usize = 255;
const LONGEST_TAG: usize = 128;
const SHORTEST_DIGEST: usize = 32;

impl ImageName {
    /// Parses a name and completes it: what names no registry is on Docker Hub.
    ///
    /// # Errors
    ///
    /// The text is no image name; the kubelet then does not pull.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'a'..=b'f' | b'0'..=b'9')) {
            return Err(ImageError::Identifier(text.to_owned()));
        }
        let (registry, remainder) = complete(text);
        let remote = remainder.split(':').next().unwrap_or_default();
        if lower_case(remote) != remote {
            return Err(ImageError::RemoteUppercase(remote.to_owned()));
        }
        let whole = format!("{registry}/{remainder}");
        let parts = Parts::of(&whole).ok_or_else(|| {
            let lower = lower_case(&whole);
            let would_be_one = lower != whole && Parts::of(&lower).is_some();
            if would_be_one { ImageError::Uppercase } else { ImageError::Format }
        })?;
        if parts.path.len() > LONGEST_PATH {
            return Err(ImageError::TooLong);
        }
        parts.digest.map_or(Ok(()), known_digest)?;
        let owned = |part: Option<&str>| part.map(str::to_owned);
        Ok(Self { repository: parts.name.to_owned(), tag: owned(parts.tag), digest: owned(parts.digest) })
    }

    /// The name without tag and digest: what the kubelet asks a credential provider about.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The host, with its port.
    #[must_use]
    pub fn registry(&self) -> &str {
        self.repository.split_once('/').map_or("", |(registry, _)| registry)
    }

    /// The repository within its registry.
    #[must_use]
    pub fn path(&self) -> &str {
        self.repository.split_once('/').map_or("", |(_, path)| path)
    }

    /// The tag, if the name has one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, such as `sha256:..`, if the name has one.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

/// Splits a name into registry and the rest, with Docker Hub where none is named (`splitDockerDomain`).
fn complete(text: &str) -> (&str, String) {
    let Some((first, rest)) = text.split_once('/') else {
        return (DOCKER_HUB, format!("{LIBRARY}{text}"));
    };
    let is_registry = first == "localhost" || first.contains(['.', ':']) || lower_case(first) != first;
    let (registry, rest) = match first {
        DOCKER_INDEX => (DOCKER_HUB, rest),
        _ if is_registry => (first, rest),
        _ => (DOCKER_HUB, text),
    };
    let official = registry == DOCKER_HUB && !rest.contains('/');
    (registry, if official { format!("{LIBRARY}{rest}") } else { rest.to_owned() })
}

/// Go's `strings.ToLower`, which maps each character to one and knows no word ends.
fn lower_case(text: &str) -> String {
    let lower = |character: char| character.to_lowercase().next().unwrap_or(character);
    text.chars().map(lower).collect()
}

/// The captures of `referenceRegexp`, and the path of the name.
struct Parts<'a> {
    name: &'a str,
    path: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Matches `registry/path[:tag][@digest]`; no tag or digest holds a `/`, no path a `:` or `@`.
    fn of(text: &'a str) -> Option<Self> {
        let (registry, rest) = text.split_once('/')?;
        let (rest, digest) = rest.split_once('@').map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
        let (path, tag) = rest.split_once(':').map_or((rest, None), |(path, tag)| (path, Some(tag)));
        let name = &text[..registry.len() + 1 + path.len()];
        let path = if is_registry(registry) { path } else { name };
        let matches = is_path(path) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
        matches.then_some(Self { name, path, tag, digest })
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => all(address, |byte| byte == b':' || byte.is_ascii_hexdigit()),
        None => host.split('.').all(is_host_label),
    };
    is_host && port.is_none_or(|port| all(port, |byte| byte.is_ascii_digit()))
}

fn is_host_label(label: &str) -> bool {
    all(label, |byte| byte.is_ascii_alphanumeric() || byte == b'-') && !label.starts_with('-') && !label.ends_with('-')
}

fn is_path(path: &str) -> bool {
    path.split('/').all(is_path_component)
}

fn is_path_component(component: &str) -> bool {
    let letter = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let is_separator = |run: &str| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-');
    component.starts_with(letter) && component.ends_with(letter) && component.split(letter).all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    let letters = all(tag, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    letters && tag.len() <= LONGEST_TAG && !tag.starts_with(['.', '-'])
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, encoded)) = digest.split_once(':') else { return false };
    let is_component = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic()) && all(part, |it| it.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(is_component)
        && encoded.len() >= SHORTEST_DIGEST
        && all(encoded, |byte| byte.is_ascii_hexdigit())
}

/// What `digest.Parse` of <https://github.com/opencontainers/go-digest> asks beyond the pattern.
fn known_digest(digest: &str) -> Result<(), ImageError> {
    let (algorithm, encoded) = digest.split_once(':').ok_or(ImageError::Format)?;
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(ImageError::DigestAlgorithm),
    };
    if encoded.len() != length {
        return Err(ImageError::DigestLength);
    }
    if encoded.bytes().any(|byte| byte.is_ascii_uppercase()) { Err(ImageError::DigestFormat) } else { Ok(()) }
}

fn all(text: &str, is_fit: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is_fit)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn repository(image: &str) -> Result<String, String> {
        let name = ImageName::parse(image).map_err(|error| error.to_string())?;
        Ok(name.repository().to_owned())
    }

    #[test]
    fn every_vector_gives_its_repository_or_its_error() {
        #[derive(Deserialize)]
        struct Vector {
            image: String,
            repo_sent_to_plugin: Option<String>,
            error: Option<String>,
        }
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/image.json")).unwrap();
        assert_eq!(vectors.len(), 23);
        for Vector { image, repo_sent_to_plugin, error } in vectors {
            let error = error.map(|text| text.trim_start_matches("error: ").to_owned());
            let expected = repo_sent_to_plugin.ok_or_else(|| error.unwrap_or_default());
            assert_eq!(repository(&image), expected, "{image}");
        }
    }

    /// Names and verdicts of `normalize_test.go` and `reference_test.go` of distribution/reference.
    #[test]
    fn the_grammar_is_that_of_upstream() {
        let good = [
            "docker/docker",
            "library/debian",
            "debian",
            "docker.io/docker/docker",
            "index.docker.io/library/debian",
            "127.0.0.1:5000/docker/docker",
            "127.0.0.1:5000/debian",
            "thisisthesongthatneverendsitgoesonandonandonthisisthesongthatnev",
            "docker.io/1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
            "Docker/docker",
            "DOCKER/docker",
            "test:5000/repo",
            "sub-dom1.foo.com/bar/baz/quux",
            "test.example.com/my-app",
            "xn--n3h.com/myimage",
            "b.gcr.io/test.example.com/my-app",
            "foo_bar.com:8080",
            "[2001:db8::1]/repo",
            "[2001:db8::1]:5000/repo:tag",
            "asdf.com/foo_bar/fo__x/a--b/q.r",
        ];
        for image in good {
            assert!(repository(image).is_ok(), "{image} {:?}", repository(image));
        }
        let bad = [
            "https://github.com/docker/docker",
            "docker/Docker",
            "-docker",
            "-docker/docker",
            "-docker.io/docker/docker",
            "docker///docker",
            "docker.io/docker/Docker",
            "docker.io/docker///docker",
            "a//b",
            "[2001:db8::1]",
            "[2001:db8::3:5000/repo",
            "[fe80::1%eth0]/repo",
            "aa/asdf$$^/aa",
            "repo@sha256:abc",
            "repo:",
            "repo:-x",
            "foo/foo_bar.com:8080x/y",
            "a___b",
            "a..b",
            "a/b_",
            "foo.com:http/x",
        ];
        for image in bad {
            assert!(repository(image).is_err(), "{image} {:?}", repository(image));
        }
    }

    #[test]
    fn each_error_has_upstreams_words() {
        let hex = |count| "a".repeat(count);
        let error = |image: &str| repository(image).unwrap_err();
        assert_eq!(
            error("docker/Docker"),
            "invalid reference format: repository name (docker/Docker) must be lowercase"
        );
        assert_eq!(error("A_b.c/foo"), "repository name must be lowercase");
        assert_eq!(error("a/b:~"), "invalid reference format");
        assert_eq!(error(&format!("r.io/{}", hex(256))), "repository name must not be more than 255 characters");
        assert_eq!(error(&format!("a/b@md5:{}", hex(32))), "unsupported digest algorithm");
        assert_eq!(error(&format!("a/b@sha256:{}", hex(63))), "invalid checksum digest length");
        assert_eq!(error(&format!("a/b@sha256:{}", hex(64).to_uppercase())), "invalid checksum digest format");
        assert_eq!(
            error(&format!("a/b@SHA256:{}", hex(64))),
            "invalid reference format: repository name (b@SHA256) must be lowercase".replace("(b", "(a/b")
        );
    }

    #[test]
    fn the_longest_path_and_the_longest_tag_still_fit() {
        let (path, tag) = ("a".repeat(255), "t".repeat(128));
        assert!(repository(&format!("r.io/{path}:{tag}")).is_ok());
        assert!(repository(&format!("r.io/{path}:{tag}t")).is_err());
    }

    #[test]
    fn a_name_is_split_into_its_parts() {
        let digest = format!("sha512:{}", "0".repeat(128));
        let image = ImageName::parse(&format!("r.io:5000/a/b:1@{digest}")).unwrap();
        assert_eq!((image.registry(), image.path()), ("r.io:5000", "a/b"));
        assert_eq!((image.tag(), image.digest()), (Some("1"), Some(digest.as_str())));
        assert_eq!(ImageName::parse("r.io/a").unwrap().tag(), None);
    }

    #[test]
    fn a_first_part_that_is_no_host_but_a_path_belongs_to_the_name() {
        assert_eq!(repository("a_b.c/foo").as_deref(), Ok("a_b.c/foo"));
        assert!(repository("a___b.c/foo").is_err());
    }
}
