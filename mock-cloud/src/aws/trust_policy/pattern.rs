//! Texts with wildcards, as IAM compares them.

/// Whether a pattern fits the whole of a text: `*` stands for any text, `?` for any one character.
///
/// [IAM user guide, Using wildcards](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html#reference_policies_elements_resource_wildcards).
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut characters = pattern.chars();
    match characters.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
            ends.into_iter().any(|end| matches(characters.as_str(), &text[end..]))
        }
        Some(wanted) => {
            let mut rest = text.chars();
            let first = rest.next();
            first.is_some_and(|first| wanted == '?' || wanted == first) && matches(characters.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (pattern, text) in [
            ("", ""),
            ("a", "a"),
            ("*", ""),
            ("*", "system:serviceaccount:a:b"),
            ("system:serviceaccount:*:app", "system:serviceaccount:default:app"),
            ("a*b*c", "aXbXbc"),
            ("a?c", "aéc"),
            ("**", "a"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn the_whole_text_must_fit() {
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a", "A"),
            ("a*", "ba"),
            ("*a", "ab"),
            ("a?c", "ac"),
            ("?", ""),
            ("system:serviceaccount:*:app", "system:serviceaccount:default:application"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
