//! The metadata server of the instance: what it asks of every request, and what it answers.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG, HOST, HeaderMap, SERVER, X_FRAME_OPTIONS, X_XSS_PROTECTION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method};
use sha2::{Digest as _, Sha256};

use super::Gcp;
use super::page::{HTML, Refusal};
use super::token::Format;
use super::tree::Node;
use super::world::MetadataServer;
use crate::query::Query;

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

pub(super) fn router(gcp: &Gcp) -> Router {
    Router::new().fallback(answer).with_state(gcp.clone())
}

async fn answer(State(gcp): State<Gcp>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let server = &gcp.world().metadata_server;
    let mut response = match gcp.metadata(&parts).await {
        Ok(content) => content.into_response(),
        Err(refusal) => refusal.response(server),
    };
    with_usual_headers(response.headers_mut(), server);
    response
}

/// Every answer has them, refusals too.
fn with_usual_headers(headers: &mut HeaderMap, server: &MetadataServer) {
    let name = match server {
        MetadataServer::ComputeEngine => "Metadata Server for VM",
        MetadataServer::Gke(_) => "GKE Metadata Server",
    };
    headers.insert(FLAVOR, GOOGLE);
    headers.insert(SERVER, HeaderValue::from_static(name));
    headers.insert(X_XSS_PROTECTION, HeaderValue::from_static("0"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
}

impl Gcp {
    async fn metadata(&self, request: &Parts) -> Result<Content, Refusal> {
        let path = request.uri.path();
        if request.headers.contains_key("x-forwarded-for") {
            return Err(Refusal::Forwarded { path: path.into() });
        }
        if request.method != Method::GET {
            return Err(Refusal::Method);
        }
        // A program that looks for the server asks for the root, without the header.
        if path == "/" {
            return Ok(Content::text("computeMetadata/\n".into()));
        }
        if request.headers.get(FLAVOR) != Some(&GOOGLE) {
            return Err(Refusal::Flavor { path: path.into() });
        }
        let not_found = || Refusal::NotFound { path: path.into() };
        match path.strip_prefix("/computeMetadata").ok_or_else(not_found)? {
            "" | "/v1" => Err(moved(request)),
            "/" => Ok(Content::text("v1/\n".into())),
            below => {
                let element = below.strip_prefix("/v1/").ok_or_else(not_found)?;
                self.awaited(element, request).await
            }
        }
    }

    /// Answers an element, if asked so only once it is another than the caller knows, or the caller's time is up.
    ///
    /// Source: Compute Engine, Query VM metadata (Query metadata for changes).
    async fn awaited(&self, element: &str, request: &Parts) -> Result<Content, Refusal> {
        let query = Query::parse(request.uri.query());
        let mut changes = self.0.attributes.subscribe();
        let content = self.element(element, request, &query)?;
        if !is_true(&query, "wait_for_change") {
            return Ok(content);
        }
        let known = query.first("last_etag").map_or_else(|| content.etag(), str::to_owned);
        let awaited = async {
            let mut content = self.element(element, request, &query);
            while content.as_ref().is_ok_and(|content| content.etag() == known) {
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                content = self.element(element, request, &query);
            }
            content
        };
        match query.first("timeout_sec").and_then(|seconds| seconds.parse().ok()) {
            None => awaited.await,
            Some(seconds) => match tokio::time::timeout(Duration::from_secs(seconds), awaited).await {
                Ok(content) => content,
                Err(_) => self.element(element, request, &query),
            },
        }
    }

    fn element(&self, element: &str, request: &Parts, query: &Query) -> Result<Content, Refusal> {
        let path = request.uri.path();
        let not_found = || Refusal::NotFound { path: path.into() };
        let directory = element.strip_suffix('/').or(element.is_empty().then_some(""));
        let node = self.tree().at(directory.unwrap_or(element));
        match (node.ok_or_else(not_found)?, directory) {
            (Node::Directory(_), None) => Err(moved(request)),
            (node @ Node::Directory(_), Some(_)) if is_true(query, "recursive") => Ok(match query.first("alt") {
                Some("text") => Content::text(node.lines("")),
                _ => Content::json(&node),
            }),
            (Node::Directory(entries), Some(_)) => Ok(Content::text(Node::listing(&entries))),
            (_, Some(_)) => Err(not_found()),
            (Node::Token, None) => self.access_token(query)?.ok_or_else(not_found),
            (Node::Identity, None) => self.identity(query)?.ok_or_else(not_found),
            (node, None) if query.first("alt") == Some("json") => Ok(Content::json(&node)),
            (Node::Text(value), None) => Ok(Content::text(value)),
            (Node::Number(value), None) => Ok(Content::text(value.to_string())),
            (Node::Lines(lines), None) => Ok(Content::text(lines.join("\n") + "\n")),
        }
    }

    fn access_token(&self, query: &Query) -> Result<Option<Content>, Refusal> {
        let reply = self.access_token_reply(query.first("scopes"))?;
        Ok(reply
            .and_then(|reply| serde_json::to_string(&reply).ok())
            .map(|body| Content::token("application/json", body)))
    }

    fn identity(&self, query: &Query) -> Result<Option<Content>, Refusal> {
        let audience = query.first("audience").filter(|it| !it.is_empty());
        let token = self.id_token(audience.ok_or(Refusal::Audience)?, Format::of(query))?;
        Ok(token.map(|token| Content::token(HTML[0].1, token)))
    }
}

/// What is answered where nothing is refused.
struct Content {
    media_type: &'static str,
    body: String,
    kept: Kept,
}

/// Whether an answer has an `ETag`; tokens have none.
#[derive(Clone, Copy)]
enum Kept {
    Tagged,
    Untagged,
}

impl Content {
    fn text(body: String) -> Self {
        Self { media_type: "application/text", body, kept: Kept::Tagged }
    }

    fn json(node: &Node) -> Self {
        Self { media_type: "application/json", body: node.json().unwrap_or_default().to_string(), kept: Kept::Tagged }
    }

    fn token(media_type: &'static str, body: String) -> Self {
        Self { media_type, body, kept: Kept::Untagged }
    }

    fn etag(&self) -> String {
        hex::encode(&Sha256::digest(&self.body)[..8])
    }

    fn into_response(self) -> Response {
        let content_type = [(CONTENT_TYPE, self.media_type)];
        match self.kept {
            Kept::Tagged => (content_type, [(ETAG, self.etag())], self.body).into_response(),
            Kept::Untagged => (content_type, self.body).into_response(),
        }
    }
}

fn is_true(query: &Query, name: &str) -> bool {
    query.first(name).is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

fn moved(request: &Parts) -> Refusal {
    let path = request.uri.path().to_owned();
    let host = request.headers.get(HOST).and_then(|it| it.to_str().ok());
    let host = host.unwrap_or("metadata.google.internal");
    let query = request.uri.query().map(|it| format!("?{it}"));
    let location = format!("http://{host}{path}/{}", query.unwrap_or_default());
    Refusal::Moved { location, path }
}
