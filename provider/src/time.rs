//! The clock, the deadline of a pull, and the only place that waits.

use std::time::{Duration, Instant, SystemTime};

/// The moment by which the kubelet must have its answer.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that lies `budget` ahead of now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this module is the clock")]
    pub fn after(budget: Duration) -> Self {
        Self(Instant::now() + budget)
    }

    /// What is left, or `None` once the deadline has passed.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this module is the clock")]
    pub fn remaining(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// The end of the first of so many equal parts of what is left.
    #[must_use]
    pub fn share(self, parts: usize) -> Self {
        let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
        self.remaining().map_or(self, |left| Self::after(left / parts))
    }
}

/// The wall clock, by which tokens and credentials expire.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module is the clock")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// The wall clock in whole seconds since 1970, as JWTs count it.
#[must_use]
pub fn unix(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Waits between two attempts.
#[expect(clippy::disallowed_methods, reason = "this module is the clock")]
pub async fn pause(length: Duration) {
    tokio::time::sleep(length).await;
}

/// Waits between two tries of what takes microseconds, where nothing else goes on.
#[expect(clippy::disallowed_methods, reason = "this module is the clock")]
pub fn rest(length: Duration) {
    std::thread::sleep(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_deadline_has_nothing_left() {
        assert_eq!(Deadline::after(Duration::ZERO).remaining(), None);
        let left = Deadline::after(Duration::from_secs(60)).remaining().expect("a minute ahead");
        assert!(left > Duration::from_secs(59));
    }

    #[test]
    fn a_share_ends_before_the_whole_and_the_last_one_with_it() {
        let whole = Deadline::after(Duration::from_secs(60));
        let left = |deadline: Deadline| deadline.remaining().expect("time is left").as_secs();
        assert!((19..=20).contains(&left(whole.share(3))));
        assert!(left(whole.share(1)) >= 59 && left(whole.share(0)) >= 59);
        assert_eq!(Deadline::after(Duration::ZERO).share(2).remaining(), None);
    }
}
