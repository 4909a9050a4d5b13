//! What the node's own files are told of: every line once, whether a collector has it or not.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::{Counter, Spool};
use crate::telemetry::record::{Batch, LINE_LIMIT};

/// The most that is read at once, in bytes, which the longest line leaves room for.
const MOST: usize = 4 * LINE_LIMIT;

impl Spool {
    /// The next pulls that files are not told of, of what was taken and of what waits behind it.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(in crate::telemetry) fn untold(&self) -> io::Result<Batch> {
        let mut before = self.told().value();
        for name in ["sending", "pulls"] {
            let mut file = match File::open(self.path(name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            let length = file.metadata()?.len();
            if before < length {
                file.seek(SeekFrom::Start(before))?;
                return whole_lines(&file);
            }
            before -= length;
        }
        Ok(Batch::default())
    }

    /// Says that files are told of these pulls.
    ///
    /// # Errors
    /// When that cannot be kept, so that they would be told again.
    pub(in crate::telemetry) fn tell(&self, batch: &Batch) -> io::Result<()> {
        let told = self.told().value() + batch.length;
        self.told().add(batch.length);
        if self.told().value() == told { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
    }

    /// The pulls that the file of metrics does not know, not even by their number.
    #[must_use]
    pub fn uncounted(&self) -> Counter {
        Counter::at(self.path("uncounted"))
    }

    /// The same of the log.
    #[must_use]
    pub fn unlogged(&self) -> Counter {
        Counter::at(self.path("unlogged"))
    }

    pub(super) fn told(&self) -> Counter {
        Counter::at(self.path("told"))
    }
}

/// The lines that have an end: a pull may be writing the last one. What is too long for a line never gets one.
fn whole_lines(file: &File) -> io::Result<Batch> {
    let mut text = Vec::new();
    file.take(MOST as u64).read_to_end(&mut text)?;
    let end = text.iter().rposition(|byte| *byte == b'\n').map(|last| last + 1);
    let end = end.unwrap_or(if text.len() == MOST { MOST } else { 0 });
    Batch::read(&mut &text[..end], usize::MAX)
}
