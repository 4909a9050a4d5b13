//! System calls, counted by strace; and memory, read while strace holds a process at its end.

use std::path::Path;
use std::process::Child;
use std::time::Duration;

use crate::Failure;
use crate::start::begin;
use crate::subject::Subject;

/// How long a process is held before it ends, in microseconds: many times the interval of the readings.
const HOLD: &str = "inject=exit_group:delay_enter=200000";
const INTERVAL: Duration = Duration::from_millis(5);

/// Counts the calls of all threads into `log` instead of printing each.
pub(super) fn options(log: &Path) -> Vec<String> {
    let log = log.display().to_string();
    ["-f", "-c", "-U", "calls,name", "-o", &log, "--"].map(str::to_owned).to_vec()
}

/// The number on the line of the total.
pub(super) fn calls(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.trim().strip_suffix(" total")?.trim().parse().ok())
}

/// The peak of the subject's own memory, in bytes, read while it is held at its `exit_group`.
///
/// `ru_maxrss` cannot tell it for a small program: a process begins with the peak of the process that started it.
pub(super) fn peak_memory(strace: &Path, subject: &Subject) -> Result<u64, Failure> {
    let options = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=exit_group", "-e", HOLD, "--"].map(str::to_owned);
    let mut tracer = begin(subject, subject.command_under(strace, &options))?;
    let mut last = None;
    while tracer.try_wait()?.is_none() {
        last = reading(&tracer).or(last);
        pause();
    }
    last.ok_or_else(|| format!("{} was not seen at its end", subject.name).into())
}

/// The peak of the traced process as it is now.
fn reading(tracer: &Child) -> Option<u64> {
    let tracer = tracer.id();
    let children = std::fs::read_to_string(format!("/proc/{tracer}/task/{tracer}/children")).ok()?;
    children.split_whitespace().find_map(|child| peak(&std::fs::read_to_string(format!("/proc/{child}/status")).ok()?))
}

/// `VmHWM` of a process that is no longer the tracer's own copy.
fn peak(status: &str) -> Option<u64> {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    if field("Name")? == "strace" {
        return None;
    }
    let kilobytes: u64 = field("VmHWM")?.strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[expect(clippy::disallowed_methods, reason = "the process under observation is at rest; nothing wakes the observer")]
fn pause() {
    std::thread::sleep(INTERVAL);
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

    #[test]
    fn the_tracers_own_copy_is_not_the_program() {
        assert_eq!(peak("Name:\ttrue\nVmHWM:\t    1124 kB\n"), Some(1_150_976));
        assert_eq!(peak("Name:\tstrace\nVmHWM:\t     868 kB\n"), None);
        assert_eq!(peak("Name:\ttrue\nState:\tZ (zombie)\n"), None);
    }
}
