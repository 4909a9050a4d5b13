//! Why nothing is compared, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::run::report::SCHEMA_VERSION;

/// Why nothing is compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// A file cannot be read.
    #[error("failed to read the report `{}`", .file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is something else.
    #[error("`{}` is no report of the suite", .file.display())]
    NoReport {
        /// Which.
        file: PathBuf,
        /// What is not as in a report; none where it has no version.
        source: Option<serde_json::Error>,
    },
    /// A report of another program.
    #[error("`{}` has the `schema_version` {version}, and this program reads {SCHEMA_VERSION}", .file.display())]
    Version {
        /// Which.
        file: PathBuf,
        /// What it has.
        version: u64,
    },
    /// The comparison cannot be written.
    #[error("failed to write the comparison")]
    Write(#[from] io::Error),
}

impl CompareError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::NoReport { .. } => {
                "name a `report.json` that `conformance run --plugin PATH --adapter NAME --out DIR` wrote"
            }
            Self::Version { .. } => {
                "run the suite again with this program, `conformance run --plugin PATH --adapter NAME --out DIR`, \
                 or compare with the program that wrote the file"
            }
            Self::Write(_) => "check that `--out` names a folder that this user may write to, and that there is space",
        }
    }
}
