//! Which images something is for, and how closely.

use super::{ImagePattern, ImageRef};

/// The images that a route or a credential is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Images {
    /// Every image that the kubelet asks about: its own `matchImages` are the only limit.
    Every,
    /// Those that one of the patterns matches.
    Matching(Vec<ImagePattern>),
}

impl Images {
    /// Whether an image is one of them.
    #[must_use]
    pub fn contain(&self, image: &ImageRef) -> bool {
        self.closeness(image).is_some()
    }

    /// How closely these images fit one; `None` when it is not one of them, the greater the closer.
    ///
    /// It is the text of the closest pattern, and texts are compared byte by byte, as the kubelet's keyring sorts its keys
    /// (`BasicDockerKeyring.Add` in `pkg/credentialprovider/keyring.go`). For two patterns that match one image this says:
    /// at the first place where they differ, a character of the host beats `*`; with equal hosts the longer path wins.
    #[must_use]
    pub fn closeness(&self, image: &ImageRef) -> Option<Vec<u8>> {
        match self {
            Self::Every => Some(Vec::new()),
            Self::Matching(patterns) => {
                patterns.iter().filter(|pattern| pattern.matches(image.as_str())).map(ImagePattern::key).max()
            }
        }
    }

    /// The patterns; none where every image is meant.
    #[must_use]
    pub fn patterns(&self) -> &[ImagePattern] {
        match self {
            Self::Every => &[],
            Self::Matching(patterns) => patterns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(patterns: &[&str]) -> Images {
        Images::Matching(patterns.iter().map(|text| ImagePattern::parse(text).expect(text)).collect())
    }

    /// The closest of several patterns for an image.
    fn closest<'p>(patterns: &[&'p str], image: &str) -> Option<&'p str> {
        let image = ImageRef::parse(image).expect(image);
        let found = patterns.iter().filter_map(|pattern| Some((images(&[pattern]).closeness(&image)?, *pattern)));
        found.max().map(|(_, pattern)| pattern)
    }

    #[test]
    fn the_closest_pattern_is_the_one_that_the_kubelets_keyring_would_put_first() {
        let all =
            ["*.jfrog.io", "acme.jfrog.io", "acme.jfrog.io/team", "*.jfrog.io/team/app", "a*.jfrog.io", "*.*.io", "*"];
        let table = [
            ("acme.jfrog.io/other/x", Some("acme.jfrog.io")),
            ("acme.jfrog.io/team/app", Some("acme.jfrog.io/team")),
            ("abc.jfrog.io/team/app", Some("a*.jfrog.io")),
            ("beta.jfrog.io/team/app", Some("*.jfrog.io/team/app")),
            ("beta.jfrog.io/x", Some("*.jfrog.io")),
            ("quay.example.io/x", Some("*.*.io")),
            ("localhost/x", Some("*")),
            ("acme.jfrog.io:8443/x", None),
        ];
        for (image, expected) in table {
            assert_eq!(closest(&all, image), expected, "{image}");
        }
    }

    #[test]
    fn the_closest_of_several_patterns_counts() {
        let image = ImageRef::parse("acme.jfrog.io/team/app").expect("an image");
        let several = images(&["*.jfrog.io", "acme.jfrog.io/team", "acme.jfrog.io", "quay.io"]);
        assert_eq!(several.closeness(&image), images(&["acme.jfrog.io/team"]).closeness(&image));
    }

    #[test]
    fn every_image_is_further_away_than_any_pattern() {
        let image = ImageRef::parse("quay.io/x").expect("an image");
        assert!(Images::Every.contain(&image));
        assert!(Images::Every.closeness(&image) < images(&["*.io"]).closeness(&image));
        assert!(!images(&["acme.jfrog.io"]).contain(&image));
    }

    #[test]
    fn a_final_slash_says_nothing() {
        let image = ImageRef::parse("quay.io/x").expect("an image");
        assert_eq!(images(&["quay.io/"]).closeness(&image), images(&["quay.io"]).closeness(&image));
    }
}
