//! A registry that clients pull from, with Artifactory's challenge, token endpoint and errors.
//!
//! ```text
//! path, host ──▶ Route ──▶ caller ──▶ permission ──▶ Content
//!                          Basic, registry token,
//!                          access token
//! ```
//!
//! # Layout
//!
//! - `route`: which repository, image and thing a path names, by each of Artifactory's methods
//! - `challenge`: where a client without a credential is sent
//! - `token`: the endpoint it is sent to
//! - `grant`: what that endpoint hands out
//! - `caller`: who a request comes from, and what that opens
//! - `pull`, `range`: manifests, blobs, parts of blobs, tags
//! - `cloud`: the hosts of the clouds' registries, which this one serves for whom they let in
//! - `storage`, `link`: redirects of blobs to signed addresses
//! - `content`, `digest`: what is there to pull
//! - `hello`, `layout`: where it comes from
//! - `error`: what goes wrong, in Artifactory's words
//!
//! Writes are refused: images come from the world file.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State as Shared};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use serde_json::json;

use self::caller::Denial;
use self::challenge::Origin;
use self::cloud::Foreign;
use self::grant::Grants;
use self::link::LinkKey;
use self::pull::Page;
use self::route::{Endpoint, Route};
use self::token::parameters;
use crate::service_error::RegistryError;
use crate::state::State;

mod caller;
mod challenge;
mod cloud;
mod content;
mod digest;
mod error;
mod grant;
mod hello;
mod layout;
mod link;
mod pull;
mod range;
mod route;
mod storage;
mod token;

pub use self::content::{Content, Image, Manifest};
pub use self::digest::Digest;
pub use self::layout::LayoutError;

const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// What the endpoints share: the world, the tokens handed out, and the key of blob addresses.
struct Registry {
    state: Arc<State>,
    grants: Grants,
    links: LinkKey,
}

/// Serves the registry by the repository path method, by subdomain, and below `/artifactory`.
pub fn router(state: Arc<State>) -> Router {
    let grants = Grants::default();
    let registry = Arc::new(Registry { state, grants, links: LinkKey::generate() });
    Router::new()
        .route("/v2", any(by_host))
        .route("/v2/", any(by_host))
        .route("/v2/{*rest}", any(by_host))
        .route("/v2/token", any(token_by_host))
        .route("/token/", any(at_the_door))
        .route("/oauth2/{*rest}", any(at_the_door))
        .route("/artifactory/api/docker/{repository}/v2", any(direct))
        .route("/artifactory/api/docker/{repository}/v2/", any(direct))
        .route("/artifactory/api/docker/{repository}/v2/{*rest}", any(direct_below))
        .route("/artifactory/api/docker/{repository}/v2/token", any(token))
        .route("/filestore/{digest}", get(stored))
        .layer(map_response(identify))
        .with_state(registry)
}

/// The `/v2/` of a host: a repository's own where the subdomain names one, else everyone's.
async fn by_host(Shared(registry): Shared<Arc<Registry>>, rest: Option<Path<String>>, request: Request) -> Response {
    let rest = rest.map_or_else(String::new, |Path(rest)| rest);
    if let Some(door) = registry.door(request.headers()) {
        return registry.behind(&door, request, &rest).await;
    }
    let route = match registry.subdomain(&request) {
        Some(repository) => Route::within(repository, &rest),
        None => Route::by_path(&rest),
    };
    registry.answer(&request, &route)
}

/// `/v2/` of one repository, wherever it is served from.
async fn direct(Shared(registry): Shared<Arc<Registry>>, Path(repository): Path<String>, request: Request) -> Response {
    registry.answer(&request, &Route::within(&repository, ""))
}

async fn direct_below(
    Shared(registry): Shared<Arc<Registry>>,
    Path((repository, rest)): Path<(String, String)>,
    request: Request,
) -> Response {
    registry.answer(&request, &Route::within(&repository, &rest))
}

