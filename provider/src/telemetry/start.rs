//! Starts the exporter: beside the pull while that waits for the network, and only where none runs.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use super::spool::Spool;
use crate::platform::apart;

/// The word on the command line that makes this program the exporter.
pub(crate) const EXPORT: &str = "export";

/// A start of the exporter that is under way.
pub(super) struct Starting {
    thread: Option<JoinHandle<()>>,
    file: Option<PathBuf>,
}

impl Starting {
    /// Starts an exporter, if there is none, in a thread of its own: the pull goes on.
    pub(super) fn beside_the_pull(spool: &Spool, file: Option<PathBuf>) -> Self {
        let configuration = file.clone();
        let thread = free_lock(spool).and_then(|lock| {
            let start = move || drop(spawn(lock, configuration));
            std::thread::Builder::new().spawn(start).ok()
        });
        Self { thread, file }
    }

    /// Starts nothing yet: it is not known whether there will be anything to send.
    pub(super) fn after_the_pull(file: Option<PathBuf>) -> Self {
        Self { thread: None, file }
    }

    /// Makes sure that an exporter sees what the spool now holds: the first one is gone where the pull took its time.
    pub(super) fn finish(self, spool: &Spool) {
        if let Some(thread) = self.thread {
            let _ = thread.join();
        }
        if let Some(lock) = free_lock(spool) {
            let _ = spawn(lock, self.file);
        }
    }
}

/// The lock of exporters, which makes whoever has it the one who starts one.
fn free_lock(spool: &Spool) -> Option<File> {
    spool.exporters_lock().ok().flatten()
}

/// Starts an exporter and hands it the lock as its stdin. It holds none of the kubelet's pipes, and is in a group of its own. Nobody waits for it.
fn spawn(lock: File, file: Option<PathBuf>) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(EXPORT).stdin(lock).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(file) = file {
        command.arg("--config").arg(file);
    }
    apart(&mut command).spawn().map(drop)
}
