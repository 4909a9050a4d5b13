//! What differs between operating systems: how a child process ended, and whether a file may be run.
//!
//! The half for systems that are not Unix also compiles on Unix with `--cfg portable`, so that it is checked wherever the
//! workspace is.

#[cfg(all(unix, not(portable)))]
pub(crate) use self::unix::{is_executable, signal};

#[cfg(not(all(unix, not(portable))))]
pub(crate) use self::portable::{is_executable, signal};

#[cfg(all(unix, not(portable)))]
mod unix {
    use std::fs::Metadata;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    /// The signal that ended a process.
    pub(crate) fn signal(status: ExitStatus) -> Option<i32> {
        status.signal()
    }

    /// Whether anybody may run a file, as Go's `exec.LookPath` asks.
    pub(crate) fn is_executable(file: &Metadata) -> bool {
        file.permissions().mode() & 0o111 != 0
    }
}

#[cfg(not(all(unix, not(portable))))]
mod portable {
    use std::fs::Metadata;
    use std::process::ExitStatus;

    /// There are no signals: a process always has an exit code.
    pub(crate) fn signal(_: ExitStatus) -> Option<i32> {
        None
    }

    /// The name decides, not the file.
    pub(crate) fn is_executable(file: &Metadata) -> bool {
        file.is_file()
    }
}
