//! How long a credential lives, and how much of that the kubelet may cache it.

use std::hash::{DefaultHasher, Hasher as _};
use std::time::{Duration, SystemTime};

use crate::jwt::Claims;
use crate::time::unix;

/// What is left of a credential's life when it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// It ends after this long.
    Ends(Duration),
    /// Neither the reply nor the token says when it ends.
    Unstated,
    /// Somebody else rotates it and has said how long it is cached, which its own end may shorten.
    Kept {
        /// How long it is cached.
        length: Duration,
        /// What is left of its life, if it says so.
        life: Option<Duration>,
    },
}

/// What a route says about how long its credentials are cached. The default leaves all of it to the credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caching {
    /// How long before its end a credential is no longer used; `None` is a tenth of its life, from 10 s to 5 min.
    pub margin: Option<Duration>,
    /// By how much the nodes of a fleet differ at most; `None` is a twentieth of the life, up to 1 min.
    pub jitter: Option<Duration>,
    /// The floor: shorter durations are raised to it, as far as the credential lives.
    pub minimum: Duration,
    /// The cap: longer durations are cut to it.
    pub maximum: Option<Duration>,
}

/// How long a credential of unstated life is cached: long enough to spare a burst of pulls, short enough that a changed
/// file or a revoked token does not linger.
const UNSTATED: Duration = Duration::from_mins(5);
/// The margin is a tenth of the life, within these bounds: a pull that starts at the last moment must still finish.
pub const LEAST_MARGIN: Duration = Duration::from_secs(10);
const GREATEST_MARGIN: Duration = Duration::from_mins(5);
/// The jitter is at most a twentieth of the life and at most this, so that a fleet does not come back at one moment.
const GREATEST_JITTER: Duration = Duration::from_mins(1);

impl Lifetime {
    /// The lesser of what the reply says (`expires_in`, in seconds) and what the token says (`exp`).
    #[must_use]
    pub fn lesser(expires_in: Option<u64>, claims: Option<&Claims>, now: SystemTime) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay exact in an f64 for millions of years")]
        let now = unix(now) as f64;
        let by_claim = claims.and_then(|claims| claims.exp).map(|exp| seconds(exp - now));
        let by_reply = expires_in.map(Duration::from_secs);
        by_claim.into_iter().chain(by_reply).min().map_or(Self::Unstated, Self::Ends)
    }

    /// The life of a static credential: `kept` if somebody has said so, and never past the token's own end less its margin.
    /// `None` once that end is over.
    #[must_use]
    pub fn of_static(claims: Option<&Claims>, kept: Option<Duration>, now: SystemTime) -> Option<Self> {
        let length = kept.unwrap_or(UNSTATED);
        match Self::lesser(None, claims, now) {
            Self::Ends(Duration::ZERO) => None,
            Self::Ends(life) => Some(Self::Kept { length, life: Some(life) }),
            Self::Unstated | Self::Kept { .. } => Some(Self::Kept { length, life: None }),
        }
    }

    /// How long the kubelet may cache the credential: the life less a margin and less a jitter that is stable per node,
    /// within the route's bounds.
    ///
    /// Whole seconds; zero when the life is spent, which tells the kubelet not to cache. No bound leads beyond the life less
    /// [`LEAST_MARGIN`].
    #[must_use]
    pub fn cache_duration(self, caching: &Caching, node: &str) -> Duration {
        let margin = |life| caching.margin.unwrap_or_else(|| usual_margin(life));
        let jitter =
            |life: Duration| caching.jitter.unwrap_or_else(|| (life / 20).min(GREATEST_JITTER)).mul_f64(fraction(node));
        let (wanted, life) = match self {
            Self::Ends(life) => (life.saturating_sub(margin(life)).saturating_sub(jitter(life)), Some(life)),
            Self::Unstated => (UNSTATED, None),
            Self::Kept { length, life } => {
                (life.map_or(length, |life| length.min(life.saturating_sub(margin(life)))), life)
            }
        };
        let bounded = wanted.max(caching.minimum).min(caching.maximum.unwrap_or(Duration::MAX));
        let end = life.map_or(Duration::MAX, |life| life.saturating_sub(LEAST_MARGIN));
        Duration::from_secs(bounded.min(end).as_secs())
    }
}

fn usual_margin(life: Duration) -> Duration {
    (life / 10).clamp(LEAST_MARGIN, GREATEST_MARGIN)
}

/// Whole seconds; what is negative or no number is nothing, and nothing lives longer than a century here.
fn seconds(value: f64) -> Duration {
    const CENTURY: f64 = 100.0 * 365.25 * 86_400.0;
    Duration::try_from_secs_f64(value.min(CENTURY)).unwrap_or_default()
}

