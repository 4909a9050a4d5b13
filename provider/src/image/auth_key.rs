//! The keys of a Docker configuration's `auths`, read and chosen as the kubelet's keyring does.
//!
//! Source: kubernetes `pkg/credentialprovider/keyring.go`, `BasicDockerKeyring.Add` and `Lookup`.

use super::{ImagePattern, ImageRef};

/// The key under which Docker keeps the credential of Docker Hub, once it is normalised.
const DOCKER_HUB_KEY: &str = "index.docker.io";

/// The registry of Docker Hub's images in the names that the kubelet sends.
const DOCKER_HUB: &str = "docker.io";

/// The key whose credential the kubelet would try first for an image, with its normal form.
///
/// Keys are patterns once they are normalised, and of those that match the greatest comes first, byte by byte. Only when
/// none matches, an image of Docker Hub uses what is kept under `index.docker.io`. The kubelet also does so for registries
/// without a dot, such as `localhost`; this program does not, since they are not Docker Hub.
#[must_use]
pub fn first_key<'k>(keys: impl Iterator<Item = &'k str>, image: &ImageRef) -> Option<(&'k str, String)> {
    let keys: Vec<_> = keys.filter_map(|key| Some((normal_form(key)?, key))).collect();
    let matching = keys.iter().filter(|(normal, _)| matches(normal, image.as_str())).max_by_key(|(normal, _)| normal);
    let hub = || keys.iter().find(|(normal, _)| image.registry() == DOCKER_HUB && normal == DOCKER_HUB_KEY);
    matching.or_else(hub).map(|(normal, key)| (*key, normal.clone()))
}

fn matches(normal: &str, image: &str) -> bool {
    ImagePattern::parse(normal).is_ok_and(|pattern| pattern.matches(image))
}

/// A key without scheme, user information, query, API version (`/v1/`, `/v2/`, each with its slash) and empty path; `None`
/// for what is no URL, which the keyring passes over.
fn normal_form(key: &str) -> Option<String> {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = String::from_utf8(ImagePattern::parse(bare).ok()?.key()).ok()?;
    let (host, path) = key.split_at(key.find('/').unwrap_or(key.len()));
    let versioned = path.starts_with("/v1/") || path.starts_with("/v2/");
    let path = if versioned { &path["/v1".len()..] } else { path };
    Some(if path == "/" { host.to_owned() } else { format!("{host}{path}") })
}

impl ImageRef {
    /// The auth key that covers this image and as little else as the kubelet's keyring can express: registry and path. Where
    /// the keyring would read another path in it (`/v2/`), the registry alone.
    #[must_use]
    pub fn auth_key(&self) -> String {
        let key = format!("{}/{}", self.registry(), self.path());
        let exact = normal_form(&key).as_ref() == Some(&key);
        if exact && matches(&key, self.as_str()) { key } else { self.registry().to_owned() }
    }
}

impl ImagePattern {
    /// The auth key that covers the same images; `None` where the keyring would read another pattern in it.
    #[must_use]
    pub fn auth_key(&self) -> Option<String> {
        normal_form(self.as_str()).filter(|normal| normal.as_bytes() == self.key())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        lookups: Vec<Keyring>,
        default_registry: Vec<DefaultRegistry>,
        auth_key_normalisation: Vec<Normalisation>,
    }

    #[derive(Deserialize)]
    struct Keyring {
        auth_keys_by_provider: Vec<Vec<String>>,
        lookups: Vec<Lookup>,
    }

    #[derive(Deserialize)]
    struct Lookup {
        image: String,
        creds: Vec<String>,
    }

    #[derive(Deserialize)]
    struct DefaultRegistry {
        image: String,
        default: bool,
    }

    #[derive(Deserialize)]
    struct Normalisation {
        key: String,
        normalised: Option<String>,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../vectors/keyring.json")).expect("vectors")
    }

    #[test]
    fn every_key_has_the_kubelets_normal_form() {
        let cases = vectors().auth_key_normalisation;
        assert_eq!(cases.len(), 21);
        for Normalisation { key, normalised } in cases {
            assert_eq!(normal_form(&key), normalised, "{key}");
        }
    }

