//! The suite in the hands of other projects: as a library, as a GitHub Action, in a script.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where it is not as expected")]

mod action;
mod examples;
mod library;

use std::path::{Path, PathBuf};

/// A file of this crate.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A plugin that is right.
const RIGHT: &str = "adapters/static.sh";
/// A plugin that answers in v1 whatever it is asked in.
const WRONG: &str = "tests/run/plugins/version-fixed.sh";
