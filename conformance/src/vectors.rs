//! Runs files of vectors: what a real kubelet was seen to do, against the simulator in [`crate::kubelet`].
//!
//! # Layout
//!
//! - `kind`: what a file is about, by its name
//! - `patterns`, `images`, `configs`, `directories`, `responses`, `durations`, `keyrings`, `caches`: one entry of each kind
//! - `outcome`: what came of it
//!
//! A file is a list of entries or an object of such lists. Beside its own fields an entry may have any others, such as
//! `source`. One that says nothing that is understood here is skipped and told.

mod caches;
mod configs;
mod directories;
mod durations;
mod images;
mod keyrings;
mod kind;
mod outcome;
mod patterns;
mod responses;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use self::kind::Kind;
use self::outcome::{Counts, Outcome};
use crate::demo::Verdict;

/// Why vectors cannot be run.
#[derive(Debug, Error)]
pub enum VectorsError {
    /// A file that cannot be read.
    #[error("failed to read `{}`: name a file of vectors, such as conformance/vectors/match.json", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that is no JSON.
    #[error("`{}` is no JSON: it should be a list of vectors, or an object of such lists", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A file that is neither a list nor an object.
    #[error("`{}` holds no vectors: it should be a list of vectors, or an object of such lists", .0.display())]
    Shape(PathBuf),
    /// A file whose name does not say what it is about.
    #[error("`{}` has no kind: its name should hold one of {}", .0.display(), Kind::names())]
    Kind(PathBuf),
    /// The results cannot be written.
    #[error("failed to write the results")]
    Write(#[from] io::Error),
}

/// Runs files and writes every failure, the counts of each file, and the sum.
///
/// # Errors
///
/// A file cannot be used, or the results not be written. A vector that fails is no error but a verdict.
pub fn run(files: &[PathBuf], out: &mut dyn Write) -> Result<Verdict, VectorsError> {
    // All are read first, so that a wrong name is told before any result.
    let read: Vec<_> = files.iter().map(|path| entries(path).map(|it| (path, it))).collect::<Result<_, _>>()?;
    let mut sum = Counts::default();
    for (path, (kind, entries)) in read {
        let mut counts = Counts::default();
        for (name, entry) in &entries {
            for outcome in kind.outcomes(entry) {
                write_outcome(out, path, name, &outcome)?;
                counts.add(&outcome);
            }
        }
        writeln!(out, "{}: {counts}", path.display())?;
        sum.join(&counts);
    }
    writeln!(out, "{sum}")?;
    Ok(if sum.failed == 0 { Verdict::Held } else { Verdict::Failed })
}

fn write_outcome(out: &mut dyn Write, path: &Path, name: &str, outcome: &Outcome) -> io::Result<()> {
    let at = format!("{}{name}", path.display());
    match outcome {
        Outcome::Passed => Ok(()),
        Outcome::Failed { about, expected, got } => {
            writeln!(out, "failed: {at}: {about}\n  expected: {expected}\n  got:      {got}")
        }
        Outcome::Skipped { reason } => writeln!(out, "skipped: {at}: {reason}"),
    }
}

type Entries = Vec<(String, Value)>;

/// The entries of a file, each with its place.
fn entries(path: &Path) -> Result<(Kind, Entries), VectorsError> {
    let kind = Kind::of(path).ok_or_else(|| VectorsError::Kind(path.to_owned()))?;
    let bytes = std::fs::read(path).map_err(|source| VectorsError::Read { path: path.to_owned(), source })?;
    let json = serde_json::from_slice(&bytes);
    let json = json.map_err(|source| VectorsError::Json { path: path.to_owned(), source })?;
    let list = |name: &str, values: Vec<Value>| -> Entries {
        values.into_iter().enumerate().map(|(position, value)| (format!("{name}[{position}]"), value)).collect()
    };
    let entries = match json {
        Value::Array(values) => list("", values),
        Value::Object(lists) => {
            let lists = lists.into_iter().filter_map(|(name, value)| match value {
                Value::Array(values) => Some(list(&format!(".{name}"), values)),
                _ => None,
            });
            lists.flatten().collect()
        }
        _ => return Err(VectorsError::Shape(path.to_owned())),
    };
    Ok((kind, entries))
}

#[cfg(test)]
mod tests;
