//! The example files of the Azure identities: loaded into the mocks as Azure and Artifactory would get them, then a pull.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::program::{Outcome, request, run};
use crate::site::Site;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";

fn example(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    std::fs::read_to_string(path).expect("an example")
}

fn document(name: &str) -> Value {
    serde_json::from_str(&example(name)).expect("JSON")
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&example(name)).expect("YAML")
}

/// A tenant whose issuer is called as in the examples, with the example's credential and no other.
fn world(folder: &str) -> mock_cloud::World {
    let mut world = mock_cloud::World::default();
    world.azure.issuer_v2 = Some(format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    let application = &mut world.azure.applications[0];
    application.federated_credentials.clear();
    if folder != "azure-managed-identity" {
        let credential = document(&format!("{folder}/federated-identity-credential.json"));
        application.federated_credentials.push(serde_json::from_value(credential).expect("a credential"));
    }
    world
}

/// The mocks with the example's OIDC provider and identity mapping, put there through the REST API. Only the place where
/// keys are fetched is the mock's.
async fn site(folder: &str, world: mock_cloud::World) -> Site {
    let site = Site::with(world, mock_artifactory::World::default()).await;
    let mut provider = document(&format!("{folder}/oidc-provider.json"));
    provider["token_issuer"] = provider["issuer_url"].clone();
    provider["issuer_url"] = format!("{}/{TENANT}/v2.0", site.cloud.url()).into();
    site.administer("/access/api/v1/oidc", provider.to_string()).await;
    let mappings = format!("/access/api/v1/oidc/{}/identity_mappings", provider["name"].as_str().expect("a name"));
    site.administer(&mappings, example(&format!("{folder}/identity-mapping.json"))).await;
    site
}

/// The environment that the kubelet's entry gives, with the mocks in the place of the hosts it names.
fn environment(site: &Site, folder: &str) -> BTreeMap<String, String> {
    let entry = &yaml(&format!("{folder}/kubelet.yaml"))["providers"][0];
    assert_eq!(entry["name"], env!("CARGO_PKG_NAME"), "the kubelet looks the binary up by the entry's name");
    let mut environment = site.environment("azure");
    let endpoint = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    environment.retain(|name, _| endpoint(name));
    for variable in entry["env"].as_array().into_iter().flatten() {
        let text = |key: &str| variable[key].as_str().expect("a text").replace("acme.jfrog.io", &site.host());
        environment.insert(text("name"), text("value"));
    }
    environment
}

async fn pull(folder: &str) -> (Site, Outcome) {
    let site = site(folder, world(folder)).await;
    let outcome = site.pull_in(&[], &environment(&site, folder)).await;
    (site, outcome)
}

#[tokio::test]
async fn the_managed_identity_of_the_example_pulls() {
    let (site, outcome) = pull("azure-managed-identity").await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-puller");
}

#[tokio::test]
async fn the_application_of_the_example_pulls() {
    let (site, outcome) = pull("azure-federated").await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller");
}

#[tokio::test]
async fn without_the_examples_credential_the_application_does_not_pull() {
    let mut world = world("azure-federated");
    world.azure.applications[0].federated_credentials[0].subject = "someone-else".to_owned();
    let site = site("azure-federated", world).await;
    let outcome = site.pull_in(&[], &environment(&site, "azure-federated")).await;
    assert!(outcome.failure(4).contains("AADSTS700213"), "{}", outcome.stderr);
}

#[tokio::test]
async fn the_workload_of_the_example_pulls() {
    let folder = "azure-workload-identity";
    let mut world = world(folder);
    let credential = &world.azure.applications[0].federated_credentials[0];
    world.kubernetes.issuer = Some(credential.issuer.clone());
    let site = site(folder, world).await;
    let entry = &yaml(&format!("{folder}/kubelet.yaml"))["providers"][0];
    let attributes = &entry["tokenAttributes"];
    let account = yaml(&format!("{folder}/service-account.yaml"));
    let annotations = account["metadata"]["annotations"].as_object().expect("annotations");
    let asked = attributes["optionalServiceAccountAnnotationKeys"].as_array().expect("keys");
    let shown = annotations.iter().filter(|(key, _)| asked.contains(&json!(key)));
    let shown: serde_json::Map<_, _> = shown.map(|(key, value)| (key.clone(), value.clone())).collect();
    let audience = attributes["serviceAccountTokenAudience"].as_str().expect("an audience");
    let name = account["metadata"]["name"].as_str().expect("a name");
    let mut kubelet: Value = serde_json::from_slice(&request(&site.image())).expect("JSON");
    kubelet["serviceAccountToken"] = site.pod_token(name, audience).into();
    kubelet["serviceAccountAnnotations"] = shown.into();
    let config = example(&format!("{folder}/config.yaml")).replace("acme.jfrog.io", &site.host());
    let config = site.file("config.yaml", config);
    assert_eq!(entry["args"], json!(["--config", "/etc/artifactory-credential-provider/config.yaml"]));
    let arguments = ["--config", &config];
    let outcome = run(&arguments, &environment(&site, folder), kubelet.to_string().as_bytes()).await;
    site.check_leaks(&outcome);
    assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller");
}
