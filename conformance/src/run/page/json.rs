//! JSON on lines of its own, letter for letter: a field that is there twice, or a number of any form, stays what it is.

use std::borrow::Cow;

/// Breaks one line of JSON; what is no JSON, or has lines already, stays as it is.
pub(super) fn indented(text: &str) -> Cow<'_, str> {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if is_json && !text.trim_end().contains('\n') { Cow::Owned(broken(text)) } else { Cow::Borrowed(text) }
}

/// Lines for valid JSON.
fn broken(text: &str) -> String {
    let (mut out, mut depth, mut letters) = (String::with_capacity(text.len() * 2), 0, text.trim().chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                out.push('"');
                copy_string(&mut letters, &mut out);
            }
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if letter.is_ascii_whitespace() => {}
            _ => out.push(letter),
        }
    }
    out
}

/// The rest of a string, with the quote that ends it.
fn copy_string(letters: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(letter) = letters.next() {
        out.push(letter);
        match letter {
            '\\' => out.extend(letters.next()),
            '"' => return,
            _ => {}
        }
    }
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_line_of_json_becomes_several() {
        let text = r#"{"a":{"x":1.50,"x":[ ]},"b":["c\"{,:}",null],"d":{}}"#;
        let lines = "{\n  \"a\": {\n    \"x\": 1.50,\n    \"x\": []\n  },\n  \"b\": [\n    \"c\\\"{,:}\",\n    null\n  ],\n  \"d\": {}\n}";
        assert_eq!(indented(text), lines);
    }

    #[test]
    fn what_is_no_json_or_has_lines_stays_as_it_is() {
        for text in ["", "{\"a\":1} {}", "{\n\"a\":1}", "plain", "{\"a\":"] {
            assert_eq!(indented(text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_but_space_is_changed(text in r#"(\{"[ -~]{0,8}":\[1,"[ -~]{0,8}"\]\}| |\{\}){0,3}"#) {
            let bare = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&indented(&text)), bare(&text));
        }
    }
}
