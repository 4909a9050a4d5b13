//! Texts as Go writes them in messages.
//!
//! Upstream: Go's [`strconv.Quote`](https://pkg.go.dev/strconv#Quote), which `%q` is too.

use std::fmt::Write as _;

/// A text in double quotes, escaped as Go does it.
///
/// What Go holds for unprintable beyond ASCII is taken to be what Rust escapes.
pub(super) fn quoted(text: &str) -> String {
    quoted_bytes(text.as_bytes())
}

/// The same of bytes: each that is no UTF-8 is told in hexadecimal digits.
pub(super) fn quoted_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|character| quote(&mut quoted, character));
        chunk.invalid().iter().for_each(|byte| escape_byte(&mut quoted, *byte));
    }
    quoted + "\""
}

fn quote(quoted: &mut String, character: char) {
    match character {
        '"' | '\\' => quoted.extend(['\\', character]),
        '\u{7}' => quoted.push_str("\\a"),
        '\u{8}' => quoted.push_str("\\b"),
        '\u{c}' => quoted.push_str("\\f"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        '\u{b}' => quoted.push_str("\\v"),
        ' ' | '\'' => quoted.push(character),
        _ if character.escape_debug().len() == 1 => quoted.push(character),
        _ => escape(quoted, u32::from(character)),
    }
}

/// Bytes as a text: each that is no UTF-8 is U+FFFD, as in Go's `encoding/json`.
pub(super) fn from_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_byte| '\u{fffd}'));
    }
    text
}

fn escape_byte(text: &mut String, byte: u8) {
    write!(text, "\\x{byte:02x}").expect("a string takes all that is written to it");
}

fn escape(text: &mut String, code: u32) {
    let written = match code {
        ..0x80 => write!(text, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(text, "\\u{code:04x}"),
        _ => write!(text, "\\U{code:08x}"),
    };
    written.expect("a string takes all that is written to it");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_as_go_does_it() {
        assert_eq!(quoted("a'b\"c\\\t\u{0}\u{7f}µ☺"), "\"a'b\\\"c\\\\\\t\\x00\\x7fµ☺\"");
        assert_eq!(quoted("\u{feff}"), "\"\\ufeff\"");
    }
}
