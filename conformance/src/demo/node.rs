//! The world that the demo plays in: a node of all clouds at once, Artifactory, and what an operator configures.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mock_artifactory::MockArtifactory;
use mock_cloud::MockCloud;
use mock_cloud::kubernetes::{Pod as BoundPod, TokenRequest};
use mock_kit::{Clock, Kit, Recorded, SigningKey};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::DemoError;
use super::identity::{Entry, Identity, Pod};
use super::timeline::Seen;
use super::trace::Tracer;
use crate::kubelet::{Environment, ImageName, Provider};

/// Where the built-in world has its image.
const IMAGE: &str = "docker-local/hello:1";

/// Artifactory's key by its name in the process-wide pool. mock-cloud begins those of its issuers by itself, and waits for
/// all that were begun before it serves anything, so that no step of a pull waits for one.
const KEY: &str = "artifactory";

/// The pod that every token of the demo is bound to, by name and uid.
const POD: (&str, &str) = ("hello", "0f4a2f6e-3b1d-4f0e-8a53-6c9d2b7e1aff");

/// Both mocks, and the files of one node.
pub(super) struct Node {
    pub(super) cloud: MockCloud,
    pub(super) artifactory: MockArtifactory,
    pub(super) image: ImageName,
    pub(super) tracer: Tracer,
    /// The operator's own account, for the static route.
    pub(super) username: String,
    password: String,
    folder: TempDir,
    clock: Clock,
    epochs: Epochs,
}

/// How far each journal's first moment lies after the demo's.
struct Epochs {
    cloud: Duration,
    artifactory: Duration,
}

/// A place in both journals.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    cloud: usize,
    artifactory: usize,
}

impl Node {
    /// Starts the mocks and writes the files.
    pub(super) async fn start(tracer: Tracer) -> Result<Self, DemoError> {
        let clock = Clock::system();
        // A key takes long to make, so that this one is begun together with those of the clouds.
        drop(SigningKey::named(KEY));
        let cloud = MockCloud::start(mock_cloud::World::default()).await.map_err(DemoError::Start)?;
        let world = mock_artifactory::World::default();
        let (username, password) = account(&world).ok_or(DemoError::NoAccount)?;
        let artifactory = MockArtifactory::start(world, Some(&cloud.url())).await?;
        for (service, kit) in [("mock-cloud", cloud.kit()), ("mock-artifactory", artifactory.kit())] {
            tracer.follow(service, kit).map_err(DemoError::Collector)?;
        }
        let epoch = |kit: &Kit| clock.uptime().saturating_sub(kit.clock.uptime());
        let epochs = Epochs { cloud: epoch(cloud.kit()), artifactory: epoch(artifactory.kit()) };
        let image = ImageName::parse(&format!("{}/{IMAGE}", artifactory.host()))?;
        let folder = TempDir::new().map_err(DemoError::Files)?;
        let node = Self { cloud, artifactory, image, tracer, username, password, folder, clock, epochs };
        node.write_files().map_err(DemoError::Files)?;
        Ok(node)
    }

    /// The demo's own time, since its start.
    pub(super) fn now(&self) -> Duration {
        self.clock.uptime()
    }

    /// The image's full name, as a pod has it.
    pub(super) fn image_text(&self) -> String {
        format!("{}/{IMAGE}", self.artifactory.host())
    }

