//! `pattern | replacement`: what a claim must look like, and what is made of it.
//!
//! Source: JFrog Platform Administration, Dynamic Mapping; JFrog knowledge base 000006684, Pattern Flexibility in Dynamic
//! Mappings. `{{claim}}` stands for any characters of the claim's value, the text around it must be there, parentheses
//! are groups, and the replacement has `$0` for the whole and `$1` and so on for the groups. That other characters stand for
//! themselves is the mock's reading.

use serde_json::Value;

use super::{PatternError, text_of};
use crate::jwt::Claims;

/// The left side: a claim between two texts, with groups.
struct Shape<'p> {
    claim: &'p str,
    before: String,
    after: String,
    groups: Vec<Group>,
}

/// Where a group begins and ends, each by its distance from the start or the end of the value.
#[derive(Clone, Copy)]
struct Group {
    start: Edge,
    end: Edge,
}

#[derive(Clone, Copy)]
enum Edge {
    FromStart(usize),
    FromEnd(usize),
}

/// What a claim becomes: one text, or one for each matching element where the claim is an array.
pub(super) fn rewritten(pattern: &str, replacement: &str, claims: &Claims) -> Result<Vec<String>, PatternError> {
    let shape = Shape::parse(pattern.trim()).ok_or_else(|| PatternError::Unsupported(pattern.to_owned()))?;
    let value = claims.get(shape.claim).ok_or_else(|| PatternError::MissingClaim(shape.claim.to_owned()))?;
    let values = match value {
        Value::Array(elements) => elements.iter().filter_map(text_of).collect(),
        value => text_of(value).into_iter().collect::<Vec<_>>(),
    };
    let texts: Vec<_> = values
        .iter()
        .filter(|value| shape.matches(value))
        .map(|value| shape.replace(replacement.trim(), value))
        .collect();
    if texts.is_empty() { Err(PatternError::NoMatch(shape.claim.to_owned())) } else { Ok(texts) }
}

impl<'p> Shape<'p> {
    fn parse(pattern: &'p str) -> Option<Self> {
        let (before, rest) = pattern.split_once("{{")?;
        let (claim, after) = rest.split_once("}}")?;
        let is_text = |text: &str| !text.contains(['{', '}', '[', ']', '*', '+', '?', '\\', '^', '$']);
        if !is_text(before) || !is_text(after) {
            return None;
        }
        let groups = groups(before, after)?;
        let without_parentheses = |text: &str| text.replace(['(', ')'], "");
        let (before, after) = (without_parentheses(before), without_parentheses(after));
        Some(Self { claim: claim.trim(), before, after, groups })
    }

    fn matches(&self, value: &str) -> bool {
        value.len() >= self.before.len() + self.after.len()
            && value.starts_with(&self.before)
            && value.ends_with(&self.after)
    }

    fn replace(&self, replacement: &str, value: &str) -> String {
        let mut text = replacement.to_owned();
        for (index, group) in self.groups.iter().enumerate().rev() {
            let range = group.start.position(value)..group.end.position(value);
            text = text.replace(&format!("${}", index + 1), &value[range]);
        }
        text.replace("$0", value)
    }
}

impl Edge {
    fn position(self, value: &str) -> usize {
        match self {
            Self::FromStart(distance) => distance,
            Self::FromEnd(distance) => value.len() - distance,
        }
    }
}

/// The groups by their opening parenthesis; `None` when parentheses do not pair.
fn groups(before: &str, after: &str) -> Option<Vec<Group>> {
    let plain = |text: &str| text.len() - text.matches(['(', ')']).count();
    let edges = before.char_indices().map(|(at, c)| (c, Edge::FromStart(plain(&before[..at]))));
    let edges = edges.chain(after.char_indices().map(|(at, c)| (c, Edge::FromEnd(plain(&after[at..])))));
    let mut groups: Vec<(Edge, Option<Edge>)> = Vec::new();
    for (character, edge) in edges {
        match character {
            '(' => groups.push((edge, None)),
            ')' => groups.iter_mut().rev().find(|(_, end)| end.is_none())?.1 = Some(edge),
            _ => {}
        }
    }
    groups.into_iter().map(|(start, end)| Some(Group { start, end: end? })).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_verified_and_rewritten() {
        let claims = json!({"actor": "ann@jfrog.com", "mail": "jfann@jfrog.com", "groups": ["git-a", "b", "git-c"]});
        let texts = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let unsupported = |pattern: &str| Err(PatternError::Unsupported(pattern.to_owned()));
        let cases = [
            ("{{actor}} ", " $0.example", texts(&["ann@jfrog.com.example"])),
            ("({{actor}})@jfrog.com", "$1", texts(&["ann"])),
            ("(({{actor}})@)jfrog.com", "$2-$1-$0", texts(&["ann-ann@-ann@jfrog.com"])),
            ("jf{{mail}}jfrog.com", "$0", texts(&["jfann@jfrog.com"])),
            ("jf{{actor}}jfrog.com", "$0", Err(PatternError::NoMatch("actor".into()))),
            ("git-({{groups}})", "$1", texts(&["a", "c"])),
            ("{{other}}", "$0", Err(PatternError::MissingClaim("other".into()))),
            ("({{actor}}", "$1", unsupported("({{actor}}")),
            ("[a-z]{{actor}}", "$1", unsupported("[a-z]{{actor}}")),
            ("actor", "$0", unsupported("actor")),
        ];
        for (pattern, replacement, expected) in cases {
            assert_eq!(rewritten(pattern, replacement, claims.as_object().unwrap()), expected, "{pattern}");
        }
    }
}
