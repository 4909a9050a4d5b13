//! Registries of the clouds, by their hosts: who may come in. What they hold is another server's, which sends each
//! request here first and serves it where the answer is 200.
//!
//! ```text
//! GET /v2/..           Basic or Bearer ─▶ 200, or 401 with the registry's challenge, or 403
//! GET /v2/token        Basic ─▶ {"token"}                       Google; /token/ at ECR public, /oauth2/token at Azure
//! POST /oauth2/token   refresh token or password ─▶ {"access_token"}                                       Azure
//! POST /oauth2/exchange  token of Entra ID ─▶ {"refresh_token"}                                            Azure
//! ```
//!
//! # Layout
//!
//! - `host`: which registry has a host name, and its challenge
//! - `refusal`: the words of each

mod host;
mod refusal;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use mock_kit::Clock;
use rand::RngCore as _;
use serde_json::{Value, json};

pub(crate) use self::host::Registry;
use self::refusal::Refusal;
use crate::World;
use crate::aws::ecr::{Door, Ecr};
use crate::azure::Azure;
use crate::gcp::Gcp;
use crate::query::Query;

/// Seconds that a token for pulls is good, as most registries say.
const LIFETIME: i64 = 3600;

/// The registries of a world; clones share them.
#[derive(Clone)]
pub(crate) struct Registries(Arc<Doors>);

struct Doors {
    by_host: HashMap<String, Registry>,
    ecr: Ecr,
    azure: Azure,
    gcp: Gcp,
    clock: Clock,
    /// Tokens for pulls: the host that each is for, and when it ends.
    tokens: Mutex<HashMap<String, (String, i64)>>,
}

/// A credential as it is shown.
enum Shown {
    Basic { username: String, password: String },
    Bearer(String),
}

impl Registries {
    /// The registries of a world, whose credentials its clouds give out.
    pub(crate) fn new(world: &World, (ecr, azure, gcp): (&Ecr, &Azure, &Gcp), clock: &Clock) -> Self {
        Self(Arc::new(Doors {
            by_host: world.registries().into_iter().collect(),
            ecr: ecr.clone(),
            azure: azure.clone(),
            gcp: gcp.clone(),
            clock: clock.clone(),
            tokens: Mutex::default(),
        }))
    }

    /// Whether a registry has this host name.
    pub(crate) fn is_registry(&self, host: &str) -> bool {
        self.0.by_host.contains_key(host)
    }

    /// Every host name of a registry.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<_> = self.0.by_host.keys().cloned().collect();
        hosts.sort_unstable();
        hosts
    }

    /// Serves every registry, which the `Host` tells apart.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

async fn answer(
    State(registries): State<Registries>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let doors = &*registries.0;
    let host = crate::front::host_name(&headers);
    let Some(registry) = doors.by_host.get(host) else { return Refusal::NoSuchPath.into_response() };
    let form = Query::parse(std::str::from_utf8(&body).ok());
    let path = uri.path();
    let reply = match (&method, registry) {
        (&Method::POST, Registry::Azure) if path == "/oauth2/exchange" => doors.exchange(host, &form).await,
        (&Method::POST, Registry::Azure) if path == "/oauth2/token" => doors.azure_token(host, &form),
        (&Method::GET, _) if Some(path) == registry.token_path() => doors.token(registry, host, &headers),
        (&Method::GET | &Method::HEAD, _) if path.starts_with("/v2/") => doors.enter(registry, host, &headers),
        _ => Err(Refusal::NoSuchPath),
    };
    match reply {
        Ok(document) => Json(document).into_response(),
        Err(refusal) => refusal.respond(registry, host),
    }
}

impl Doors {
    fn enter(&self, registry: &Registry, host: &str, headers: &HeaderMap) -> Result<Value, Refusal> {
        match Shown::of(headers)? {
            Shown::Basic { username, password } => self.login(registry, host, &username, &password)?,
            Shown::Bearer(token) => match (self.is_token(host, &token), registry) {
                (true, _) => {}
                // An access token is a token for pulls as it is.
                (false, Registry::Google) => self.gcp.admits_token(&token).map_err(Refusal::from)?,
                (false, _) => return Err(Refusal::Credential),
            },
        }
        Ok(json!({}))
    }

    /// A token for pulls for whoever shows a user name and a password.
    fn token(&self, registry: &Registry, host: &str, headers: &HeaderMap) -> Result<Value, Refusal> {
        let Shown::Basic { username, password } = Shown::of(headers)? else { return Err(Refusal::Credential) };
        self.login(registry, host, &username, &password)?;
        Ok(self.issue(host))
    }

    fn login(&self, registry: &Registry, host: &str, username: &str, password: &str) -> Result<(), Refusal> {
        match registry {
            Registry::Ecr { region } => Ok(self.ecr.admits(Door::Private(region), username, password)?),
            Registry::EcrPublic => Ok(self.ecr.admits(Door::Public, username, password)?),
            Registry::Google => Ok(self.gcp.admits(username, password)?),
            Registry::Azure => Ok(self.azure.admits(host, username, password)?),
        }
    }

    async fn exchange(&self, host: &str, form: &Query) -> Result<Value, Refusal> {
        Ok(json!({ "refresh_token": self.azure.refresh_token(host, form).await? }))
    }

    // Azure/acr, docs/AAD-OAuth.md, "Calling POST /oauth2/token to get an ACR access token".
    fn azure_token(&self, host: &str, form: &Query) -> Result<Value, Refusal> {
        let text = |name| form.first(name).unwrap_or_default();
        if text("service") != host {
            return Err(Refusal::Request("service"));
        }
        match text("grant_type") {
            "refresh_token" => {
                self.azure.admits(host, crate::azure::container_registry::USERNAME, text("refresh_token"))?;
            }
            "password" => self.azure.admits(host, text("username"), text("password"))?,
            _ => return Err(Refusal::Request("grant_type")),
        }
        Ok(self.issue(host))
    }

    fn issue(&self, host: &str) -> Value {
        let mut random = [0; 48];
        rand::thread_rng().fill_bytes(&mut random);
        let token = BASE64_URL_SAFE_NO_PAD.encode(random);
        self.lock().insert(token.clone(), (host.to_owned(), self.clock.unix() + LIFETIME));
        json!({ "token": token, "access_token": token, "expires_in": LIFETIME })
    }

    fn is_token(&self, host: &str, token: &str) -> bool {
        let now = self.clock.unix();
        self.lock().get(token).is_some_and(|(own, end)| own == host && *end > now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (String, i64)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let value = headers.get(AUTHORIZATION).ok_or(Refusal::Absent)?;
        let (scheme, rest) = value.to_str().ok().and_then(|it| it.split_once(' ')).ok_or(Refusal::Credential)?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Ok(Self::Bearer(rest.to_owned())),
            "basic" => Self::basic(rest).ok_or(Refusal::Credential),
            _ => Err(Refusal::Credential),
        }
    }

    fn basic(text: &str) -> Option<Self> {
        let pair = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
        let (username, password) = pair.split_once(':')?;
        Some(Self::Basic { username: username.to_owned(), password: password.to_owned() })
    }
}
