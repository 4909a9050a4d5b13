//! The world that the demo plays in: a node of three clouds at once, Artifactory, and what an operator configures.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mock_artifactory::MockArtifactory;
use mock_cloud::MockCloud;
use mock_kit::{Clock, Kit, Recorded, SigningKey};
use serde_json::json;
use tempfile::TempDir;

use super::DemoError;
use super::identity::Identity;
use super::timeline::Seen;
use crate::kubelet::{Environment, ImageName, Provider};

/// Where the built-in world has its image.
const IMAGE: &str = "docker-local/hello:1";

/// The keys that the mocks sign with in this demo, by their names in the process-wide pool. One that a mock calls by
/// another name is made when it is needed, and the step that waits for it shows that.
const KEYS: [&str; 3] = ["artifactory", "azure", "google"];

/// Both mocks, and the files of one node.
pub(super) struct Node {
    pub(super) cloud: MockCloud,
    pub(super) artifactory: MockArtifactory,
    pub(super) image: ImageName,
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
    pub(super) async fn start() -> Result<Self, DemoError> {
        let clock = Clock::system();
        // Keys take long to make, so that they are begun before anything else.
        drop(KEYS.map(SigningKey::named));
        let cloud = MockCloud::start(mock_cloud::World::default()).await.map_err(DemoError::Start)?;
        let world = mock_artifactory::World::default();
        let (username, password) = account(&world).ok_or(DemoError::NoAccount)?;
        let artifactory = MockArtifactory::start(world, Some(&cloud.url())).await?;
        let epoch = |kit: &Kit| clock.uptime().saturating_sub(kit.clock.uptime());
        let epochs = Epochs { cloud: epoch(cloud.kit()), artifactory: epoch(artifactory.kit()) };
        let image = ImageName::parse(&format!("{}/{IMAGE}", artifactory.host()))?;
        let folder = TempDir::new().map_err(DemoError::Files)?;
        let node = Self { cloud, artifactory, image, username, password, folder, clock, epochs };
        node.write_files().map_err(DemoError::Files)?;
        Ok(node)
    }

    /// Waits until the mocks have their keys, so that no step of a pull does.
    pub(super) async fn ready(&self) {
        let keys = KEYS.map(|name| tokio::task::spawn_blocking(|| SigningKey::named(name).key_id().len()));
        for key in keys {
            // A key whose thread is lost is made by who needs it.
            key.await.unwrap_or_default();
        }
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
    /// A cloud's identity is configured by variables, as for the incumbent; the static one by a file.
    pub(super) fn provider(&self, program: &Path, identity: Identity) -> Provider {
        let program = program.to_owned();
        let Some(cloud) = identity.cloud_provider() else {
            let arguments = vec![OsString::from("--config"), self.config_file().into()];
            return Provider { program, arguments, environment: Environment::new() };
        };
        let fixed = [("cloud_provider".to_owned(), cloud.to_owned())];
        let given =
            BTreeMap::from(fixed).into_iter().chain(self.cloud.environment()).chain(self.artifactory.environment());
        let mut environment: Environment = given.map(|(name, value)| (name.into(), value.into())).collect();
        environment.insert("SSL_CERT_FILE".into(), self.ca_file().into());
        Provider { program, arguments: Vec::new(), environment }
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

    fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn config_file(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    fn write_files(&self) -> io::Result<()> {
        let password_file = self.folder.path().join("password");
        let route = json!({
            "matchImages": [self.artifactory.host()],
            "static": {"username": self.username, "passwordFile": password_file},
        });
        std::fs::write(self.ca_file(), self.artifactory.ca_pem())?;
        std::fs::write(password_file, &self.password)?;
        // JSON is YAML.
        std::fs::write(self.config_file(), json!({"routes": [route]}).to_string())
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
