//! Families: several cases of one file, which differ in words.
//!
//! Each table of `each` is a member: `name` ends its id, and every `${key}` of the file is replaced by the member's value.
//! The text is replaced and not the values, so that an error still has the line of the file. A value can stand between
//! double quotes or, as a number, without any; `each` stands before the first table.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One member.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// What its id ends with; nothing where the file is one case.
    pub(super) suffix: String,
    /// The file's text for it.
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    each: Vec<BTreeMap<String, String>>,
}

/// Splits a file into its members.
pub(super) fn members(text: &str) -> Result<Vec<Member>, String> {
    let Shape { each } = toml::from_str(head(text)).map_err(|error| error.to_string())?;
    if each.is_empty() {
        return Ok(vec![Member { suffix: String::new(), text: text.to_owned() }]);
    }
    let mut members: Vec<Member> = Vec::new();
    for values in &each {
        let name = values.get("name").ok_or("a table of `each` has no `name`")?;
        let replaced = values.iter().fold(text.to_owned(), |text, (key, value)| {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            text.replace(&format!("${{{key}}}"), &escaped)
        });
        if let Some((_, rest)) = replaced.split_once("${") {
            let key = rest.split('}').next().unwrap_or_default();
            return Err(format!("`${{{key}}}` is no key of `{name}` in `each`"));
        }
        let suffix = format!("[{name}]");
        if members.iter().any(|member| member.suffix == suffix) {
            return Err(format!("`each` names `{name}` twice"));
        }
        members.push(Member { suffix, text: replaced });
    }
    Ok(members)
}

/// What stands before the first table.
fn head(text: &str) -> &str {
    if text.starts_with('[') {
        return "";
    }
    text.find("\n[").map_or(text, |end| &text[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_family_is_one_case() {
        let expected = Member { suffix: String::new(), text: "rule = \"x\"".to_owned() };
        assert_eq!(members("rule = \"x\"").unwrap(), [expected]);
    }

    #[test]
    fn each_member_has_its_words_and_a_name_of_its_own() {
        let text = "rule = \"${word}\"\neach = [\n{name = \"a\", word = \"x\"},\n{name = \"b\", word = 'y\"'},\n]\n";
        let members = members(text).unwrap();
        assert_eq!(members.iter().map(|it| it.suffix.as_str()).collect::<Vec<_>>(), ["[a]", "[b]"]);
        assert!(members[0].text.starts_with("rule = \"x\"\n"));
        assert!(members[1].text.starts_with("rule = \"y\\\"\"\n"));
    }

    #[test]
    fn a_member_may_be_a_number_of_a_table() {
        let text = "rule = \"r\"\neach = [{name = \"a\", n = \"7\"}]\n[world]\ntoken_seconds = ${n}\n";
        assert!(members(text).unwrap()[0].text.ends_with("token_seconds = 7\n"));
    }

    #[test]
    fn a_word_that_no_member_has_is_named() {
        let refused = |text| members(text).unwrap_err();
        assert_eq!(refused("rule = \"${w}\"\neach = [{name = \"a\"}]"), "`${w}` is no key of `a` in `each`");
        assert_eq!(refused("each = [{word = \"a\"}]"), "a table of `each` has no `name`");
        assert_eq!(refused("each = [{name = \"a\"}, {name = \"a\"}]"), "`each` names `a` twice");
    }
}