    /// The secret of the static route, which is no journal's before it is used.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// The entry of the kubelet's configuration for a pull with this identity.
    ///
    /// # Errors
    ///
    /// The file of a route cannot be written.
    pub(super) fn provider(&self, program: &Path, identity: Identity) -> io::Result<Provider> {
        let (variables, route) = match identity.entry() {
            Entry::Variables(variables) => (variables, None),
            Entry::Route(mut route) => {
                route["artifactoryUrl"] = self.artifactory.host().into();
                (&[][..], Some(route))
            }
            Entry::StaticRoute => (&[][..], Some(self.static_route())),
            Entry::TokenFileRoute(service_account) => (&[][..], Some(self.token_file_route(service_account)?)),
        };
        let arguments = match route {
            Some(route) => vec![OsString::from("--config"), self.config_file(identity, &route)?.into()],
            None => Vec::new(),
        };
        let fixed = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let given = self.cloud.environment().into_iter().chain(self.artifactory.environment()).chain(fixed);
        let mut environment: Environment = given.map(|(name, value)| (name.into(), value.into())).collect();
        environment.insert("SSL_CERT_FILE".into(), self.ca_file().into());
        environment.extend(self.tracer.variables(self.folder.path()));
        if identity == Identity::AwsPodIdentity {
            // The agent's own address is fixed; AWS SDKs would take this variable for a container's.
            let agent = format!("{}/v1/credentials", self.cloud.url());
            environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), agent.into());
        }
        Ok(Provider { program: program.to_owned(), arguments, environment })
    }

    /// The token that the kubelet asks the API server for, bound to the pod.
    pub(super) fn service_account_token(&self, pod: &Pod) -> io::Result<String> {
        let (name, uid) = POD;
        let bound = BoundPod { name: name.to_owned(), uid: uid.to_owned() };
        let audiences = vec![pod.audience.to_owned()];
        let request = TokenRequest { audiences, pod: Some(bound), expiration_seconds: None };
        let issued = self.cloud.service_account_token("default", pod.service_account, &request);
        Ok(issued.map_err(io::Error::other)?.token)
    }

    pub(super) fn mark(&self) -> Mark {
        let length = |kit: &Kit| kit.journal.requests().len();
        Mark { cloud: length(self.cloud.kit()), artifactory: length(self.artifactory.kit()) }
    }

    /// What the cloud and Artifactory were asked since a mark.
    pub(super) fn since(&self, mark: Mark) -> (Vec<Seen>, Vec<Seen>) {
        let cloud = seen(self.cloud.kit(), mark.cloud, self.epochs.cloud);
        (cloud, seen(self.artifactory.kit(), mark.artifactory, self.epochs.artifactory))
    }

    /// The traces of the pulls with these identities, drawn; empty where none are to be.
    pub(super) async fn traces(&self, identities: &[Identity]) -> String {
        for kit in [self.cloud.kit(), self.artifactory.kit()] {
            kit.trace.flushed().await;
        }
        self.tracer.drawn(&identities.iter().map(|identity| identity.title()).collect::<Vec<_>>()).await
    }

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Writes the configuration of one route; JSON is YAML.
    fn config_file(&self, identity: Identity, route: &Value) -> io::Result<PathBuf> {
        let path = self.folder.path().join(format!("{identity:?}.yaml"));
        std::fs::write(&path, json!({"routes": [route]}).to_string())?;
        Ok(path)
    }

    fn static_route(&self) -> Value {
        json!({
            "matchImages": [self.artifactory.host()],
            "static": {"username": self.username, "passwordFile": self.password_file()},
        })
    }

    /// A route of the node's own token, in the file that a projected volume would hold.
    fn token_file_route(&self, service_account: &'static str) -> io::Result<Value> {
        let path = self.folder.path().join("token");
        let pod = Pod { audience: "artifactory", service_account, annotations: BTreeMap::new() };
        std::fs::write(&path, self.service_account_token(&pod)?)?;
        Ok(json!({
            "artifactoryUrl": self.artifactory.host(),
            "identity": {"serviceAccountTokenFile": {"path": path, "audience": pod.audience}},
            "oidcProvider": {"name": "mock-cloud", "audience": pod.audience},
        }))
    }

    fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    fn write_files(&self) -> io::Result<()> {
        // The folder of a system's files that do not outlive it.
        std::fs::create_dir(self.folder.path().join("run"))?;
        std::fs::write(self.ca_file(), self.artifactory.ca_pem())?;
        std::fs::write(self.password_file(), &self.password)
    }
}

/// A user of the world with a password, who may pull the image and does not administer.
fn account(world: &mock_artifactory::World) -> Option<(String, String)> {
    let user =
        world.users.iter().find(|user| !user.admin && user.password.is_some() && !user.repositories.is_empty())?;
    Some((user.name.clone(), user.password.clone()?))
}

fn seen(kit: &Kit, from: usize, epoch: Duration) -> Vec<Seen> {
    let requests = kit.journal.requests().into_iter().skip(from);
    let at = |request: &Recorded| epoch + Duration::from_micros(request.at_us);
    requests.map(|request| Seen { at: at(&request), request }).collect()
}
