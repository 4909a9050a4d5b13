//! Go's notation of durations: `1h30m`, `1.5s`, `0s`.
//!
//! Upstream: Go's package [`time`](https://pkg.go.dev/time#ParseDuration), `ParseDuration` and `Duration.String`.

use std::fmt;

use thiserror::Error;

/// A duration as Go has it: whole nanoseconds, signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(i64);

/// Why a text is no duration; the words are Go's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not a number at all, or too large.
    #[error("time: invalid duration {}", quoted(.0))]
    Invalid(String),
    /// A number without its unit.
    #[error("time: missing unit in duration {}", quoted(.0))]
    MissingUnit(String),
    /// A unit that Go does not have, such as `d`.
    #[error("time: unknown unit {} in duration {}", quoted(unit), quoted(text))]
    UnknownUnit {
        /// The text.
        text: String,
        /// The unit in it.
        unit: String,
    },
}

/// A text as Go's package `time` quotes it: what is not plain ASCII is told byte by byte.
fn quoted(text: &str) -> String {
    let shown = |byte: u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=0x7f => char::from(byte).to_string(),
        other => format!("\\x{other:02x}"),
    };
    format!("\"{}\"", text.bytes().map(shown).collect::<String>())
}

/// The greatest sum: that of the most negative duration.
const LIMIT: u64 = 1 << 63;
const SECOND: u64 = 1_000_000_000;

impl GoDuration {
    /// Makes a duration of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Parses a duration.
    ///
    /// # Errors
    ///
    /// The text is no Go duration, or one that 64 bits do not hold.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let length = match unsigned {
            "0" => 0,
            "" => return Err(invalid()),
            _ => sum(unsigned).map_err(|fault| fault.about(text))?,
        };
        let signed =
            if text.starts_with('-') { 0_i64.checked_sub_unsigned(length) } else { i64::try_from(length).ok() };
        signed.map(Self).ok_or_else(invalid)
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The duration in whole seconds, rounded towards zero.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0 / 1_000_000_000
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            formatter.write_str("-")?;
        }
        let nanos = self.0.unsigned_abs();
        match nanos {
            0 => formatter.write_str("0s"),
            1..1_000 => write!(formatter, "{nanos}ns"),
            1_000..1_000_000 => decimal(formatter, nanos, 1_000, "µs"),
            1_000_000..SECOND => decimal(formatter, nanos, 1_000_000, "ms"),
            _ => clock(formatter, nanos),
        }
    }
}

fn clock(formatter: &mut fmt::Formatter<'_>, nanos: u64) -> fmt::Result {
    let (minutes, rest) = (nanos / (60 * SECOND), nanos % (60 * SECOND));
    if minutes >= 60 {
        write!(formatter, "{}h", minutes / 60)?;
    }
    if minutes > 0 {
        write!(formatter, "{}m", minutes % 60)?;
    }
    decimal(formatter, rest, SECOND, "s")
}

fn decimal(formatter: &mut fmt::Formatter<'_>, nanos: u64, unit: u64, name: &str) -> fmt::Result {
    let digits = unit.ilog10() as usize;
    let decimals = format!("{:0digits$}", nanos % unit);
    match decimals.trim_end_matches('0') {
        "" => write!(formatter, "{}{name}", nanos / unit),
        decimals => write!(formatter, "{}.{decimals}{name}", nanos / unit),
    }
}

/// An error before it knows the whole text.
enum Fault {
    Invalid,
    MissingUnit,
    UnknownUnit(String),
}

impl Fault {
    fn about(self, text: &str) -> DurationError {
        let text = text.to_owned();
        match self {
            Self::Invalid => DurationError::Invalid(text),
            Self::MissingUnit => DurationError::MissingUnit(text),
            Self::UnknownUnit(unit) => DurationError::UnknownUnit { text, unit },
        }
    }
}

