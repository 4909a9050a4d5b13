//! Where the program under test comes from: named, or built beside this one.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use thiserror::Error;

const PACKAGE: &str = "artifactory-credential-provider";

/// Why there is no program to test.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// cargo cannot be started.
    #[error("failed to start `{cargo}` to build {PACKAGE}")]
    Cargo {
        /// What was to be started.
        cargo: String,
        /// Why it was not.
        source: io::Error,
    },
    /// cargo did not build it.
    #[error("failed to build {PACKAGE}: cargo ended with {0}")]
    Build(ExitStatus),
    /// It is not where it is built to.
    #[error(
        "`{}` is not there: build it with `cargo build --release --package {PACKAGE}`, or name a program with `--provider PATH`",
        .0.display()
    )]
    Absent(PathBuf),
}

/// Finds the program beside `own`, this program's path, after building it there if `cargo` started us.
///
/// # Errors
///
/// It does not build, or is not there.
pub fn beside(own: &Path, cargo: Option<&OsStr>) -> Result<PathBuf, ProgramError> {
    if let Some(cargo) = cargo {
        build(cargo, own)?;
    }
    let program = own.with_file_name(PACKAGE);
    if program.is_file() { Ok(program) } else { Err(ProgramError::Absent(program)) }
}

/// Builds in the profile that this program was built in; all that cargo says goes to standard error.
fn build(cargo: &OsStr, own: &Path) -> Result<(), ProgramError> {
    let mut command = Command::new(cargo);
    command.arg("build").args(profile(own)).args(["--package", PACKAGE, "--bin", PACKAGE]);
    let status = command.stdin(Stdio::null()).stdout(io::stderr()).status();
    let status = status.map_err(|source| {
        let cargo = cargo.to_string_lossy().into_owned();
        ProgramError::Cargo { cargo, source }
    })?;
    if status.success() { Ok(()) } else { Err(ProgramError::Build(status)) }
}

/// The directory that cargo builds into has the name of the profile, except that `dev` builds into `debug`:
/// <https://doc.rust-lang.org/cargo/reference/build-cache.html>.
fn profile(own: &Path) -> Vec<String> {
    let folder = own.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    match folder.as_deref() {
        None | Some("debug") => Vec::new(),
        Some("release") => vec!["--release".to_owned()],
        Some(profile) => vec!["--profile".to_owned(), profile.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_lies_beside_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("conformance");
        let error = beside(&own, None).unwrap_err().to_string();
        assert!(error.contains("cargo build --release --package") && error.contains("--provider PATH"), "{error}");
        std::fs::write(folder.path().join(PACKAGE), "").unwrap();
        assert_eq!(beside(&own, None).unwrap(), folder.path().join(PACKAGE));
    }

    #[test]
    fn a_build_that_fails_is_told_before_an_old_program_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PACKAGE), "").unwrap();
        let own = folder.path().join("conformance");
        assert!(matches!(beside(&own, Some(OsStr::new("/bin/false"))), Err(ProgramError::Build(_))));
        assert!(matches!(beside(&own, Some(OsStr::new("/nowhere/cargo"))), Err(ProgramError::Cargo { .. })));
        assert!(beside(&own, Some(OsStr::new("/bin/true"))).is_ok());
    }

    #[test]
    fn the_build_is_of_this_programs_own_profile() {
        assert_eq!(profile(Path::new("/t/release/conformance")), ["--release"]);
        assert_eq!(profile(Path::new("/t/debug/conformance")), [""; 0]);
        assert_eq!(profile(Path::new("/t/dist/conformance")), ["--profile", "dist"]);
    }
}
