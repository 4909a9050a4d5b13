//! A pull over TLS, as a client on the network sees it.

use http::Method;
use mock_artifactory::registry::Digest;
use mock_artifactory::{MockArtifactory, World, trust};
use reqwest::{Client, Response};
use serde_json::Value;

use crate::server::{basic, blobs};

const CREDENTIAL: (&str, &str) = ("static-puller", "static-password");

struct Registry {
    mock: MockArtifactory,
    client: Client,
}

impl Registry {
    async fn start() -> Self {
        let mock = MockArtifactory::start(World::default(), None).await.unwrap();
        let client = trust::client(mock.ca_pem()).unwrap();
        Self { mock, client }
    }

    async fn ask(&self, method: Method, path: &str, authorization: Option<&str>) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.mock.url()));
        let request = match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn the_built_in_image_is_pulled_with_the_static_credential() {
    let registry = Registry::start().await;
    let manifests = "/v2/docker-local/hello/manifests";
    let challenged = registry.ask(Method::HEAD, &format!("{manifests}/1"), None).await;
    assert_eq!(challenged.status(), 401);
    let challenge = challenged.headers()["www-authenticate"].to_str().unwrap();
    let realm = format!("https://{}/artifactory/api/docker/docker-local/v2/token", registry.mock.host());
    assert!(challenge.starts_with(&format!("Bearer realm=\"{realm}\"")), "{challenge}");

    let endpoint = "/artifactory/api/docker/docker-local/v2/token?scope=repository:hello:pull";
    assert_eq!(registry.ask(Method::GET, endpoint, None).await.status(), 401);
    let bought = registry.ask(Method::GET, endpoint, Some(&basic(CREDENTIAL))).await;
    let bought: Value = serde_json::from_slice(&bought.bytes().await.unwrap()).unwrap();
    let token = format!("Bearer {}", bought["token"].as_str().unwrap());

    let head = registry.ask(Method::HEAD, &format!("{manifests}/1"), Some(&token)).await;
    let header = |name: &str| head.headers()[name].to_str().unwrap().to_owned();
    let (digest, length) = (header("docker-content-digest"), header("content-length"));
    assert!(head.bytes().await.unwrap().is_empty());
    let manifest = registry.ask(Method::GET, &format!("{manifests}/{digest}"), Some(&token)).await;
    let manifest = manifest.bytes().await.unwrap();
    assert_eq!((Digest::of(&manifest).to_string(), manifest.len().to_string()), (digest, length));
    for digest in blobs(&serde_json::from_slice(&manifest).unwrap()) {
        let path = format!("/v2/docker-local/hello/blobs/{digest}");
        let blob = registry.ask(Method::GET, &path, Some(&token)).await.bytes().await.unwrap();
        assert_eq!(Digest::of(&blob).to_string(), digest);
        assert_eq!(registry.ask(Method::GET, &path, None).await.status(), 401);
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_gets_nowhere() {
    let registry = Registry::start().await;
    let stranger = MockArtifactory::start(World::default(), None).await.unwrap();
    let client = trust::client(stranger.ca_pem()).unwrap();
    let error = client.get(format!("{}/v2/", registry.mock.url())).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert!(registry.mock.kit().journal.requests().is_empty());
}
