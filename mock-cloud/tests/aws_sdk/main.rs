//! The AWS SDK for Rust, its credential chain unchanged, judges the AWS mock.
//!
//! The chain reads the environment of its process, so that each test starts this test program once more, with an
//! environment of its own and [`caller`] as its only test. That process asks STS who it is and prints the ARN, or the
//! code of the error.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use aws_config::BehaviorVersion;
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata as _};
use aws_smithy_http_client::Builder;
use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_cloud::{MockCloud, World};
use tempfile::TempDir;

const WEB_IDENTITY_ROLE: &str = "arn:aws:iam::111122223333:role/web-identity-pull";
const INSTANCE: &str = "arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0";
/// What the caller's line begins with; the test program prints lines of its own.
const MARK: &str = "caller: ";

#[tokio::test]
#[ignore = "the process of one caller, started by the other tests"]
async fn caller() {
    #[expect(clippy::disallowed_methods, reason = "the SDK's own client, as it comes")]
    let http = Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let outcome = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    let line = match &outcome {
        Ok(identity) => identity.arn().unwrap_or_default().to_owned(),
        Err(error) => format!("{} {}", error.code().unwrap_or("-"), DisplayErrorContext(error)),
    };
    writeln!(std::io::stdout(), "{MARK}{line}").unwrap();
}

/// A mock, and the files of the processes that meet it.
struct Machine {
    cloud: MockCloud,
    folder: TempDir,
}

impl Machine {
    async fn start() -> Self {
        let cloud = MockCloud::start(World::default()).await.unwrap();
        Self { cloud, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn pod_token(&self, account: &str, audience: &str) -> String {
        let pod = Pod { name: "pod-1".into(), uid: "7d3f1c52-9b1e-4f0a-8c6d-2e4b5a6c7d8e".into() };
        let request = TokenRequest::bound(audience, pod);
        self.cloud.service_account_token("default", account, &request).unwrap().token
    }

    /// What a process with these variables is called; the mock's addresses are added, and nothing else is there.
    async fn caller(&self, variables: &[(&str, &str)]) -> String {
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

#[tokio::test]
async fn an_instance_is_its_role() {
    let machine = Machine::start().await;
    assert_eq!(machine.caller(&[]).await, INSTANCE);
}

#[tokio::test]
async fn a_token_file_is_a_web_identity() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("app", "sts.amazonaws.com"));
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", WEB_IDENTITY_ROLE),
        ("AWS_ROLE_SESSION_NAME", "sdk"),
    ];
    let arn = "arn:aws:sts::111122223333:assumed-role/web-identity-pull/sdk";
    assert_eq!(machine.caller(&variables).await, arn);
}

#[tokio::test]
async fn a_web_identity_of_another_audience_is_refused() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("app", "artifactory"));
    let variables = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", WEB_IDENTITY_ROLE)];
    let refusal = machine.caller(&variables).await;
    assert!(refusal.contains("InvalidIdentityToken") && refusal.contains("Incorrect token audience"), "{refusal}");
}

#[tokio::test]
async fn a_web_identity_that_the_role_does_not_trust_is_refused() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("plain", "sts.amazonaws.com"));
    let variables = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", WEB_IDENTITY_ROLE)];
    let refusal = machine.caller(&variables).await;
    assert!(refusal.contains("AccessDenied") && refusal.contains("sts:AssumeRoleWithWebIdentity"), "{refusal}");
}

#[tokio::test]
async fn a_pod_is_the_role_that_the_agent_gives() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("pod-identity", "pods.eks.amazonaws.com"));
    let agent = format!("{}/v1/credentials", machine.cloud.url());
    let variables =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token)];
    let arn = machine.caller(&variables).await;
    assert!(arn.starts_with("arn:aws:sts::111122223333:assumed-role/pod-identity-pull/eks-"), "{arn}");
    let foreign = machine.file("token", &machine.pod_token("pod-identity", "sts.amazonaws.com"));
    let refusal = machine.caller(&[variables[0], ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &foreign)]).await;
    assert!(!refusal.starts_with("arn:"), "{refusal}");
}

#[tokio::test]
async fn a_profile_crosses_accounts_with_the_external_id_only() {
    let machine = Machine::start().await;
    let profile = |external_id: &str| {
        format!(
            "[default]\nrole_arn = arn:aws:iam::444455556666:role/cross-account-pull\nrole_session_name = sdk\n\
             external_id = {external_id}\ncredential_source = Ec2InstanceMetadata\n"
        )
    };
    let config = machine.file("config", &profile("artifactory-external-id"));
    let arn = machine.caller(&[("AWS_CONFIG_FILE", &config)]).await;
    assert_eq!(arn, "arn:aws:sts::444455556666:assumed-role/cross-account-pull/sdk");
    let config = machine.file("config", &profile("another"));
    let refusal = machine.caller(&[("AWS_CONFIG_FILE", &config)]).await;
    assert!(refusal.contains("AccessDenied") && refusal.contains(INSTANCE), "{refusal}");
}

#[tokio::test]
async fn keys_that_nobody_drew_are_refused() {
    let machine = Machine::start().await;
    let variables = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")];
    let refusal = machine.caller(&variables).await;
    assert!(refusal.starts_with("InvalidClientTokenId "), "{refusal}");
}
