//! A mock of one test, and requests to it over HTTPS.

use mock_artifactory::trust::client;
use mock_artifactory::{MockArtifactory, World};
use serde_json::{Value, json};

/// A mock with its client.
pub(crate) struct Running {
    pub(crate) artifactory: MockArtifactory,
    client: reqwest::Client,
}

/// A status with the body as JSON, or `null` where it is none.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Running {
    pub(crate) async fn start(world: World, trust: Option<&str>) -> Self {
        let artifactory = MockArtifactory::start(world, trust).await.unwrap();
        let client = client(artifactory.ca_pem()).unwrap();
        Self { artifactory, client }
    }

    /// A mock with one provider `idp` of this issuer and these mappings (YAML flow style).
    pub(crate) async fn with_mappings(issuer: &str, mappings: &str) -> Self {
        Self::start(world(issuer, mappings), None).await
    }

    /// A mock whose provider `idp` makes everyone `ann`.
    pub(crate) async fn for_everyone(issuer: &str) -> Self {
        Self::with_mappings(issuer, &format!("[{ANYONE_IS_ANN}]")).await
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().unwrap();
        self.client.request(method, format!("{}{path}", self.artifactory.url()))
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        Answer { status, body: serde_json::from_str(&text).unwrap_or_default() }
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(json_body(self.request("POST", path), body)).await
    }

    /// Exchanges a token at the provider `idp`, with these fields added or replaced; `null` removes one.
    pub(crate) async fn exchange(&self, token: &str, fields: Value) -> Answer {
        let mut body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "subject_token": token,
            "provider_name": "idp",
            "provider_type": "Generic OpenID Connect",
        });
        for (name, value) in fields.as_object().unwrap() {
            body[name] = value.clone();
        }
        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.post("/access/api/v1/oidc/token", &body).await
    }

    /// The same, with the administrator's password.
    pub(crate) async fn administer(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).basic_auth("admin", Some("admin-password"));
        self.send(if body.is_null() { request } else { json_body(request, body) }).await
    }
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn username(&self) -> &str {
        self.body["username"].as_str().unwrap_or_default()
    }

    pub(crate) fn access_token(&self) -> &str {
        self.body["access_token"].as_str().unwrap_or_default()
    }

    /// The status with the error's code and message.
    pub(crate) fn error(&self) -> (u16, &str, &str) {
        (self.status, self.body["errors"][0]["code"].as_str().unwrap_or_default(), self.message())
    }
}

pub(crate) const ANYONE_IS_ANN: &str =
    "{name: anyone, priority: 1, token_spec: {username: ann, scope: applied-permissions/user}}";

pub(crate) fn world(issuer: &str, mappings: &str) -> World {
    World::from_yaml(&format!(
        "
service_id: jfac@01jfxq2c7s9r4m1v8n3b6k5h0d
users:
  - {{name: admin, password: admin-password, admin: true}}
  - {{name: ann, password: ann-password, groups: [testers], repositories: [docker-local]}}
groups:
  - {{name: pullers, repositories: [docker-local]}}
  - {{name: testers, repositories: [docker-test-*]}}
repositories: [{{key: docker-local}}]
providers:
  - {{name: idp, issuer: \"{issuer}\", mappings: {mappings}}}
"
    ))
    .unwrap()
}

pub(crate) fn json_body(request: reqwest::RequestBuilder, body: &Value) -> reqwest::RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}
