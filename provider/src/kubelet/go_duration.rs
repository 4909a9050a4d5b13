//! Go's notation of durations: `1h30m`, `1.5s`, `0s`.
//!
//! Upstream: Go, package [`time`](https://pkg.go.dev/time#ParseDuration), `ParseDuration` and `Duration.String`.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// A duration as Go has it: whole nanoseconds, signed, at most about 292 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoDuration(i64);

/// Reasons why a text is not a duration, or not one that a setting may have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GoDurationError {
    /// Not of the form `1h30m` at all.
    #[error("`{}` is no duration such as `1h30m` or `90s`", .text.escape_debug())]
    Malformed {
        /// The refused text.
        text: String,
    },
    /// A number without its unit.
    #[error("a number in `{}` has no unit: one of h, m, s, ms, us, ns", .text.escape_debug())]
    MissingUnit {
        /// The refused text.
        text: String,
    },
    /// A unit that Go does not know, such as `d`.
    #[error("`{}` has the unit `{}`, which is none of h, m, s, ms, us, ns", .text.escape_debug(), .unit.escape_debug())]
    UnknownUnit {
        /// The refused text.
        text: String,
        /// The unit in it.
        unit: String,
    },
    /// More than fits.
    #[error("`{text}` is longer than 292 years")]
    TooLong {
        /// The refused text.
        text: String,
    },
    /// Less than zero, where only a length makes sense.
    #[error("`{text}` is less than zero")]
    Negative {
        /// The refused text.
        text: String,
    },
}

/// Parses a duration that is not negative, as settings have it.
///
/// # Errors
///
/// The text is not a Go duration, or is one below zero.
pub fn parse_go_duration(text: &str) -> Result<Duration, GoDurationError> {
    GoDuration::parse(text)?.try_into().map_err(|_| GoDurationError::Negative { text: text.to_owned() })
}

impl GoDuration {
    /// Parses a duration with an optional sign.
    ///
    /// # Errors
    ///
    /// The text is not a Go duration.
    pub fn parse(text: &str) -> Result<Self, GoDurationError> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let length = if unsigned == "0" { 0 } else { parse_unsigned(unsigned).map_err(|fault| fault.about(text))? };
        let value = if text.starts_with('-') { 0_i64.checked_sub_unsigned(length) } else { i64::try_from(length).ok() };
        value.map(Self).ok_or_else(|| Fault::TooLong.about(text))
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub fn as_nanos(self) -> i64 {
        self.0
    }
}

