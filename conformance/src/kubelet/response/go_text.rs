//! Strings as Go reads them from JSON: <https://pkg.go.dev/encoding/json#Unmarshal>.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// A string as Go reads it: an escaped half of a surrogate pair, or a byte that is not UTF-8, is U+FFFD.
pub(super) struct GoText(pub(super) String);

impl<'de> Deserialize<'de> for GoText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = GoText;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<GoText, E> {
                Ok(GoText(text.to_owned()))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<GoText, E> {
                Ok(GoText(go_text(bytes)))
            }
        }
        // As bytes, since serde_json has no string to give for half of a pair.
        deserializer.deserialize_bytes(Text)
    }
}

fn go_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (valid, length) = match std::str::from_utf8(rest) {
            Ok(valid) => (valid, 0),
            Err(error) => {
                let (valid, invalid) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(valid).unwrap_or_default(), invalid_length(invalid))
            }
        };
        text.push_str(valid);
        text.extend((length > 0).then_some('\u{fffd}'));
        rest = &rest[valid.len() + length..];
    }
    text
}

/// Half of a pair reaches us as the three bytes that generalised UTF-8 has for it; Go replaces all else byte by byte.
fn invalid_length(bytes: &[u8]) -> usize {
    if matches!(bytes, [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..]) { 3 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_replaced_one_by_one() {
        assert_eq!(go_text(b"a\xff\xfeb\xc3"), "a\u{fffd}\u{fffd}b\u{fffd}");
        assert_eq!(go_text(b"a\xed\xa0\x80b"), "a\u{fffd}b");
        assert_eq!(go_text("µ".as_bytes()), "µ");
    }
}
