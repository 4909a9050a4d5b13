//! Hosts of the clouds' registries: the mock-cloud's doors, this world's images.

use http::Method;
use mock_artifactory::registry::Digest;
use mock_artifactory::{MockArtifactory, World, trust};
use mock_cloud::MockCloud;
use reqwest::{Client, Response};
use serde_json::Value;

use crate::server::{basic, blobs};

const GOOGLE: &str = "us-central1-docker.pkg.dev";
const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
const AZURE: &str = "artifactorydemo.azurecr.io";
const MANIFEST: &str = "/v2/docker-local/hello/manifests/1";

struct Registries {
    cloud: MockCloud,
    mock: MockArtifactory,
    client: Client,
}

impl Registries {
    async fn start() -> Self {
        let cloud = MockCloud::start(mock_cloud::World::default()).await.unwrap();
        let mock = MockArtifactory::start(World::default(), Some(&cloud.url())).await.unwrap();
        let client = trust::client(mock.ca_pem()).unwrap();
        Self { cloud, mock, client }
    }

    async fn ask(&self, method: Method, (host, path): (&str, &str), authorization: Option<&str>) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.mock.url())).header("host", host);
        let request = match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        request.send().await.unwrap()
    }

    async fn get(&self, place: (&str, &str), authorization: Option<&str>) -> Response {
        self.ask(Method::GET, place, authorization).await
    }

    async fn metadata(&self, path: &str, header: (&str, &str)) -> String {
        let request = self.client.get(format!("{}{path}", self.cloud.url())).header(header.0, header.1);
        let answer: Value = json(request.send().await.unwrap()).await;
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn google_token(&self) -> String {
        let path = "/computeMetadata/v1/instance/service-accounts/default/token";
        self.metadata(path, ("metadata-flavor", "Google")).await
    }
}

async fn json(answer: Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

fn challenge(answer: &Response) -> &str {
    answer.headers()["www-authenticate"].to_str().unwrap()
}

#[tokio::test]
async fn an_image_is_pulled_with_a_token_of_the_cloud_and_with_no_other() {
    let registries = Registries::start().await;
    let token = registries.google_token().await;
    let refused = registries.get((GOOGLE, MANIFEST), None).await;
    let expected = format!("Bearer realm=\"https://{GOOGLE}/v2/token\",service=\"{GOOGLE}\"");
    assert_eq!((refused.status().as_u16(), challenge(&refused)), (401, expected.as_str()));
    let bought = registries.get((GOOGLE, "/v2/token"), Some(&basic(("_token", &token)))).await;
    let pull = format!("Bearer {}", json(bought).await["token"].as_str().unwrap());
    let manifest = registries.get((GOOGLE, MANIFEST), Some(&pull)).await;
    assert_eq!(manifest.status(), 200);
    assert!(manifest.headers().get("x-jfrog-version").is_none());
    let manifest: Value = json(manifest).await;
    for digest in blobs(&manifest) {
        let path = format!("/v2/docker-local/hello/blobs/{digest}");
        let blob = registries.get((GOOGLE, &path), Some(&pull)).await.bytes().await.unwrap();
        assert_eq!(Digest::of(&blob).to_string(), digest);
        assert_eq!(registries.get((GOOGLE, &path), Some("Bearer forged")).await.status(), 401);
    }
    let forged = basic(("_token", "ya29.c.forged"));
    assert_eq!(registries.get((GOOGLE, "/v2/token"), Some(&forged)).await.status(), 401);
}

#[tokio::test]
async fn artifactorys_credentials_open_no_registry_of_a_cloud_and_the_other_way_round() {
    let registries = Registries::start().await;
    let artifactorys = basic(("static-puller", "static-password"));
    for host in [GOOGLE, ECR, AZURE] {
        assert_eq!(registries.get((host, MANIFEST), Some(&artifactorys)).await.status(), 401, "{host}");
    }
    let own = registries.mock.host();
    let googles = basic(("_token", &registries.google_token().await));
    assert_eq!(registries.get((&own, MANIFEST), Some(&googles)).await.status(), 401);
    assert_eq!(registries.get((&own, MANIFEST), Some(&artifactorys)).await.status(), 200);
}

#[tokio::test]
async fn the_ping_of_amazons_registry_asks_for_basic() {
    let registries = Registries::start().await;
    let refused = registries.get((ECR, "/v2/"), None).await;
    let expected = format!("Basic realm=\"https://{ECR}/\",service=\"ecr.amazonaws.com\"");
    assert_eq!((refused.status().as_u16(), challenge(&refused)), (401, expected.as_str()));
}

#[tokio::test]
async fn a_token_of_entra_id_is_exchanged_at_the_registrys_own_host() {
    let registries = Registries::start().await;
    let path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";
    let entra = registries.metadata(path, ("metadata", "true")).await;
    let exchange = |host: &str, token: &str| {
        let form = format!("grant_type=access_token&service={AZURE}&access_token={token}");
        let url = format!("{}/oauth2/exchange", registries.mock.url());
        let request = registries.client.post(url).header("host", host).body(form);
        request.header("content-type", "application/x-www-form-urlencoded").send()
    };
    let refresh = json(exchange(AZURE, &entra).await.unwrap()).await["refresh_token"].as_str().unwrap().to_owned();
    let nobody = "00000000-0000-0000-0000-000000000000";
    let bought = registries.get((AZURE, "/oauth2/token"), Some(&basic((nobody, &refresh)))).await;
    let pull = format!("Bearer {}", json(bought).await["access_token"].as_str().unwrap());
    assert_eq!(registries.get((AZURE, MANIFEST), Some(&pull)).await.status(), 200);
    assert_eq!(exchange(AZURE, "forged").await.unwrap().status(), 401);
    assert_eq!(exchange(&registries.mock.host(), &entra).await.unwrap().status(), 404);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_nothing_is_written() {
    let registries = Registries::start().await;
    let token = format!("Bearer {}", registries.google_token().await);
    for path in ["/v2/nowhere/hello/manifests/1", "/v2/docker-local/hello/manifests/9"] {
        assert_eq!(registries.get((GOOGLE, path), Some(&token)).await.status(), 404, "{path}");
    }
    assert_ne!(registries.ask(Method::PUT, (GOOGLE, MANIFEST), Some(&token)).await.status(), 200);
}