fn sum(mut text: &str) -> Result<u64, Fault> {
    let mut total = 0_u64;
    while !text.is_empty() {
        let (length, rest) = term(text)?;
        total = total.checked_add(length).filter(|total| *total <= LIMIT).ok_or(Fault::Invalid)?;
        text = rest;
    }
    Ok(total)
}

/// Reads one number with its unit; the second part of the answer is what follows.
fn term(text: &str) -> Result<(u64, &str), Fault> {
    let (whole, rest) = digits(text);
    let (decimals, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && decimals.is_empty() {
        return Err(Fault::Invalid);
    }
    // A number that is too large is told before its unit.
    let whole = if whole.is_empty() { Some(0) } else { whole.parse::<u64>().ok() };
    let whole = whole.filter(|whole| *whole <= LIMIT).ok_or(Fault::Invalid)?;
    let end = rest.find(|it: char| it == '.' || it.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let unit = unit(name)?;
    let whole = whole.checked_mul(unit).ok_or(Fault::Invalid)?;
    let length = whole.checked_add(fraction(decimals, unit)).filter(|length| *length <= LIMIT);
    Ok((length.ok_or(Fault::Invalid)?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Result<u64, Fault> {
    Ok(match name {
        "" => return Err(Fault::MissingUnit),
        "ns" => 1,
        // Both the micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return Err(Fault::UnknownUnit(name.to_owned())),
    })
}

/// Reads the decimals of a unit in floating point, as Go does, and drops those beyond 63 bits.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes it in a float64; the result is below one unit and not negative"
)]
fn fraction(decimals: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1_f64);
    for digit in decimals.bytes().map(|byte| u64::from(byte - b'0')) {
        let Some(next) = value.checked_mul(10).map(|value| value + digit).filter(|next| *next <= LIMIT) else { break };
        (value, scale) = (next, scale * 10.0);
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn every_vector_has_its_nanoseconds() {
        #[derive(Deserialize)]
        struct Vector {
            duration: String,
            nanos: Option<i64>,
        }
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/duration.json")).unwrap();
        assert_eq!(vectors.len(), 17);
        for Vector { duration, nanos } in vectors {
            assert_eq!(GoDuration::parse(&duration).ok().map(GoDuration::as_nanos), nanos, "{duration}");
        }
    }

    #[test]
    fn errors_have_gos_words() {
        let message = |text| GoDuration::parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "time: invalid duration \"\"");
        assert_eq!(message("1d"), "time: unknown unit \"d\" in duration \"1d\"");
        assert_eq!(message("3600"), "time: missing unit in duration \"3600\"");
        assert_eq!(message("."), "time: invalid duration \".\"");
    }

    #[test]
    fn fractions_are_those_of_gos_own_tests() {
        let nanos = |text| GoDuration::parse(text).map(GoDuration::as_nanos);
        assert_eq!(nanos("5.6s"), Ok(5_600_000_000));
        assert_eq!(nanos(".5s"), Ok(500_000_000));
        assert_eq!(nanos("1.004s"), Ok(1_004_000_000));
        assert_eq!(nanos("0.3333333333333333333h"), Ok(1_200_000_000_000));
        assert_eq!(nanos("9007199254.740993ms"), Ok(9_007_199_254_740_993));
        assert_eq!(nanos("0.100000000000000000000h"), Ok(360_000_000_000));
        assert_eq!(nanos("0.830103483285477580700h"), Ok(2_988_372_539_827));
    }

    #[test]
    fn what_is_written_is_gos_form_and_reads_back() {
        let written = [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (245_000_000_000, "4m5s"),
            (245_001_000_000, "4m5.001s"),
            (18_367_001_000_000, "5h6m7.001s"),
            (3_600_000_000_000, "1h0m0s"),
            (-90_000_000_000, "-1m30s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanos, text) in written {
            assert_eq!(GoDuration(nanos).to_string(), text);
            assert_eq!(GoDuration::parse(text), Ok(GoDuration(nanos)));
        }
    }
}
