//! One entry of `matchImages`, by the kubelet's rule.

use std::fmt;

use thiserror::Error;

use super::go_url::{GoUrl, UrlError};
use super::{ImageRef, go_match};

/// One entry of `matchImages`: which images a credential is for.
///
/// The rule is that of the kubelet (`URLsMatch` in
/// [`pkg/credentialprovider/keyring.go`](https://github.com/kubernetes/kubernetes/blob/master/pkg/credentialprovider/keyring.go)):
/// equal ports as texts (none is not 443), as many labels, each label matched by itself (`*` never crosses a dot), and the
/// image's path begins with the pattern's, byte by byte. Case counts.
///
/// ```
/// use artifactory_credential_provider::image::ImagePattern;
///
/// let pattern = ImagePattern::parse("*.jfrog.io/docker-local")?;
/// assert!(pattern.matches("acme.jfrog.io/docker-local/app"));
/// assert!(!pattern.matches("acme.eu.jfrog.io/docker-local/app"));
/// assert!(!pattern.matches("acme.jfrog.io:443/docker-local/app"));
/// # Ok::<(), artifactory_credential_provider::image::ImagePatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePattern {
    text: String,
    url: GoUrl,
}

/// A text that the kubelet refuses in `matchImages`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is no matchImages pattern: {reason}", .pattern.escape_debug())]
pub struct ImagePatternError {
    /// The refused text.
    pub pattern: String,
    /// Why it is refused.
    pub reason: UrlError,
}

impl ImagePattern {
    /// Parses a pattern; accepts what the kubelet's configuration accepts, patterns that match nothing included.
    ///
    /// # Errors
    ///
    /// The text does not parse as a URL once `https://` stands before it.
    pub fn parse(text: &str) -> Result<Self, ImagePatternError> {
        match GoUrl::parse(text) {
            Ok(url) => Ok(Self { text: text.to_owned(), url }),
            Err(reason) => Err(ImagePatternError { pattern: text.to_owned(), reason }),
        }
    }

    /// Whether the kubelet would ask about this image for this pattern; a text that is no image name does not match.
    #[must_use]
    pub fn matches(&self, image: &str) -> bool {
        let Ok(image) = GoUrl::parse(image) else {
            return false;
        };
        let (pattern_host, pattern_port) = self.url.host_and_port();
        let (host, port) = image.host_and_port();
        port == pattern_port && image.path().starts_with(self.url.path()) && labels_match(pattern_host, host)
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host, port and path as the kubelet's keyring keeps them: decoded, and without a path that is only `/`.
    pub(super) fn key(&self) -> Vec<u8> {
        [self.url.host(), self.path()].concat()
    }

    /// The decoded host, and the port or nothing.
    pub(super) fn host_and_port(&self) -> (&[u8], &[u8]) {
        self.url.host_and_port()
    }

    /// The decoded path, without one that is only `/`.
    pub(super) fn path(&self) -> &[u8] {
        if self.has_path() { self.url.path() } else { b"" }
    }

    /// Whether the pattern is for a part of this image's registry only, perhaps another one than the image's.
    #[must_use]
    pub fn divides_registry_of(&self, image: &ImageRef) -> bool {
        let Ok(registry) = GoUrl::parse(image.registry()) else { return false };
        let ((pattern, pattern_port), (host, port)) = (self.url.host_and_port(), registry.host_and_port());
        self.has_path() && pattern_port == port && labels_match(pattern, host)
    }

    /// Whether the pattern is for a part of its registry only.
    #[must_use]
    pub fn has_path(&self) -> bool {
        !matches!(self.url.path(), b"" | b"/")
    }
}

impl fmt::Display for ImagePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn labels(host: &[u8]) -> impl Iterator<Item = &[u8]> {
    host.split(|byte| *byte == b'.')
}

fn labels_match(pattern: &[u8], host: &[u8]) -> bool {
    labels(pattern).count() == labels(host).count()
        && labels(pattern).zip(labels(host)).all(|(pattern, label)| go_match::matches(pattern, label))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        pattern: String,
        image: String,
        #[serde(rename = "match")]
        matched: serde_json::Value,
        effective_is_image_allowed: bool,
    }

