//! A small writer of YAML in blocks. Whatever could be read as anything but itself is quoted.

use std::fmt;

/// A value.
pub(super) enum Node {
    Text(String),
    /// A text that is known to be a plain scalar.
    Plain(String),
    Flag(bool),
    List(Vec<Node>),
    Map(Map),
}

/// Keys in the order in which they are to be read, and notes between them.
#[derive(Default)]
pub(super) struct Map(Vec<Entry>);

enum Entry {
    Key(String, Node),
    Note(String),
}

impl Map {
    pub(super) fn with(mut self, key: &str, node: impl Into<Node>) -> Self {
        self.0.push(Entry::Key(key.to_owned(), node.into()));
        self
    }

    pub(super) fn with_some(self, key: &str, node: Option<impl Into<Node>>) -> Self {
        match node {
            Some(node) => self.with(key, node),
            None => self,
        }
    }

    /// A comment on a line of its own.
    pub(super) fn note(mut self, text: String) -> Self {
        self.0.push(Entry::Note(text));
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn write(&self, indent: usize, out: &mut impl fmt::Write) -> fmt::Result {
        let margin = " ".repeat(indent);
        for entry in &self.0 {
            match entry {
                Entry::Note(text) => writeln!(out, "{margin}# {text}")?,
                Entry::Key(key, node) => {
                    write!(out, "{margin}{}:", scalar(key))?;
                    node.write_after_key(indent, out)?;
                }
            }
        }
        Ok(())
    }
}

impl Node {
    fn write_after_key(&self, indent: usize, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Text(text) => writeln!(out, " {}", scalar(text)),
            Self::Plain(text) => writeln!(out, " {text}"),
            Self::Flag(flag) => writeln!(out, " {flag}"),
            Self::List(list) if list.is_empty() => writeln!(out, " []"),
            Self::Map(map) if map.is_empty() => writeln!(out, " {{}}"),
            Self::Map(map) => {
                writeln!(out)?;
                map.write(indent + 2, out)
            }
            Self::List(list) => {
                writeln!(out)?;
                list.iter().try_for_each(|item| item.write_item(indent + 2, out))
            }
        }
    }

    /// An item of a list; the first key of a map stands beside the hyphen.
    fn write_item(&self, indent: usize, out: &mut impl fmt::Write) -> fmt::Result {
        let margin = " ".repeat(indent);
        match self {
            Self::Map(map) if !map.is_empty() => {
                let mut text = String::new();
                map.write(indent + 2, &mut text)?;
                write!(out, "{margin}- {}", text.trim_start())
            }
            other => {
                write!(out, "{margin}-")?;
                other.write_after_key(indent, out)
            }
        }
    }
}

impl fmt::Display for Map {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(0, formatter)
    }
}

/// A text as a plain scalar where no version of YAML reads it as anything else, else in quotes.
fn scalar(text: &str) -> String {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/');
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@+".contains(&byte));
    // A colon is a part of a plain scalar unless a space follows; and what has a digit and a colon may be a time.
    let colons = text.bytes().all(|byte| byte != b' ') && text.bytes().any(|byte| byte == b':');
    let plain = plain
        || (colons
            && !text.ends_with(':')
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@+:".contains(&byte)));
    if begins && plain && !is_word_of_yaml(text) { text.to_owned() } else { quoted(text) }
}

/// Whether the text is a boolean, nothing or a number to some version of YAML. Source: YAML 1.1, types `bool`, `null`, `float`.
fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];
    WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// In double quotes, with an escape for all that is not printable ASCII. Source: YAML 1.2, "Escaped Characters".
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        '\0'..='\u{ff}' => format!("\\x{:02x}", u32::from(character)),
        '\0'..='\u{ffff}' => format!("\\u{:04x}", u32::from(character)),
        _ => format!("\\U{:08x}", u32::from(character)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<Node>> for Node {
    fn from(list: Vec<Node>) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn blocks_are_written_as_people_write_them() {
        let inner = Map::default().with("a", "x").with("empty", Map::default());
        let list =
            vec![Node::from("one"), Map::default().with("b", true).note("a note".to_owned()).with("c", inner).into()];
        let map = Map::default().with("list", list).with("none", Vec::new()).with_some("left out", None::<&str>);
        assert_eq!(
            map.to_string(),
            "list:\n  - one\n  - b: true\n    # a note\n    c:\n      a: x\n      empty: {}\nnone: []\n"
        );
    }

    #[test]
    fn what_could_be_read_otherwise_is_quoted() {
        let plain = ["acme.jfrog.io", "arn:aws:iam::111122223333:role/x", "/etc/ca.pem", "https://a.b/c", "a@b"];
        let in_quotes = ["", "*", "yes", "No", "null", "1", "5000:1", "a: b", "a:", "- a", "~", "a #b", "é", "\u{85}"];
        assert!(plain.iter().all(|text| scalar(text) == *text));
        assert!(in_quotes.iter().all(|text| scalar(text).starts_with('"')));
    }

    proptest! {
        #[test]
        fn every_text_is_read_as_itself(key in any::<String>(), text in "\\PC*|[yYnNoOfFeE01.:+~# -]{0,6}|.*") {
            let written = Map::default().with(&key, text.as_str()).to_string();
            let read: BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(&written).expect(&written);
            prop_assert_eq!(read.get(&key), Some(&serde_json::json!(text)), "{}", written);
        }
    }
}