async fn token_by_host(Shared(registry): Shared<Arc<Registry>>, request: Request) -> Response {
    if let Some(door) = registry.door(request.headers()) {
        return registry.ask(&door, request).await;
    }
    let repository = registry.subdomain(&request);
    registry.hand_out(repository, request.method(), request.uri(), request.headers())
}

/// The token endpoints of the clouds' registries, which Artifactory does not have.
async fn at_the_door(Shared(registry): Shared<Arc<Registry>>, request: Request) -> Response {
    match registry.door(request.headers()) {
        Some(door) => registry.ask(&door, request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The realm of a challenge names the repository, or `null` for none.
async fn token(Shared(registry): Shared<Arc<Registry>>, Path(repository): Path<String>, request: Request) -> Response {
    let repository = Some(repository.as_str()).filter(|name| *name != "null");
    registry.hand_out(repository, request.method(), request.uri(), request.headers())
}

async fn stored(Shared(registry): Shared<Arc<Registry>>, Path(digest): Path<String>, request: Request) -> Response {
    let request = (request.method(), request.uri(), request.headers());
    registry.stored(&digest, request).into_response()
}

impl Registry {
    fn answer(&self, request: &Request, route: &Route) -> Response {
        let mut response = self.pull(request, route).unwrap_or_else(|denial| {
            let origin = Origin::of(request.headers(), self.scheme());
            denial.respond(&origin, route)
        });
        response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
        response
    }

    fn pull(&self, request: &Request, route: &Route) -> Result<Response, Denial> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(error::unsupported().into());
        }
        let caller = self.caller(request.headers())?;
        let Some((repository, name)) = self.permit(&caller, route)? else {
            return Ok(axum::Json(json!({})).into_response());
        };
        Ok(self.found(request, repository, name, route)?)
    }

    /// Serves what a path names of an image that may be read.
    fn found(&self, request: &Request, repository: &str, name: &str, route: &Route) -> Result<Response, RegistryError> {
        let headers = request.headers();
        let image = (name, self.state.content.image(repository, name));
        Ok(match &route.endpoint {
            Endpoint::Manifest { reference, .. } => pull::manifest(headers, image, reference)?,
            Endpoint::Blob { digest, .. } => self.blob(request, image, digest.as_ref())?,
            _ => pull::tags(request.uri().path(), image, &Page::parse(&parameters(request.uri()))?)?,
        })
    }

    /// Serves a blob itself, or says where it lies: JFrog's cloud answers a GET with a redirect.
    fn blob(
        &self,
        request: &Request,
        (_, image): (&str, Option<&Image>),
        digest: Option<&Digest>,
    ) -> Result<Response, RegistryError> {
        let digest = digest.ok_or_else(error::digest_invalid)?;
        let bytes =
            image.and_then(|image| image.blob(digest)).ok_or_else(|| error::blob_unknown(&digest.to_string()))?;
        let (method, headers) = (request.method(), request.headers());
        if self.state.world.answers.redirect_blobs && method == Method::GET {
            return Ok(self.redirect(headers, digest));
        }
        Ok(pull::blob(method, headers, bytes, digest))
    }

    fn subdomain<'a>(&self, request: &'a Request) -> Option<&'a str> {
        let host = challenge::host(request.headers());
        route::subdomain(host, |label| self.state.content.has_repository(label))
    }

    fn scheme(&self) -> &'static str {
        self.state.scheme.as_str()
    }

    fn now(&self) -> i64 {
        self.state.kit.clock.unix()
    }
}

/// Adds the headers by which every answer of Artifactory itself tells its node and version.
///
/// Source: the capture in <https://github.com/containerd/containerd/issues/6339>.
async fn identify(mut response: Response) -> Response {
    if response.extensions().get::<Foreign>().is_some() {
        return response;
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-artifactory-id", "4b1f0c8e9d2a7635:-5e0d1c2b:18f2a3b4c5d:-8000"),
        ("x-artifactory-node-id", "artifactory-0"),
        ("x-jfrog-version", "Artifactory/7.84.12 78412900"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
