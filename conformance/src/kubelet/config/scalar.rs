//! What an unquoted word of YAML 1.1 stands for.
//!
//! Upstream: `resolve` of <https://github.com/yaml/go-yaml> version 2, which `sigs.k8s.io/yaml` reads with. Numbers with
//! colons (base 60) and dates stay texts.

use super::super::json::Json;

/// What a word stands for.
pub(super) fn resolved(word: &str) -> Json {
    let word_of = |words: &[&str]| words.contains(&word);
    if word_of(&["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]) {
        return Json::Bool(true);
    }
    if word_of(&["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]) {
        return Json::Bool(false);
    }
    if word_of(&["", "~", "null", "Null", "NULL"]) {
        return Json::Null;
    }
    number(word).map_or_else(|| Json::Text(word.to_owned()), Json::Number)
}

/// The number that a word is, in a form that tells it from others.
fn number(word: &str) -> Option<String> {
    let unsigned = word.trim_start_matches(['+', '-']);
    if [".inf", ".Inf", ".INF"].contains(&unsigned) && word.len() <= 5 || [".nan", ".NaN", ".NAN"].contains(&word) {
        return Some(word.to_owned());
    }
    match word.bytes().next()? {
        b'.' => float(word),
        b'+' | b'-' | b'0'..=b'9' => {
            let plain = word.replace('_', "");
            integer(&plain).map(|number| number.to_string()).or_else(|| float(&plain))
        }
        _ => None,
    }
}

/// A whole number with Go's prefixes: `0x`, `0b`, `0o`, and `0` for octal.
fn integer(text: &str) -> Option<i128> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixed = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix));
    let (digits, base) = if let Some(digits) = prefixed(["0x", "0X"]) {
        (digits, 16)
    } else if let Some(digits) = prefixed(["0b", "0B"]) {
        (digits, 2)
    } else if let Some(digits) = prefixed(["0o", "0O"]) {
        (digits, 8)
    } else if let (Some(rest), true) = (digits.strip_prefix('0'), digits.len() > 1) {
        (rest, 8)
    } else {
        (digits, 10)
    };
    if !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let size = i128::from(u64::from_str_radix(digits, base).ok()?);
    let has_sign = text.starts_with(['-', '+']);
    let fits = match (is_negative, has_sign) {
        (true, _) => size <= i128::from(i64::MAX) + 1,
        (false, true) => size <= i128::from(i64::MAX),
        (false, false) => true,
    };
    fits.then_some(if is_negative { -size } else { size })
}

/// A decimal number with a point, an exponent or neither.
fn float(text: &str) -> Option<String> {
    let is_fit = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value: f64 = text.parse().ok().filter(|value: &f64| is_fit && value.is_finite())?;
    Some(format!("{value:e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_yaml_1_1_has_them_for() {
        for word in ["y", "YES", "on", "True"] {
            assert_eq!(resolved(word), Json::Bool(true), "{word}");
        }
        for word in ["n", "No", "OFF", "false"] {
            assert_eq!(resolved(word), Json::Bool(false), "{word}");
        }
        for word in ["", "~", "null", "NULL"] {
            assert_eq!(resolved(word), Json::Null, "{word}");
        }
        for word in [
            "yEs",
            "tRUE",
            "nULL",
            "1:30",
            "2001-12-14",
            "10m",
            "0x",
            "08:00",
            "1_s",
            ".",
            "-",
            "+",
            "0b2",
            "1e",
            "-.nan",
            "e3",
            "1e999",
        ] {
            assert_eq!(resolved(word), Json::Text(word.to_owned()), "{word}");
        }
    }

    #[test]
    fn numbers_are_read_in_every_base() {
        let number = |word: &str| match resolved(word) {
            Json::Number(number) => number,
            other => panic!("{word} {other:?}"),
        };
        for (word, expected) in
            [("0x1F", "31"), ("010", "8"), ("0o10", "8"), ("-0b11", "-3"), ("1_000", "1000"), ("+5", "5")]
        {
            assert_eq!(number(word), expected);
        }
        for word in
            ["1.5", ".5", "1e3", "08", "-1.", "18446744073709551615", "99999999999999999999", ".inf", "-.INF", ".nan"]
        {
            number(word);
        }
    }
}
