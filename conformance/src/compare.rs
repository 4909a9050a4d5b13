//! Reports of several plugins beside each other: their scores, and the cases on which they differ.
//!
//! ```text
//!  report.json, report.json, … ─▶ table ─▶ markdown (screen, compare.md), page (compare.html)
//! ```
//!
//! # Layout
//!
//! - `table`: what is compared, and what differs
//! - `markdown`, `page`: shown

mod error;
mod markdown;
mod page;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::error::CompareError;
use self::table::Comparison;
use crate::run::Report;
use crate::run::report::SCHEMA_VERSION;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Options {
    /// The reports, in the order of the columns.
    pub reports: Vec<PathBuf>,
    /// Where the comparison is written to.
    pub out: Option<PathBuf>,
}

/// Compares reports: on `out` in markdown, and in a folder as a page as well.
///
/// # Errors
///
/// A file is no report that this program can read, or the comparison cannot be written.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<(), CompareError> {
    let reports = options.reports.iter().map(|path| report(path)).collect::<Result<Vec<_>, _>>()?;
    let comparison = Comparison::of(&reports);
    let markdown = markdown::markdown(&comparison);
    if let Some(folder) = &options.out {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("compare.md"), &markdown)?;
        std::fs::write(folder.join("compare.html"), page::page(&comparison))?;
    }
    Ok(out.write_all(markdown.as_bytes())?)
}

/// Reads a report; its version first, as what follows is only known for one.
fn report(path: &Path) -> Result<Report, CompareError> {
    let file = || path.to_owned();
    let text = std::fs::read_to_string(path).map_err(|source| CompareError::Read { file: file(), source })?;
    let no_report = |source| CompareError::NoReport { file: file(), source };
    let value: Value = serde_json::from_str(&text).map_err(|error| no_report(Some(error)))?;
    match value.get("schema_version").and_then(Value::as_u64) {
        None => Err(no_report(None)),
        Some(version) if version != u64::from(SCHEMA_VERSION) => Err(CompareError::Version { file: file(), version }),
        Some(_) => serde_json::from_value(value).map_err(|error| no_report(Some(error))),
    }
}
