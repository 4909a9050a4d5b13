//! One start of a program, as the kubelet makes it, and what it cost.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::Failure;
use crate::subject::Subject;

/// What one start cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// From before the start until the program was over and its output closed.
    pub(crate) wall: Duration,
    /// Processor time of all its threads, in user and in system.
    pub(crate) processor: Duration,
    /// The largest resident set, in bytes; never less than the peak of the process that started it.
    pub(crate) peak_memory: u64,
}

/// Starts the subject and waits for its end.
pub(crate) fn cost(subject: &Subject) -> Result<Cost, Failure> {
    let started = now();
    let (child, stdout, stderr) = run(subject, subject.command())?;
    let end = child.wait4()?;
    let wall = started.elapsed();
    subject.judge(end.status, &stdout, &stderr)?;
    Ok(Cost { wall, processor: end.rusage.utime + end.rusage.stime, peak_memory: end.rusage.maxrss })
}

/// Runs the subject under a tool that writes its findings elsewhere.
pub(crate) fn observe(subject: &Subject, command: Command) -> Result<(), Failure> {
    let (mut child, stdout, stderr) = run(subject, command)?;
    subject.judge(child.wait()?, &stdout, &stderr)
}

/// Starts the command and writes its stdin, which fits into a pipe.
pub(crate) fn begin(subject: &Subject, mut command: Command) -> Result<Child, Failure> {
    let mut child = command.spawn().map_err(|error| format!("failed to start {}: {error}", subject.name))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read may be gone already.
        let _ = stdin.write_all(subject.stdin.as_bytes());
    }
    Ok(child)
}

/// Starts the command and reads its output to the end; what it writes to stderr fits into a pipe.
fn run(subject: &Subject, command: Command) -> Result<(Child, Vec<u8>, Vec<u8>), Failure> {
    let mut child = begin(subject, command)?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    child.stdout.take().ok_or("a child without stdout")?.read_to_end(&mut stdout)?;
    child.stderr.take().ok_or("a child without stderr")?.read_to_end(&mut stderr)?;
    Ok((child, stdout, stderr))
}

#[expect(clippy::disallowed_methods, reason = "measuring time is what this program is for")]
fn now() -> Instant {
    Instant::now()
}