/// A number from 0 to 1 that is stable for a node and spread over nodes.
fn fraction(node: &str) -> f64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(node.as_bytes());
    let upper = u32::try_from(hasher.finish() >> 32).unwrap_or_default();
    f64::from(upper) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option::of;
    use proptest::prelude::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn expiring(exp: f64) -> Claims {
        Claims { exp: Some(exp), ..Claims::default() }
    }

    #[test]
    fn the_lesser_of_reply_and_claim_counts() {
        let ends = |seconds| Lifetime::Ends(Duration::from_secs(seconds));
        assert_eq!(Lifetime::lesser(Some(600), Some(&expiring(1_300.0)), at(1_000)), ends(300));
        assert_eq!(Lifetime::lesser(Some(60), Some(&expiring(9_000.0)), at(1_000)), ends(60));
        assert_eq!(Lifetime::lesser(None, Some(&expiring(900.0)), at(1_000)), ends(0));
        assert_eq!(Lifetime::lesser(Some(60), None, at(1_000)), ends(60));
        assert_eq!(Lifetime::lesser(None, None, at(1_000)), Lifetime::Unstated);
        assert_eq!(Lifetime::lesser(None, Some(&Claims::default()), at(1_000)), Lifetime::Unstated);
    }

    #[test]
    fn an_hour_is_cached_for_less_than_an_hour() {
        let cached = Lifetime::Ends(Duration::from_secs(3_600)).cache_duration(&Caching::default(), "node-1");
        assert!(cached <= Duration::from_secs(3_300) && cached > Duration::from_secs(3_239), "{cached:?}");
    }

    #[test]
    fn a_life_of_a_minute_is_cached_for_most_of_it() {
        for node in ["node-1", "node-2", "node-3"] {
            let cached = Lifetime::Ends(Duration::from_secs(60)).cache_duration(&Caching::default(), node).as_secs();
            assert!((47..=50).contains(&cached), "{cached}");
        }
    }

    #[test]
    fn a_static_credential_is_kept_for_minutes_and_not_past_its_end() {
        let kept = |exp, kept: Option<u64>| {
            let claims = Claims { exp, ..Claims::default() };
            let life = Lifetime::of_static(Some(&claims), kept.map(Duration::from_secs), at(1_000));
            life.map(|life| life.cache_duration(&Caching::default(), "node-1").as_secs())
        };
        assert_eq!(kept(None, None), Some(300));
        assert_eq!(kept(None, Some(28_800)), Some(28_800));
        assert_eq!(kept(None, Some(0)), Some(0));
        assert_eq!(kept(Some(9_000.0), None), Some(300));
        assert_eq!(kept(Some(1_060.0), Some(28_800)), Some(50));
        assert_eq!(kept(Some(1_005.0), None), Some(0));
        assert_eq!(kept(Some(1_000.0), None), None);
    }

    #[test]
    fn a_route_moves_margin_jitter_floor_and_cap() {
        let cached = |life, caching: Caching| {
            Lifetime::Ends(Duration::from_secs(life)).cache_duration(&caching, "node-1").as_secs()
        };
        let seconds = |length| Some(Duration::from_secs(length));
        let exact = Caching { margin: seconds(600), jitter: seconds(0), ..Caching::default() };
        assert_eq!(cached(3_600, exact.clone()), 3_000);
        assert_eq!(cached(300, exact.clone()), 0, "a margin beyond the life leaves nothing");
        let spread = Caching { jitter: seconds(1_000), ..exact.clone() };
        assert!((2_000..3_000).contains(&cached(3_600, spread)));
        assert_eq!(cached(3_600, Caching { maximum: seconds(60), ..exact.clone() }), 60);
        let raised = Caching { minimum: Duration::from_secs(120), ..exact };
        assert_eq!(cached(3_600, raised.clone()), 3_000);
        assert_eq!(cached(300, raised.clone()), 120);
        assert_eq!(cached(100, raised.clone()), 90, "not beyond the life less 10 s");
        assert_eq!(Lifetime::Unstated.cache_duration(&raised, "node-1").as_secs(), 300);
        let short = Caching { maximum: seconds(30), ..Caching::default() };
        assert_eq!(Lifetime::Unstated.cache_duration(&short, "node-1").as_secs(), 30);
        let kept = Lifetime::Kept { length: Duration::from_secs(60), life: None };
        assert_eq!(kept.cache_duration(&raised, "node-1").as_secs(), 120);
    }

    #[test]
    fn a_spent_life_is_not_cached() {
        for life in [0, 1, 9, 10] {
            assert_eq!(
                Lifetime::Ends(Duration::from_secs(life)).cache_duration(&Caching::default(), "node-1"),
                Duration::ZERO
            );
        }
    }

    #[test]
    fn nodes_differ_and_one_node_is_stable() {
        let life = Lifetime::Ends(Duration::from_secs(7_200));
        let durations: std::collections::BTreeSet<_> =
            (0..50).map(|n| life.cache_duration(&Caching::default(), &format!("node-{n}"))).collect();
        assert!(durations.len() > 20, "{durations:?}");
        assert_eq!(
            life.cache_duration(&Caching::default(), "node-7"),
            life.cache_duration(&Caching::default(), "node-7")
        );
    }

    proptest! {
        #[test]
        fn a_credential_is_never_cached_past_its_life_whatever_the_route_says(
            life in 0_u64..10_000_000,
            node in ".*",
            margin in of(10_u64..100_000),
            jitter in of(0_u64..100_000),
            minimum in 0_u64..1_000_000,
            maximum in of(0_u64..1_000_000),
        ) {
            let seconds = |length: Option<u64>| length.map(Duration::from_secs);
            let caching = Caching {
                margin: seconds(margin),
                jitter: seconds(jitter),
                minimum: Duration::from_secs(minimum),
                maximum: seconds(maximum),
            };
            let cached = Lifetime::Ends(Duration::from_secs(life)).cache_duration(&caching, &node);
            prop_assert!(cached.is_zero() || cached + LEAST_MARGIN <= Duration::from_secs(life));
            prop_assert_eq!(cached.subsec_nanos(), 0);
            prop_assert!(seconds(maximum).is_none_or(|maximum| cached <= maximum));
            let room = Duration::from_secs(life).saturating_sub(LEAST_MARGIN);
            prop_assert!(cached >= caching.minimum.min(room).min(caching.maximum.unwrap_or(Duration::MAX)));
        }

        #[test]
        fn any_expiry_claim_is_survived(exp in any::<f64>(), now in 0_u64..10_000_000_000) {
            let _ = Lifetime::lesser(None, Some(&expiring(exp)), at(now)).cache_duration(&Caching::default(), "node");
        }
    }
}
