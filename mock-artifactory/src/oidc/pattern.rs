//! Dynamic mappings: text in which `{{claim}}` stands for what the token claims.

use serde_json::Value;

use crate::jwt::Claims;

mod rewrite;

/// Why a pattern gives nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The token lacks the claim; the real server fails the exchange too.
    ///
    /// Source: JFrog Platform Administration, Dynamic Identity Mapping.
    #[error("The token has no claim {0}")]
    MissingClaim(String),
    /// The claim does not look as the pattern wants it.
    #[error("The claim {0} does not match the pattern")]
    NoMatch(String),
    /// The braces or parentheses do not pair, or ask for more than the mock has.
    #[error("The pattern {0} is not supported")]
    Unsupported(String),
}

/// The texts that a pattern gives: one, or one for each element where the pattern is a claim that
/// is an array.
///
/// # Errors
///
/// When the token lacks a claim or the pattern is not one.
pub fn expand(pattern: &str, claims: &Claims) -> Result<Vec<String>, PatternError> {
    if let Some((pattern, replacement)) = pattern.split_once('|') {
        return rewrite::rewritten(pattern, replacement, claims);
    }
    if let Some(Value::Array(elements)) = sole_claim(pattern).and_then(|name| claims.get(name)) {
        return Ok(elements.iter().filter_map(text_of).collect());
    }
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or_else(|| PatternError::Unsupported(pattern.to_owned()))?;
        let claim = claims.get(name.trim()).and_then(text_of);
        text.push_str(before);
        text.push_str(&claim.ok_or_else(|| PatternError::MissingClaim(name.trim().to_owned()))?);
        rest = after;
    }
    text.push_str(rest);
    Ok(vec![text])
}

fn sole_claim(pattern: &str) -> Option<&str> {
    let name = pattern.strip_prefix("{{")?.strip_suffix("}}")?;
    (!name.contains('}')).then_some(name.trim())
}

fn text_of(claim: &Value) -> Option<String> {
    match claim {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_stand_where_the_pattern_names_them() {
        let claims = json!({"sub": "ann", "org": "acme", "groups": ["a", "b"], "n": 7});
        let texts = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let cases = [
            ("{{sub}}", texts(&["ann"])),
            ("{{ org }}-{{sub}}{{n}}!", texts(&["acme-ann7!"])),
            ("fixed", texts(&["fixed"])),
            ("{{groups}}", texts(&["a", "b"])),
            ("{{email}}", Err(PatternError::MissingClaim("email".into()))),
            ("{{sub", Err(PatternError::Unsupported("{{sub".into()))),
            ("{{sub}} | $0@{{org}}", texts(&["ann@{{org}}"])),
        ];
        for (pattern, expected) in cases {
            assert_eq!(expand(pattern, claims.as_object().unwrap()), expected, "{pattern}");
        }
    }
}
