//! How many requests the agent answers.

use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

/// A bucket that fills with time: a full one holds half a second's requests.
///
/// Source: aws/eks-pod-identity-agent, `internal/middleware/rate_limiter/rate_limiter.go`.
pub(super) struct Limit {
    per_second: f64,
    burst: f64,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    left: f64,
    at: OffsetDateTime,
}

impl Limit {
    /// A full bucket.
    pub(super) fn new(per_second: u32, now: OffsetDateTime) -> Self {
        let burst = f64::from(per_second / 2);
        Self { per_second: per_second.into(), burst, bucket: Mutex::new(Bucket { left: burst, at: now }) }
    }

    /// Whether one more request is answered.
    pub(super) fn allows_one_more(&self, now: OffsetDateTime) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = (now - bucket.at).as_seconds_f64().max(0.0);
        bucket.left = (bucket.left + passed * self.per_second).min(self.burst);
        bucket.at = now;
        let allows = bucket.left >= 1.0;
        if allows {
            bucket.left -= 1.0;
        }
        allows
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn half_a_second_s_requests_come_at_once_and_the_others_with_time() {
        let limit = Limit::new(4, START);
        let allowed = |at| limit.allows_one_more(at);
        assert_eq!([START; 3].map(allowed), [true, true, false]);
        let later = START + Duration::from_millis(250);
        assert_eq!([later; 2].map(allowed), [true, false]);
        let much_later = START + Duration::from_hours(1);
        assert_eq!([much_later; 3].map(allowed), [true, true, false]);
    }

    #[test]
    fn none_a_second_is_none_at_all() {
        assert!(!Limit::new(0, START).allows_one_more(START + Duration::from_hours(1)));
    }
}
