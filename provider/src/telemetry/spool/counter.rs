//! A number that many processes add to, on a disk that may be full.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::locked;
use crate::platform::private_file;

/// A number: the length of a file of which nothing is written, so that it grows where there is no space left.
#[derive(Clone, Debug)]
pub struct Counter(PathBuf);

impl Counter {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Adds to the number; where nothing can be written, nothing is.
    pub fn add(&self, more: u64) {
        let _ = self.change(|number| number.saturating_add(more));
    }

    /// Takes off what was told of.
    pub fn take_off(&self, told: u64) {
        let _ = self.change(|number| number.saturating_sub(told));
    }

    /// The number.
    #[must_use]
    pub fn value(&self) -> u64 {
        fs::metadata(&self.0).map_or(0, |file| file.len())
    }

    fn change(&self, change: impl Fn(u64) -> u64) -> io::Result<()> {
        let file = locked(private_file(&self.0)?)?;
        file.set_len(change(file.metadata()?.len()))
    }
}
