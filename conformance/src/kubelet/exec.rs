//! Runs a credential provider as the kubelet runs it.
//!
//! Upstream: `ExecPlugin` and `runPlugin` in <https://github.com/kubernetes/kubernetes>,
//! `pkg/credentialprovider/plugin/plugin.go` (1.26 to 1.36), and Go's `os/exec`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use mock_kit::Clock;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::platform::signal;

/// How long a credential provider may take before it is killed.
pub const TIMEOUT: Duration = Duration::from_mins(1);

/// Variables by name.
pub type Environment = BTreeMap<OsString, OsString>;

/// A credential provider's entry in the kubelet's configuration, as far as running it goes.
///
/// ```
/// use std::time::Duration;
/// use conformance::kubelet::{Ending, Environment, Provider};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// // The child ends at once, its own child holds standard output beyond the limit: for the kubelet, a failure.
/// let arguments = ["-c", "sleep 0.2 & echo hi"].map(Into::into).to_vec();
/// let provider = Provider { program: "/bin/sh".into(), arguments, environment: Environment::new() };
/// let run = provider.run(&Environment::new(), Vec::new(), Duration::from_millis(50)).await?;
/// assert_eq!((run.ending, run.stdout.as_slice()), (Ending::TimedOut, &b"hi\n"[..]));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Provider {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, taken as they are: there is no shell.
    pub arguments: Vec<OsString>,
    /// The variables that the entry configures; each wins over the kubelet's own of that name.
    pub environment: Environment,
}

/// What one run left.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub ending: Ending,
    /// All that it wrote to standard output.
    pub stdout: Vec<u8>,
    /// All that it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Exited(i32),
    /// By this signal, which the kubelet did not send.
    Signalled(i32),
    /// It was not over in time, and was killed if it still ran.
    TimedOut,
}

impl Provider {
    /// Runs the program with `own`, the kubelet's environment, and `stdin`.
    ///
    /// After `limit` the child is killed, but not its children: as in Go, a run is over when nobody holds its output
    /// open any more, and one that is over after the limit has failed whatever its exit code.
    ///
    /// # Errors
    ///
    /// The program cannot be started, or its output not read.
    pub async fn run(&self, own: &Environment, stdin: Vec<u8>, limit: Duration) -> io::Result<Run> {
        let clock = Clock::system();
        let mut child = self.command(own).spawn()?;
        feed(&mut child, stdin);
        let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
        let status = match timeout(limit, child.wait()).await {
            Ok(status) => status?,
            Err(_elapsed) => killed(&mut child).await?,
        };
        let (stdout, stderr) = (stdout.await??, stderr.await??);
        let ending = if clock.uptime() >= limit { Ending::TimedOut } else { Ending::of(status) };
        Ok(Run { ending, stdout, stderr })
    }

    fn command(&self, own: &Environment) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(own).envs(&self.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

impl Ending {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), signal(status)) {
            (Some(code), _) => Self::Exited(code),
            (None, signal) => Self::Signalled(signal.unwrap_or_default()),
        }
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(code) => write!(formatter, "exit code {code}"),
            Self::Signalled(signal) => write!(formatter, "signal {signal}"),
            Self::TimedOut => formatter.write_str("killed after its time"),
        }
    }
}

async fn killed(child: &mut Child) -> io::Result<ExitStatus> {
    child.kill().await?;
    child.wait().await
}

/// Writes the request on the side; a program that ends without reading it is fine.
fn feed(child: &mut Child, stdin: Vec<u8>) {
    if let Some(mut pipe) = child.stdin.take() {
        tokio::spawn(async move { pipe.write_all(&stdin).await });
    }
}

fn collect(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> JoinHandle<io::Result<Vec<u8>>> {
    tokio::spawn(async move {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).await?;
        }
        Ok(bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Provider {
        let arguments = ["-c", script].map(OsString::from).into();
        Provider { program: "/bin/sh".into(), arguments, environment: Environment::new() }
    }

    fn variables(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    async fn run(provider: &Provider, own: &Environment, stdin: &str) -> Run {
        provider.run(own, stdin.into(), TIMEOUT).await.unwrap()
    }

    #[tokio::test]
    async fn output_error_and_exit_code_are_kept_apart() {
        let run = run(&shell("cat; echo trouble >&2; exit 3"), &Environment::new(), "request").await;
        assert_eq!(run.ending, Ending::Exited(3));
        assert_eq!((run.stdout.as_slice(), run.stderr.as_slice()), (&b"request"[..], &b"trouble\n"[..]));
    }

    #[tokio::test]
    async fn a_configured_variable_wins_over_the_kubelets_own() {
        let provider = Provider { environment: variables(&[("B", "configured")]), ..shell("echo $A $B $HOME") };
        let run = run(&provider, &variables(&[("A", "own"), ("B", "own")]), "").await;
        assert_eq!(run.stdout, b"own configured\n");
    }

    #[tokio::test]
    async fn arguments_pass_no_shell() {
        let arguments = vec![OsString::from("$HOME; *")];
        let provider = Provider { program: "/bin/echo".into(), arguments, environment: Environment::new() };
        assert_eq!(run(&provider, &Environment::new(), "").await.stdout, b"$HOME; *\n");
    }

    #[tokio::test]
    async fn a_program_that_does_not_read_its_request_is_fine() {
        let large = "x".repeat(1 << 20);
        assert_eq!(run(&shell("exit 0"), &Environment::new(), &large).await.ending, Ending::Exited(0));
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_killed() {
        let clock = Clock::system();
        let run =
            shell("echo early; exec sleep 30").run(&Environment::new(), Vec::new(), Duration::from_millis(300)).await;
        let run = run.unwrap();
        assert_eq!((run.ending, run.stdout.as_slice()), (Ending::TimedOut, &b"early\n"[..]));
        assert!(clock.uptime() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_grandchild_that_holds_the_output_beyond_the_limit_fails_a_run_that_exited_0() {
        let held = shell("sleep 0.6 & echo hi").run(&Environment::new(), Vec::new(), Duration::from_millis(200)).await;
        assert_eq!(held.unwrap().ending, Ending::TimedOut);
        let held = shell("sleep 0.1 & echo hi").run(&Environment::new(), Vec::new(), TIMEOUT).await;
        assert_eq!(held.unwrap().ending, Ending::Exited(0));
    }

    #[tokio::test]
    async fn a_signal_is_no_exit_code() {
        assert_eq!(run(&shell("kill -9 $$"), &Environment::new(), "").await.ending, Ending::Signalled(9));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_an_error() {
        let absent = Provider { program: "/nowhere/provider".into(), ..shell("") };
        let error = absent.run(&Environment::new(), Vec::new(), TIMEOUT).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
