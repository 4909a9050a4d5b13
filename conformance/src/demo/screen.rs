//! Where the facts go: to a table as they come, or to one JSON document at the end.

use std::io::{self, Write};

use serde::Serialize;

use super::paint::Paint;
use super::report::{PullReport, RefusalReport, Report, SecretsReport};
use super::table::Table;

/// How the facts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// A table, row by row.
    Table(Paint),
    /// One document at the end, for programs.
    Json,
}

/// An output under way.
pub(super) enum Screen<'a> {
    Table(Table<'a>),
    Json(&'a mut dyn Write),
}

impl<'a> Screen<'a> {
    pub(super) fn new(show: Show, out: &'a mut dyn Write) -> Self {
        match show {
            Show::Table(paint) => Self::Table(Table::new(out, paint)),
            Show::Json => Self::Json(out),
        }
    }

    pub(super) fn begin(&mut self, provider: &str, image: &str) -> io::Result<()> {
        self.table(|table| table.begin(provider, image))
    }

    pub(super) fn pull(&mut self, pull: &PullReport) -> io::Result<()> {
        self.table(|table| table.pull(pull))
    }

    pub(super) fn refusal(&mut self, refusal: &RefusalReport) -> io::Result<()> {
        self.table(|table| table.refusal(refusal))
    }

    pub(super) fn secrets(&mut self, secrets: &SecretsReport) -> io::Result<()> {
        self.table(|table| table.secrets(secrets))
    }

    pub(super) fn traces(&mut self, drawn: &str) -> io::Result<()> {
        self.table(|table| table.traces(drawn))
    }

    pub(super) fn end(&mut self, report: &Report) -> io::Result<()> {
        match self {
            Self::Table(table) => table.end(report),
            Self::Json(out) => writeln!(out, "{}", json(report)?),
        }
    }

    /// All of the pulls and refusals that is or will be shown.
    pub(super) fn shown(&self, pulls: &[PullReport], refusals: &[RefusalReport]) -> io::Result<String> {
        match self {
            Self::Table(table) => Ok(table.shown().to_owned()),
            Self::Json(_) => json(&(pulls, refusals)),
        }
    }

    fn table(&mut self, show: impl FnOnce(&mut Table<'a>) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Table(table) => show(table),
            Self::Json(_) => Ok(()),
        }
    }
}

fn json(facts: &impl Serialize) -> io::Result<String> {
    serde_json::to_string_pretty(facts).map_err(io::Error::from)
}
