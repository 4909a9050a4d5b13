//! What is asked of STS when a role is assumed: each part within the limits of STS.
//!
//! Source: AWS STS API reference, `AssumeRole` and `Tag`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::identity::aws::RoleArn;

/// A session of a role, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSession {
    /// The role.
    pub role: RoleArn,
    /// What the role's owner wants to hear of whoever assumes it.
    pub external_id: Option<ExternalId>,
    /// How the session is named in CloudTrail.
    pub name: SessionName,
    /// How long it lasts.
    pub duration: SessionDuration,
    /// What is said of it to the role's policies and to CloudTrail.
    pub tags: SessionTags,
}

/// The value of `sts:ExternalId`: 2 to 1,224 letters, digits and some signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId(String);

impl ExternalId {
    /// Reads an external id; what STS would refuse is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = (2..=1_224).contains(&text.len()) && text.chars().all(|c| is_word(c, "+=,.@:/-"));
        known.then(|| Self(text.to_owned()))
    }

    /// The id as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session's name: 2 to 64 letters, digits and some signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionName(String);

impl SessionName {
    /// Reads a name; what STS would refuse is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let known = (2..=64).contains(&text.len()) && text.chars().all(|c| is_word(c, "+=,.@-"));
        known.then(|| Self(text.to_owned()))
    }

    /// The name for a node: `artifactory-pull@` and as much of the node's name as there is room for, so that whoever reads
    /// CloudTrail in the role's account sees what was done and where.
    #[must_use]
    pub fn of_node(node: &str) -> Self {
        let name = "artifactory-pull@".chars().chain(node.chars().filter(|c| is_word(*c, "+=,.@-"))).take(64);
        Self(name.collect::<String>().trim_end_matches('@').to_owned())
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How long a session lasts: 15 minutes to 12 hours, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionDuration(u16);

impl SessionDuration {
    /// An hour: what STS gives unless asked, and the most that a session of a role can ask for.
    pub const HOUR: Self = Self(3_600);

    /// Takes a length; one that STS would refuse is `None`.
    #[must_use]
    pub fn parse(length: Duration) -> Option<Self> {
        let seconds = u16::try_from(length.as_secs()).ok()?;
        ((900..=43_200).contains(&seconds) && length.subsec_nanos() == 0).then_some(Self(seconds))
    }

    /// Whether the credentials of a role may ask for it.
    ///
    /// Source: IAM user guide, "Methods to assume a role", role chaining.
    pub(super) fn can_be_chained(self) -> bool {
        self.0 <= Self::HOUR.0
    }

    /// The length in seconds.
    #[must_use]
    pub fn seconds(self) -> i32 {
        self.0.into()
    }
}

/// Session tags: at most 50, with keys that differ in more than case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTags(BTreeMap<String, String>);

/// What is wrong with session tags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagProblem {
    /// More than STS takes.
    #[error("has more than 50 tags")]
    TooMany,
    /// A key that STS would refuse.
    #[error("has the key `{0}`, which STS does not take")]
    Key(String),
    /// A value that STS would refuse.
    #[error("has a value for `{0}` that STS does not take")]
    Value(String),
    /// Two keys that are one to STS.
    #[error("has the key `{0}` twice, since case makes no difference")]
    Twice(String),
}

impl SessionTags {
    /// Reads tags.
    ///
    /// # Errors
    /// When STS would refuse one of them, or their number.
    pub fn parse(tags: BTreeMap<String, String>) -> Result<Self, TagProblem> {
        if tags.len() > 50 {
            return Err(TagProblem::TooMany);
        }
        let mut seen = BTreeSet::new();
        for (key, value) in &tags {
            // The prefix is kept for AWS: IAM user guide, "Rules for tagging in IAM and AWS STS".
            if !is_tag(key, 1..=128) || key.to_lowercase().starts_with("aws:") {
                return Err(TagProblem::Key(key.clone()));
            }
            if !is_tag(value, 0..=256) {
                return Err(TagProblem::Value(key.clone()));
            }
            if !seen.insert(key.to_lowercase()) {
                return Err(TagProblem::Twice(key.clone()));
            }
        }
        Ok(Self(tags))
    }

    /// The tags, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `\w` of the API reference is ASCII, as the service has it.
fn is_word(c: char, signs: &str) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || signs.contains(c)
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]` in this many characters.
fn is_tag(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
    length.contains(&text.chars().count()) && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Result<SessionTags, TagProblem> {
        SessionTags::parse(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_session_is_named_after_its_node() {
        assert_eq!(
            SessionName::of_node("ip-10-0-0-10.ec2.internal").as_str(),
            "artifactory-pull@ip-10-0-0-10.ec2.internal"
        );
        assert_eq!(SessionName::of_node(&"n".repeat(200)).as_str().len(), 64);
        for node in ["", "/ü /"] {
            assert_eq!(SessionName::of_node(node).as_str(), "artifactory-pull");
        }
    }

    #[test]
    fn names_and_external_ids_keep_the_limits_of_sts() {
        for text in ["ab", "A+b=c,d.e@f_g-1", &"x".repeat(64)] {
            assert!(SessionName::parse(text).is_some() && ExternalId::parse(text).is_some(), "{text}");
        }
        for text in ["", "a", "a b", "ü-ü", &"x".repeat(1_225)] {
            assert!(SessionName::parse(text).is_none() && ExternalId::parse(text).is_none(), "{text}");
        }
        for text in ["a:b", "a/b", &"x".repeat(65)] {
            assert!(SessionName::parse(text).is_none() && ExternalId::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_session_lasts_from_a_quarter_of_an_hour_to_half_a_day() {
        let parsed = |seconds| SessionDuration::parse(Duration::from_secs(seconds));
        assert_eq!(parsed(3_600), Some(SessionDuration::HOUR));
        for (seconds, chained) in [(900, true), (3_600, true), (3_601, false), (43_200, false)] {
            let duration = parsed(seconds).expect("a duration");
            assert_eq!((u64::try_from(duration.seconds()), duration.can_be_chained()), (Ok(seconds), chained));
        }
        for seconds in [0, 899, 43_201, 65_536 + 900] {
            assert_eq!(parsed(seconds), None, "{seconds}");
        }
        assert_eq!(SessionDuration::parse(Duration::from_millis(900_500)), None);
    }

    #[test]
    fn tags_keep_the_limits_of_sts() {
        let long = "k".repeat(128);
        for pair in [("team", "shop"), ("empty", ""), ("Größe", "a b\u{a0}c"), (&long, "x"), ("laws:x", "1")] {
            assert!(tags(&[pair]).is_ok(), "{pair:?}");
        }
        let (key, value) = ("k".repeat(129), "v".repeat(257));
        for pair in [("", "x"), (&key, "x"), ("a\tb", "x"), ("a;b", "x"), ("aws:x", "1"), ("AWS:x", "1")] {
            assert_eq!(tags(&[pair]), Err(TagProblem::Key(pair.0.to_owned())), "{pair:?}");
        }
        for pair in [("k", value.as_str()), ("k", "a\nb"), ("k", "{}")] {
            assert_eq!(tags(&[pair]), Err(TagProblem::Value("k".to_owned())), "{pair:?}");
        }
        assert_eq!(tags(&[("Team", "a"), ("team", "b")]), Err(TagProblem::Twice("team".to_owned())));
        let many = |count: usize| SessionTags::parse((0..count).map(|n| (format!("k{n}"), String::new())).collect());
        assert!(many(50).is_ok());
        assert_eq!(many(51), Err(TagProblem::TooMany));
    }
}
