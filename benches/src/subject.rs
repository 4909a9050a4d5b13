//! What is started: a program, what it is given, and what it must answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::Failure;
use crate::programs::Programs;
use crate::site::Site;

/// A program with its input.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The name in tables.
    pub(crate) name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    /// What is written to its stdin.
    pub(crate) stdin: String,
    answer: Answer,
}

/// What the program's stdout must be, so that a failure is never measured as a quick pull.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Nothing,
    Token,
    Credential,
    Declined,
}

/// The names of the subjects that are compared with.
pub(crate) const TRUE: &str = "/bin/true";
/// The names of the subjects that are compared with.
pub(crate) const PLAIN_CLIENT: &str = "plain client, Azure requests";
/// The subjects that are compared with themselves in a build without the AWS SDK, which neither of them calls.
pub(crate) const WITH_AND_WITHOUT_SDK: [(&str, &str); 2] =
    [(AWS, "without the SDK, AWS"), (DECLINED, "without the SDK, declined")];
/// A pull on the role of the instance.
const AWS: &str = "provider, AWS";
/// An image that no route serves.
const DECLINED: &str = "provider, declined";
/// The subject that makes the plain client's requests.
pub(crate) const AZURE: &str = "provider, Azure";

impl Subject {
    /// The floor: a process that does nothing.
    pub(crate) fn nothing() -> Self {
        Self { name: TRUE, ..Self::new("/bin/true".into(), Answer::Nothing) }
    }

    /// The requests of an Azure pull and nothing else.
    pub(crate) fn plain_client(programs: &Programs, site: &Site) -> Result<Self, Failure> {
        let token_url = format!(
            "{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}&client_id={}",
            site.variable("AZURE_POD_IDENTITY_AUTHORITY_HOST")?.trim_end_matches('/'),
            format!("api://{}", site.variable("azure_app_client_id")?).replace(':', "%3A").replace('/', "%2F"),
            site.variable("azure_nodepool_client_id")?,
        );
        let exchange_url = format!("{}/access/api/v1/oidc/token", site.artifactory_url);
        let provider = site.variable("jfrog_oidc_provider_name")?.to_owned();
        let arguments = vec![token_url, exchange_url, site.ca_file.display().to_string(), provider];
        Ok(Self { name: PLAIN_CLIENT, arguments, ..Self::new(programs.plain_client(), Answer::Token) })
    }

    /// A pull on each cloud's identity.
    pub(crate) fn clouds(programs: &Programs, site: &Site) -> Result<Vec<Self>, Failure> {
        let image = format!("{}/docker-local/hello", site.variable("artifactory_url")?);
        let clouds = [(AWS, "aws"), (AZURE, "azure"), ("provider, Google", "google")];
        let pull = |(name, cloud): (&'static str, &str)| {
            let mut environment = site.environment.clone();
            environment.insert("cloud_provider".to_owned(), cloud.to_owned());
            Self { name, environment, stdin: request(&image), ..Self::new(programs.provider(), Answer::Credential) }
        };
        Ok(clouds.into_iter().map(pull).collect())
    }

    /// A static credential out of a configuration file.
    pub(crate) fn fixed(programs: &Programs, file: &Configuration) -> Self {
        let arguments = file.arguments();
        let stdin = request("images.example.com/team/app");
        Self { name: "provider, static", arguments, stdin, ..Self::new(programs.provider(), Answer::Credential) }
    }

    /// An image that no route serves.
    pub(crate) fn declined(programs: &Programs) -> Self {
        let environment = [("artifactory_url", "acme.jfrog.io"), ("cloud_provider", "aws")];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let stdin = request("images.example.com/team/app");
        Self { name: DECLINED, environment, stdin, ..Self::new(programs.provider(), Answer::Declined) }
    }

    /// A role of another account, which the AWS SDK assumes with the instance's.
    pub(crate) fn external_role(programs: &Programs, site: &Site, file: &Configuration) -> Result<Self, Failure> {
        let image = format!("{}/docker-local/hello", site.variable("artifactory_url")?);
        let (arguments, environment) = (file.arguments(), site.environment.clone());
        let subject = Self::new(programs.provider(), Answer::Credential);
        Ok(Self { name: "provider, AWS external role", arguments, environment, stdin: request(&image), ..subject })
    }

    /// What sends what pulls have recorded.
    pub(crate) fn exporter(programs: &Programs) -> Self {
        Self { arguments: vec!["export".to_owned()], ..Self::new(programs.provider(), Answer::Nothing) }
    }

