//! A registry with three users and what they may read, called without a network.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use mock_artifactory::state::{Scheme, State};
use mock_artifactory::token::{IssuedToken, Reference, TokenSpec};
use mock_artifactory::{World, registry, trust};
use mock_kit::Kit;
use serde_json::Value;
use tower::ServiceExt as _;

pub(crate) const HOST: &str = "art.example:8443";
pub(crate) const ALICE: (&str, &str) = ("alice", "alice-password");
pub(crate) const BOB: (&str, &str) = ("bob", "bob-password");

/// Alice reads `docker-local`, Bob reads `docker-private`.
const WORLD: &str = r#"
service_id: jfac@01test
users:
  - {name: alice, password: alice-password, repositories: [docker-local]}
  - {name: bob, password: bob-password, repositories: [docker-private]}
repositories: [{key: docker-local}, {key: docker-private}, {key: empty}]
images:
  - {repository: docker-local, name: hello, tag: "1"}
  - {repository: docker-local, name: hello, tag: "10"}
  - {repository: docker-local, name: hello, tag: "2"}
  - {repository: docker-local, name: team/app/api, tag: v1}
  - {repository: docker-private, name: hello, tag: "1"}
"#;

pub(crate) struct Server {
    router: Router,
    kit: Kit,
    state: Arc<State>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::of(World::from_yaml(WORLD).unwrap())
    }

    pub(crate) fn with(change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::from_yaml(WORLD).unwrap();
        change(&mut world);
        Self::of(world)
    }

    fn of(world: World) -> Self {
        let client = trust::client("").unwrap();
        let kit = Kit::new();
        let state = State::new(kit.clone(), world, Scheme::Https, None, client).unwrap();
        let state = Arc::new(state);
        Self { router: registry::router(Arc::clone(&state)), kit, state }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, authorization: &str) -> Answer {
        self.send("GET", path, &[("authorization", authorization)]).await
    }

    pub(crate) async fn head(&self, path: &str, authorization: &str) -> Answer {
        self.send("HEAD", path, &[("authorization", authorization)]).await
    }

    /// Buys a registry token and returns it as a Bearer credential.
    pub(crate) async fn buy(&self, user: (&str, &str), endpoint: &str) -> String {
        let answer = self.get(endpoint, &basic(user)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        format!("Bearer {}", answer.json()["token"].as_str().unwrap())
    }

    /// Issues an access token, as an exchange would.
    pub(crate) fn access_token(&self, username: &str, seconds: u64) -> IssuedToken {
        self.state.tokens.issue(TokenSpec {
            subject: self.state.tokens.user_subject(username),
            scope: "applied-permissions/user".into(),
            audience: "*@*".into(),
            expires_in: Some(seconds),
            reference: Reference::Included,
            description: None,
        })
    }

    pub(crate) fn revoke(&self, token: &IssuedToken) {
        assert!(self.state.tokens.revoke(&token.id));
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.kit.clock.advance(Duration::from_secs(seconds));
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of a registry's error.
    pub(crate) fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
    }
}

pub(crate) fn basic((username, secret): (&str, &str)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{secret}")))
}

/// The digests that a manifest names: config first, then layers.
pub(crate) fn blobs(manifest: &Value) -> Vec<String> {
    let layers = manifest["layers"].as_array().unwrap();
    let descriptors = std::iter::once(&manifest["config"]).chain(layers);
    descriptors.map(|descriptor| descriptor["digest"].as_str().unwrap().to_owned()).collect()
}
