//! The ways in which AWS writes a time.

use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{Date, Month, OffsetDateTime, Time};

/// Writes ISO 8601 as the metadata service does, `2026-01-02T03:04:05Z`.
pub(crate) fn extended(at: OffsetDateTime) -> String {
    let at = at.truncate_to_second();
    at.format(&Rfc3339).expect("a year of four digits")
}

/// Writes ISO 8601 "basic format" as signatures do, `20260102T030405Z`.
pub(crate) fn basic(at: OffsetDateTime) -> String {
    extended(at).replace(['-', ':'], "")
}

/// Reads ISO 8601 "basic format" in UTC, and nothing else.
pub(crate) fn parse_basic(text: &str) -> Option<OffsetDateTime> {
    let digits = text.strip_suffix('Z')?;
    let (day, clock) = digits.split_once('T')?;
    if !text.is_ascii() || day.len() != 8 || clock.len() != 6 {
        return None;
    }
    let date = Date::from_calendar_date(
        number(&day[..4])?.into(),
        Month::try_from(u8::try_from(number(&day[4..6])?).ok()?).ok()?,
        u8::try_from(number(&day[6..])?).ok()?,
    );
    let time = Time::from_hms(
        u8::try_from(number(&clock[..2])?).ok()?,
        u8::try_from(number(&clock[2..4])?).ok()?,
        u8::try_from(number(&clock[4..])?).ok()?,
    );
    Some(date.ok()?.with_time(time.ok()?).assume_utc())
}

/// Writes the date of an HTTP header, `Fri, 02 Jan 2026 03:04:05 GMT`.
pub(crate) fn http(at: OffsetDateTime) -> String {
    let at = at.truncate_to_second();
    let text = at.format(&Rfc2822).expect("a year after 1900");
    text.replace("+0000", "GMT")
}

// `u16::from_str` alone would take a sign.
fn number(digits: &str) -> Option<u16> {
    let all = digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_writes_the_same_second() {
        let at = OffsetDateTime::from_unix_timestamp(1_767_323_045).unwrap() + std::time::Duration::from_millis(678);
        assert_eq!(extended(at), "2026-01-02T03:04:05Z");
        assert_eq!(basic(at), "20260102T030405Z");
        assert_eq!(http(at), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(parse_basic(&basic(at)), Some(at.truncate_to_second()));
    }

    #[test]
    fn only_the_basic_format_in_utc_is_read() {
        for text in [
            "",
            "20260102T030405",
            "20260102T030405z",
            "2026-01-02T03:04:05Z",
            "20260132T030405Z",
            "20260102T250405Z",
            "+0260102T030405Z",
            "2026010éT30405Z",
            "Fri, 02 Jan 2026 03:04:05 GMT",
        ] {
            assert_eq!(parse_basic(text), None, "{text}");
        }
    }
}
