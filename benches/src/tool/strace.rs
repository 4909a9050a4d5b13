//! System calls, counted by strace.

use std::path::Path;
use std::process::{Child, Stdio};

use crate::Failure;
use crate::subject::Subject;

/// Counts the calls of all threads into `log` instead of printing each.
pub(super) fn options(log: &Path) -> Vec<String> {
    let log = log.display().to_string();
    ["-f", "-c", "-U", "calls,name", "-o", &log, "--"].map(str::to_owned).to_vec()
}

/// The number on the line of the total.
pub(super) fn calls(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.trim().strip_suffix(" total")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        let log = "    calls syscall\n--------- ----------------\n       10 mmap\n        1 total_of_none\n--------- ----------------\n       37 total\n";
        assert_eq!(calls(log), Some(37));
        assert_eq!(calls("strace: attach: Operation not permitted\n"), None);
    }
}
