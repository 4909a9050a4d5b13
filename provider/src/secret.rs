//! A secret is a type: it cannot be printed, logged or serialized by accident.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A token, password or key: redacted in `Debug`, without `Display` or `Serialize`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of a secret text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The only door to the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// In a file it is a text like any other.
#[cfg(test)]
impl schemars::JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

/// The longest text of a foreign service that a message repeats, in characters.
const QUOTE_LIMIT: usize = 300;
/// A run of this many characters without a space may be a token, whatever it was meant to be.
const SUSPICIOUS_RUN: usize = 48;
/// The longest part of an ARN that is shown: the longest name of a role or of its session.
///
/// Source: IAM user guide, "IAM and AWS STS quotas".
const LONGEST_NAME: usize = 64;

/// A foreign service's words, made fit for a message: one line, short, and without anything that could be a token.
///
/// Services repeat what they were sent; an error text is written into the kubelet's journal.
#[must_use]
pub fn quote_foreign(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let quoted = words
        .map(|word| if is_arn(word) || !may_be_a_token(word) { word } else { "[redacted]" })
        .collect::<Vec<_>>()
        .join(" ");
    match quoted.char_indices().nth(QUOTE_LIMIT) {
        Some((end, _)) => format!("{}...", &quoted[..end]),
        None => quoted,
    }
}

fn may_be_a_token(word: &str) -> bool {
    word.chars().count() >= SUSPICIOUS_RUN || word.starts_with("eyJ")
}

/// Whether a word is an ARN: as long as a token, it says who was refused what. A token in an ARN's place is one long part.
///
/// Source: IAM user guide, "Amazon Resource Names (ARNs)".
fn is_arn(word: &str) -> bool {
    let fields: Vec<_> = word.splitn(6, ':').collect();
    let ["arn", partition, _, _, account, _] = fields.as_slice() else { return false };
    let is_name = |part: &str| part.chars().count() <= LONGEST_NAME && !part.starts_with("eyJ");
    partition.starts_with("aws")
        && (account.is_empty() || (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())))
        && word.split([':', '/']).all(is_name)
}

/// A claim of a token, made fit for a message: one line and short. Claims are names, and names can be long.
#[must_use]
pub fn quote_claim(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(QUOTE_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_secret() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_claim_is_one_short_line() {
        let issuer = format!("oidc.eks.us-east-1.amazonaws.com/id/{}", "0123456789ABCDEF".repeat(2));
        assert_eq!(quote_claim(&format!("{issuer}\n")), issuer);
        assert_eq!(quote_claim(&"x".repeat(1_000)).len(), QUOTE_LIMIT);
    }

    #[test]
    fn foreign_words_are_one_short_line_without_tokens() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
        let long = "A".repeat(60);
        assert_eq!(quote_foreign(&format!("bad\r\ntoken {jwt} key {long}")), "bad token [redacted] key [redacted]");
        assert_eq!(quote_foreign(&"word ".repeat(80)).chars().count(), QUOTE_LIMIT + 3);
    }

    #[test]
    fn an_arn_is_shown_however_long_it_is() {
        for arn in [
            format!("arn:aws:sts::111122223333:assumed-role/{}/{}", "r".repeat(64), "s".repeat(64)),
            "arn:aws-us-gov:iam::111122223333:user/division/team/somebody-with-a-name".to_owned(),
            "arn:aws:secretsmanager:eu-central-1:111122223333:secret:artifactory/cognito-AbCdEf".to_owned(),
            "arn:aws-cn:eks:cn-north-1:111122223333:podidentityassociation/demo/a-0123456789abcdef".to_owned(),
        ] {
            assert_eq!(quote_foreign(&format!("User: {arn} is not")), format!("User: {arn} is not"));
        }
    }

    #[test]
    fn a_token_in_the_guise_of_an_arn_is_not_shown() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJlLW9mLXNvbWVib2R5";
        let run = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx";
        for disguised in [
            format!("arn:{jwt}"),
            format!("arn:aws:sts::111122223333:assumed-role/{jwt}"),
            format!("arn:aws:sts::111122223333:assumed-role/role/{run}"),
            format!("arn:aws:sts::{run}:assumed-role/role"),
            format!("arn:aws:sts::111122223333:{run}/x"),
            format!("arn:{run}"),
            format!("arn:{}/{}", &run[..60], &run[..60]),
            format!("arn:{0}:{0}:{0}:{0}:{0}", &run[..20]),
            format!("x-arn:aws:iam::111122223333:role/{}", &run[..60]),
        ] {
            assert_eq!(quote_foreign(&disguised), "[redacted]", "{disguised}");
        }
    }
}
