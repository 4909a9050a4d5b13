//! Strings as Go reads them from JSON: <https://pkg.go.dev/encoding/json#Unmarshal>.

use crate::kubelet::go_text::from_bytes;

/// The text of a string literal without its quotes; its escapes are well formed.
///
/// Half of a surrogate pair, and each byte that is no UTF-8, is U+FFFD.
pub(super) fn go_text(literal: &[u8]) -> String {
    let (mut text, mut rest) = (String::with_capacity(literal.len()), literal);
    while let Some(backslash) = rest.iter().position(|byte| *byte == b'\\') {
        text.push_str(&from_bytes(&rest[..backslash]));
        let (character, length) = escape(&rest[backslash..]);
        text.push(character);
        rest = &rest[backslash + length..];
    }
    text + &from_bytes(rest)
}

/// The character of the escape at the start, and how many bytes it takes.
fn escape(text: &[u8]) -> (char, usize) {
    let character = match text.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(text),
        Some(byte) => char::from(*byte),
        None => '\u{fffd}',
    };
    (character, 2)
}

fn unicode(text: &[u8]) -> (char, usize) {
    let units: Vec<u16> = [unit(text), text.get(6..).and_then(unit)].into_iter().map_while(|unit| unit).collect();
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => (character, 6 * character.len_utf16()),
        _ => ('\u{fffd}', 6),
    }
}

/// The code unit of an escape `\u1234` at the start.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_replaced_one_by_one() {
        assert_eq!(go_text(b"a\xff\xfeb\xc3"), "a\u{fffd}\u{fffd}b\u{fffd}");
        assert_eq!(go_text(b"a\xed\xa0\x80b"), "a\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(go_text("µ".as_bytes()), "µ");
    }

    #[test]
    fn escapes_are_resolved_and_half_a_pair_is_replaced() {
        assert_eq!(go_text(br#"\"\\\/\b\f\n\r\t\u0041\u00e9"#), "\"\\/\u{8}\u{c}\n\r\tAé");
        assert_eq!(go_text(br"\ud83d\ude00|\ud800|\udfff|\ud800\u0041"), "😀|\u{fffd}|\u{fffd}|\u{fffd}A");
        assert_eq!(go_text(br"\ud800\ud83d\ude00"), "\u{fffd}😀");
    }
}
