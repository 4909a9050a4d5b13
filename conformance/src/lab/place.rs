//! A lab in the namespaces of this process: names and addresses, and the mocks that they lead to.

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use mock_artifactory::MockArtifactory;
use mock_cloud::{Cloud, Listeners, MockCloud};
use tokio::net::TcpListener;

use super::files::{Files, own_name};
use super::network::{Hosts, Network};
use super::{LabError, Machine, Profile, RoundTrip};

/// The variables that name a file of certificate authorities, of OpenSSL and Go, curl, Python's requests, the AWS SDKs,
/// Node.js and git.
const AUTHORITIES: [&str; 6] =
    ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO"];

/// What a lab is to be like, beside the worlds of its mocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan<'a> {
    /// Whose machine it is; `None` for this machine's firmware and the metadata of all clouds.
    pub(crate) machine: Option<Machine>,
    /// Further names of the clouds' services.
    pub(crate) hosts: &'a [String],
    /// The host name of Artifactory.
    pub(crate) artifactory: &'a str,
    /// What is further away than the node itself.
    pub(crate) round_trips: &'a [RoundTrip],
    /// What goes wrong from the start.
    pub(crate) faults: &'a [Profile],
}

/// A lab. Its mocks end with this value, all else with the namespaces.
pub(crate) struct Place {
    pub(crate) cloud: MockCloud,
    pub(crate) artifactory: MockArtifactory,
    authorities: PathBuf,
    delayed: Vec<String>,
    files: Files,
}

impl Place {
    /// Makes the lab.
    ///
    /// # Errors
    ///
    /// The kernel or a program of the system refuses, or a mock does not start.
    pub(crate) async fn make(
        plan: Plan<'_>,
        mut cloud: mock_cloud::World,
        artifactory: mock_artifactory::World,
    ) -> Result<Self, LabError> {
        cloud.azure.unseen_assertions += plan.faults.iter().map(|profile| profile.unseen_assertions).sum::<usize>();
        let cloud = cloud.with_real_issuers();
        let files = Files::mount()?;
        let clouds = [cloud.hosts(), plan.hosts.to_vec()].concat();
        let mut names = artifactory_names(plan.artifactory, &artifactory);
        names.extend(cloud.registry_hosts());
        names.sort_unstable();
        names.dedup();
        let network = Network::plan(plan, Hosts { clouds: &clouds, artifactory: &names })?;
        network.set_up()?;
        files.resolve_by(&network.hosts_file(&own_name()))?;
        if let Some(machine) = plan.machine {
            files.show_firmware(machine)?;
        }
        let cloud = start_cloud(cloud, plan.machine, clouds).await?;
        let artifactory = start_artifactory(artifactory, &cloud, names).await?;
        for profile in plan.faults {
            profile.cloud.iter().for_each(|fault| cloud.kit().faults.add(fault.clone()));
            profile.artifactory.iter().for_each(|fault| artifactory.kit().faults.add(fault.clone()));
        }
        let authorities = files.write("ca.pem", artifactory.ca_pem())?;
        Ok(Self { cloud, artifactory, authorities, delayed: network.delayed().collect(), files })
    }

    /// What is delayed, a line each.
    pub(super) fn delayed(&self) -> &[String] {
        &self.delayed
    }

    /// The folder in memory that ends with the lab.
    pub(crate) fn folder(&self) -> &Path {
        self.files.folder()
    }

    /// The file of the lab's certificate authority.
    pub(crate) fn authorities(&self) -> &Path {
        &self.authorities
    }
}

/// The variables by which programs find a file of certificate authorities.
pub(crate) fn trusting(authorities: &Path) -> impl Iterator<Item = (OsString, OsString)> {
    AUTHORITIES.into_iter().map(move |name| (name.into(), authorities.into()))
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
