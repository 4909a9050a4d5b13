//! Which credentials a pull tries, in which order.
//!
//! Upstream: `BasicDockerKeyring` and `UnionDockerKeyring` of <https://github.com/kubernetes/kubernetes>,
//! `pkg/credentialprovider/keyring.go`, and `MakeDockerKeyring` in `pkg/credentialprovider/secrets/secrets.go` (1.26 to
//! 1.36).
//!
//! Every key that matches gives its credentials, not the best one only: keys go byte-wise backwards, so that a longer path
//! comes before a shorter one, and under one key the order is that of the sources. The first pull that succeeds ends it.

use std::collections::BTreeMap;

use super::go_text;
use super::matching::{GoVersion, ImageAddress, ImagePattern, Url, UrlError};

/// Docker Hub's key, which its images fall back to when no other key is for them.
const DEFAULT_REGISTRY: &str = "index.docker.io";

/// Credentials by key; `T` is what a source gives for one.
///
/// ```
/// use conformance::kubelet::{GoVersion, Keyring};
///
/// let mut keyring = Keyring::new(GoVersion::default());
/// keyring.add([("r.io", 1), ("https://r.io/v2/team", 2), ("other.io", 3)]);
/// keyring.add([("r.io", 4)]);
/// assert_eq!(keyring.look_up("r.io/team/app"), [("r.io/team", &2), ("r.io", &1), ("r.io", &4)]);
/// ```
#[derive(Clone, Debug)]
pub struct Keyring<T> {
    go: GoVersion,
    credentials: BTreeMap<Vec<u8>, Vec<T>>,
}

/// A key of `auth` that counts for nothing, since it does not parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredKey {
    /// The key.
    pub key: String,
    /// Why.
    pub error: UrlError,
}

impl<T> Keyring<T> {
    /// An empty keyring.
    #[must_use]
    pub fn new(go: GoVersion) -> Self {
        Self { go, credentials: BTreeMap::new() }
    }

    /// Adds what one source gives, and answers the keys that count for nothing.
    pub fn add<'a>(&mut self, auth: impl IntoIterator<Item = (&'a str, T)>) -> Vec<IgnoredKey> {
        let mut ignored = Vec::new();
        for (key, credential) in auth {
            match normalised(key, self.go) {
                Ok(key) => self.credentials.entry(key).or_default().push(credential),
                Err(error) => ignored.push(IgnoredKey { key: key.to_owned(), error }),
            }
        }
        ignored
    }

    /// The credentials for an image, each with its key, in the order in which they are tried.
    #[must_use]
    pub fn look_up(&self, image: &str) -> Vec<(&str, &T)> {
        let matching = self.credentials.iter().rev().filter(|(key, _)| self.is_for(key, image));
        let found: Vec<_> = matching.flat_map(|(key, credentials)| of_key(key, credentials)).collect();
        if !found.is_empty() || !is_on_default_registry(image) {
            return found;
        }
        let fallback = self.credentials.get_key_value(DEFAULT_REGISTRY.as_bytes());
        fallback.map(|(key, credentials)| of_key(key, credentials).collect()).unwrap_or_default()
    }

    fn is_for(&self, key: &[u8], image: &str) -> bool {
        let pattern = ImagePattern::parse(&as_url(key), self.go);
        pattern.is_ok_and(|pattern| ImageAddress::parse(image, self.go).is_ok_and(|image| pattern.is_for(&image)))
    }
}

fn of_key<'a, T>(key: &'a [u8], credentials: &'a [T]) -> impl Iterator<Item = (&'a str, &'a T)> {
    let key = std::str::from_utf8(key).unwrap_or_default();
    credentials.iter().map(move |credential| (key, credential))
}

/// A key as a text that is read as these bytes are: what is no UTF-8 is escaped.
fn as_url(key: &[u8]) -> String {
    let mut url = String::with_capacity(key.len());
    for chunk in key.utf8_chunks() {
        url.push_str(chunk.valid());
        url.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02x}")));
    }
    url
}

