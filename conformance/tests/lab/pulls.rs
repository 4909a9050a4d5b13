//! What runs in a lab: the shipped provider for each identity of the machine, and a pull with each answer.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use conformance::kubelet::{
    ApiVersion, CredentialProviderRequest, CredentialProviderResponse, Decoding, Ending, Environment, ImageName,
    Provider, RegistryAuth, TIMEOUT,
};
use conformance::program;
use conformance::registry::Client;
use serde_json::{Value, json};

use super::MACHINE;
use super::entries::{Configured, Entry, Pod, all};
use crate::command::CONFORMANCE;

/// The program that ships, where it has been built.
pub(crate) fn shipped() -> Option<PathBuf> {
    let found = program::beside(Path::new(CONFORMANCE), None);
    let told = |error| {
        let _ = writeln!(std::io::stderr(), "skipped: the shipped provider in a lab: {error}");
    };
    found.map_err(told).ok()
}

/// Pulls with each identity of the machine that `MACHINE` names.
#[tokio::test]
#[ignore = "runs in a lab, which another test starts"]
async fn every_identity_of_this_machine_pulls() {
    let machine = variable(MACHINE);
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    let entries: Vec<_> = all(&token_file).into_iter().filter(|entry| entry.machine == machine).collect();
    assert!(!entries.is_empty(), "{machine}");
    std::fs::write(&token_file, token(&Pod { audience: "artifactory", service_account: "app", annotations: &[] }))
        .unwrap();
    let authorities = std::fs::read_to_string(variable("SSL_CERT_FILE")).unwrap();
    let client = Client::trusting(&authorities).unwrap();
    let image = ImageName::parse(&format!("{}/docker-local/hello:1", variable("LAB_ARTIFACTORY"))).unwrap();
    for entry in &entries {
        ask("DELETE", "/__mock/requests", "");
        let auth = answer(entry, &image, folder.path()).await;
        let asked = asked();
        let pulled = client.pull(&image, Some(&auth)).await;
        assert!(pulled.is_ok(), "{}: {pulled:?}", entry.name);
        let _ =
            writeln!(std::io::stderr(), "pulled: {}\n{}", entry.name, asked.into_iter().collect::<Vec<_>>().join("\n"));
    }
    let garbage = RegistryAuth { username: "nobody".to_owned(), password: "never-issued".to_owned() };
    assert!(client.pull(&image, Some(&garbage)).await.is_err());
    assert!(client.pull(&image, None).await.is_err());
}

async fn answer(entry: &Entry, image: &ImageName, folder: &Path) -> RegistryAuth {
    let token = entry.pod.as_ref().map(token);
    let mut request = CredentialProviderRequest::new(ApiVersion::V1, image.repository());
    request.service_account_token = token.as_deref();
    let annotations = entry.pod.map(|pod| pod.annotations).unwrap_or_default();
    request.service_account_annotations =
        annotations.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let provider = provider(entry, folder);
    // The kubelet's own environment has nothing but the authorities of this machine.
    let own = Environment::from([("SSL_CERT_FILE".into(), variable("SSL_CERT_FILE").into())]);
    let run = provider.run(&own, request.to_json(), TIMEOUT).await.unwrap();
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert_eq!((run.ending, &*stderr), (Ending::Exited(0), ""), "{}", entry.name);
    let response = CredentialProviderResponse::parse(&run.stdout, ApiVersion::V1, Decoding::Strict).unwrap();
    let auth = response.auth.get(image.registry()).unwrap_or_else(|| panic!("{}: no credential; {stderr}", entry.name));
    assert_eq!(auth.username, entry.username, "{}", entry.name);
    auth.clone()
}

/// The entry's program, arguments and variables: nothing leads anywhere but to Artifactory.
fn provider(entry: &Entry, folder: &Path) -> Provider {
    let artifactory = variable("LAB_ARTIFACTORY");
    let (arguments, environment) = match &entry.configured {
        Configured::Variables(variables) => {
            let own = [("artifactory_url", artifactory.as_str())];
            let all = variables.iter().copied().chain(own).map(|(name, value)| (name.into(), value.into()));
            (Vec::new(), all.collect())
        }
        Configured::Route(route) => {
            let mut route = route.clone();
            route["artifactoryUrl"] = artifactory.into();
            let file = folder.join("config.yaml");
            std::fs::write(&file, json!({"routes": [route]}).to_string()).unwrap();
            (vec!["--config".into(), file.into()], Environment::new())
        }
    };
    Provider { program: shipped().unwrap(), arguments, environment }
}

/// A token of a pod, as the API server gives it to the kubelet.
fn token(pod: &Pod) -> String {
    let request =
        json!({"audiences": [pod.audience], "pod": {"name": "hello", "uid": "0f4a2f6e-3b1d-4f0e-8a53-6c9d2b7e1aff"}});
    let path = format!("/__mock/kubernetes/serviceaccounts/default/{}/token", pod.service_account);
    let answer: Value = serde_json::from_str(&ask("POST", &path, &request.to_string())).unwrap();
    answer["token"].as_str().unwrap().to_owned()
}

/// What the clouds' services were asked by name, by the provider and then by Artifactory; some of it at the same time.
fn asked() -> BTreeSet<String> {
    let requests: Vec<Value> = serde_json::from_str(&ask("GET", "/__mock/requests", "")).unwrap();
    let text = |request: &Value, field: &str| request[field].as_str().unwrap().to_owned();
    let line = |request: &Value| {
        let [method, host, path] = ["method", "host", "path"].map(|field| text(request, field));
        format!("  {method} {host} {path}")
    };
    // Services of the mock that verify tokens ask the issuers where the mock listens.
    let own = |request: &&Value| text(request, "host").starts_with("127.");
    requests.iter().filter(|request| !own(request)).map(line).collect()
}

/// Asks the clouds' mock itself.
fn ask(method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect("127.0.0.1:80").unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[expect(clippy::disallowed_methods, reason = "this test is the command of a lab, which tells it where things are")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}
