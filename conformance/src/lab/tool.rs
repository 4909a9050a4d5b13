//! Programs of the system that the lab is made with.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

use super::LabError;

/// Runs a program of the system to its end.
pub(super) fn run<S: AsRef<OsStr>>(program: &'static str, arguments: &[S]) -> Result<(), LabError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().map_err(|source| failure(program, source))?;
    if output.status.success() {
        return Ok(());
    }
    let words = arguments.iter().map(|word| word.as_ref().to_string_lossy().into_owned());
    let command = [program.to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ");
    Err(LabError::Tool { command, stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

/// Runs a program with arguments that are words.
pub(super) fn words(program: &'static str, line: &str) -> Result<(), LabError> {
    run(program, &line.split_whitespace().collect::<Vec<_>>())
}

/// Why a program did not start.
pub(super) fn failure(program: &'static str, source: io::Error) -> LabError {
    match source.kind() {
        io::ErrorKind::NotFound => LabError::Missing { program, package: package(program) },
        _ => LabError::Run { program: program.to_owned(), source },
    }
}

/// The package of a program, by its name on most distributions.
fn package(program: &str) -> &'static str {
    match program {
        "ip" => "iproute2",
        "mount" => "mount",
        _ => "util-linux",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_told_with_its_package() {
        let error = run::<&str>("no-such-program-of-the-lab", &[]).unwrap_err();
        assert!(matches!(error, LabError::Missing { package: "util-linux", .. }), "{error}");
        assert!(error.hint().contains("no-such-program-of-the-lab"));
    }

    #[test]
    fn a_program_that_fails_is_told_with_what_it_said() {
        let error = words("sh", "-c exit\\ 1").unwrap_err();
        assert!(error.to_string().starts_with("`sh -c exit\\ 1` failed: "), "{error}");
        assert!(words("true", "").is_ok());
    }
}
