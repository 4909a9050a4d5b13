//! A run as it goes: live counts on a terminal, a line for each case elsewhere.

use std::io::{self, Write};

use super::report::{CaseResult, Counts, Report};
use super::status::Status;
use crate::demo::Paint;

/// How a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// One line that is written over and over, and lines for what failed.
    Live(Paint),
    /// A line for each case.
    Lines,
    /// Nothing but the report as JSON at the end.
    Json,
}

/// How wide the bar is.
const BAR: usize = 30;

/// Erases the line and goes to its start: ECMA-48, "Erase in Line".
const ERASE: &str = "\r\u{1b}[2K";

/// A run under way.
pub(super) struct Screen<'a> {
    show: Show,
    out: &'a mut dyn Write,
    counts: Counts,
    done: usize,
    of: usize,
}

impl<'a> Screen<'a> {
    pub(super) fn new(show: Show, out: &'a mut dyn Write, of: usize) -> Self {
        Self { show, out, counts: Counts::default(), done: 0, of }
    }

    /// Shows what became of one case.
    pub(super) fn case(&mut self, result: &CaseResult) -> io::Result<()> {
        self.counts.add(result.status);
        self.done += 1;
        match self.show {
            Show::Json => Ok(()),
            Show::Lines => self.line(result, Paint::Plain),
            Show::Live(paint) => {
                write!(self.out, "{ERASE}")?;
                if result.status.is_bad() {
                    self.line(result, paint)?;
                }
                self.bar(paint)
            }
        }
    }

    /// Shows the end.
    pub(super) fn end(&mut self, report: &Report) -> io::Result<()> {
        match self.show {
            Show::Json => {
                let json = serde_json::to_string_pretty(report).map_err(io::Error::from)?;
                return writeln!(self.out, "{json}");
            }
            Show::Live(_) => write!(self.out, "{ERASE}")?,
            Show::Lines => {}
        }
        for (feature, count) in &report.missing_features {
            writeln!(self.out, "not declared: {feature} ({count} skipped)")?;
        }
        writeln!(self.out, "{}", report.last_line())
    }

    fn line(&mut self, result: &CaseResult, paint: Paint) -> io::Result<()> {
        let word = format!("{:5}", result.status.as_str());
        let word = match result.status {
            Status::Pass => paint.good(&word),
            Status::Fail | Status::Error => paint.bad(&word),
            Status::Skip | Status::Disabled => paint.dim(&word),
        };
        writeln!(self.out, "{word} {:8} {}", result.level.as_str(), result.id)?;
        if result.status.is_bad() {
            for reason in &result.reasons {
                writeln!(self.out, "      {reason}")?;
            }
        }
        Ok(())
    }

    fn bar(&mut self, paint: Paint) -> io::Result<()> {
        let full = self.done * BAR / self.of.max(1);
        let bar = format!("{}{}", "━".repeat(full), paint.dim(&"─".repeat(BAR - full)));
        write!(self.out, "{bar} {}/{}  {}", self.done, self.of, self.counts.line())?;
        self.out.flush()
    }
}
