//! What comes of a vector.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// What came of one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Failed { about: String, expected: String, got: String },
    Skipped { reason: String },
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Outcome {
    /// What comes of several things that one vector says; the first that does not hold is told.
    pub(super) fn of(about: &str, expectations: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut expectations = expectations.into_iter().peekable();
        if expectations.peek().is_none() {
            return Self::skipped("it expects nothing that is understood");
        }
        let broken = expectations.find(|(expected, got)| expected != got);
        broken.map_or(Self::Passed, |(expected, got)| Self::Failed { about: about.to_owned(), expected, got })
    }

    pub(super) fn skipped(reason: &str) -> Self {
        Self::Skipped { reason: reason.to_owned() }
    }

    /// Reads an entry; one of another shape is skipped.
    pub(super) fn read<T: DeserializeOwned>(entry: &Value, run: impl FnOnce(T) -> Self) -> Self {
        match serde_json::from_value(entry.clone()) {
            Ok(vector) => run(vector),
            Err(error) => Self::skipped(&format!("it has another shape: {error}")),
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed { .. } => self.failed += 1,
            Outcome::Skipped { .. } => self.skipped += 1,
        }
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(formatter, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}
