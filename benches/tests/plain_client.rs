//! The plain client sends what the provider sends, so that comparing them compares nothing else.

use std::collections::BTreeMap;
use std::process::Stdio;

use artifactory_credential_provider::answer::answer;
use artifactory_credential_provider::config::{Config, Environment};
use artifactory_credential_provider::time::Deadline;
use mock_artifactory::MockArtifactory;
use mock_cloud::MockCloud;
use mock_kit::{Kit, Recorded};
use serde_json::Value;
use tokio::process::Command;

#[tokio::test]
async fn the_plain_client_sends_the_requests_of_an_azure_pull() {
    let cloud = MockCloud::start(mock_cloud::World::default()).await.unwrap();
    let artifactory = MockArtifactory::start(mock_artifactory::World::default(), Some(&cloud.url())).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem").display().to_string();
    std::fs::write(&ca_file, artifactory.ca_pem()).unwrap();
    let mut environment = cloud.environment();
    environment.extend(artifactory.environment());
    environment.insert("SSL_CERT_FILE".to_owned(), ca_file.clone());
    environment.insert("cloud_provider".to_owned(), "azure".to_owned());

    provider(&environment, &artifactory.host()).await;
    let provider = [seen(cloud.kit()), seen(artifactory.kit())];
    plain_client(&cloud.url(), &artifactory.url(), &ca_file, &environment).await;
    let plain = [seen(cloud.kit()), seen(artifactory.kit())];

    assert_eq!([provider[0].len(), provider[1].len()], [1, 1]);
    assert_eq!(plain, provider);
}

async fn provider(environment: &BTreeMap<String, String>, host: &str) {
    let config =
        Config::load(None, &environment.clone().into_iter().collect::<Environment>()).expect("a configuration");
    let request = format!(
        r#"{{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{host}/docker-local/hello"}}"#
    );
    let response =
        answer(request.as_bytes(), &config, Deadline::after(config.deadline)).await.expect("an answer").response;
    assert_eq!(response.auth.len(), 1);
}

/// Its arguments are those that the measurement gives it.
async fn plain_client(cloud: &str, artifactory: &str, ca_file: &str, environment: &BTreeMap<String, String>) {
    let (application, identity) = (&environment["azure_app_client_id"], &environment["azure_nodepool_client_id"]);
    let token_url = format!(
        "{cloud}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api%3A%2F%2F{application}&client_id={identity}"
    );
    let exchange_url = format!("{artifactory}/access/api/v1/oidc/token");
    let mut command = Command::new(env!("CARGO_BIN_EXE_plain-client"));
    command.args([&token_url, &exchange_url, ca_file, &environment["jfrog_oidc_provider_name"]]);
    let output = command.env_clear().stdin(Stdio::null()).output().await.expect("an output");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The client's requests since the last look, without those that Artifactory makes to check a token: method, address,
/// headers and body, the token in it replaced by its name.
fn seen(kit: &Kit) -> Vec<(String, String, BTreeMap<String, String>, Value)> {
    let requests = kit.journal.requests();
    kit.journal.clear();
    let clients = |request: &Recorded| ["/metadata/", "/access/"].iter().any(|root| request.path.starts_with(root));
    requests.into_iter().filter(clients).map(facts).collect()
}

fn facts(request: Recorded) -> (String, String, BTreeMap<String, String>, Value) {
    let mut body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let mut headers: BTreeMap<String, String> = request.headers.into_iter().collect();
    if let Some(token) = body.get_mut("subject_token") {
        assert_eq!(token.as_str().map(|token| token.split('.').count()), Some(3), "a JWT");
        *token = "TOKEN".into();
        // Two tokens need not be of one length.
        headers.remove("content-length");
    }
    (request.method, format!("{}?{}", request.path, request.query), headers, body)
}
