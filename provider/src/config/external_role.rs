//! The settings of a role that is assumed, whichever way they come in.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ConfigError;
use crate::identity::aws::{ExternalId, Sdk, SessionDuration, SessionName, SessionTags};

/// The AWS SDK, which the identity, variable or word of this name needs.
pub(super) fn sdk(name: &'static str) -> Result<Sdk, ConfigError> {
    Sdk::linked().ok_or(ConfigError::NoSdk { name })
}

pub(super) fn external_id(name: &'static str, text: &str) -> Result<ExternalId, ConfigError> {
    ExternalId::parse(text)
        .ok_or(ConfigError::Text { name, expected: "2 to 1224 of the letters A to Z, digits and `_+=,.@:/-`" })
}

pub(super) fn session_name(name: &'static str, text: &str) -> Result<SessionName, ConfigError> {
    SessionName::parse(text)
        .ok_or(ConfigError::Text { name, expected: "2 to 64 of the letters A to Z, digits and `_+=,.@-`" })
}

/// A length, and the text that it was read from.
pub(super) fn session_duration(
    name: &'static str,
    text: &str,
    length: Duration,
) -> Result<SessionDuration, ConfigError> {
    let expected = if name.ends_with("seconds") {
        "a number of seconds from 900 to 43200"
    } else {
        "whole seconds from `15m` to `12h`"
    };
    SessionDuration::parse(length).ok_or_else(|| ConfigError::Number { name, value: text.to_owned(), expected })
}

pub(super) fn session_tags(name: &'static str, tags: BTreeMap<String, String>) -> Result<SessionTags, ConfigError> {
    SessionTags::parse(tags).map_err(|problem| ConfigError::Tags { name, problem })
}
