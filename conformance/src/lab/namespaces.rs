//! The program started anew in namespaces of its own, and its end.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use mock_kit::program::until_terminated;
use tokio::process::Command;

use super::{LabError, tool};

/// The exit code when a signal ended the process outside, as a shell shows `SIGTERM`.
const TERMINATED: u8 = 128 + 15;

/// The exit code of `setpriv` for a program that is not there.
const NOT_FOUND: i32 = 127;

/// The namespaces of a lab. `setpriv` lets `unshare` die with the process that started it, the first process in the
/// namespaces dies with `unshare`, and all others with that.
const LAB: [&str; 10] = [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];
/// A user namespace in which this user is root, and may have the others.
const USER: [&str; 2] = ["--user", "--map-root-user"];

/// Starts a program in namespaces, and waits for its end or for a signal, which ends all of it.
///
/// Answers the program's exit code, or that of the signal which ended it.
///
/// # Errors
///
/// The system has no namespaces for this user, or lacks a program for making them.
pub fn outside(program: &Path, arguments: &[OsString]) -> Result<u8, LabError> {
    // One thread: a process that depends on the one that started it really depends on the thread.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LabError::Wait)?;
    runtime.block_on(async {
        let prefix = prefix().await?;
        let terminated = until_terminated();
        let mut command = command(&prefix);
        let mut child = command
            .arg(program)
            .args(arguments)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| tool::failure(prefix[0], source))?;
        tokio::select! {
            status = child.wait() => Ok(exit_code(status.map_err(LabError::Wait)?)),
            () = terminated => {
                child.kill().await.map_err(LabError::Wait)?;
                Ok(TERMINATED)
            }
        }
    })
}

/// The words in front of a program that give it namespaces here.
///
/// # Errors
///
/// The system has no namespaces for this user, or lacks a program for making them.
pub(crate) async fn prefix() -> Result<Vec<&'static str>, LabError> {
    let user = [&LAB[..], &USER].concat();
    let ways = if is_root() { vec![LAB.to_vec(), user] } else { vec![user] };
    let mut said = String::new();
    for way in ways {
        let output = command(&way)
            .arg("true")
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|source| tool::failure(way[0], source))?;
        if output.status.success() {
            return Ok(way);
        }
        if output.status.code() == Some(NOT_FOUND) {
            return Err(tool::failure("unshare", std::io::ErrorKind::NotFound.into()));
        }
        String::from_utf8_lossy(&output.stderr).trim().clone_into(&mut said);
    }
    Err(LabError::Namespaces { said })
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// Whether this is root, of this machine or of a container.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The code as a shell shows it.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_that_of_a_shell() {
        assert_eq!(exit_code(ExitStatus::from_raw(3 << 8)), 3);
        assert_eq!(exit_code(ExitStatus::from_raw(9)), 137);
    }
}
