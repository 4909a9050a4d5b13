//! The world of one case: mocks of its own, the node's files, and what an operator knows of them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use mock_artifactory::MockArtifactory;
use mock_artifactory::start::StartError;
use mock_cloud::MockCloud;
use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_kit::{Clock, Kit, Recorded, SigningKey};
use tempfile::TempDir;
use thiserror::Error;

use super::case::{Mapped, Service, World};
use super::facts::Facts;
use crate::demo::secrets::Secrets;
use crate::kubelet::Environment;
#[cfg(target_os = "linux")]
use crate::lab::{Place, trusting};

/// Artifactory's key by its name in the process-wide pool, so that all cases share one.
pub(super) const KEY: &str = "artifactory";

/// The image that the built-in world has, and its tag.
const IMAGE: &str = "docker-local/hello";
pub(super) const TAG: &str = "1";

/// The namespace of the world's service accounts, and the pod that their tokens are bound to.
pub(super) const NAMESPACE: &str = "default";
const POD: (&str, &str) = ("hello", "0f4a2f6e-3b1d-4f0e-8a53-6c9d2b7e1aff");

/// What the annotation that asks for an application of Entra ID is called, and the world's application: Microsoft Entra
/// Workload ID, "Service account annotations".
const CLIENT_ID: (&str, &str) = ("azure.workload.identity/client-id", "44444444-5555-4666-8777-888888888888");

/// More than a case moves the clocks of the services.
const LONGEST_CASE_MINUTES: u32 = 30 * 24 * 60;

/// How long the API server lets a token of a pod live, and a little more.
const TOKEN_LIFE: Duration = Duration::from_mins(66);

/// Why a world cannot be made.
#[derive(Debug, Error)]
pub(super) enum NodeError {
    #[error("mock-cloud does not start: {0}")]
    Cloud(#[source] io::Error),
    #[error("mock-artifactory does not start: {0}")]
    Artifactory(#[from] StartError),
    #[error("the node's files cannot be written: {0}")]
    Files(#[from] io::Error),
    #[error("the world cannot be made: {0}")]
    World(String),
    #[error("no token is issued: {0}")]
    Token(String),
}

/// The world of one case.
pub(super) struct Node {
    pub(super) cloud: MockCloud,
    pub(super) artifactory: MockArtifactory,
    pub(super) facts: Facts,
    /// The kubelet's clock.
    pub(super) clock: Clock,
    /// What the kubelet's own environment has here beside what every kubelet's has.
    pub(super) environment: Environment,
    planted: Vec<String>,
    folder: TempDir,
}

/// A service account as the API server shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) annotations: BTreeMap<String, String>,
}

/// The services around a node, and what they are called.
struct Services<'a> {
    cloud: MockCloud,
    artifactory: MockArtifactory,
    /// Where the node's files lie.
    folder: TempDir,
    environment: Environment,
    /// The registry, as images name it.
    registry: &'a str,
    /// Where the user pool's tokens are had, without the first slash.
    user_pool_path: &'a str,
}

/// A place in both journals.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    cloud: usize,
    artifactory: usize,
}

impl Node {
    /// Starts the mocks on free ports and writes the files.
    pub(super) async fn start(world: &World, program: &Path) -> Result<Self, NodeError> {
        drop(SigningKey::named(KEY));
        let cloud = MockCloud::start(cloud_world()).await.map_err(NodeError::Cloud)?;
        let artifactory = MockArtifactory::start(artifactory_world(world), Some(&cloud.url())).await?;
        let (folder, environment) = (TempDir::new()?, Environment::new());
        let (registry, user_pool_path) = (&artifactory.host(), "cognito/*");
        Self::among(Services { cloud, artifactory, folder, environment, registry, user_pool_path }, world, program)
    }

    /// Writes the files into a lab, where the mocks have the real names and Artifactory this one.
    #[cfg(target_os = "linux")]
    pub(super) fn in_place(place: Place, registry: &str, world: &World, program: &Path) -> Result<Self, NodeError> {
        let folder = TempDir::new_in(place.folder())?;
        let environment = trusting(place.authorities()).collect();
        let Place { cloud, artifactory, .. } = place;
        let user_pool_path = "oauth2/token";
        Self::among(Services { cloud, artifactory, folder, environment, registry, user_pool_path }, world, program)
    }

