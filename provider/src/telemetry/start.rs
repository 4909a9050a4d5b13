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
    pub(super) fn beside_the_pull(folder: PathBuf, file: Option<PathBuf>) -> Self {
        let configuration = file.clone();
        let start = move || {
            if let Ok(spool) = Spool::at(&folder) {
                start(&spool, configuration);
            }
        };
        Self { thread: std::thread::Builder::new().spawn(start).ok(), file }
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
        start(spool, self.file);
    }
}

/// Starts an exporter and hands it the lock as its stdin, unless somebody has the lock.
fn start(spool: &Spool, file: Option<PathBuf>) {
    if let Ok(Some(lock)) = spool.exporters_lock() {
        let _ = spawn(lock, file);
    }
}

/// It holds none of the kubelet's pipes, and is in a group of its own. Nobody waits for it.
fn spawn(lock: File, file: Option<PathBuf>) -> io::Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(EXPORT).stdin(lock).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(file) = file {
        command.arg("--config").arg(file);
    }
    apart(&mut command).spawn().map(drop)
}