/// A key of `auth` as the keyring keeps it; nothing but bytes, since an escape may decode to any.
fn normalised(key: &str, go: GoVersion) -> Result<Vec<u8>, UrlError> {
    let has_scheme = ["https://", "http://"].iter().any(|scheme| key.starts_with(scheme));
    let url = if has_scheme { key.to_owned() } else { format!("https://{key}") };
    let Url { mut host, path } = Url::parse(&url, go)?;
    let is_versioned = path.starts_with(b"/v1/") || path.starts_with(b"/v2/");
    let path = if is_versioned { &path[3..] } else { &path[..] };
    if path != b"/" {
        host.extend(path);
    }
    Ok(host)
}

/// A key of `auth` as the keyring keeps it.
///
/// ```
/// use conformance::kubelet::{GoVersion, normalised_key};
///
/// let key = normalised_key("https://index.docker.io/v1/", GoVersion::default());
/// assert_eq!(key.as_deref(), Ok("index.docker.io"));
/// ```
///
/// # Errors
///
/// It is no URL; the kubelet logs it and goes on without it.
pub fn normalised_key(key: &str, go: GoVersion) -> Result<String, UrlError> {
    normalised(key, go).map(|key| go_text::from_bytes(&key))
}

/// Whether an image is on Docker Hub, for what its name looks like.
#[must_use]
pub fn is_on_default_registry(image: &str) -> bool {
    match image.split_once('/') {
        None => !image.is_empty(),
        Some((first, _)) => {
            !first.is_empty() && (["docker.io", DEFAULT_REGISTRY].contains(&first) || !first.contains(['.', ':']))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(sources: &[&[(&str, &'static str)]]) -> Keyring<&'static str> {
        let mut keyring = Keyring::new(GoVersion::default());
        for source in sources {
            keyring.add(source.iter().copied());
        }
        keyring
    }

    fn found(keyring: &Keyring<&'static str>, image: &str) -> Vec<&'static str> {
        keyring.look_up(image).into_iter().map(|(_key, credential)| *credential).collect()
    }

    #[test]
    fn longer_paths_come_first_and_stars_last() {
        let keyring =
            keyring(&[&[("*.io", "star"), ("r.io", "host"), ("r.io/a", "a"), ("r.io/a/b", "b"), ("q.io", "q")]]);
        assert_eq!(found(&keyring, "r.io/a/b/c"), ["b", "a", "host", "star"]);
        assert_eq!(found(&keyring, "r.io/x"), ["host", "star"]);
        assert_eq!(found(&keyring, "r.com/x"), [""; 0]);
    }

    #[test]
    fn under_one_key_the_order_is_that_of_the_sources() {
        let keyring = keyring(&[&[("r.io/a", "1")], &[("https://r.io/v1/a", "2"), ("r.io", "3")]]);
        assert_eq!(found(&keyring, "r.io/a"), ["1", "2", "3"]);
    }

    #[test]
    fn docker_hub_falls_back_only_when_nothing_else_matches() {
        let hub = ("https://index.docker.io/v1/", "hub");
        assert_eq!(found(&keyring(&[&[hub]]), "docker.io/library/nginx"), ["hub"]);
        assert_eq!(found(&keyring(&[&[hub, ("docker.io", "direct")]]), "docker.io/library/nginx"), ["direct"]);
        assert_eq!(found(&keyring(&[&[hub]]), "r.io/nginx"), [""; 0]);
    }

    #[test]
    fn a_key_that_does_not_parse_is_told_and_hides_no_other() {
        let mut keyring = Keyring::new(GoVersion::default());
        let ignored = keyring.add([("r.io:port", 1), ("r.io", 2)]);
        assert_eq!(ignored.len(), 1);
        assert_eq!(ignored[0].key, "r.io:port");
        assert_eq!(keyring.look_up("r.io/a").len(), 1);
    }

    #[test]
    fn a_decoded_key_is_read_as_a_url_again() {
        // `%2525` is kept as `%25`, and matches a path that holds `%`.
        let keyring = keyring(&[&[("r.io/a%2525", "x")]]);
        assert_eq!(found(&keyring, "r.io/a%25b"), ["x"]);
    }

    #[test]
    fn a_key_that_decodes_to_no_text_is_for_images_all_the_same() {
        let keyring = keyring(&[&[("r.io/a%ff", "x")]]);
        assert_eq!(found(&keyring, "r.io/a%ffb"), ["x"]);
        assert_eq!(found(&keyring, "r.io/a%feb"), [""; 0]);
    }
}
