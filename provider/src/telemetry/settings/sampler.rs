//! Which pulls are told of, decided at their beginning.

use opentelemetry::TraceId;

/// Which pulls are told of, in the words of `OTEL_TRACES_SAMPLER`.
///
/// Source: OpenTelemetry specification, "Trace SDK", "Sampling", and "Environment Variable Specification".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampler {
    /// Of so many of 2^63 trace ids.
    share: u64,
    /// What a caller's decision counts for.
    caller: Caller,
}

/// What a caller's decision counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Decides,
    CountsForNothing,
}

const ALL: u64 = 1 << 63;

impl Default for Sampler {
    fn default() -> Self {
        Self { share: ALL, caller: Caller::Decides }
    }
}

impl Sampler {
    /// Reads a sampler's name and its argument, the share of traces from 0 to 1; `None` for another name. An argument that is
    /// none counts as 1, as the specification has it.
    #[must_use]
    pub fn parse(word: &str, argument: Option<&str>) -> Option<Self> {
        let (name, caller) = match word.strip_prefix("parentbased_") {
            Some(name) => (name, Caller::Decides),
            None => (word, Caller::CountsForNothing),
        };
        let share = match name {
            "always_on" => ALL,
            "always_off" => 0,
            "traceidratio" => argument.map_or(ALL, share),
            _ => return None,
        };
        Some(Self { share, caller })
    }

    /// Whether a trace is told of. `decided` is what the caller has decided, if there is one.
    #[must_use]
    pub fn takes(self, trace: TraceId, decided: Option<bool>) -> bool {
        match (self.caller, decided) {
            (Caller::Decides, Some(decided)) => decided,
            _ => self.has(trace),
        }
    }

    /// Whether every trace is told of, which is then known before it begins.
    #[must_use]
    pub fn takes_all(self, decided: Option<bool>) -> bool {
        match (self.caller, decided) {
            (Caller::Decides, Some(decided)) => decided,
            _ => self.share == ALL,
        }
    }

    /// Source: opentelemetry-rust, `Sampler::TraceIdRatioBased`, which other languages decide alike.
    fn has(self, trace: TraceId) -> bool {
        let [_, _, _, _, _, _, _, _, low @ ..] = trace.to_bytes();
        u64::from_be_bytes(low) >> 1 < self.share
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of 2^63 needs no more digits than a float has"
)]
fn share(text: &str) -> u64 {
    let share = text.trim().parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.map_or(ALL, |share| (share * ALL as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(word: &str, argument: Option<&str>, low: u64, decided: Option<bool>) -> bool {
        let trace = TraceId::from((1_u128 << 64) | u128::from(low));
        Sampler::parse(word, argument).expect(word).takes(trace, decided)
    }

    #[test]
    fn a_share_of_the_traces_is_told_of() {
        for (argument, low, expected) in [
            ("0.5", 0, true),
            ("0.5", u64::MAX / 2 - 1, true),
            ("0.5", u64::MAX / 2 + 2, false),
            ("0", 0, false),
            ("1", u64::MAX, true),
            ("2", u64::MAX, true),
            ("half", u64::MAX, true),
        ] {
            assert_eq!(takes("traceidratio", Some(argument), low, None), expected, "{argument} {low}");
        }
        assert!(takes("traceidratio", None, u64::MAX, None) && takes("always_on", None, u64::MAX, None));
        assert!(!takes("always_off", None, 0, None));
    }

    #[test]
    fn a_caller_decides_where_it_is_followed() {
        assert!(!takes("parentbased_always_on", None, 0, Some(false)));
        assert!(takes("parentbased_always_off", None, 0, Some(true)));
        assert!(takes("parentbased_traceidratio", Some("0"), 0, Some(true)));
        assert!(!takes("parentbased_traceidratio", Some("0"), 0, None));
        assert!(takes("always_on", None, 0, Some(false)));
    }

    #[test]
    fn what_is_known_before_a_trace_begins_is_true_of_every_trace() {
        let takes_all = |word, argument, decided| Sampler::parse(word, argument).expect(word).takes_all(decided);
        assert!(takes_all("always_on", None, Some(false)) && takes_all("traceidratio", Some("1"), None));
        assert!(!takes_all("traceidratio", Some("0.99"), None) && !takes_all("always_off", None, Some(true)));
        assert!(takes_all("parentbased_always_off", None, Some(true)));
        assert!(!takes_all("parentbased_always_on", None, Some(false)));
    }

    #[test]
    fn other_samplers_are_none() {
        assert_eq!(Sampler::parse("jaeger_remote", None), None);
        assert_eq!(Sampler::parse("", None), None);
    }
}
