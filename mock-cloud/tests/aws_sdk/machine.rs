//! Where a caller's process runs.

use std::path::PathBuf;
use std::process::Stdio;

use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_cloud::{MockCloud, World};
use tempfile::TempDir;

/// What the caller's line begins with; the test program prints lines of its own.
pub(crate) const MARK: &str = "caller: ";

/// A mock, and the files of the processes that meet it.
pub(crate) struct Machine {
    pub(crate) cloud: MockCloud,
    folder: TempDir,
}

impl Machine {
    pub(crate) async fn start() -> Self {
        let cloud = MockCloud::start(World::default()).await.unwrap();
        Self { cloud, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn pod_token(&self, account: &str, audience: &str) -> String {
        let pod = Pod { name: "pod-1".into(), uid: "7d3f1c52-9b1e-4f0a-8c6d-2e4b5a6c7d8e".into() };
        let request = TokenRequest::bound(audience, pod);
        self.cloud.service_account_token("default", account, &request).unwrap().token
    }

    /// What a process with these variables is called; the mock's addresses are added, and nothing else is there.
    pub(crate) async fn caller(&self, variables: &[(&str, &str)]) -> String {
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "caller", "--ignored", "--nocapture"]).env_clear();
        command.envs([("AWS_REGION", "us-east-1"), ("AWS_MAX_ATTEMPTS", "1")]).env("HOME", self.folder.path());
        command
            .env("AWS_ENDPOINT_URL_STS", self.cloud.url())
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.cloud.url());
        let output = command.envs(variables.iter().copied()).stdin(Stdio::null()).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find_map(|line| line.split_once(MARK));
        line.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))).1.to_owned()
    }
}
