//! The world's time: real time plus an offset that tests advance.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The world's time; clones share the offset.
#[derive(Clone, Debug)]
pub struct Clock(Arc<State>);

#[derive(Debug)]
struct State {
    started: Instant,
    offset: Mutex<Duration>,
}

impl Clock {
    /// Makes a clock that shows real time until it is advanced.
    #[must_use]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the mocks' one clock")]
        let started = Instant::now();
        Self(Arc::new(State { started, offset: Mutex::default() }))
    }

    /// Answers the present of the world, in UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let offset = *self.offset();
        let offset = time::Duration::try_from(offset).unwrap_or(time::Duration::MAX);
        OffsetDateTime::now_utc().saturating_add(offset)
    }

    /// Answers the present in seconds since 1970.
    #[must_use]
    pub fn unix(&self) -> i64 {
        self.now().unix_timestamp()
    }

    /// Answers the present as RFC 3339, for example `2026-01-02T03:04:05.678Z`.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        self.now().format(&Rfc3339).unwrap_or_default()
    }

    /// Answers the present as an HTTP date, for example `Fri, 02 Jan 2026 03:04:05 GMT`.
    #[must_use]
    pub fn http_date(&self) -> String {
        http_date(self.now())
    }

    /// Moves the world's present forward; it never goes back.
    pub fn advance(&self, by: Duration) {
        let mut offset = self.offset();
        *offset = offset.saturating_add(by);
    }

    /// Answers the real time since the clock was made, whatever its offset.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    fn offset(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.0.offset.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// Waits in real time, for faults that delay an answer.
pub(crate) fn pause(duration: Duration) -> tokio::time::Sleep {
    #[expect(clippy::disallowed_methods, reason = "this is the mocks' one clock")]
    tokio::time::sleep(duration)
}

/// Writes the IMF-fixdate of RFC 9110, section 5.6.7.
fn http_date(at: OffsetDateTime) -> String {
    let weekday = at.weekday().to_string();
    let month = at.month().to_string();
    format!(
        "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        at.day(),
        &month[..3],
        at.year(),
        at.hour(),
        at.minute(),
        at.second(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_every_clone_forward_by_that_much() {
        let clock = Clock::system();
        let before = clock.clone().unix();
        clock.clone().advance(Duration::from_secs(90));
        let passed = clock.unix() - before;
        assert!((90..=92).contains(&passed), "{passed} s passed");
    }

    #[test]
    fn advancing_leaves_real_time_alone() {
        let clock = Clock::system();
        clock.advance(Duration::from_hours(1));
        assert!(clock.uptime() < Duration::from_mins(1));
    }

    #[test]
    fn advancing_beyond_the_end_of_time_stops_there() {
        let clock = Clock::system();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now().year(), 9999);
    }

    #[test]
    fn an_http_date_is_the_example_of_rfc_9110() {
        let at = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn rfc3339_ends_in_utc() {
        assert!(Clock::system().rfc3339().ends_with('Z'));
    }
}
