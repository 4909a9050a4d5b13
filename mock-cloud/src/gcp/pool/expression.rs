//! The part of the Common Expression Language that mappings and conditions of pools are mostly written in.
//!
//! Source: IAM documentation, "Attribute mappings" and "Attribute conditions".

use serde::Deserialize;
use serde_json::Value;

/// Texts and attributes, one after another.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Expression(Vec<Term>);

/// Expressions that must be the same, each with its counterpart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Condition(Vec<(Expression, Expression)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Text(String),
    Path(Vec<String>),
}

impl Expression {
    fn parse(text: &str) -> Option<Self> {
        split(text, "+").into_iter().map(|term| Term::parse(term.trim())).collect::<Option<_>>().map(Self)
    }

    /// Answers the text of an expression, if each of its attributes is one.
    pub(super) fn text(&self, known: &Value) -> Option<String> {
        self.0.iter().map(|term| term.text(known)).collect()
    }
}

impl Condition {
    /// Whether all that must be the same is.
    pub(super) fn holds(&self, known: &Value) -> bool {
        self.0.iter().all(|(left, right)| left.text(known).is_some_and(|text| right.text(known) == Some(text)))
    }
}

impl Term {
    fn text(&self, known: &Value) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Path(path) => path.iter().try_fold(known, |value, name| value.get(name))?.as_str().map(str::to_owned),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(text) = quoted(text) {
            return Some(Self::Text(text.to_owned()));
        }
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (root, mut rest) = text.split_at(end);
        let mut path = vec![root.to_owned()];
        while !rest.is_empty() {
            let name = if let Some(behind) = rest.strip_prefix('[') {
                let (name, behind) = behind.split_once(']')?;
                rest = behind;
                quoted(name)?
            } else {
                let behind = rest.strip_prefix('.')?;
                let (name, behind) = behind.split_at(behind.find(['.', '[']).unwrap_or(behind.len()));
                rest = behind;
                Some(name).filter(|name| is_name(name))?
            };
            path.push(name.to_owned());
        }
        let known = matches!(root, "assertion" | "google" | "attribute");
        (known && path.len() > 1).then_some(Self::Path(path))
    }
}

impl TryFrom<String> for Expression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is more than this mock understands"))
    }
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let pairs = split(&text, "&&").into_iter().map(|pair| match split(pair, "==")[..] {
            [left, right] => Some((Expression::parse(left)?, Expression::parse(right)?)),
            _ => None,
        });
        let pairs = pairs.collect::<Option<_>>();
        pairs.map(Self).ok_or_else(|| format!("`{text}` is more than this mock understands"))
    }
}

/// A text between quotes of one kind.
fn quoted(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(['\'', '"', '\\'])).then_some(inner)
    })
}

/// Cuts a text where a separator stands outside quotes.
fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (index, letter) in text.char_indices() {
        match quote {
            Some(open) if open == letter => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None if index >= start && text[index..].starts_with(separator) => {
                parts.push(&text[start..index]);
                start = index + separator.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(expression: &str) -> Option<String> {
        let known = json!({"assertion": {"sub": "a:b", "aud": ["x"], "kubernetes.io": {"namespace": "default"}}});
        Expression::try_from(expression.to_owned()).unwrap().text(&known)
    }

    #[test]
    fn attributes_and_texts_are_joined() {
        assert_eq!(text("assertion.sub").as_deref(), Some("a:b"));
        assert_eq!(text("'k8s+' + assertion['kubernetes.io'].namespace").as_deref(), Some("k8s+default"));
        assert_eq!(text("assertion[\"sub\"]").as_deref(), Some("a:b"));
        assert_eq!(text("assertion.none"), None);
        assert_eq!(text("assertion.aud"), None, "a list is no text");
    }

    #[test]
    fn a_condition_holds_when_every_pair_is_the_same() {
        let known = json!({"assertion": {"sub": "a==b"}, "attribute": {"namespace": "default"}});
        for (condition, holds) in [
            ("assertion.sub == 'a==b'", true),
            ("assertion.sub=='a==b' && attribute.namespace == 'default'", true),
            ("assertion.sub == 'a==b' && attribute.namespace == 'other'", false),
            ("assertion.none == assertion.none", false),
        ] {
            assert_eq!(Condition::try_from(condition.to_owned()).unwrap().holds(&known), holds, "{condition}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_guessed() {
        for text in
            ["", "sub", "assertion", "assertion.sub.extract('x')", "assertion.", "claims.sub", "'a", "assertion[x]"]
        {
            assert!(Expression::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["assertion.sub", "assertion.sub != 'x'", "assertion.sub == 'x' || true", "a == b == c"] {
            assert!(Condition::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
