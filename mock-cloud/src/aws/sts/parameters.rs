//! The parameters of the query protocol, from a query string or a form.

use percent_encoding::percent_decode_str;

use super::error::StsError;

/// Parameters in their order. Of duplicates the first wins.
#[derive(Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=b&c=d`.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    /// The value of a parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let pair = pairs.find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is a signed number of 32 bits; a sign and leading zeros are fine.
    ///
    /// # Errors
    ///
    /// [`StsError::MalformedInput`] when it is not.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i32>, StsError> {
        match self.value(name) {
            None => Ok(None),
            Some("") => Err(StsError::MalformedInput("missing value for decimal type")),
            Some(text) => text.parse().map(Some).map_err(|_| StsError::MalformedInput("")),
        }
    }

    /// Whether a list or structure has a member, as in `Tags.member.1.Key`.
    pub(crate) fn has_member(&self, name: &str) -> bool {
        let is_below = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.0.iter().any(|(key, _)| is_below(key))
    }
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_duplicates_wins() {
        let parameters = Parameters::parse("Action=A&&Action=B&Empty=&Bare&a%20b=c+d%2B");
        assert_eq!(parameters.value("Action"), Some("A"));
        assert_eq!(parameters.value("Empty"), Some(""));
        assert_eq!(parameters.value("Bare"), Some(""));
        assert_eq!(parameters.value("a b"), Some("c d+"));
        assert_eq!(parameters.value("action"), None);
    }

    #[test]
    fn a_member_is_the_name_itself_or_below_it() {
        let parameters = Parameters::parse("Tags.member.1.Key=a&Policy=b");
        for name in ["Tags", "Tags.member.1", "Tags.member.1.Key", "Policy"] {
            assert!(parameters.has_member(name), "{name}");
        }
        for name in ["Tag", "Tags.member.2", "PolicyArns"] {
            assert!(!parameters.has_member(name), "{name}");
        }
    }
}
