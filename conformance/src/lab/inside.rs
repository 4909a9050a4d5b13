//! The first process of a lab: the mocks, and the command among them.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use tokio::process::Command;

use super::namespaces::exit_code;
use super::place::{Place, Plan, trusting};
use super::{LabError, Options};
use crate::kubelet::Environment;

/// A proxy is outside of the lab.
const PROXIES: [&str; 6] = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Makes the lab in the namespaces of this process and runs the command; answers its exit code.
///
/// # Errors
///
/// The lab cannot be made, or the command not be run.
pub fn inside(options: &Options, environment: Environment, stderr: &mut dyn Write) -> Result<u8, LabError> {
    let runtime = tokio::runtime::Runtime::new().map_err(LabError::Wait)?;
    runtime.block_on(async {
        let (cloud, artifactory) = worlds(options)?;
        let place = Place::make(options.plan(), cloud, artifactory).await?;
        for line in place.delayed() {
            // The command's result does not depend on whether anybody reads this.
            let _ = writeln!(stderr, "lab: {line}");
        }
        let environment = with_lab(environment, place.authorities(), &options.artifactory, &place.cloud.url());
        run(&options.command, environment).await
    })
}

impl Options {
    /// What the lab is to be like.
    pub(super) fn plan(&self) -> Plan<'_> {
        Plan {
            machine: self.cloud,
            hosts: &self.host,
            artifactory: &self.artifactory,
            round_trips: &self.rtt,
            faults: &self.fault,
        }
    }
}

/// The worlds of both mocks.
fn worlds(options: &Options) -> Result<(mock_cloud::World, mock_artifactory::World), LabError> {
    let cloud = match &options.world {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| of_world(path, error))?;
            mock_cloud::World::from_yaml(&text).map_err(|error| of_world(path, error))?
        }
        None => mock_cloud::World::default(),
    };
    let artifactory = match &options.artifactory_world {
        Some(path) => mock_artifactory::World::from_file(path).map_err(|error| of_world(path, error))?,
        None => mock_artifactory::World::default(),
    };
    Ok((cloud, artifactory))
}

fn of_world(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LabError {
    LabError::World { path: path.to_owned(), source: error.into() }
}

/// The command's environment: the caller's, and what the lab adds.
fn with_lab(mut environment: Environment, authorities: &Path, artifactory: &str, cloud: &str) -> Environment {
    environment.retain(|name, _| !PROXIES.iter().any(|proxy| name == proxy));
    environment.extend(trusting(authorities));
    environment.extend([("LAB_ARTIFACTORY".into(), artifactory.into()), ("LAB_CLOUD".into(), cloud.into())]);
    environment
}

async fn run(command: &[OsString], environment: Environment) -> Result<u8, LabError> {
    let (program, arguments) = command.split_first().expect("clap requires a command");
    let failure = |source| LabError::Command { command: program.to_string_lossy().into_owned(), source };
    let status = Command::new(program).args(arguments).env_clear().envs(environment).status().await;
    Ok(exit_code(status.map_err(failure)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_has_the_callers_environment_without_proxies_and_the_labs() {
        let callers = [("PATH", "/bin"), ("HTTPS_PROXY", "http://proxy.test"), ("SSL_CERT_FILE", "/own.pem")];
        let callers = callers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let environment = with_lab(callers, Path::new("/lab/ca.pem"), "a.test", "http://127.0.0.1:80");
        let of = |name: &str| environment.get(&OsString::from(name)).and_then(|value| value.to_str());
        assert_eq!((of("PATH"), of("HTTPS_PROXY")), (Some("/bin"), None));
        assert_eq!((of("SSL_CERT_FILE"), of("AWS_CA_BUNDLE")), (Some("/lab/ca.pem"), Some("/lab/ca.pem")));
        assert_eq!((of("LAB_ARTIFACTORY"), of("LAB_CLOUD")), (Some("a.test"), Some("http://127.0.0.1:80")));
        assert_eq!(environment.len(), 1 + trusting(Path::new("")).count() + 2);
    }
}
