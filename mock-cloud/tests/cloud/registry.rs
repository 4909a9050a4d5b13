//! The clouds' registries: whom Google's and Azure's let in.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use mock_cloud::{MockCloud, World};
use serde_json::{Value, json};

use crate::client::{client, get, json, start};

const GOOGLE: &str = "us-central1-docker.pkg.dev";
const AZURE: &str = "artifactorydemo.azurecr.io";
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
const MANAGEMENT: &str = "https://management.azure.com/";

/// A registry of a cloud, asked by its own name.
pub(crate) struct Registry<'a> {
    cloud: &'a MockCloud,
    host: &'a str,
}

impl<'a> Registry<'a> {
    pub(crate) fn at(cloud: &'a MockCloud, host: &'a str) -> Self {
        Self { cloud, host }
    }

    /// The status, the challenge and the document of an answer; text is `null`.
    pub(crate) async fn get(&self, path: &str, authorization: Option<&str>) -> (u16, String, Value) {
        let mut request = get(self.cloud, path).header("host", self.host);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        read(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, String, Value) {
        let escaped = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
        let body: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let request = client(None).post(format!("{}{path}", self.cloud.url())).header("host", self.host);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
        read(request.send().await.unwrap()).await
    }
}

async fn read(answer: reqwest::Response) -> (u16, String, Value) {
    let challenge = answer.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap();
    (status, challenge.unwrap_or_default(), serde_json::from_slice(&body).unwrap_or_default())
}

pub(crate) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")))
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn access_token(cloud: &MockCloud) -> String {
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let answer = get(cloud, path).header("metadata-flavor", "Google").send().await.unwrap();
    json(answer).await["access_token"].as_str().unwrap().to_owned()
}

/// A token of the node's managed identity.
async fn entra_token(cloud: &MockCloud, resource: &str) -> String {
    let path = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={resource}");
    let answer = get(cloud, &path).header("metadata", "true").send().await.unwrap();
    json(answer).await["access_token"].as_str().unwrap().to_owned()
}

async fn exchange(cloud: &MockCloud, token: &str) -> (u16, String, Value) {
    let form = [("grant_type", "access_token"), ("service", AZURE), ("access_token", token)];
    Registry::at(cloud, AZURE).post("/oauth2/exchange", &form).await
}

#[tokio::test]
async fn an_access_token_is_the_password_and_a_bearer_of_googles_registries() {
    let cloud = start().await;
    let token = access_token(&cloud).await;
    let registry = Registry::at(&cloud, GOOGLE);
    for shown in [basic("oauth2accesstoken", &token), basic("_token", &token), bearer(&token)] {
        assert_eq!(registry.get("/v2/", Some(&shown)).await.0, 200, "{shown}");
    }
    let (status, _, answer) = registry.get("/v2/token", Some(&basic("_token", &token))).await;
    let pull = bearer(answer["token"].as_str().unwrap());
    assert_eq!((status, registry.get("/v2/a/b/manifests/1", Some(&pull)).await.0), (200, 200));
    assert_eq!(Registry::at(&cloud, "gcr.io").get("/v2/", Some(&pull)).await.0, 401);
}

#[tokio::test]
async fn a_token_that_google_did_not_issue_or_that_is_over_is_refused() {
    let cloud = start().await;
    let token = access_token(&cloud).await;
    let registry = Registry::at(&cloud, GOOGLE);
    let forged = format!("{}x", &token[..token.len() - 1]);
    for shown in [basic("_token", &forged), basic("somebody", &token), bearer(&forged)] {
        let (status, challenge, _) = registry.get("/v2/", Some(&shown)).await;
        assert_eq!(status, 401, "{shown}");
        assert_eq!(challenge, format!("Bearer realm=\"https://{GOOGLE}/v2/token\",service=\"{GOOGLE}\""));
    }
    cloud.kit().clock.advance(Duration::from_hours(2));
    assert_eq!(registry.get("/v2/token", Some(&basic("_token", &token))).await.0, 401);
}

#[tokio::test]
async fn an_account_without_the_role_or_with_other_scopes_is_denied() {
    let mut without_role = World::default();
    without_role.gcp.artifact_registry.bindings.clear();
    let mut other_scopes = World::default();
    other_scopes.gcp.service_account.as_mut().unwrap().scopes =
        vec!["https://www.googleapis.com/auth/logging.write".to_owned()];
    for world in [without_role, other_scopes] {
        let cloud = MockCloud::start(world).await.unwrap();
        let shown = basic("_token", &access_token(&cloud).await);
        let (status, _, body) = Registry::at(&cloud, GOOGLE).get("/v2/", Some(&shown)).await;
        assert_eq!((status, body["errors"][0]["code"].as_str()), (403, Some("DENIED")));
    }
}

#[tokio::test]
async fn a_token_of_entra_id_becomes_one_for_pulls() {
    let cloud = start().await;
    let registry = Registry::at(&cloud, AZURE);
    let entra = entra_token(&cloud, MANAGEMENT).await;
    let (status, _, answer) = exchange(&cloud, &entra).await;
    assert_eq!(status, 200);
    let refresh = answer["refresh_token"].as_str().unwrap();
    let both = [("grant_type", "access_token_refresh_token"), ("service", AZURE), ("access_token", &entra)];
    assert_eq!(registry.post("/oauth2/exchange", &both).await.0, 200);
    let claims = BASE64_URL_SAFE_NO_PAD.decode(refresh.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((claims["aud"].as_str(), claims["grant_type"].as_str()), (Some(AZURE), Some("refresh_token")));
    let (_, _, answer) = registry.get("/oauth2/token", Some(&basic(NOBODY, refresh))).await;
    let pull = bearer(answer["access_token"].as_str().unwrap());
    assert_eq!(registry.get("/v2/a/b/manifests/1", Some(&pull)).await.0, 200);
    let form = [("grant_type", "refresh_token"), ("service", AZURE), ("refresh_token", refresh)];
    assert_eq!(registry.post("/oauth2/token", &form).await.0, 200);
    let form = [("grant_type", "password"), ("service", AZURE), ("username", NOBODY), ("password", refresh)];
    assert_eq!(registry.post("/oauth2/token", &form).await.0, 200);
}

#[tokio::test]
async fn azure_exchanges_no_token_that_is_forged_over_or_for_something_else() {
    let cloud = start().await;
    let token = entra_token(&cloud, MANAGEMENT).await;
    let (head, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let other = entra_token(&cloud, "api://44444444-5555-4666-8777-888888888888").await;
    for token in [forged.as_str(), &other, "no-token"] {
        let (status, challenge, _) = exchange(&cloud, token).await;
        assert_eq!(status, 401, "{token}");
        assert_eq!(challenge, format!("Bearer realm=\"https://{AZURE}/oauth2/token\",service=\"{AZURE}\""));
    }
    cloud.kit().clock.advance(Duration::from_hours(25));
    assert_eq!(exchange(&cloud, &token).await.0, 401);
}

#[tokio::test]
async fn azure_exchanges_nothing_for_who_may_not_pull_or_asks_for_another_registry() {
    let mut world = World::default();
    world.azure.container_registries[0].pullers.clear();
    let cloud = MockCloud::start(world).await.unwrap();
    assert_eq!(exchange(&cloud, &entra_token(&cloud, MANAGEMENT).await).await.0, 401);
    let cloud = start().await;
    let token = entra_token(&cloud, MANAGEMENT).await;
    let registry = Registry::at(&cloud, AZURE);
    for form in [
        [("grant_type", "access_token"), ("service", "other.azurecr.io"), ("access_token", token.as_str())],
        [("grant_type", "password"), ("service", AZURE), ("access_token", &token)],
        [("grant_type", "access_token"), ("service", AZURE), ("access_token", "")],
    ] {
        assert_eq!(registry.post("/oauth2/exchange", &form).await.0, 400, "{form:?}");
    }
}

#[tokio::test]
async fn a_refresh_token_of_azure_is_nobodys_elses_and_ends() {
    let cloud = start().await;
    let entra = entra_token(&cloud, MANAGEMENT).await;
    let (_, _, answer) = exchange(&cloud, &entra).await;
    let refresh = answer["refresh_token"].as_str().unwrap();
    let registry = Registry::at(&cloud, AZURE);
    for shown in [basic("somebody", refresh), basic(NOBODY, &entra), basic(NOBODY, "no-token")] {
        assert_eq!(registry.get("/oauth2/token", Some(&shown)).await.0, 401, "{shown}");
    }
    cloud.kit().clock.advance(Duration::from_hours(3) + Duration::from_secs(1));
    assert_eq!(registry.get("/oauth2/token", Some(&basic(NOBODY, refresh))).await.0, 401);
}

#[tokio::test]
async fn trust_names_the_registries_and_what_is_no_path_of_theirs_is_not_there() {
    let cloud = start().await;
    let trust = json(get(&cloud, "/__mock/trust").send().await.unwrap()).await;
    assert_eq!(trust["registries"][AZURE], json!(cloud.url()));
    for (host, path) in [(GOOGLE, "/oauth2/token"), (AZURE, "/v2/token"), (AZURE, "/latest/meta-data/")] {
        let (status, _, _) = Registry::at(&cloud, host).get(path, Some("Bearer a")).await;
        assert!([401, 404].contains(&status), "{host}{path}: {status}");
    }
}
