//! The constraints on parameters and what STS says of those that are not kept.
//!
//! The constraints are those of botocore, `data/sts/2011-06-15/service-2.json`; the texts, that lengths count Unicode
//! scalar values, and that all violations come in one message, were asserted against the live service by
//! [argmin](https://github.com/justincormack/argmin). Of a value that breaks two constraints the live service names
//! either first; this one always names the pattern first.

use std::ops::RangeInclusive;

use super::error::StsError;

/// What a text must be like.
pub(crate) struct Rule {
    /// The name in messages, in camel case.
    pub(crate) name: &'static str,
    /// How many characters it has.
    pub(crate) length: RangeInclusive<usize>,
    /// Which characters, `None` for any.
    pub(crate) pattern: Option<Pattern>,
    /// Whether messages show the value.
    pub(crate) display: Display,
}

/// Which characters a text has.
pub(crate) struct Pattern {
    /// The regular expression that messages show.
    pub(crate) shown: &'static str,
    /// Whether a text fits it.
    pub(crate) fits: fn(&str) -> bool,
}

/// Whether messages show a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    /// In quotes.
    Plain,
    /// Not at all, since the model calls it sensitive.
    Sensitive,
}

/// The constraints that a request does not keep.
#[derive(Default)]
pub(crate) struct Violations(Vec<String>);

/// The ARN of a role.
pub(crate) const ROLE_ARN: Rule = Rule {
    name: "roleArn",
    length: 20..=2048,
    // The live service refuses what lies beyond the basic plane, whatever the expression shows.
    pattern: Some(Pattern {
        shown: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
        fits: |text| {
            let allowed = |character| {
                matches!(character,
                    '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{7e}' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
                    | '\u{e000}'..='\u{fffd}')
            };
            !text.is_empty() && text.chars().all(allowed)
        },
    }),
    display: Display::Plain,
};

/// The name of a session.
pub(crate) const ROLE_SESSION_NAME: Rule = Rule {
    name: "roleSessionName",
    length: 2..=64,
    pattern: Some(Pattern { shown: r"[\w+=,.@-]*", fits: |text| text.chars().all(|it| is_word(it, "+=,.@-")) }),
    display: Display::Plain,
};

/// What the owner of a role and its caller have agreed upon.
pub(crate) const EXTERNAL_ID: Rule = Rule {
    name: "externalId",
    length: 2..=1224,
    pattern: Some(Pattern { shown: r"[\w+=,.@:\/-]*", fits: |text| text.chars().all(|it| is_word(it, "+=,.@:/-")) }),
    display: Display::Plain,
};

/// Who stands behind a session. The live service takes 256 characters where the model says 64.
pub(crate) const SOURCE_IDENTITY: Rule = Rule {
    name: "sourceIdentity",
    length: 2..=256,
    pattern: Some(Pattern { shown: r"[\w+=,.@-]*", fits: |text| text.chars().all(|it| is_word(it, "+=,.@-")) }),
    display: Display::Plain,
};

/// A token of an identity provider.
pub(crate) const WEB_IDENTITY_TOKEN: Rule =
    Rule { name: "webIdentityToken", length: 4..=20_000, pattern: None, display: Display::Sensitive };

/// The seconds that a session may last.
const DURATION_SECONDS: RangeInclusive<i32> = 900..=43_200;

impl Violations {
    /// Answers a text that must be there.
    pub(crate) fn required<'a>(&mut self, rule: &Rule, value: Option<&'a str>) -> &'a str {
        if value.is_none() {
            let shown = if rule.display == Display::Plain { " null" } else { "" };
            self.add(&format!("Value{shown}"), rule.name, "Member must not be null");
        }
        self.optional(rule, value).unwrap_or_default()
    }

    /// Answers a text that may be there.
    pub(crate) fn optional<'a>(&mut self, rule: &Rule, value: Option<&'a str>) -> Option<&'a str> {
        self.named(rule.name, rule, value?);
        value
    }

    /// Looks at a text whose name is longer than that of its rule, as in a list.
    pub(crate) fn named(&mut self, name: &str, rule: &Rule, text: &str) {
        let value = match rule.display {
            Display::Plain => format!("Value '{text}'"),
            Display::Sensitive => "Value".into(),
        };
        if let Some(pattern) = rule.pattern.as_ref().filter(|pattern| !(pattern.fits)(text)) {
            self.add(&value, name, &format!("Member must satisfy regular expression pattern: {}", pattern.shown));
        }
        let (length, (least, most)) = (text.chars().count(), (rule.length.start(), rule.length.end()));
        if length < *least {
            self.add(&value, name, &format!("Member must have length greater than or equal to {least}"));
        }
        if length > *most {
            self.add(&value, name, &format!("Member must have length less than or equal to {most}"));
        }
    }

    /// Answers the seconds that a session is asked to last, an hour unless told.
    pub(crate) fn duration(&mut self, seconds: Option<i32>) -> u32 {
        let seconds = seconds.unwrap_or(3600);
        let (value, (least, most)) = (format!("Value '{seconds}'"), DURATION_SECONDS.into_inner());
        if seconds < least {
            self.add(&value, "durationSeconds", &format!("Member must have value greater than or equal to {least}"));
        }
        if seconds > most {
            self.add(&value, "durationSeconds", &format!("Member must have value less than or equal to {most}"));
        }
        seconds.try_into().unwrap_or_default()
    }

    /// Adds a violation.
    pub(crate) fn add(&mut self, value: &str, name: &str, constraint: &str) {
        self.0.push(format!("{value} at '{name}' failed to satisfy constraint: {constraint}"));
    }

    /// # Errors
    ///
    /// [`StsError::Validation`] that names all violations, when there are any.
    pub(crate) fn into_result(self) -> Result<(), StsError> {
        let errors = match self.0.len() {
            0 => return Ok(()),
            1 => "1 validation error".to_owned(),
            count => format!("{count} validation errors"),
        };
        Err(StsError::Validation(format!("{errors} detected: {}", self.0.join("; "))))
    }
}

fn is_word(character: char, others: &str) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || others.contains(character)
}