    /// One keyring holds the keys of all providers; the first credential is the first provider's where keys are equal.
    #[test]
    fn the_first_credential_is_the_keyrings_first() {
        let mut compared = 0;
        for Keyring { auth_keys_by_provider, lookups } in vectors().lookups {
            let mut entries: Vec<(String, String)> = Vec::new();
            for (key, credential) in auth_keys_by_provider.iter().flatten().filter_map(|entry| entry.split_once('=')) {
                if !entries.iter().any(|(known, _)| known == key) {
                    entries.push((key.to_owned(), credential.to_owned()));
                }
            }
            for Lookup { image, creds } in lookups {
                // Names without a slash belong to the keyring's own tests; the kubelet never asks a provider about them.
                let Ok(image) = ImageRef::parse(&image) else { continue };
                let found = first_key(entries.iter().map(|(key, _)| key.as_str()), &image).map(|(key, _)| key);
                let found =
                    entries.iter().find(|(key, _)| Some(key.as_str()) == found).map(|(_, credential)| credential);
                assert_eq!(found, creds.first(), "{image}");
                compared += 1;
            }
        }
        assert_eq!(compared, 7);
    }

    #[test]
    fn docker_hubs_key_serves_docker_hub_and_no_other_registry() {
        for DefaultRegistry { image, default } in vectors().default_registry {
            let image = ImageRef::parse(&image).expect("an image");
            let found = first_key(["https://index.docker.io/v1/"].into_iter(), &image);
            // `foo/bar` is `docker.io/foo/bar` when the kubelet asks; here it is an image of a registry `foo`.
            assert_eq!(found.is_some(), default && image.registry() == DOCKER_HUB, "{image}");
        }
    }

    #[test]
    fn the_auth_key_of_an_image_is_its_name_unless_the_keyring_reads_another_one() {
        let key = |image: &str| ImageRef::parse(image).expect(image).auth_key();
        assert_eq!(key("acme.jfrog.io:8443/team/app:1.2"), "acme.jfrog.io:8443/team/app");
        assert_eq!(key("docker.io/library/nginx"), "docker.io/library/nginx");
        assert_eq!(key("acme.jfrog.io/v2/app"), "acme.jfrog.io");
        assert_eq!(key("acme.jfrog.io/v2"), "acme.jfrog.io/v2");
    }

    #[test]
    fn a_pattern_is_its_own_auth_key_unless_the_keyring_reads_another_one() {
        let key = |pattern: &str| ImagePattern::parse(pattern).expect(pattern).auth_key();
        for pattern in ["acme.jfrog.io", "*.jfrog.io", "acme.jfrog.io:8443", "acme.jfrog.io/team"] {
            assert_eq!(key(pattern).as_deref(), Some(pattern));
        }
        assert_eq!(key("acme.jfrog.io/").as_deref(), Some("acme.jfrog.io"));
        assert_eq!(key("acme.jfrog.io/v2/x"), None);
        assert_eq!(key("https://acme.jfrog.io"), None);
    }

    proptest! {
        #[test]
        fn the_keyring_finds_the_auth_key_of_every_image(
            image in "[a-z]{1,3}(\\.[a-z]{1,3}){0,2}(:[0-9]{1,4})?(/(v1|v2|[a-z0-9._-]{1,4})){1,4}",
        ) {
            let image = ImageRef::parse(&image).expect("an image");
            let key = image.auth_key();
            prop_assert!(first_key([key.as_str()].into_iter(), &image).is_some());
            let elsewhere = ImageRef::parse(&format!("x{image}")).expect("an image");
            prop_assert!(first_key([key.as_str()].into_iter(), &elsewhere).is_none());
        }
    }

    #[test]
    fn a_key_that_matches_hides_docker_hubs() {
        let image = ImageRef::parse("docker.io/library/nginx").expect("an image");
        let first = |keys: &[&'static str]| first_key(keys.iter().copied(), &image).map(|(key, _)| key);
        assert_eq!(first(&["https://index.docker.io/v1/", "docker.io"]), Some("docker.io"));
        assert_eq!(first(&["docker.io", "docker.io/library", "*.io"]), Some("docker.io/library"));
        assert_eq!(first(&["registry-1.docker.io", "quay.io"]), None);
        assert_eq!(first(&["%invalid%"]), None);
    }
}
