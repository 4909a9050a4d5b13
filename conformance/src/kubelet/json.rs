//! JSON as Go reads it: one value, its order and its repeated names kept.
//!
//! Upstream: Go's package [`encoding/json`](https://pkg.go.dev/encoding/json#Unmarshal), which
//! <https://github.com/kubernetes-sigs/json> is made from.

mod number;
mod reader;
mod text;

use thiserror::Error;

pub(super) use self::reader::{FromJson, Reader, TypeError};
use self::text::go_text;

/// How deep values may lie in one another.
const DEEPEST: usize = 10_000;

/// How deep values are kept; what lies deeper is no field of anything, and is read as `null`.
const KEPT: usize = 64;

/// A value; numbers are kept as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// Names and values in the order in which they stand.
    Object(Vec<(String, Json)>),
}

/// Why bytes are no JSON; the words are Go's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum JsonError {
    #[error("unexpected end of JSON input")]
    End,
    #[error("invalid character {} {context}", character(*.byte))]
    Character { byte: u8, context: &'static str, at: usize },
    #[error("exceeded max depth")]
    Depth,
}

impl Json {
    /// Parses one value; nothing but white space may be around it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        // At the end Go goes on with a space, which a word, a number or an escape that is cut short does not take.
        Self::whole(bytes).map_err(|error| match (&error, Self::whole(&[bytes, b" "].concat())) {
            (JsonError::End, Err(of_space @ JsonError::Character { .. })) => of_space,
            _ => error,
        })
    }

    fn whole(bytes: &[u8]) -> Result<Self, JsonError> {
        let mut scanner = Scanner { bytes, at: 0 };
        let value = scanner.value()?;
        scanner.space();
        match scanner.peek() {
            None => Ok(value),
            Some(_) => Err(scanner.unexpected("after top-level value")),
        }
    }

    /// The same value as other parts of this crate have it; a number that is none there is a text.
    pub(super) fn into_value(self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => value.into(),
            Self::Number(number) => serde_json::from_str(&number).unwrap_or(Value::String(number)),
            Self::Text(text) => text.into(),
            Self::List(values) => values.into_iter().map(Self::into_value).collect(),
            Self::Object(fields) => {
                Value::Object(fields.into_iter().map(|(name, value)| (name, value.into_value())).collect())
            }
        }
    }

    /// What Go calls the value in an error.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// A byte as Go names it, which takes it for a character of Latin-1.
