//! Expectations and what became of them.

use std::fmt::Display;

use serde::Serialize;

/// Whether all that was expected is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is.
    Held,
    /// Something is not.
    Failed,
}

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What is expected, as a sentence.
    pub(super) check: &'static str,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub(super) enum Outcome {
    Held,
    Failed { expected: String, got: String },
}

/// A list of expectations under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    /// Adds an expectation, with what it comes to in words if it does not hold.
    pub(super) fn expect(&mut self, check: &'static str, is_so: bool, expected: impl Display, got: impl Display) {
        let failed = || Outcome::Failed { expected: expected.to_string(), got: got.to_string() };
        self.0.push(Check { check, outcome: if is_so { Outcome::Held } else { failed() } });
    }

    /// Adds the expectation that there is nothing of a kind.
    pub(super) fn expect_none(&mut self, check: &'static str, found: usize) {
        self.expect(check, found == 0, 0, found);
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.failed().next().is_none() { Verdict::Held } else { Verdict::Failed }
    }

    /// The expectations that do not hold: what, expected, got.
    pub(super) fn failed(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        self.0.iter().filter_map(|Check { check, outcome }| match outcome {
            Outcome::Held => None,
            Outcome::Failed { expected, got } => Some((*check, expected.as_str(), got.as_str())),
        })
    }

    /// Rewrites what was got, so that it can be shown.
    pub(super) fn redact(&mut self, redacted: impl Fn(&str) -> String) {
        for Check { outcome, .. } in &mut self.0 {
            if let Outcome::Failed { got, .. } = outcome {
                *got = redacted(got);
            }
        }
    }
}

impl Verdict {
    /// `Held` only if all are.
    pub(super) fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().find(|verdict| *verdict == Self::Failed).unwrap_or(Self::Held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failed_expectation_fails_all() {
        let mut checks = Checks::default();
        assert_eq!(checks.verdict(), Verdict::Held);
        checks.expect("one is one", true, 1, 1);
        assert_eq!(checks.verdict(), Verdict::Held);
        checks.expect("one is two", false, 1, 2);
        checks.expect("two is two", true, 2, 2);
        assert_eq!(checks.verdict(), Verdict::Failed);
        assert_eq!(checks.failed().collect::<Vec<_>>(), [("one is two", "1", "2")]);
        assert_eq!(Verdict::of_all([Verdict::Held, Verdict::Failed, Verdict::Held]), Verdict::Failed);
        assert_eq!(Verdict::of_all([Verdict::Held]), Verdict::Held);
    }

    #[test]
    fn a_check_is_flat_json() {
        let mut checks = Checks::default();
        checks.expect("a", true, "", "");
        checks.expect("b", false, "x", "hunter2");
        checks.redact(|text| text.replace("hunter2", "[secret]"));
        let expected = serde_json::json!([
            {"check": "a", "verdict": "held"},
            {"check": "b", "verdict": "failed", "expected": "x", "got": "[secret]"},
        ]);
        assert_eq!(serde_json::to_value(&checks).unwrap(), expected);
    }
}
