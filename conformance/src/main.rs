//! Command line of the kubelet's side: `conformance demo`, `run`, `compare`, `pull`, `vectors` and `lab`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use conformance::demo::{self, Identity, Paint, Show, Verdict};
use conformance::kubelet::{Environment, Gate, KubeletVersion};
#[cfg(target_os = "linux")]
use conformance::lab::{self, LabError};
use conformance::{compare, program, pull, run, vectors};
use mock_kit::Tracing;
use waterfall::Canvas;

/// The kubelet's side of a credential provider.
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows one pull on each identity against the mocks; exits with 0 if all held.
    Demo(Demo),
    /// Runs the cases against a credential provider; exits with 0 if none of the level core failed.
    Run(Run),
    /// Shows the scores of several reports beside each other, in markdown, and the cases on which they differ.
    Compare(Compare),
    /// Shows what a kubelet does with its credential providers for images; exits with 0 if each has a credential.
    Pull(Pull),
    /// Runs a program where the mocks have the clouds' real addresses and names, and Artifactory's.
    #[cfg(target_os = "linux")]
    Lab(lab::Options),
    /// What `lab` starts in its namespaces.
    #[cfg(target_os = "linux")]
    #[command(name = INSIDE, hide = true)]
    LabInside(lab::Options),
    /// What `run` starts in namespaces for each case of an adapter with a lab.
    #[cfg(target_os = "linux")]
    #[command(name = run::INSIDE, hide = true)]
    CaseInside,
    /// Runs files of vectors against the simulator; exits with 0 if none failed.
    Vectors(Vectors),
}

#[derive(Args)]
struct Demo {
    /// The credential provider to run; without it the one beside this program, built first if cargo started us.
    #[arg(long, value_name = "PATH")]
    provider: Option<PathBuf>,
    /// Show this identity only; may be given several times.
    #[arg(long, value_name = "IDENTITY")]
    only: Vec<Identity>,
    /// Print one JSON document at the end instead of a table.
    #[arg(long)]
    json: bool,
    /// Draw the trace of each pull below the table. Without it `OTEL_EXPORTER_OTLP_ENDPOINT` names who is told the traces.
    #[arg(long, conflicts_with = "json")]
    trace: bool,
}

#[derive(Args)]
struct Pull {
    /// The configuration of credential providers, a file or (since 1.34) a directory.
    #[arg(long, value_name = "FILE|DIR")]
    config: PathBuf,
    /// The directory of the programs.
    #[arg(long, value_name = "DIR")]
    bin_dir: PathBuf,
    /// A manifest of the pod, or its namespace, serviceAccountName, annotations and token; see the module `pull`.
    #[arg(long, value_name = "FILE")]
    pod: Option<PathBuf>,
    /// The node's own Docker configuration, which comes after pull secrets and before providers.
    #[arg(long, value_name = "FILE")]
    node_config: Option<PathBuf>,
    /// Which kubelet, 1.26 to 1.36.
    #[arg(long, value_name = "VERSION", default_value_t)]
    kubelet_version: KubeletVersion,
    /// The kubelet's gate: `KubeletServiceAccountTokenForCredentialProviders=true` or `=false`.
    #[arg(long, value_name = "GATE=BOOL")]
    feature_gates: Option<Gate>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    /// The images, as a pod has them; they share one cache.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

#[derive(Args)]
struct Run {
    /// The credential provider to run.
    #[arg(long, value_name = "PATH")]
    plugin: PathBuf,
    /// How it is configured: the name of an adapter, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    adapter: String,
    /// Run the cases of this folder in place of those in this program.
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Run these cases only: an area, a case, or a pattern with `*`; may be given several times.
    #[arg(long, value_name = "GLOB")]
    filter: Vec<String>,
    /// How many cases run at the same time; most of them wait most of the time.
    #[arg(long, value_name = "N", default_value_t = run::JOBS)]
    jobs: usize,
    /// Write report.json, junit.xml and report.html into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print report.json at the end, and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Compare {
    /// Files `report.json` of `run --out`, two or more; each is a column.
    #[arg(required = true, num_args = 2.., value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// Write compare.md and compare.html into this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Args)]
struct Vectors {
    /// Files whose names hold their kind: `match`, `image`, `config`, `config_dir`, `response`, `duration`, `keyring` or `cache`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The subcommand of this program that `lab` runs in namespaces.
#[cfg(target_os = "linux")]
const INSIDE: &str = "lab-inside";

/// Columns where there is no terminal.
const PLAIN_WIDTH: usize = 110;

/// The variable that says below which folder the provider's own system is.
const SYSTEM_ROOT: &str = "ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT";

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let verdict = match CommandLine::parse().command {
        Command::Demo(arguments) => show(arguments),
        Command::Run(arguments) => conform(arguments),
        Command::Compare(arguments) => return compared(arguments),
        Command::Pull(arguments) => look_up(arguments),
        #[cfg(target_os = "linux")]
        Command::Lab(_) => return end(enter()),
        #[cfg(target_os = "linux")]
        Command::LabInside(options) => return end(lab::inside(&options, environment(), &mut io::stderr())),
        #[cfg(target_os = "linux")]
        Command::CaseInside => return end_case(run::inside(&mut io::stdin(), &mut io::stdout())),
        Command::Vectors(Vectors { files }) => vectors::run(&files, &mut io::stdout()).map_err(Failure::from),
    };
    match verdict {
        Ok(Verdict::Held) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::FAILURE,
        Err(failure) => {
            explain(failure.as_ref());
            if let Some(hint) = failure.downcast_ref().and_then(run::RunError::hint) {
                advise(&hint);
            }
            ExitCode::FAILURE
        }
    }
}

fn show(arguments: Demo) -> Result<Verdict, Failure> {
    let provider = match arguments.provider {
        Some(path) => path,
        None => program::beside(&std::env::current_exe()?, variable("CARGO").as_deref())?,
    };
    let show = how(arguments.json);
    let identities = if arguments.only.is_empty() { Identity::ALL.to_vec() } else { arguments.only };
    let traces = match (arguments.trace, io::stdout().is_terminal()) {
        (true, true) => demo::Traces::Drawn(Canvas::Terminal { width: terminal_width() }),
        (true, false) => demo::Traces::Drawn(Canvas::Plain { width: PLAIN_WIDTH }),
        (false, _) if Tracing::is_wanted(variable) => demo::Traces::Told(telemetry()),
        (false, _) => demo::Traces::Untold,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(demo::run(&provider, &identities, traces, show, &mut io::stdout()))?)
}

/// What of the environment is about telemetry, and where a provider keeps it.
fn telemetry() -> Environment {
    let is_about_telemetry = |name: &str| name.starts_with("OTEL_") || name == SYSTEM_ROOT;
    environment().into_iter().filter(|(name, _)| name.to_str().is_some_and(is_about_telemetry)).collect()
}

fn terminal_width() -> usize {
    #[cfg(target_os = "linux")]
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
        && size.ws_col > 0
    {
        return size.ws_col.into();
    }
    PLAIN_WIDTH
}

/// Starts this program anew in namespaces, with the arguments that it was given.
#[cfg(target_os = "linux")]
fn enter() -> Result<u8, LabError> {
    let own = std::env::current_exe();
    let own = own.map_err(|source| LabError::Run { program: "conformance".to_owned(), source })?;
    let arguments = std::env::args_os().skip(2);
    lab::outside(&own, &[std::ffi::OsString::from(INSIDE)].into_iter().chain(arguments).collect::<Vec<_>>())
}

#[cfg(target_os = "linux")]
fn end(result: Result<u8, LabError>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            explain(&error);
            advise(&error.hint());
            ExitCode::from(error.exit_code())
        }
    }
}

