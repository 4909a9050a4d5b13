//! The first process of a lab: the mocks, and the command among them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use mock_artifactory::MockArtifactory;
use mock_cloud::{Cloud, Listeners, MockCloud};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::files::{Files, own_name};
use super::namespaces::exit_code;
use super::network::{Hosts, Network};
use super::{LabError, Machine, Options};
use crate::kubelet::Environment;

/// The variables that name a file of certificate authorities, of OpenSSL and Go, curl, Python's requests, the AWS SDKs,
/// Node.js and git.
const AUTHORITIES: [&str; 6] =
    ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"];
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
        let files = Files::mount()?;
        let (cloud_world, artifactory_world) = worlds(options)?;
        let clouds = [cloud_world.hosts(), options.host.clone()].concat();
        let artifactory = artifactory_names(&options.artifactory, &artifactory_world);
        let hosts = Hosts { clouds: &clouds, artifactory: &artifactory };
        let network = Network::plan(options, hosts, |host| options.fault.iter().any(|profile| profile.cuts_off(host)))?;
        network.set_up()?;
        for line in network.delayed() {
            // The command's result does not depend on whether anybody reads this.
            let _ = writeln!(stderr, "lab: {line}");
        }
        files.resolve_by(&network.hosts_file(&own_name()))?;
        if let Some(machine) = options.cloud {
            files.show_firmware(machine)?;
        }
        let cloud = start_cloud(cloud_world, options.cloud, clouds).await?;
        let artifactory = start_artifactory(artifactory_world, &cloud, artifactory).await?;
        for profile in &options.fault {
            profile.cloud.iter().for_each(|fault| cloud.kit().faults.add(fault.clone()));
            profile.artifactory.iter().for_each(|fault| artifactory.kit().faults.add(fault.clone()));
        }
        let authorities = files.write("ca.pem", artifactory.ca_pem())?;
        let environment = with_lab(environment, &authorities, &options.artifactory, &cloud.url());
        run(&options.command, environment).await
    })
}

/// The worlds of both mocks.
fn worlds(options: &Options) -> Result<(mock_cloud::World, mock_artifactory::World), LabError> {
    let mut cloud = match &options.world {
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| of_world(path, error))?;
            mock_cloud::World::from_yaml(&text).map_err(|error| of_world(path, error))?
        }
        None => mock_cloud::World::default(),
    };
    cloud.azure.unseen_assertions += options.fault.iter().map(|profile| profile.unseen_assertions).sum::<usize>();
    let artifactory = match &options.artifactory_world {
        Some(path) => mock_artifactory::World::from_file(path).map_err(|error| of_world(path, error))?,
        None => mock_artifactory::World::default(),
    };
    Ok((cloud.with_real_issuers(), artifactory))
}

fn of_world(path: &Path, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> LabError {
    LabError::World { path: path.to_owned(), source: error.into() }
}

/// Artifactory's own name, and one for each repository: JFrog documentation, "Docker repository path and domain".
fn artifactory_names(host: &str, world: &mock_artifactory::World) -> Vec<String> {
    let repositories = world.repositories.iter().map(|repository| format!("{}.{host}", repository.key));
    [host.to_owned()].into_iter().chain(repositories).collect()
}

async fn start_cloud(
    world: mock_cloud::World,
    machine: Option<Machine>,
    names: Vec<String>,
) -> Result<MockCloud, LabError> {
    let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 80));
    // A listener for all of IPv6 takes IPv4 as well; a kernel may have no IPv6.
    let plain = match TcpListener::bind(v6).await {
        Ok(_) => v6,
        Err(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80)),
    };
    let cloud = machine.and_then(|machine| match machine {
        Machine::Aws => Some(Cloud::Aws),
        Machine::Azure => Some(Cloud::Azure),
        Machine::Google => Some(Cloud::Google),
        Machine::None => None,
    });
    let listeners = Listeners { plain, tls: Network::CLOUDS, names, cloud, ..Listeners::default() };
    MockCloud::start_on(world, listeners).await.map_err(LabError::Cloud)
}

async fn start_artifactory(
    world: mock_artifactory::World,
    cloud: &MockCloud,
    names: Vec<String>,
) -> Result<MockArtifactory, LabError> {
    let options = mock_artifactory::Options {
        trust: Some(cloud.url()),
        listen: Network::ARTIFACTORY,
        names,
        ..mock_artifactory::Options::default()
    };
    Ok(MockArtifactory::start_with(world, options).await?)
}

/// The command's environment: the caller's, and what the lab adds.
fn with_lab(mut environment: Environment, authorities: &Path, artifactory: &str, cloud: &str) -> Environment {
    environment.retain(|name, _| !PROXIES.iter().any(|proxy| name == proxy));
    let authorities = AUTHORITIES.map(|name| (name, OsString::from(authorities)));
    let own = [("LAB_ARTIFACTORY", artifactory.into()), ("LAB_CLOUD", cloud.into())];
    let added: BTreeMap<_, _> = authorities.into_iter().chain(own).collect();
    environment.extend(added.into_iter().map(|(name, value)| (name.into(), value)));
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
        assert_eq!(environment.len(), 1 + AUTHORITIES.len() + 2);
    }
}
