//! Which of two patterns is closer to the images that both match.
//!
//! # Why not the keyring's order?
//!
//! The kubelet's keyring sorts its keys as texts and tries one credential after the other, so that any order does. A route
//! is chosen once. Texts are no measure for that: `a*.example.com` and `*b.example.com` both match `ab.example.com`, and
//! neither is a part of the other. Here such a pair is [`Precedence::Ambiguous`], and a configuration that has it in two
//! routes is refused.

use std::cmp::Ordering;

use super::ImagePattern;

mod label;

use label::Relation;

/// How one pattern stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precedence {
    /// It wins: its hosts are some of the other's, or they are the same and its path is longer.
    Closer,
    /// The other wins.
    Farther,
    /// No image matches both.
    Apart,
    /// Both match the same images.
    Same,
    /// Both match some image, and neither one's hosts are some of the other's.
    Ambiguous,
}

impl ImagePattern {
    /// Which of two patterns wins where both match.
    ///
    /// Hosts come first: one that matches fewer wins, whatever the paths are. With equal hosts the longer path wins.
    ///
    /// ```
    /// use artifactory_credential_provider::image::{ImagePattern, Precedence};
    ///
    /// let precedence = |one, other| Ok::<_, artifactory_credential_provider::image::ImagePatternError>(
    ///     ImagePattern::parse(one)?.precedence(&ImagePattern::parse(other)?),
    /// );
    /// assert_eq!(precedence("acme.jfrog.io", "*.jfrog.io/team")?, Precedence::Closer);
    /// assert_eq!(precedence("acme.jfrog.io", "acme.jfrog.io/team")?, Precedence::Farther);
    /// assert_eq!(precedence("acme.jfrog.io", "acme.jfrog.io:8443")?, Precedence::Apart);
    /// assert_eq!(precedence("a*.jfrog.io", "*b.jfrog.io")?, Precedence::Ambiguous);
    /// # Ok::<(), artifactory_credential_provider::image::ImagePatternError>(())
    /// ```
    #[must_use]
    pub fn precedence(&self, other: &Self) -> Precedence {
        if self.shared_image(other).is_none() {
            return Precedence::Apart;
        }
        let ((own, _), (others, _)) = (self.host_and_port(), other.host_and_port());
        let hosts = labels(own).zip(labels(others)).map(|(own, other)| Relation::between(own, other));
        match (hosts.fold(Relation::Same, Relation::and), self.path().len().cmp(&other.path().len())) {
            (Relation::Within, _) | (Relation::Same, Ordering::Greater) => Precedence::Closer,
            (Relation::Around, _) | (Relation::Same, Ordering::Less) => Precedence::Farther,
            (Relation::Same, Ordering::Equal) => Precedence::Same,
            (Relation::Crossing, _) => Precedence::Ambiguous,
        }
    }

    /// An image that both patterns match; `None` when there is none.
    #[must_use]
    pub fn shared_image(&self, other: &Self) -> Option<String> {
        let ((own, port), (others, other_port)) = (self.host_and_port(), other.host_and_port());
        let path = if self.path().len() < other.path().len() { other.path() } else { self.path() };
        let comparable = path.starts_with(self.path()) && path.starts_with(other.path());
        let same_length = labels(own).count() == labels(others).count();
        let plain_difference = || labels(own).zip(labels(others)).any(|(own, other)| label::differ_plainly(own, other));
        if port != other_port || !comparable || !same_length || plain_difference() {
            return None;
        }
        let host: Vec<_> =
            labels(own).zip(labels(others)).map(|(own, other)| label::shared(own, other)).collect::<Option<_>>()?;
        Some(format!("{}{}", registry(&host.join(&b'.'), port), repository(path)))
    }
}

fn labels(host: &[u8]) -> impl Iterator<Item = &[u8]> {
    host.split(|byte| *byte == b'.')
}

/// Host and port as an image name has them.
fn registry(host: &[u8], port: &[u8]) -> String {
    let host = String::from_utf8_lossy(host);
    let host = if host.contains(':') { format!("[{host}]") } else { host.into_owned() };
    if port.is_empty() { host } else { format!("{host}:{}", String::from_utf8_lossy(port)) }
}

