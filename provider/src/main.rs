//! Reads the request from stdin and the configuration, answers on stdout, explains failures on stderr.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use artifactory_credential_provider::config::{Config, Environment, Report};
use artifactory_credential_provider::error::{BUG_EXIT_CODE, Error, bug_report};
use artifactory_credential_provider::kubelet::MAX_REQUEST_BYTES;
use artifactory_credential_provider::telemetry::{self, Telemetry};
use artifactory_credential_provider::{answer::answer, command_line::Command};
use artifactory_credential_provider::{time::Deadline, warning};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let _ = io::stderr().write_all(bug_report(panic.location()).as_bytes());
        #[expect(clippy::disallowed_methods, reason = "a bug has its own exit code")]
        std::process::exit(BUG_EXIT_CODE.into());
    }));
    let mut telemetry = Telemetry::default();
    let failure = run(&mut telemetry).err();
    if let Some(error) = &failure {
        let _ = io::stderr().write_all(error.report().as_bytes());
    }
    telemetry.end(failure.as_ref());
    failure.map_or(ExitCode::SUCCESS, |error| ExitCode::from(error.exit_code()))
}

fn run(telemetry: &mut Telemetry) -> Result<(), Error> {
    let environment = Environment::of_this_process();
    let config = match Command::parse(std::env::args_os().skip(1)).map_err(Error::CommandLine)? {
        Command::Print(text) => return io::stdout().write_all(text.as_bytes()).map_err(Error::Process),
        Command::CheckConfig { config, image } => {
            let report = Report::of(config.as_deref(), &environment, image.as_ref()).map_err(Error::Config)?;
            let _ = io::stderr().write_all(report.warnings.as_bytes());
            return io::stdout().write_all(report.text.as_bytes()).map_err(Error::Process);
        }
        Command::Export { config } => {
            return telemetry::export(config.as_deref(), &environment).map_err(Error::Process);
        }
        Command::Explain { config } => {
            let text = telemetry::explain(config.as_deref(), &environment);
            return io::stdout().write_all(text.as_bytes()).map_err(Error::Process);
        }
        Command::Answer { config } => config,
    };
    let loaded = Config::load(config.as_deref(), &environment);
    *telemetry = Telemetry::begin(loaded.as_ref(), config, &environment);
    let config = loaded.map_err(Error::Config)?;
    let deadline = Deadline::after(config.deadline);
    let mut stdin = Vec::new();
    io::stdin().take(MAX_REQUEST_BYTES as u64 + 1).read_to_end(&mut stdin).map_err(Error::Process)?;
    let _ = io::stderr().write_all(warning::about_exposure(&stdin, &config).as_bytes());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Process)?;
    let answer = runtime.block_on(answer(&stdin, &config, deadline))?;
    let _ = io::stderr().write_all(warning::about(&answer).as_bytes());
    io::stdout().write_all(answer.response.to_json().expose().as_bytes()).map_err(Error::Process)
}