/// Takes a length; more than fits is the longest that does.
impl From<Duration> for GoDuration {
    fn from(length: Duration) -> Self {
        Self(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// Gives a length; an error is a duration below zero.
impl TryFrom<GoDuration> for Duration {
    type Error = std::num::TryFromIntError;

    fn try_from(duration: GoDuration) -> Result<Self, Self::Error> {
        u64::try_from(duration.0).map(Self::from_nanos)
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
            1_000..1_000_000 => write_decimal(formatter, nanos, 1_000, "µs"),
            1_000_000..SECOND => write_decimal(formatter, nanos, 1_000_000, "ms"),
            _ => write_clock(formatter, nanos),
        }
    }
}

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

fn write_clock(formatter: &mut fmt::Formatter<'_>, nanos: u64) -> fmt::Result {
    if nanos >= HOUR {
        write!(formatter, "{}h", nanos / HOUR)?;
    }
    if nanos >= MINUTE {
        write!(formatter, "{}m", nanos % HOUR / MINUTE)?;
    }
    write_decimal(formatter, nanos % MINUTE, SECOND, "s")
}

/// Writes `nanos` in a unit, with the decimals that are not zero.
fn write_decimal(formatter: &mut fmt::Formatter<'_>, nanos: u64, unit: u64, name: &str) -> fmt::Result {
    let digits = unit.ilog10() as usize;
    let decimals = format!("{:0digits$}", nanos % unit);
    match decimals.trim_end_matches('0') {
        "" => write!(formatter, "{}{name}", nanos / unit),
        decimals => write!(formatter, "{}.{decimals}{name}", nanos / unit),
    }
}

/// An error before it knows the whole text.
enum Fault {
    Malformed,
    MissingUnit,
    UnknownUnit(String),
    TooLong,
}

impl Fault {
    fn about(self, text: &str) -> GoDurationError {
        let text = text.to_owned();
        match self {
            Self::Malformed => GoDurationError::Malformed { text },
            Self::MissingUnit => GoDurationError::MissingUnit { text },
            Self::UnknownUnit(unit) => GoDurationError::UnknownUnit { text, unit },
            Self::TooLong => GoDurationError::TooLong { text },
        }
    }
}

/// The largest sum: that of the most negative duration.
const LIMIT: u64 = 1 << 63;

fn parse_unsigned(mut text: &str) -> Result<u64, Fault> {
    if text.is_empty() {
        return Err(Fault::Malformed);
    }
    let mut total = 0_u64;
    while !text.is_empty() {
        let (length, rest) = parse_term(text)?;
        total = total.checked_add(length).filter(|total| *total <= LIMIT).ok_or(Fault::TooLong)?;
        text = rest;
    }
    Ok(total)
}

/// Parses a number with its unit and gives what follows them.
fn parse_term(text: &str) -> Result<(u64, &str), Fault> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(Fault::Malformed);
    }
    let end = rest.find(|character: char| character == '.' || character.is_ascii_digit()).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let unit = unit(name)?;
    let whole = if whole.is_empty() { Ok(0) } else { whole.parse::<u64>() };
    let nanos = whole.ok().and_then(|whole| whole.checked_mul(unit)).ok_or(Fault::TooLong)?;
    Ok((nanos.checked_add(fraction_of(fraction, unit)).ok_or(Fault::TooLong)?, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str) -> Result<u64, Fault> {
    match name {
        "ns" => Ok(1),
        "us" | "\u{b5}s" | "\u{3bc}s" => Ok(1_000),
        "ms" => Ok(1_000_000),
        "s" => Ok(SECOND),
        "m" => Ok(MINUTE),
        "h" => Ok(HOUR),
        "" => Err(Fault::MissingUnit),
        other => Err(Fault::UnknownUnit(other.to_owned())),
    }
}

/// The nanoseconds of the digits after the point, rounded down as Go does, in floating point; digits that do not fit
/// are left out.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes in float64; the result is less than a unit"
)]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let mut value = 0_u64;
    let mut scale = 1_f64;
    for digit in digits.bytes().map(|digit| u64::from(digit - b'0')) {
        let Some(longer) = value.checked_mul(10).and_then(|value| value.checked_add(digit)) else {
            break;
        };
        if longer > LIMIT {
            break;
        }
        value = longer;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[test]
    fn every_vector_is_read_as_in_go() {
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
    fn durations_are_written_as_in_go() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (21_600, "21.6µs"),
            (1_000_001, "1.000001ms"),
            (1_500_000_000, "1.5s"),
            (60_000_000_000, "1m0s"),
            (3_300_000_000_000, "55m0s"),
            (3_600_000_000_000, "1h0m0s"),
            (-5_400_000_000_000, "-1h30m0s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(GoDuration(nanos).to_string(), text);
        }
    }

    #[test]
    fn a_setting_is_a_length_from_zero_on() {
        assert_eq!(parse_go_duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_go_duration("-0s"), Ok(Duration::ZERO));
        assert_eq!(parse_go_duration("-1s").unwrap_err().to_string(), "`-1s` is less than zero");
    }

    #[test]
    fn an_error_says_what_is_wrong_with_the_text() {
        let message = |text| GoDuration::parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "`` is no duration such as `1h30m` or `90s`");
        assert_eq!(message("90"), "a number in `90` has no unit: one of h, m, s, ms, us, ns");
        assert_eq!(message("1d"), "`1d` has the unit `d`, which is none of h, m, s, ms, us, ns");
        assert_eq!(message(".s"), "`.s` is no duration such as `1h30m` or `90s`");
        assert_eq!(message("9999999h"), "`9999999h` is longer than 292 years");
        assert_eq!(message("99999999999999999999s"), "`99999999999999999999s` is longer than 292 years");
    }

    #[test]
    fn a_length_that_does_not_fit_is_the_longest() {
        assert_eq!(GoDuration::from(Duration::MAX).as_nanos(), i64::MAX);
    }

    proptest! {
        #[test]
        fn every_duration_is_read_back(nanos: i64) {
            prop_assert_eq!(GoDuration::parse(&GoDuration(nanos).to_string()), Ok(GoDuration(nanos)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[-+]?([0-9]{0,20}\\.?[0-9]{0,20}(h|m|s|ms|us|µs|ns|d|)){0,3}") {
            if let Ok(length) = parse_go_duration(&text) {
                prop_assert_eq!(parse_go_duration(&GoDuration::from(length).to_string()), Ok(length));
            }
        }
    }
}
