//! Names such as `example.com/name`, as keys of annotations are.

const CHARACTERS: &str =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const EXAMPLES: &str = "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                        '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                         and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
                         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LONGEST_NAME: usize = 63;
const LONGEST_PREFIX: usize = 253;

/// What such a name is called, which changed when labels got rules of their own.
#[derive(Clone, Copy)]
pub(super) enum Wording {
    /// Up to 1.34.
    QualifiedName,
    /// Since 1.35.
    LabelKey,
}

impl Wording {
    const fn name(self) -> &'static str {
        match self {
            Self::QualifiedName => "a qualified name",
            Self::LabelKey => "a valid label key",
        }
    }

    /// What lengths are told in.
    const fn unit(self) -> &'static str {
        match self {
            Self::QualifiedName => "characters",
            Self::LabelKey => "bytes",
        }
    }
}

/// What is wrong with a name.
pub(super) fn problems(text: &str, wording: Wording) -> Vec<String> {
    let parts: Vec<_> = text.split('/').collect();
    match parts.as_slice() {
        [name] => name_problems(name, wording),
        [prefix, name] => prefix_problems(prefix, wording).into_iter().chain(name_problems(name, wording)).collect(),
        _ => vec![format!(
            "{} {CHARACTERS} {EXAMPLES} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
            wording.name()
        )],
    }
}

fn prefix_problems(prefix: &str, wording: Wording) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    let too_long =
        (prefix.len() > LONGEST_PREFIX).then(|| format!("must be no more than {LONGEST_PREFIX} {}", wording.unit()));
    let is_fit = prefix.split('.').all(|label| {
        label.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-') && has_ends(label)
    });
    let unfit = (!is_fit).then(|| SUBDOMAIN.to_owned());
    too_long.into_iter().chain(unfit).map(|problem| format!("prefix part {problem}")).collect()
}

fn name_problems(name: &str, wording: Wording) -> Vec<String> {
    let empty = name.is_empty().then(|| "must be non-empty".to_owned());
    let too_long =
        (name.len() > LONGEST_NAME).then(|| format!("must be no more than {LONGEST_NAME} {}", wording.unit()));
    let is_fit = name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it)) && has_ends(name);
    let unfit = (!is_fit).then(|| format!("{CHARACTERS} {EXAMPLES}"));
    empty.into_iter().chain(too_long).chain(unfit).map(|problem| format!("name part {problem}")).collect()
}

fn has_ends(text: &str) -> bool {
    let is_end = |character: char| character.is_ascii_alphanumeric();
    text.starts_with(is_end) && text.ends_with(is_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        super::problems(text, Wording::QualifiedName)
    }

    #[test]
    fn good_names_have_no_problem() {
        let long = format!("{}.com/{}", "a".repeat(249), "b".repeat(63));
        for name in ["simple", "now-with-dashes", "1-starts-with-num", "1234/1234", "a.b/C_d.e", &long] {
            assert_eq!(problems(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn bad_names_have_the_words_of_kubernetes() {
        for name in ["-dash", "cantendwithadash-", "a/b/c", "only/", "/name", "a b", "Upper.com/name", "a..b/c", "é"] {
            assert!(!problems(name).is_empty(), "{name}");
        }
        let words = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
        assert_eq!(problems("x-"), [words]);
        assert_eq!(problems("/x"), ["prefix part must be non-empty"]);
        assert_eq!(problems("x/").len(), 2);
        assert_eq!(problems(&"x".repeat(64)), ["name part must be no more than 63 characters"]);
        let newer = |text: &str| super::problems(text, Wording::LabelKey);
        assert_eq!(newer(&"x".repeat(64)), ["name part must be no more than 63 bytes"]);
        assert!(newer("a/b/c")[0].starts_with("a valid label key must consist of"));
    }
}