fn character(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        byte => {
            let quoted = super::go_text::quoted(&char::from(byte).to_string());
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// A list or an object whose end is still to come; an object also has the name that a value is read for.
enum Open {
    List(Vec<Json>),
    Object(Vec<(String, Json)>, String),
}

/// What follows a value within a list or an object.
enum Followed {
    ByEnd(Json),
    ByNext(Open),
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// The error of the byte that is next, or of the end.
    fn unexpected(&self, context: &'static str) -> JsonError {
        self.peek().map_or(JsonError::End, |byte| JsonError::Character { byte, context, at: self.at })
    }

    /// Reads a value without recursion, since depth is a stranger's choice.
    fn value(&mut self) -> Result<Json, JsonError> {
        let mut open = Vec::new();
        loop {
            let Some(mut value) = self.begin(&mut open)? else { continue };
            loop {
                let Some(around) = open.pop() else { return Ok(value) };
                match self.follow(around, value)? {
                    Followed::ByEnd(whole) => value = if open.len() < KEPT { whole } else { Json::Null },
                    Followed::ByNext(around) => {
                        open.push(around);
                        break;
                    }
                }
            }
        }
    }

    /// Reads a whole value, or opens a list or an object that is not empty.
    fn begin(&mut self, open: &mut Vec<Open>) -> Result<Option<Json>, JsonError> {
        self.space();
        let value = match self.peek() {
            Some(b'{') => {
                self.enter(open)?;
                if !self.takes(b'}') {
                    let name = self.name()?;
                    open.push(Open::Object(Vec::new(), name));
                    return Ok(None);
                }
                Json::Object(Vec::new())
            }
            Some(b'[') => {
                self.enter(open)?;
                if !self.takes(b']') {
                    open.push(Open::List(Vec::new()));
                    return Ok(None);
                }
                Json::List(Vec::new())
            }
            Some(b'"') => Json::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Json::Bool(true))?,
            Some(b'f') => self.word("false", Json::Bool(false))?,
            Some(b'n') => self.word("null", Json::Null)?,
            _ => return Err(self.unexpected("looking for beginning of value")),
        };
        Ok(Some(value))
    }

    fn enter(&mut self, open: &[Open]) -> Result<(), JsonError> {
        if open.len() >= DEEPEST {
            return Err(JsonError::Depth);
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// Adds a value to what is around it and reads on to the next value or the end.
    fn follow(&mut self, around: Open, value: Json) -> Result<Followed, JsonError> {
        self.space();
        match around {
            Open::List(mut values) => {
                values.push(value);
                if self.takes(b']') {
                    return Ok(Followed::ByEnd(Json::List(values)));
                }
                if !self.takes(b',') {
                    return Err(self.unexpected("after array element"));
                }
                Ok(Followed::ByNext(Open::List(values)))
            }
            Open::Object(mut fields, name) => {
                fields.push((name, value));
                if self.takes(b'}') {
                    return Ok(Followed::ByEnd(Json::Object(fields)));
                }
                if !self.takes(b',') {
                    return Err(self.unexpected("after object key:value pair"));
                }
                let name = self.name()?;
                Ok(Followed::ByNext(Open::Object(fields, name)))
            }
        }
    }

    fn name(&mut self) -> Result<String, JsonError> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        let name = self.text()?;
        self.space();
        if self.takes(b':') { Ok(name) } else { Err(self.unexpected("after object key")) }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn word(&mut self, word: &'static str, value: Json) -> Result<Json, JsonError> {
        for (position, byte) in word.bytes().enumerate() {
            if !self.takes(byte) {
                return Err(self.unexpected(misspelt(word, position)));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.at += number::length(&self.bytes[start..]).map_err(|(length, context)| {
            self.at = start + length;
            self.unexpected(context)
        })?;
        Ok(Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()))
    }

    fn text(&mut self) -> Result<String, JsonError> {
        let start = self.at + 1;
        self.at = start;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                None | Some(..b' ') => return Err(self.unexpected("in string literal")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(go_text(&self.bytes[start..self.at - 1]))
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _digit in 0..4 {
                    match self.peek() {
                        Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                        _ => return Err(self.unexpected("in \\u hexadecimal character escape")),
                    }
                }
            }
            _ => return Err(self.unexpected("in string escape code")),
        }
        Ok(())
    }
}

/// What Go says of a word that goes on otherwise.
fn misspelt(word: &str, position: usize) -> &'static str {
    match (word, position) {
        ("true", 1) => "in literal true (expecting 'r')",
        ("true", 2) => "in literal true (expecting 'u')",
        ("true", _) => "in literal true (expecting 'e')",
        ("false", 1) => "in literal false (expecting 'a')",
        ("false", 2) => "in literal false (expecting 'l')",
        ("false", 3) => "in literal false (expecting 's')",
        ("false", _) => "in literal false (expecting 'e')",
        (_, 1) => "in literal null (expecting 'u')",
        _ => "in literal null (expecting 'l')",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_order_and_repetition() {
        let name = |name: &str, value| (name.to_owned(), value);
        let number = |text: &str| Json::Number(text.to_owned());
        let object = vec![name("b", number("1e2")), name("a", Json::Null), name("b", number("-0"))];
        assert_eq!(Json::parse(b" {\"b\":1e2,\n\"a\":null, \"b\":-0}\r\n"), Ok(Json::Object(object)));
        assert_eq!(Json::parse(b"[true,false,\"x\",[]]").map(|json| json.name()), Ok("array"));
    }

    #[test]
    fn errors_have_gos_words() {
        let error = |text: &str| Json::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error(""), "unexpected end of JSON input");
        assert_eq!(error("{\"a\":"), "unexpected end of JSON input");
        assert_eq!(error("\"a"), "unexpected end of JSON input");
        assert_eq!(error("nul"), "invalid character ' ' in literal null (expecting 'l')");
        assert_eq!(error("{\"a\":1."), "invalid character ' ' after decimal point in numeric literal");
        assert_eq!(error("log"), "invalid character 'l' looking for beginning of value");
        assert_eq!(error("\u{feff}{}"), "invalid character 'ï' looking for beginning of value");
        assert_eq!(error("{a:1}"), "invalid character 'a' looking for beginning of object key string");
        assert_eq!(error("{\"a\" 1}"), "invalid character '1' after object key");
        assert_eq!(error("{\"a\":1 x"), "invalid character 'x' after object key:value pair");
        assert_eq!(error("{\"a\":1,}"), "invalid character '}' looking for beginning of object key string");
        assert_eq!(error("[1 2]"), "invalid character '2' after array element");
        assert_eq!(error("{}{}"), "invalid character '{' after top-level value");
        assert_eq!(error("nul0"), "invalid character '0' in literal null (expecting 'l')");
        assert_eq!(error("\"a\nb\""), "invalid character '\\n' in string literal");
        assert_eq!(error("\"\\x\""), "invalid character 'x' in string escape code");
        assert_eq!(error("\"\\u12g4\""), "invalid character 'g' in \\u hexadecimal character escape");
        assert_eq!(error("01"), "invalid character '1' after top-level value");
        assert_eq!(error("-x"), "invalid character 'x' in numeric literal");
        assert_eq!(error("1.x"), "invalid character 'x' after decimal point in numeric literal");
        assert_eq!(error("1ex"), "invalid character 'x' in exponent of numeric literal");
        assert_eq!(error("'"), "invalid character '\\'' looking for beginning of value");
    }

    #[test]
    fn ten_thousand_levels_are_read_and_one_more_is_not() {
        let nested = |levels: usize| Json::parse(&[b"[".repeat(levels), b"]".repeat(levels)].concat());
        assert!(nested(DEEPEST).is_ok());
        assert_eq!(nested(DEEPEST + 1), Err(JsonError::Depth));
    }
}
