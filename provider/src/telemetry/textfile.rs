//! The file that the textfile collector of `node_exporter` reads.
//!
//! Source: `node_exporter`, README, "Textfile Collector".

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::metrics::Metrics;
use crate::platform::new_public_file;

/// What the name of the file ends in; others are not read.
pub(crate) const EXTENSION: &str = "prom";
/// The most that is read of a file, in bytes: a hundred label sets of each family take a tenth of it.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Changes the numbers of a file, of which nobody sees a half.
///
/// # Errors
/// When the file cannot be read or written. It is then as it was.
pub(super) fn change(path: &Path, change: impl FnOnce(&mut Metrics)) -> io::Result<()> {
    let mut metrics = Metrics::parse(&read(path)?);
    change(&mut metrics);
    let new = beside(path);
    write(&new, &metrics.to_string()).and_then(|()| fs::rename(&new, path)).inspect_err(|_| drop(fs::remove_file(&new)))
}

fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What an exporter that was killed has left is not gone on with.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let _ = fs::remove_file(path);
    new_public_file(path)?.write_all(text.as_bytes())
}

/// A name that the collector does not read.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}
