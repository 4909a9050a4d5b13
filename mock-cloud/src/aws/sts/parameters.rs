//! The parameters of the query protocol, from a query string or a form.

use percent_encoding::percent_decode_str;

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
}
