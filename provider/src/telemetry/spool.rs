//! The folder that pulls write to and one exporter reads.
//!
//! ```text
//! pulls          a line each, under a lock
//! sending        what the exporter has taken; `sent` says up to where it is done
//! exporter.lock  held for an exporter's life
//! dropped        as many bytes as pulls that were dropped, none of them written: a file grows without space
//! rejected       the same of spans that the collector rejected
//! told           up to where, in `sending` and then `pulls`, the node's own files are told of pulls
//! uncounted      pulls that the file of metrics does not know
//! unlogged       the same of the log
//! recent         the pulls that were sent last
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::record::{Batch, Pull};
use crate::platform::{is_same_file, mode, owner, private_directory, private_file, user};
use crate::time::rest;

mod counter;
mod told;

pub use counter::Counter;

/// The most that waits in `pulls`, and again in `sending`, in bytes.
const LIMIT: u64 = 8 * 1024 * 1024;
/// How often a lock is tried, and the rest between two tries: twenty milliseconds in all.
const TRIES: u32 = 100;
const REST: Duration = Duration::from_micros(200);
/// How often the file that was opened may turn out to have been taken away.
const REOPENINGS: u32 = 3;
/// How many pulls are kept after they were sent.
const RECENT: usize = 20;

/// A spool that is its user's alone.
#[derive(Clone, Debug)]
pub struct Spool(PathBuf);

impl Spool {
    /// The spool in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or others than its user can write to it.
    pub fn at(folder: &Path) -> io::Result<Self> {
        make(folder)?;
        let metadata = fs::symlink_metadata(folder)?;
        let is_own = metadata.is_dir() && user().is_some() && owner(&metadata) == user();
        let is_alone = mode(&metadata) & 0o022 == 0;
        if is_own && is_alone { Ok(Self(folder.to_owned())) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// Adds a pull; one that cannot be added is counted.
    ///
    /// # Errors
    /// When it is too long, the spool is full, or its lock is not had in time.
    pub fn append(&self, pull: &Pull) -> io::Result<()> {
        let line = pull.to_line().ok_or(io::ErrorKind::FileTooLarge)?;
        self.append_line(&line).inspect_err(|_| self.lose(1))
    }

    /// Counts pulls that nobody will be told of.
    pub(super) fn lose(&self, pulls: u64) {
        self.dropped().add(pulls);
        self.uncounted().add(pulls);
        self.unlogged().add(pulls);
    }

    fn append_line(&self, line: &[u8]) -> io::Result<()> {
        let path = self.path("pulls");
        for _ in 0..REOPENINGS {
            let file = locked(private_file(&path)?)?;
            // Between opening and locking it the exporter may have taken it.
            if is_same_file(&file.metadata()?, &path) {
                return write(&file, line);
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// The lock of exporters, if nobody has it.
    ///
    /// # Errors
    /// When its file cannot be opened.
    pub(super) fn exporters_lock(&self) -> io::Result<Option<File>> {
        let file = private_file(&self.path("exporter.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether this file is the lock of exporters.
    pub(super) fn is_exporters_lock(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|metadata| is_same_file(&metadata, &self.path("exporter.lock")))
    }

    /// Takes what pulls have written, unless something that was taken is not done yet. Whether there is anything to send.
    ///
    /// # Errors
    /// When it cannot be taken.
    pub(super) fn take(&self) -> io::Result<bool> {
        let sending = self.path("sending");
        if sending.try_exists()? {
            return Ok(true);
        }
        let path = self.path("pulls");
        if !self.has_pulls() {
            return Ok(false);
        }
        let _file = locked(private_file(&path)?)?;
        fs::rename(&path, &sending)?;
        Ok(true)
    }

    /// Whether pulls have written anything.
    pub(super) fn has_pulls(&self) -> bool {
        fs::metadata(self.path("pulls")).is_ok_and(|file| file.len() > 0)
    }

    /// The next pulls of what was taken.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn next(&self, most: usize) -> io::Result<Batch> {
        let mut file = File::open(self.path("sending"))?;
        file.seek(SeekFrom::Start(self.sent()))?;
        Batch::read(&mut BufReader::new(file.take(2 * LIMIT)), most)
    }

    /// Says that so many bytes more of what was taken are done.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(super) fn done(&self, length: u64) -> io::Result<()> {
        let mut file = private_file(&self.path("sent"))?;
        let sent = self.sent() + length;
        file.set_len(0)?;
        file.write_all(sent.to_string().as_bytes())
    }

    /// Says that all that was taken is done.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.told().take_off(fs::metadata(self.path("sending"))?.len());
        // In this order: what was taken and is sent twice is better than what is never sent.
        fs::remove_file(self.path("sending"))?;
        fs::remove_file(self.path("sent")).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
    }

    /// Keeps the last pulls that were sent.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn keep(&self, pulls: &[Pull]) -> io::Result<()> {
        let mut lines: Vec<Vec<u8>> = self.recent().iter().chain(pulls).filter_map(Pull::to_line).collect();
        let lines = lines.split_off(lines.len().saturating_sub(RECENT));
        let new = self.path("recent.new");
        let mut file = private_file(&new)?;
        file.set_len(0)?;
        file.write_all(&lines.concat())?;
        fs::rename(new, self.path("recent"))
    }

    /// The pulls that were sent last, the oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Pull> {
        let Ok(file) = File::open(self.path("recent")) else { return Vec::new() };
        Batch::read(&mut BufReader::new(file), RECENT).map(|batch| batch.pulls).unwrap_or_default()
    }

    /// The pull that began last of those that are here, sent or not.
    #[must_use]
    pub fn last(&self) -> Option<Pull> {
        let waiting = ["pulls", "sending"].into_iter().filter_map(|name| {
            let mut file = BufReader::new(File::open(self.path(name)).ok()?.take(2 * LIMIT));
            Batch::read(&mut file, usize::MAX).ok()
        });
        waiting.flat_map(|batch| batch.pulls).chain(self.recent()).max_by_key(Pull::began)
    }

    /// The pulls that were dropped and not told of yet.
    #[must_use]
    pub fn dropped(&self) -> Counter {
        Counter::at(self.path("dropped"))
    }

    /// The spans that the collector rejected, and that were not told of yet.
    #[must_use]
    pub fn rejected(&self) -> Counter {
        Counter::at(self.path("rejected"))
    }

    fn sent(&self) -> u64 {
        let text = fs::read_to_string(self.path("sent")).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The folder, and the one above it.
fn make(folder: &Path) -> io::Result<()> {
    let made = match (private_directory(folder), folder.parent()) {
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
            private_directory(parent).and_then(|()| private_directory(folder))
        }
        (made, _) => made,
    };
    made.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })
}

/// A file with its lock, which others hold for microseconds, unless they are stopped.
fn locked(file: File) -> io::Result<File> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => rest(REST),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::ErrorKind::WouldBlock.into())
}

/// One write, undone where there was no space for the whole.
fn write(mut file: &File, line: &[u8]) -> io::Result<()> {
    let length = file.metadata()?.len();
    if length + line.len() as u64 > LIMIT {
        return Err(io::ErrorKind::StorageFull.into());
    }
    match file.write(line) {
        Ok(written) if written == line.len() => Ok(()),
        Ok(_) => file.set_len(length).and(Err(io::ErrorKind::StorageFull.into())),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix, not(portable)))]
mod tests;
