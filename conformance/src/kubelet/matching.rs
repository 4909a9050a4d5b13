//! Which images an entry of `matchImages`, or a key of `auth`, is for.
//!
//! Upstream: `URLsMatchStr`, `URLsMatch`, `SplitURL` and `ParseSchemelessURL` of
//! <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/keyring.go` (1.26 to 1.36).
//!
//! Both sides are read as `https://` URLs. An entry is for an image if
//!
//! 1. the ports are the same text: none is not `443`,
//! 2. the hosts have as many labels,
//! 3. the entry's path, decoded, is the beginning of the image's path, byte by byte and whatever the segments,
//! 4. each label of the entry matches the image's: `*` stands for any part of one label.

mod glob;
mod ip;
mod url;

use std::fmt;

use thiserror::Error;

use self::glob::Glob;
pub(super) use self::url::Url;
use self::url::split_host_port;
pub use self::url::{GoVersion, UrlError};

/// An image's name as matching sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageAddress {
    labels: Vec<Vec<u8>>,
    port: Vec<u8>,
    path: Vec<u8>,
}

/// An entry of `matchImages` or a key of `auth`.
///
/// ```
/// use conformance::kubelet::{GoVersion, ImageAddress, ImagePattern};
///
/// let go = GoVersion::default();
/// let pattern = ImagePattern::parse("*.r.io/team", go)?;
/// assert_eq!(pattern.mismatch(&ImageAddress::parse("eu.r.io/teams/app", go)?), Ok(None));
///
/// let other = pattern.mismatch(&ImageAddress::parse("eu.r.io:443/team", go)?)?;
/// assert_eq!(other.unwrap().to_string(), "port: the image has `443`, the entry has none");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePattern {
    labels: Vec<Label>,
    port: Vec<u8>,
    path: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Label {
    text: Vec<u8>,
    glob: Result<Glob, BadPattern>,
}

/// A label that is no pattern: a class without its end. The words are Go's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Why a text matches nothing, or nothing matches it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MatchError {
    /// A text does not parse.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// A label does not.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
}

/// The first of the four rules that an image breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Another port.
    Port {
        /// The entry's port; empty if it has none.
        pattern: String,
        /// The image's.
        image: String,
    },
    /// Another number of labels.
    LabelCount {
        /// How many the entry has.
        pattern: usize,
        /// How many the image has.
        image: usize,
    },
    /// A path that begins otherwise.
    Path {
        /// The entry's path.
        pattern: String,
        /// The image's.
        image: String,
        /// How many bytes are the same.
        common: usize,
    },
    /// A label that does not match.
    Label {
        /// Which, from 1.
        position: usize,
        /// The entry's label.
        pattern: String,
        /// The image's.
        image: String,
    },
}

impl ImageAddress {
    /// Parses an image's name.
    ///
    /// # Errors
    ///
    /// It is no URL; the kubelet then takes nothing as meant for it.
    pub fn parse(text: &str, go: GoVersion) -> Result<Self, UrlError> {
        let Url { host, path } = Url::parse(&format!("https://{text}"), go)?;
        let (host, port) = split_host_port(&host);
        Ok(Self { labels: labels(host), port: port.to_vec(), path })
    }
}

impl ImagePattern {
    /// Parses an entry.
    ///
    /// # Errors
    ///
    /// It is no URL; a kubelet with such an entry does not start.
    pub fn parse(text: &str, go: GoVersion) -> Result<Self, UrlError> {
        let ImageAddress { labels, port, path } = ImageAddress::parse(text, go)?;
        let label = |text: Vec<u8>| Label { glob: Glob::parse(&text), text };
        Ok(Self { labels: labels.into_iter().map(label).collect(), port, path })
    }

    /// Whether the entry is for the image; a bad label is for none.
    #[must_use]
    pub fn is_for(&self, image: &ImageAddress) -> bool {
        self.port == image.port
            && self.labels.len() == image.labels.len()
            && image.path.starts_with(&self.path)
            && self
                .labels
                .iter()
                .zip(&image.labels)
                .all(|(label, text)| label.glob.as_ref().is_ok_and(|glob| glob.matches(text)))
    }

