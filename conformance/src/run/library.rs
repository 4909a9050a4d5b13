//! The suite for Rust tests: a plugin is run, and what became of each case is there to be asked.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::report::{CaseResult, Report};
use super::{JOBS, Level, Options, RunError, Show, Status};

impl Options {
    /// Every case of this crate, against a plugin as an adapter has it: the name of an adapter of this crate, or a file.
    ///
    /// An adapter with a lab needs `own` beside it.
    pub fn new(plugin: impl Into<PathBuf>, adapter: impl Into<String>) -> Self {
        let (plugin, adapter) = (plugin.into(), adapter.into());
        Self { own: None, plugin, adapter, cases: None, filters: Vec::new(), jobs: JOBS, out: None }
    }
}

/// Runs the chosen cases and shows nothing.
///
/// # Errors
///
/// As of [`run`](super::run).
pub async fn report(options: &Options) -> Result<Report, RunError> {
    super::reported(options, Show::Lines, &mut io::sink()).await
}

/// What became of one case.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'report>(&'report CaseResult);

impl<'report> Outcome<'report> {
    /// The id of the case: `AREA/NAME`, and a member of a family in brackets.
    #[must_use]
    pub fn id(self) -> &'report str {
        &self.0.id
    }

    /// The area of the contract that the case is about.
    #[must_use]
    pub fn area(self) -> &'report str {
        &self.0.area
    }

    /// How much depends on the case.
    #[must_use]
    pub fn level(self) -> Level {
        self.0.level
    }

    /// What became of it.
    #[must_use]
    pub fn status(self) -> Status {
        self.0.status
    }

    /// The sentence of the contract.
    #[must_use]
    pub fn rule(self) -> &'report str {
        &self.0.rule
    }

    /// Where that sentence is from.
    #[must_use]
    pub fn source(self) -> &'report str {
        &self.0.source
    }

    /// Why the case failed, was skipped or is disabled, in words without a secret; empty if it passed.
    #[must_use]
    pub fn reasons(self) -> &'report [String] {
        &self.0.reasons
    }
}

/// One line, and one for each reason.
impl fmt::Display for Outcome<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.status().as_str(), self.level().as_str(), self.id())?;
        self.reasons().iter().try_for_each(|reason| write!(formatter, "\n  {reason}"))
    }
}

impl Report {
    /// What became of every chosen case, by id.
    pub fn outcomes(&self) -> impl Iterator<Item = Outcome<'_>> {
        self.results.iter().map(Outcome)
    }

    /// The cases that failed, and those that the suite could not judge.
    pub fn failures(&self) -> impl Iterator<Item = Outcome<'_>> {
        self.outcomes().filter(|outcome| outcome.status().is_bad())
    }

    /// How many cases have a status.
    #[must_use]
    pub fn count(&self, status: Status) -> usize {
        self.outcomes().filter(|outcome| outcome.status() == status).count()
    }
}

/// The failures, and the last line of a run.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failures().try_for_each(|outcome| writeln!(formatter, "{outcome}"))?;
        formatter.write_str(&self.last_line())
    }
}