    fn among(services: Services<'_>, world: &World, program: &Path) -> Result<Self, NodeError> {
        let account = services.artifactory.state().world.users.iter().find_map(puller).unwrap_or_default();
        let facts = facts(&services, program, &account);
        let Services { cloud, artifactory, folder, environment, .. } = services;
        let planted = world.secrets.iter().chain([&account.1]).cloned().collect();
        let node = Self { cloud, artifactory, facts, clock: Clock::system(), environment, planted, folder };
        node.write("ca.pem", node.artifactory.ca_pem())?;
        node.write("password", &account.1)?;
        node.write("token", &node.token("app", "artifactory")?)?;
        for (service, fault) in world.faults(|text| node.facts.render(text)).map_err(NodeError::World)? {
            node.kit(service).faults.add(fault);
        }
        Ok(node)
    }

    /// Writes a file of the node.
    pub(super) fn write(&self, name: &str, content: &str) -> io::Result<()> {
        std::fs::write(self.folder.path().join(name), content)
    }

    /// Clock, journal and faults of a service.
    pub(super) fn kit(&self, service: Service) -> &Kit {
        match service {
            Service::Cloud => self.cloud.kit(),
            Service::Artifactory => self.artifactory.kit(),
        }
    }

    /// Moves every clock forward.
    pub(super) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.advance_services(by);
    }

    /// A token that the API server issued.
    pub(super) fn token(&self, account: &str, audience: &str) -> Result<String, NodeError> {
        let (name, uid) = POD;
        let pod = Pod { name: name.to_owned(), uid: uid.to_owned() };
        let request = TokenRequest { audiences: vec![audience.to_owned()], pod: Some(pod), expiration_seconds: None };
        let issued = self.cloud.service_account_token(NAMESPACE, account, &request);
        issued.map(|issued| issued.token).map_err(|error| NodeError::Token(error.to_string()))
    }

    /// Lets every token that was issued until now expire.
    pub(super) fn outlive_tokens(&self) {
        self.advance_services(TOKEN_LIFE);
    }

    /// The service account of that name.
    pub(super) fn account(&self, name: &str) -> Result<Account, NodeError> {
        let found = self.cloud.kubernetes().world().service_account(NAMESPACE, name);
        let found = found.ok_or_else(|| NodeError::Token(format!("the world has no service account `{name}`")))?;
        Ok(Account { name: name.to_owned(), uid: found.uid.clone(), annotations: found.annotations.clone() })
    }

    pub(super) fn mark(&self) -> Mark {
        let length = |service| self.kit(service).journal.requests().len();
        Mark { cloud: length(Service::Cloud), artifactory: length(Service::Artifactory) }
    }

    /// What the plugin asked since a mark.
    ///
    /// What the mocks ask one another, to look at keys and to verify a proof, is left out.
    pub(super) fn asked_since(&self, mark: Mark) -> Vec<(Service, Recorded)> {
        let cloud = self.kit(Service::Cloud).journal.requests().into_iter().skip(mark.cloud);
        let cloud = cloud.filter(is_the_plugins).map(|request| (Service::Cloud, request));
        let artifactory = self.kit(Service::Artifactory).journal.requests().into_iter().skip(mark.artifactory);
        cloud.chain(artifactory.map(|request| (Service::Artifactory, request))).collect()
    }

    /// Every secret of the world, beside credentials that were answered.
    pub(super) fn secrets(&self, tokens: Vec<String>, answered: Vec<String>) -> Secrets {
        let journal = self.artifactory.kit().journal.requests();
        let credentials = self.planted.iter().cloned().chain(answered).collect();
        Secrets::of(self.cloud.secrets(), &journal, tokens, credentials)
    }

    fn advance_services(&self, by: Duration) {
        self.cloud.kit().clock.advance(by);
        self.artifactory.kit().clock.advance(by);
    }
}

/// The world of the clouds, whatever the case.
pub(super) fn cloud_world() -> mock_cloud::World {
    let mut world = mock_cloud::World::default();
    // A plugin signs by the clock of the machine, which no case moves.
    world.aws.signature_window_minutes = LONGEST_CASE_MINUTES;
    let (key, value) = CLIENT_ID;
    for account in world.kubernetes.service_accounts.iter_mut().filter(|account| account.name == "app") {
        account.annotations.insert(key.to_owned(), value.to_owned());
    }
    world
}

