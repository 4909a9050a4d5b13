//! A node's surroundings: both mocks, each in a process of its own, whose work counts for nobody.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use crate::Failure;
use crate::programs::Programs;

/// The mocks that run; dropping it ends them.
pub(crate) struct Site {
    /// Every variable that points a program at the mocks.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where Artifactory is.
    pub(crate) artifactory_url: String,
    /// The certificate authority to trust.
    pub(crate) ca_file: PathBuf,
    _mocks: [Mock; 2],
    _folder: TempDir,
}

impl Site {
    /// Starts the mocks with their built-in worlds.
    pub(crate) fn start(programs: &Programs) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let ca_file = folder.path().join("ca.pem");
        let (cloud, cloud_says) =
            Mock::start(&programs.mock("mock-cloud"), &["--ca-file".as_ref(), &folder.path().join("cloud.pem")])?;
        let trust = ["--trust".as_ref(), Path::new(&cloud_says.url), "--ca-file".as_ref(), &ca_file];
        let (artifactory, artifactory_says) = Mock::start(&programs.mock("mock-artifactory"), &trust)?;
        let mut environment = cloud_says.environment;
        environment.extend(artifactory_says.environment);
        environment.insert("SSL_CERT_FILE".to_owned(), ca_file.display().to_string());
        let artifactory_url = artifactory_says.url;
        Ok(Self { environment, artifactory_url, ca_file, _mocks: [cloud, artifactory], _folder: folder })
    }

    /// A variable that the mocks have named.
    pub(crate) fn variable(&self, name: &str) -> Result<&str, Failure> {
        self.environment.get(name).map(String::as_str).ok_or_else(|| format!("the mocks do not name `{name}`").into())
    }
}

/// The line that a mock prints when it serves.
#[derive(Deserialize)]
struct Ready {
    url: String,
    environment: BTreeMap<String, String>,
}

struct Mock(Child);

impl Mock {
    fn start(program: &Path, arguments: &[&Path]) -> Result<(Self, Ready), Failure> {
        let child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut mock = Self(child.map_err(|error| format!("failed to start `{}`: {error}", program.display()))?);
        let mut line = String::new();
        BufReader::new(mock.0.stdout.take().ok_or("a mock without stdout")?).read_line(&mut line)?;
        let ready =
            serde_json::from_str(&line).map_err(|error| format!("`{}` is not ready: {error}", program.display()))?;
        Ok((mock, ready))
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // A mock that is gone already needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