/// A path that is some repository's.
fn repository(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    if path.is_empty() || path.ends_with('/') {
        format!("{}/app", path.trim_end_matches('/'))
    } else {
        path.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::image::ImageRef;

    fn pattern(text: &str) -> ImagePattern {
        ImagePattern::parse(text).expect(text)
    }

    #[test]
    fn a_narrower_host_beats_a_longer_path_and_a_longer_path_beats_a_shorter_one() {
        use Precedence::{Ambiguous, Apart, Closer, Same};
        let table = [
            ("acme.jfrog.io", "*.jfrog.io", Closer),
            ("acme.jfrog.io", "*.jfrog.io/team", Closer),
            ("acme.jfrog.io/team", "acme.jfrog.io", Closer),
            ("acme.jfrog.io/team/", "acme.jfrog.io/team", Closer),
            ("acme.jfrog.io/team-a", "acme.jfrog.io/team", Closer),
            ("a*e.jfrog.io", "a*.jfrog.io", Closer),
            ("a*c*.jfrog.io", "a*.jfrog.io", Closer),
            ("a.*.io", "*.*.io", Closer),
            ("acme.jfrog.io/", "acme.jfrog.io", Same),
            ("a**.jfrog.io", "a*.jfrog.io", Same),
            ("a*.jfrog.io", "*b.jfrog.io", Ambiguous),
            ("a*.jfrog.io/team", "*b.jfrog.io", Ambiguous),
            ("a.*.io", "*.b.io", Ambiguous),
            ("a*a.jfrog.io", "aa*.jfrog.io", Ambiguous),
            ("a*.jfrog.io/one", "*b.jfrog.io/two", Apart),
            ("a*.jfrog.io", "b*.jfrog.io", Apart),
            ("a*ab.jfrog.io", "aab*b*bb.jfrog.io", Apart),
            ("acme.jfrog.io", "acme.jfrog.io:443", Apart),
            ("*.io", "*.*.io", Apart),
            ("acme.jfrog.io/team", "acme.jfrog.io/other", Apart),
            ("-*.jfrog.io", "-*.jfrog.io", Apart),
            ("[::1]:5000", "[::1]:5000/team", Precedence::Farther),
            ("[::1]", "*", Closer),
            ("[::1]", "[1::2]", Ambiguous),
            ("[::1]", "[2::3]", Apart),
            ("[::1]", "localhost", Apart),
        ];
        for (one, other, expected) in table {
            assert_eq!(pattern(one).precedence(&pattern(other)), expected, "{one} {other}");
            assert_eq!(pattern(other).precedence(&pattern(one)), turned(expected), "{other} {one}");
        }
    }

    fn turned(precedence: Precedence) -> Precedence {
        match precedence {
            Precedence::Closer => Precedence::Farther,
            Precedence::Farther => Precedence::Closer,
            other => other,
        }
    }

    #[test]
    fn the_shared_image_is_short_and_could_be_one() {
        let table = [
            ("a*.x.io", "*b.x.io", Some("ab.x.io/app")),
            ("*.x.io/team", "*.x.io/team/app", Some("x.x.io/team/app")),
            ("*-*.io:5000/", "*.io:5000", Some("x-x.io:5000/app")),
            ("[::1]:5000", "*:5000", Some("[::1]:5000/app")),
            ("a*c*d.x.io", "ab*e*.x.io", Some("abced.x.io/app")),
            ("a*.x.io", "b*.x.io", None),
            ("*a.x.io", "*b.x.io", None),
        ];
        for (one, other, expected) in table {
            assert_eq!(pattern(one).shared_image(&pattern(other)).as_deref(), expected, "{one} {other}");
        }
    }

    /// Hosts of two labels, a port or none, a path or none, of so few letters that patterns meet.
    fn any_pattern() -> impl Strategy<Value = ImagePattern> {
        "[ab*]{1,4}\\.(x|\\*|[ab]\\*)(:1)?(/|/t|/t/|/ts|/t/u)?".prop_map(|text| pattern(&text))
    }

    fn any_image() -> impl Strategy<Value = String> {
        "[ab]{1,4}\\.(x|a|b|ab)(:1)?/(t|ts|t/u|t/u/v|w)"
    }

    proptest! {
        #[test]
        fn what_both_match_is_never_called_apart(one in any_pattern(), other in any_pattern(), image in any_image()) {
            if one.matches(&image) && other.matches(&image) {
                prop_assert_ne!(one.precedence(&other), Precedence::Apart);
            }
        }

        #[test]
        fn the_shared_image_is_an_image_that_both_match(one in any_pattern(), other in any_pattern()) {
            if let Some(image) = one.shared_image(&other) {
                prop_assert!(one.matches(&image) && other.matches(&image), "{one} {other} {image}");
                prop_assert!(ImageRef::parse(&image).is_ok(), "{image}");
            } else {
                prop_assert_eq!(one.precedence(&other), Precedence::Apart);
            }
        }

        #[test]
        fn a_closer_pattern_matches_nothing_on_a_host_that_the_other_does_not_have(
            one in any_pattern(), other in any_pattern(), image in any_image(),
        ) {
            let host = |image: &str| pattern(image.split('/').next().expect("a host"));
            let on_the_host = |pattern: &ImagePattern| pattern.shared_image(&host(&image)).is_some();
            if one.precedence(&other) == Precedence::Closer && one.matches(&image) {
                prop_assert!(on_the_host(&other), "{one} {other} {image}");
            }
        }

        #[test]
        fn precedence_turns_round_with_its_sides_and_is_transitive(
            one in any_pattern(), two in any_pattern(), three in any_pattern(), image in any_image(),
        ) {
            prop_assert_eq!(one.precedence(&two), turned(two.precedence(&one)));
            let all_match = [&one, &two, &three].iter().all(|pattern| pattern.matches(&image));
            if all_match && one.precedence(&two) == Precedence::Closer && two.precedence(&three) == Precedence::Closer {
                prop_assert_eq!(one.precedence(&three), Precedence::Closer);
            }
        }

        #[test]
        fn no_pair_of_patterns_makes_it_panic(
            one in "[\\[\\]%:.*@/?#^a-c2 é-]{0,16}", other in "[\\[\\]%:.*@/?#^a-c2 é-]{0,16}",
        ) {
            let parsed = ImagePattern::parse(&one).ok().zip(ImagePattern::parse(&other).ok());
            let _ = parsed.map(|(one, other)| one.precedence(&other));
        }
    }
}
