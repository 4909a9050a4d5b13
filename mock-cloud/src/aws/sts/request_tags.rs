//! The session tags of a request.

use std::collections::BTreeSet;

use super::constraint::{Display, Pattern, Rule, Violations};
use super::error::StsError;
use super::parameters::Parameters;
use crate::aws::session::SessionTags;

// botocore, data/sts/2011-06-15/service-2.json, `tagKeyType`, `tagValueType`, `tagListType`.
const KEY: Rule = Rule {
    name: "key",
    length: 1..=128,
    pattern: Some(Pattern {
        shown: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
        fits: |text| !text.is_empty() && text.chars().all(is_tag_character),
    }),
    display: Display::Plain,
};
const VALUE: Rule = Rule {
    name: "value",
    length: 0..=256,
    pattern: Some(Pattern { shown: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", fits: |text| text.chars().all(is_tag_character) }),
    display: Display::Plain,
};
const MOST: usize = 50;

/// The tags that a request asks for.
pub(crate) struct RequestTags<'a> {
    tags: Vec<(&'a str, &'a str)>,
    transitive: Vec<&'a str>,
}

impl<'a> RequestTags<'a> {
    /// Reads `Tags.member.N.Key`, `Tags.member.N.Value` and `TransitiveTagKeys.member.N`.
    pub(crate) fn read(parameters: &'a Parameters, violations: &mut Violations) -> Self {
        let indices = (1..).take_while(|index| parameters.has_member(&format!("Tags.member.{index}")));
        let tags = indices.map(|index| {
            let mut part = |name: &str, rule: &Rule| {
                let value = parameters.value(&format!("Tags.member.{index}.{name}"));
                let path = format!("tags.{index}.member.{}", rule.name);
                match value {
                    Some(text) => violations.named(&path, rule, text),
                    None => violations.add("Value null", &path, "Member must not be null"),
                }
                value.unwrap_or_default()
            };
            (part("Key", &KEY), part("Value", &VALUE))
        });
        let tags: Vec<_> = tags.collect();
        let keys = (1..).map_while(|index| parameters.value(&format!("TransitiveTagKeys.member.{index}")));
        let transitive: Vec<_> = keys.collect();
        for (name, length) in [("tags", tags.len()), ("transitiveTagKeys", transitive.len())] {
            if length > MOST {
                violations.add("Value", name, &format!("Member must have length less than or equal to {MOST}"));
            }
        }
        Self { tags, transitive }
    }

    /// The tags, where those of the calling session are known.
    ///
    /// # Errors
    ///
    /// When a key comes twice, is transitive without being there, or is one that the calling session hands on. Keys
    /// are compared without regard to case. The texts are those that `LocalStack` took from AWS,
    /// `localstack/services/sts/provider.py`.
    pub(crate) fn tags(&self, calling: &SessionTags) -> Result<SessionTags, StsError> {
        let lower = |key: &str| key.to_lowercase();
        let keys: BTreeSet<String> = self.tags.iter().map(|(key, _)| lower(key)).collect();
        let transitive: BTreeSet<String> = self.transitive.iter().copied().map(lower).collect();
        let inherited: BTreeSet<String> = calling.transitive_keys().map(lower).collect();
        let complaint = if keys.len() < self.tags.len() {
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        } else if !keys.is_disjoint(&inherited) {
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from \
             the calling session."
        } else if !transitive.is_subset(&keys) {
            "The specified transitive tag key must be included in the requested tags."
        } else {
            return Ok(self.tags.iter().fold(SessionTags::default(), |tags, (key, value)| {
                if transitive.contains(&lower(key)) { tags.with_transitive(key, value) } else { tags.with(key, value) }
            }));
        };
        Err(StsError::InvalidParameterValue(complaint))
    }
}

fn is_tag_character(character: char) -> bool {
    character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
}