    #[test]
    fn every_vector_matches_as_in_the_kubelet() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/match.json")).unwrap();
        assert_eq!(vectors.len(), 68);
        for Vector { pattern, image, matched, effective_is_image_allowed } in vectors {
            let parsed = ImagePattern::parse(&pattern);
            assert_eq!(parsed.is_err(), matched == "error", "{pattern}");
            let allowed = parsed.is_ok_and(|parsed| parsed.matches(&image));
            assert_eq!(allowed, effective_is_image_allowed, "{pattern} {image}");
        }
    }

    #[test]
    fn an_image_that_does_not_parse_does_not_match() {
        let any = ImagePattern::parse("*").unwrap();
        assert!(any.matches("localhost/x"));
        assert!(!any.matches("local host/x"));
        assert!(!any.matches("localhost/%"));
    }

    #[test]
    fn an_ipv6_pattern_without_a_port_is_a_class_to_the_kubelet() {
        let pattern = ImagePattern::parse("[::1]").unwrap();
        assert!(!pattern.matches("[::1]/x"));
        assert!(pattern.matches("1/x"));
        let with_port = ImagePattern::parse("[::1]:5000").unwrap();
        assert!(with_port.matches("[::1]:5000/x"));
    }

    #[test]
    fn a_pattern_for_the_whole_registry_has_no_path() {
        let has_path = |text| ImagePattern::parse(text).unwrap().has_path();
        assert!(has_path("acme.jfrog.io/docker-local"));
        assert!(!has_path("acme.jfrog.io") && !has_path("acme.jfrog.io/") && !has_path("acme.jfrog.io?/x"));
    }

    #[test]
    fn a_pattern_with_a_path_divides_the_registries_that_its_host_matches() {
        let divides = |pattern: &str, image: &str| {
            ImagePattern::parse(pattern).unwrap().divides_registry_of(&ImageRef::parse(image).unwrap())
        };
        assert!(
            divides("acme.jfrog.io/team", "acme.jfrog.io/other/x") && divides("*.jfrog.io/team", "acme.jfrog.io/x")
        );
        for (pattern, image) in [
            ("acme.jfrog.io", "acme.jfrog.io/x"),
            ("acme.jfrog.io/team", "beta.jfrog.io/team/x"),
            ("acme.jfrog.io/team", "acme.jfrog.io:8443/team/x"),
        ] {
            assert!(!divides(pattern, image), "{pattern} {image}");
        }
    }

    #[test]
    fn an_error_names_the_pattern_and_the_reason() {
        let error = ImagePattern::parse("acme.jfrog.io:*").unwrap_err();
        assert_eq!(error.to_string(), "`acme.jfrog.io:*` is no matchImages pattern: `:*` is no valid port");
        let error = ImagePattern::parse("a\nb").unwrap_err();
        assert_eq!(error.to_string(), "`a\\nb` is no matchImages pattern: it holds a control character");
    }

    proptest! {
        #[test]
        fn a_plain_host_matches_itself_and_everything_below_it(
            host in "[a-zA-Z0-9][a-zA-Z0-9-]{0,8}(\\.[a-zA-Z0-9-]{1,8}){0,3}(:[0-9]{1,5})?",
            path in "(/[a-z0-9._-]{1,8}){1,3}",
        ) {
            let image = format!("{host}{path}");
            prop_assert!(ImagePattern::parse(&host).unwrap().matches(&image));
            prop_assert!(ImagePattern::parse(&image).unwrap().matches(&image));
            let other = ImagePattern::parse(&format!("x{host}")).unwrap();
            prop_assert!(!other.matches(&image));
        }

        #[test]
        fn no_text_makes_the_parser_panic(pattern in "[\\[\\]%:.*@/?#\\\\^a-c2 0-9é-]{0,16}", image in "[\\[\\]%:.@/a-c2é]{0,16}") {
            let _ = ImagePattern::parse(&pattern).map(|pattern| pattern.matches(&image));
        }
    }
}