    /// The first rule that the image breaks; `None` if the entry is for it.
    ///
    /// # Errors
    ///
    /// A label that all before it lead to is no pattern.
    pub fn mismatch(&self, image: &ImageAddress) -> Result<Option<Mismatch>, BadPattern> {
        if self.port != image.port {
            return Ok(Some(Mismatch::Port { pattern: shown(&self.port), image: shown(&image.port) }));
        }
        if self.labels.len() != image.labels.len() {
            let (pattern, image) = (self.labels.len(), image.labels.len());
            return Ok(Some(Mismatch::LabelCount { pattern, image }));
        }
        if !image.path.starts_with(&self.path) {
            let common = self.path.iter().zip(&image.path).take_while(|(one, other)| one == other).count();
            return Ok(Some(Mismatch::Path { pattern: shown(&self.path), image: shown(&image.path), common }));
        }
        for (position, (label, text)) in self.labels.iter().zip(&image.labels).enumerate() {
            if !label.glob.as_ref().map_err(|bad| *bad)?.matches(text) {
                let (pattern, image) = (shown(&label.text), shown(text));
                return Ok(Some(Mismatch::Label { position: position + 1, pattern, image }));
            }
        }
        Ok(None)
    }
}

/// Whether an entry, as text, is for an image, as text (`URLsMatchStr`).
///
/// # Errors
///
/// One of them does not parse; the entry is looked at first.
pub fn matches(pattern: &str, image: &str, go: GoVersion) -> Result<bool, MatchError> {
    let pattern = ImagePattern::parse(pattern, go)?;
    let image = ImageAddress::parse(image, go)?;
    Ok(pattern.mismatch(&image)?.is_none())
}

impl Mismatch {
    /// How far an image came, to tell near misses from far ones: more is nearer.
    ///
    /// Hosts come first here, since a person who wrote another host did not mean the image.
    #[must_use]
    pub fn nearness(&self) -> usize {
        match self {
            Self::LabelCount { .. } => 0,
            Self::Label { .. } => 1,
            Self::Port { .. } => 2,
            Self::Path { common, .. } => 3 + common,
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = |text: &str| if text.is_empty() { "none".to_owned() } else { format!("`{text}`") };
        match self {
            Self::Port { pattern, image } => {
                write!(formatter, "port: the image has {}, the entry has {}", port(image), port(pattern))
            }
            Self::LabelCount { pattern, image } => {
                write!(formatter, "labels: the image's host has {image}, the entry's has {pattern}")
            }
            Self::Path { pattern, image, common } => {
                let star = if pattern.contains('*') { "; `*` in a path stands for itself" } else { "" };
                let differ = common + 1;
                write!(formatter, "path: `{image}` does not begin with `{pattern}`, they differ at byte {differ}{star}")
            }
            Self::Label { position, pattern, image } => {
                write!(formatter, "label {position}: `{image}` is not `{pattern}`")
            }
        }
    }
}

fn labels(host: &[u8]) -> Vec<Vec<u8>> {
    host.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect()
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pattern: &str, image: &str) -> String {
        let go = GoVersion::default();
        let pattern = ImagePattern::parse(pattern, go).unwrap();
        let image = ImageAddress::parse(image, go).unwrap();
        let mismatch = pattern.mismatch(&image);
        assert_eq!(pattern.is_for(&image), mismatch == Ok(None));
        mismatch.map_or_else(|bad| bad.to_string(), |it| it.map_or("match".to_owned(), |it| it.to_string()))
    }

    #[test]
    fn the_first_broken_rule_is_told() {
        assert_eq!(told("r.io/a", "r.io/ab"), "match");
        assert_eq!(told("r.io:443", "r.io/a"), "port: the image has none, the entry has `443`");
        assert_eq!(told("*.io", "a.r.io/x"), "labels: the image's host has 3, the entry's has 2");
        assert_eq!(
            told("r.io/team/", "r.io/team"),
            "path: `/team` does not begin with `/team/`, they differ at byte 6"
        );
        assert_eq!(told("*.q.io", "a.r.io/x"), "label 2: `r` is not `q`");
    }

    #[test]
    fn a_bad_label_counts_only_when_the_labels_before_it_match() {
        assert_eq!(told("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"), "syntax error in pattern");
        let go = GoVersion::Go1_19;
        assert_eq!(matches("a.[b", "x.y/z", go), Ok(false));
        assert_eq!(matches("a.[b", "a.y/z", go), Err(BadPattern.into()));
    }

    #[test]
    fn a_nearer_miss_is_nearer() {
        let miss = |pattern: &str| {
            let go = GoVersion::default();
            let image = ImageAddress::parse("a.r.io/team/app", go).unwrap();
            ImagePattern::parse(pattern, go).unwrap().mismatch(&image).unwrap().unwrap().nearness()
        };
        let misses = ["r.io", "b.r.io", "a.r.io:1", "a.r.io/x", "a.r.io/team/b"].map(miss);
        assert!(misses.is_sorted_by(|one, next| one < next), "{misses:?}");
    }
}
