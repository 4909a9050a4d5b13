//! The tags of a session.

use std::collections::BTreeMap;

/// The tags of a session, and which of them its own further sessions inherit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionTags(BTreeMap<String, Tag>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    value: String,
    reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Session,
    Chain,
}

impl SessionTags {
    /// Adds a tag that ends with the session.
    #[must_use]
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.into(), Tag { value: value.into(), reach: Reach::Session });
        self
    }

    /// Lets the sessions that this one opens inherit a tag.
    #[must_use]
    pub(crate) fn with_transitive(mut self, key: &str, value: &str) -> Self {
        self.0.insert(key.into(), Tag { value: value.into(), reach: Reach::Chain });
        self
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each key with its value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, tag)| (key.as_str(), tag.value.as_str()))
    }

    /// The keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(key, _)| key)
    }

    /// The keys that further sessions inherit.
    pub(crate) fn transitive_keys(&self) -> impl Iterator<Item = &str> {
        let transitive = self.0.iter().filter(|(_, tag)| tag.reach == Reach::Chain);
        transitive.map(|(key, _)| key.as_str())
    }

    /// The tags that further sessions inherit.
    pub(crate) fn transitive(&self) -> Self {
        let transitive = self.0.iter().filter(|(_, tag)| tag.reach == Reach::Chain);
        Self(transitive.map(|(key, tag)| (key.clone(), tag.clone())).collect())
    }

    /// The same tags with those of another set added.
    pub(crate) fn merged(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}
