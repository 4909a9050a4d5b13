//! A small OIDC issuer: discovery, keys that can be rotated, and tokens with any claims.

use std::sync::{Arc, Mutex};

use axum::routing::get;
use axum::{Json, Router};
use mock_kit::{Kit, Listen, Server, SigningKey};
use serde_json::{Map, Value, json};

pub(crate) struct Issuer {
    server: Server,
    kit: Kit,
    key: Mutex<SigningKey>,
    published: Arc<Mutex<Vec<Value>>>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let key = SigningKey::named("issuer");
        let published = Arc::new(Mutex::new(vec![key.jwk()]));
        let kit = Kit::new();
        let listen = Listen::Plain("127.0.0.1:0".parse().unwrap()).bind().await.unwrap();
        let discovery = json!({"issuer": listen.url(), "jwks_uri": format!("{}/keys", listen.url())});
        let keys = published.clone();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async || Json(discovery)))
            .route("/keys", get(async move || Json(json!({"keys": *keys.lock().unwrap()}))));
        Self { server: listen.serve(router, &kit), kit, key: Mutex::new(key), published }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Publishes a new key instead of the old one and signs with it from now on.
    pub(crate) fn rotate(&self) {
        let key = SigningKey::generate();
        *self.published.lock().unwrap() = vec![key.jwk()];
        *self.key.lock().unwrap() = key;
    }

    /// Publishes these keys and none other, still signing with the present one.
    pub(crate) fn publish(&self, keys: Vec<Value>) {
        *self.published.lock().unwrap() = keys;
    }

    pub(crate) fn key(&self) -> SigningKey {
        self.key.lock().unwrap().clone()
    }

    /// A token of subject `ann` for an hour, with these claims added or replaced; `null` removes one.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.key().sign(Map::new(), &self.claims(claims))
    }

    pub(crate) fn claims(&self, claims: &Value) -> Value {
        let now = self.kit.clock.unix();
        let mut all =
            json!({"iss": self.url(), "sub": "ann", "aud": "demo", "iat": now, "nbf": now, "exp": now + 3600});
        for (name, value) in claims.as_object().unwrap() {
            if value.is_null() {
                all.as_object_mut().unwrap().remove(name);
            } else {
                all[name] = value.clone();
            }
        }
        all
    }
}