#[cfg(target_os = "linux")]
fn end_case(result: Result<(), run::InsideError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error);
            advise(&error.hint());
            ExitCode::FAILURE
        }
    }
}

fn look_up(arguments: Pull) -> Result<Verdict, Failure> {
    let Pull { config, bin_dir, pod, node_config, kubelet_version: version, feature_gates: gate, json, images } =
        arguments;
    let environment = environment();
    let options = pull::Options { config, bin_dir, pod, node_config, version, gate, images, environment };
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(pull::run(&options, how(json), &mut io::stdout()))?)
}

fn conform(arguments: Run) -> Result<Verdict, Failure> {
    let Run { plugin, adapter, cases, filter: filters, jobs, out, json } = arguments;
    let own = Some(std::env::current_exe()?);
    let options = run::Options { own, plugin, adapter, cases, filters, jobs, out };
    let is_terminal = io::stdout().is_terminal();
    let show = match (json, is_terminal) {
        (true, _) => run::Show::Json,
        (false, true) => run::Show::Live(Paint::for_terminal(is_terminal, variable("NO_COLOR").as_deref())),
        (false, false) => run::Show::Lines,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(run::run(&options, show, &mut io::stdout()))?)
}

fn compared(Compare { reports, out }: Compare) -> ExitCode {
    match compare::run(&compare::Options { reports, out }, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            explain(&error);
            // Nobody reads a hint that cannot be written.
            let _ = writeln!(io::stderr(), "  hint: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}

fn how(json: bool) -> Show {
    let paint = Paint::for_terminal(io::stdout().is_terminal(), variable("NO_COLOR").as_deref());
    if json { Show::Json } else { Show::Table(paint) }
}

#[expect(clippy::disallowed_methods, reason = "main reads the environment, once")]
fn environment() -> Environment {
    std::env::vars_os().collect()
}

fn explain(failure: &dyn std::error::Error) {
    let mut stderr = io::stderr();
    let _ = writeln!(stderr, "error: {failure}");
    let mut cause = failure.source();
    while let Some(next) = cause {
        let _ = writeln!(stderr, "  caused by: {next}");
        cause = next.source();
    }
}

fn advise(hint: &str) {
    // Nobody reads a hint that cannot be written.
    let _ = writeln!(io::stderr(), "  hint: {hint}");
}

#[expect(clippy::disallowed_methods, reason = "main reads the environment, once")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
