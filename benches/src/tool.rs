//! The counting tools, and what is said where one is missing.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::Failure;
use crate::start::observe;
use crate::subject::Subject;

mod callgrind;
mod strace;

/// A count, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// The counts of several runs, in the order of the runs.
    Counted(Vec<u64>),
    /// The tool is not installed.
    NotMeasured { tool: &'static str },
}

impl Count {
    /// The median of the runs.
    pub(crate) fn median(&self) -> Option<u64> {
        let Self::Counted(runs) = self else { return None };
        let mut runs = runs.clone();
        runs.sort_unstable();
        runs.get(runs.len().checked_sub(1)? / 2).copied()
    }
}

impl fmt::Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.median()) {
            (Self::NotMeasured { tool }, _) => write!(formatter, "not measured: {tool} is not installed"),
            (Self::Counted(_), None) => write!(formatter, "not measured"),
            (Self::Counted(_), Some(median)) => write!(formatter, "{median}"),
        }
    }
}

/// The directories in which tools are looked for.
pub(crate) struct Tools(Vec<PathBuf>);

impl Tools {
    /// The directories of a `PATH`.
    pub(crate) fn on_path(path: &OsStr) -> Self {
        Self(std::env::split_paths(path).collect())
    }

    /// System calls of the subject and all its threads, in `runs` runs.
    pub(crate) fn system_calls(&self, subject: &Subject, runs: usize) -> Result<Count, Failure> {
        self.count("strace", subject, runs, strace::options, strace::calls)
    }

    /// Instructions that the subject executes outside the kernel, in `runs` runs.
    pub(crate) fn instructions(&self, subject: &Subject, runs: usize) -> Result<Count, Failure> {
        self.count("valgrind", subject, runs, callgrind::options, callgrind::instructions)
    }

    /// The subject's largest resident set in bytes, read while the kernel holds it at its end.
    pub(crate) fn peak_memory(&self, subject: &Subject) -> Result<Count, Failure> {
        let Some(tool) = self.find("strace") else { return Ok(Count::NotMeasured { tool: "strace" }) };
        Ok(Count::Counted(vec![strace::peak_memory(&tool, subject)?]))
    }

    fn count(
        &self,
        tool: &'static str,
        subject: &Subject,
        runs: usize,
        options: fn(&Path) -> Vec<String>,
        read: fn(&str) -> Option<u64>,
    ) -> Result<Count, Failure> {
        let Some(program) = self.find(tool) else { return Ok(Count::NotMeasured { tool }) };
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let one = || {
            observe(subject, subject.command_under(&program, &options(&log)))?;
            let text = std::fs::read_to_string(&log)?;
            read(&text).ok_or_else(|| Failure::from(format!("{tool} wrote no count for {}", subject.name)))
        };
        Ok(Count::Counted((0..runs).map(|_| one()).collect::<Result<_, _>>()?))
    }

    fn find(&self, name: &str) -> Option<PathBuf> {
        self.0.iter().map(|folder| folder.join(name)).find(|path| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_told_and_not_counted() {
        let count = Tools::on_path("/nowhere".as_ref()).instructions(&Subject::nothing(), 3).unwrap();
        assert_eq!(count.median(), None);
        assert_eq!(count.to_string(), "not measured: valgrind is not installed");
    }

    #[test]
    fn the_median_of_the_runs_counts() {
        assert_eq!(Count::Counted(vec![9, 1, 5]).median(), Some(5));
        assert_eq!(Count::Counted(vec![9, 1]).to_string(), "1");
    }
}