/// The world of Artifactory in a case.
pub(super) fn artifactory_world(case: &World) -> mock_artifactory::World {
    let mut world = mock_artifactory::World::default();
    if case.mapped == Mapped::Nobody {
        world.iam_roles.clear();
    }
    for mapping in world.providers.iter_mut().flat_map(|provider| &mut provider.mappings) {
        if let Some(seconds) = case.token_seconds {
            mapping.token_spec.expires_in = Some(seconds);
        }
        if case.mapped == Mapped::Nobody {
            mapping.claims.insert("sub".to_owned(), "nobody".into());
        }
    }
    world
}

/// A user with a password who may pull and does not administer.
fn puller(user: &mock_artifactory::world::User) -> Option<(String, String)> {
    if user.admin || user.repositories.is_empty() {
        return None;
    }
    Some((user.name.clone(), user.password.clone()?))
}

fn facts(services: &Services<'_>, program: &Path, (username, password): &(String, String)) -> Facts {
    let Services { ref cloud, registry, user_pool_path, .. } = *services;
    let (url, folder) = (cloud.url(), services.folder.path());
    let host = registry.split(':').next().unwrap_or_default();
    let at_port = &registry[host.len()..];
    let file = |name: &str| folder.join(name).display().to_string();
    let own = cloud.environment();
    let known = |name: &str| own.get(name).map(String::as_str).unwrap_or_default();
    let program_folder = program.parent().unwrap_or(Path::new("/")).display().to_string();
    let facts = [
        ("registry", registry),
        ("host", host),
        ("at_port", at_port),
        ("port", at_port.strip_prefix(':').unwrap_or("443")),
        ("image", &format!("{registry}/{IMAGE}")),
        ("cloud", &url),
        ("cloud_host", url.strip_prefix("http://").unwrap_or(&url)),
        ("cloud_tls", &cloud.tls_url()),
        ("ca_file", &file("ca.pem")),
        ("folder", &folder.display().to_string()),
        ("program_folder", &program_folder),
        ("username", username),
        ("password", password),
        ("password_file", &file("password")),
        ("token_file", &file("token")),
        ("oidc_provider", "mock-cloud"),
        ("region", known("AWS_REGION")),
        ("role", known("aws_role_name")),
        ("external_role", "arn:aws:iam::444455556666:role/cross-account-pull"),
        ("external_id", "artifactory-external-id"),
        ("tenant", known("azure_tenant_id")),
        ("application", known("azure_app_client_id")),
        ("application_uri", &format!("api://{}", known("azure_app_client_id"))),
        ("node_client", known("azure_nodepool_client_id")),
        ("node_account", known("google_service_account_email")),
        ("other_account", "images@artifactory-demo.iam.gserviceaccount.com"),
        ("pool_provider", "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/demo"),
        ("secret", known("secret_name")),
        ("user_pool", known("user_pool_name")),
        ("user_pool_path", user_pool_path),
        ("resource_server", known("resource_server_name")),
        ("resource_scope", known("user_pool_resource_scope")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    facts.iter().fold(Facts::default(), |facts, (name, value)| facts.with(name, value))
}

/// Whether a plugin asked and not a mock, which names itself; a request without a name is a plugin's.
fn is_the_plugins(request: &Recorded) -> bool {
    !request.header("user-agent").is_some_and(|agent| agent.starts_with("mock-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_mocks_are_told_from_a_plugin_and_a_nameless_request_is_a_plugins() {
        let by = |agent: Option<&str>| Recorded {
            at: String::new(),
            at_us: 0,
            method: "GET".to_owned(),
            host: String::new(),
            path: "/".to_owned(),
            query: String::new(),
            headers: agent.map(|agent| ("user-agent".to_owned(), agent.to_owned())).into_iter().collect(),
            body: String::new(),
            tls: None,
            status: Some(200),
        };
        for agent in ["mock-artifactory", "mock-cloud-sts"] {
            assert!(!is_the_plugins(&by(Some(agent))), "{agent}");
        }
        for agent in [None, Some("curl/8.0"), Some("")] {
            assert!(is_the_plugins(&by(agent)), "{agent:?}");
        }
    }
}
