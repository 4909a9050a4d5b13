//! The lab as a person runs it, as root and as an ordinary user.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::io::{Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(crate) const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");

/// Who runs a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// Whoever runs the tests.
    Own,
    /// An ordinary user without any right, which only root can become.
    Ordinary,
}

impl User {
    /// Those that can have a lab on this machine; what cannot be tried is told.
    pub(crate) fn all() -> Vec<Self> {
        [Self::Own, Self::Ordinary].into_iter().filter(|user| user.may_have_a_lab()).collect()
    }

    pub(crate) fn command(self, program: impl AsRef<OsStr>) -> Command {
        match self {
            Self::Own => Command::new(program),
            Self::Ordinary => {
                let mut command = Command::new("setpriv");
                // The user `nobody` of every Linux.
                command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
                command
            }
        }
    }

    fn may_have_a_lab(self) -> bool {
        let works = |mut command: Command| command.output().is_ok_and(|output| output.status.success());
        let with = |program: &str, arguments: &[&str]| {
            let mut command = self.command(program);
            command.args(arguments);
            command
        };
        let namespaces = ["--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--mount-proc", "true"];
        let needs = [
            ("it cannot run the program", with(CONFORMANCE, &["--version"])),
            ("there is no `ip`", with("ip", &["-V"])),
            ("there is no `curl`, which the tests ask with", with("curl", &["--version"])),
            ("this machine gives it no namespaces", with("unshare", &namespaces)),
        ];
        let missing = needs.into_iter().find_map(|(reason, command)| (!works(command)).then_some(reason));
        if let Some(reason) = missing {
            let _ = writeln!(std::io::stderr(), "skipped: a lab of {self:?} user: {reason}");
        }
        missing.is_none()
    }
}

/// How a lab ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A lab with these options around a command.
pub(crate) fn lab(user: User, options: &[&str], command: &[&str]) -> Command {
    let mut lab = user.command(CONFORMANCE);
    lab.arg("lab").args(options).arg("--").args(command).stdin(Stdio::null());
    lab.stdout(Stdio::piped()).stderr(Stdio::piped());
    lab
}

/// Runs a script of the shell in a lab.
pub(crate) fn script(user: User, options: &[&str], script: &str) -> Ended {
    lab(user, options, &["sh", "-c", script]).output().unwrap().into()
}

/// Whether a process is in a network namespace, `net:[NUMBER]`.
pub(crate) fn is_inhabited(namespace: &str) -> bool {
    let mut processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.any(|process| {
        let its = std::fs::read_link(process.path().join("ns/net"));
        its.is_ok_and(|its| its == Path::new(namespace))
    })
}

/// Whether a stream ends, which it does with the last process that holds it.
pub(crate) fn ends_soon(mut stream: impl Read + Send + 'static) -> bool {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(stream.read_to_end(&mut Vec::new())));
    receiver.recv_timeout(Duration::from_secs(10)).is_ok()
}

/// Lets every user read and run what a test has written.
pub(crate) fn make_readable(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}