    /// The same with its files below a folder, and with a collector on a port of this machine, if there is one.
    pub(crate) fn told_to(&self, root: &Path, port: Option<u16>) -> Self {
        let mut subject = self.clone();
        let mut set = |name: &str, value: String| subject.environment.insert(name.to_owned(), value);
        set("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT", root.display().to_string());
        if let Some(port) = port {
            set("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{port}"));
            set("OTEL_EXPORTER_OTLP_TIMEOUT", "2000".to_owned());
        }
        subject
    }

    /// The same in another build of the provider, if this is one of the subjects that are compared so.
    pub(crate) fn in_build_without_sdk(&self, program: &Path) -> Option<Self> {
        let (_, name) = WITH_AND_WITHOUT_SDK.into_iter().find(|(name, _)| *name == self.name)?;
        Some(Self { name, program: program.to_owned(), ..self.clone() })
    }

    fn new(program: PathBuf, answer: Answer) -> Self {
        let (arguments, environment) = (Vec::new(), BTreeMap::new());
        Self { name: "", program, arguments, environment, stdin: String::new(), answer }
    }

    /// The command that starts it, with no other environment than its own.
    pub(crate) fn command(&self) -> Command {
        self.surrounded(Command::new(&self.program))
    }

    /// The same under a tool, whose path and options come first.
    pub(crate) fn command_under(&self, tool: &Path, options: &[String]) -> Command {
        let mut command = Command::new(tool);
        command.args(options).arg(&self.program);
        self.surrounded(command)
    }

    fn surrounded(&self, mut command: Command) -> Command {
        command.args(&self.arguments).env_clear().envs(&self.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Refuses a run that did not answer as it must.
    pub(crate) fn judge(&self, status: ExitStatus, stdout: &[u8], stderr: &[u8]) -> Result<(), Failure> {
        let reply = || serde_json::from_slice::<Value>(stdout).unwrap_or_default();
        let as_expected = match self.answer {
            Answer::Nothing => stdout.is_empty(),
            Answer::Token => reply()["access_token"].is_string(),
            Answer::Credential => reply()["auth"].as_object().is_some_and(|auth| auth.len() == 1),
            Answer::Declined => reply()["auth"].as_object().is_some_and(serde_json::Map::is_empty),
        };
        if status.success() && as_expected {
            return Ok(());
        }
        Err(format!("{} did not answer as it must ({status}): {}", self.name, String::from_utf8_lossy(stderr)).into())
    }
}

/// The kubelet's request for an image.
fn request(image: &str) -> String {
    let api_version = "credentialprovider.kubelet.k8s.io/v1";
    format!("{{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"{api_version}\",\"image\":\"{image}\"}}\n")
}

/// A configuration file with one route.
pub(crate) struct Configuration(TempDir);

impl Configuration {
    /// Writes a static route; the file goes with this value.
    pub(crate) fn fixed() -> Result<Self, Failure> {
        Self::write("{matchImages: [images.example.com], static: {username: puller, password: password}}")
    }

    /// Writes a route on the role of another account.
    pub(crate) fn external_role(site: &Site) -> Result<Self, Failure> {
        let role =
            "{roleArn: 'arn:aws:iam::444455556666:role/cross-account-pull', externalId: artifactory-external-id}";
        let host = site.variable("artifactory_url")?;
        Self::write(&format!("{{artifactoryUrl: '{host}', identity: {{awsExternalRole: {role}}}}}"))
    }

    fn write(route: &str) -> Result<Self, Failure> {
        let file = Self(tempfile::tempdir()?);
        std::fs::write(file.path(), format!("routes: [{route}]\n"))?;
        Ok(file)
    }

    fn arguments(&self) -> Vec<String> {
        vec!["--config".to_owned(), self.path().display().to_string()]
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("config.yaml")
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    #[test]
    fn a_pull_that_failed_is_no_measurement() {
        let ended = ExitStatus::from_raw;
        let pull = Subject::new("p".into(), Answer::Credential);
        assert!(pull.judge(ended(0), br#"{"auth":{"a":{}}}"#, b"").is_ok());
        assert!(pull.judge(ended(0), br#"{"auth":{}}"#, b"").is_err());
        assert!(pull.judge(ended(0), b"", b"").is_err());
        let refusal = pull.judge(ended(5 << 8), br#"{"auth":{"a":{}}}"#, b"no route to host").unwrap_err();
        assert!(refusal.to_string().contains("no route to host"));
        let declined = Subject::new("p".into(), Answer::Declined);
        assert!(declined.judge(ended(0), br#"{"auth":{}}"#, b"").is_ok());
        assert!(declined.judge(ended(0), br#"{"auth":{"a":{}}}"#, b"").is_err());
        assert!(declined.judge(ended(0), b"", b"").is_err());
    }
}
