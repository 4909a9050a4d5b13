//! The metadata server of the instance: what it asks of every request, and what it answers.

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
use super::tree::{self, Node};
use crate::query::Query;

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const GOOGLE: HeaderValue = HeaderValue::from_static("Google");

pub(super) fn router(gcp: &Gcp) -> Router {
    Router::new().fallback(answer).with_state(gcp.clone())
}

async fn answer(State(gcp): State<Gcp>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut response = gcp.metadata(&parts).into_response();
    with_usual_headers(response.headers_mut());
    response
}

/// Every answer has them, refusals too.
fn with_usual_headers(headers: &mut HeaderMap) {
    headers.insert(FLAVOR, GOOGLE);
    headers.insert(SERVER, HeaderValue::from_static("Metadata Server for VM"));
    headers.insert(X_XSS_PROTECTION, HeaderValue::from_static("0"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
}

impl Gcp {
    fn metadata(&self, request: &Parts) -> Result<Response, Refusal> {
        let path = request.uri.path();
        if request.headers.contains_key("x-forwarded-for") {
            return Err(Refusal::Forwarded { path: path.into() });
        }
        if request.method != Method::GET {
            return Err(Refusal::Method);
        }
        // A program that looks for the server asks for the root, without the header.
        if path == "/" {
            return Ok(text("computeMetadata/\n".into()));
        }
        if request.headers.get(FLAVOR) != Some(&GOOGLE) {
            return Err(Refusal::Flavor { path: path.into() });
        }
        let not_found = || Refusal::NotFound { path: path.into() };
        match path.strip_prefix("/computeMetadata").ok_or_else(not_found)? {
            "" | "/v1" => Err(moved(request)),
            "/" => Ok(text("v1/\n".into())),
            below => {
                let element = below.strip_prefix("/v1/").ok_or_else(not_found)?;
                self.element(element, request)
            }
        }
    }

    fn element(&self, element: &str, request: &Parts) -> Result<Response, Refusal> {
        let query = Query::parse(request.uri.query());
        let path = request.uri.path();
        let not_found = || Refusal::NotFound { path: path.into() };
        let directory = element.strip_suffix('/').or(element.is_empty().then_some(""));
        let node = tree::root(self.world()).at(directory.unwrap_or(element));
        match (node.ok_or_else(not_found)?, directory) {
            (Node::Directory(_), None) => Err(moved(request)),
            (node @ Node::Directory(_), Some(_)) if is_recursive(&query) => {
                Ok(json(node.json().unwrap_or_default().to_string(), Kept::Tagged))
            }
            (Node::Directory(entries), Some(_)) => Ok(text(Node::listing(&entries))),
            (_, Some(_)) => Err(not_found()),
            (Node::Text(value), None) => Ok(text(value)),
            (Node::Number(value), None) => Ok(text(value.to_string())),
            (Node::Lines(lines), None) => Ok(text(lines.join("\n") + "\n")),
            (Node::Token, None) => Ok(self.access_token(&query).ok_or_else(not_found)?),
            (Node::Identity, None) => self.identity(&query)?.ok_or_else(not_found),
        }
    }

    fn access_token(&self, query: &Query) -> Option<Response> {
        let reply = self.access_token_reply(query.first("scopes"))?;
        Some(json(serde_json::to_string(&reply).ok()?, Kept::Untagged))
    }

    fn identity(&self, query: &Query) -> Result<Option<Response>, Refusal> {
        let audience = query.first("audience").filter(|it| !it.is_empty());
        let token = self.id_token(audience.ok_or(Refusal::Audience)?, Format::of(query));
        Ok(token.map(|token| (HTML, token).into_response()))
    }
}

/// Whether an answer has an `ETag`; tokens have none.
#[derive(Clone, Copy)]
enum Kept {
    Tagged,
    Untagged,
}

fn text(body: String) -> Response {
    answer_of("application/text", body, Kept::Tagged)
}

fn json(body: String, kept: Kept) -> Response {
    answer_of("application/json", body, kept)
}

fn answer_of(content_type: &'static str, body: String, kept: Kept) -> Response {
    let tag = hex::encode(&Sha256::digest(&body)[..8]);
    let content_type = [(CONTENT_TYPE, content_type)];
    match kept {
        Kept::Tagged => (content_type, [(ETAG, tag)], body).into_response(),
        Kept::Untagged => (content_type, body).into_response(),
    }
}

fn is_recursive(query: &Query) -> bool {
    query.first("recursive").is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

fn moved(request: &Parts) -> Refusal {
    let path = request.uri.path().to_owned();
    let host = request.headers.get(HOST).and_then(|it| it.to_str().ok());
    let host = host.unwrap_or("metadata.google.internal");
    let query = request.uri.query().map(|it| format!("?{it}"));
    let location = format!("http://{host}{path}/{}", query.unwrap_or_default());
    Refusal::Moved { location, path }
}
