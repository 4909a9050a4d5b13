//! Hosts of the clouds' registries: the trusted mock-cloud says who may come in, and the images are those of this world.
//!
//! Whoever is let in reads every repository: what a cloud's registry permits, it permits at its door.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

use super::route::Route;
use super::{Registry, error};

/// More than a form with a token.
const LARGEST_FORM: usize = 1 << 16;

/// The registry of a cloud that a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Door {
    host: String,
    /// Where the mock-cloud answers for it.
    url: String,
}

/// Marks an answer that is not Artifactory's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Foreign;

impl Registry {
    /// The registry of a cloud that has the host of a request, if one does.
    pub(super) fn door(&self, headers: &HeaderMap) -> Option<Door> {
        let host = super::challenge::host(headers);
        let host = host.split_once(':').map_or(host, |(name, _)| name);
        let url = self.state.registries.get(host)?;
        Some(Door { host: host.to_owned(), url: url.clone() })
    }

    /// Asks at the door, and serves what is asked for to whom it opens.
    pub(super) async fn behind(&self, door: &Door, request: Request, rest: &str) -> Response {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let answer = self.ask(door, request).await;
        let is_pull = matches!(parts.method, Method::GET | Method::HEAD);
        if answer.status() != StatusCode::OK || !is_pull || rest.is_empty() {
            return answer;
        }
        let request = Request::from_parts(parts, axum::body::Body::empty());
        let response = self.content(&request, &Route::by_path(rest)).into_response();
        foreign(response)
    }

    /// Sends a request to the door as it came.
    pub(super) async fn ask(&self, door: &Door, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, LARGEST_FORM).await else {
            return foreign(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        };
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let url = format!("{}{path}", door.url);
        let mut question = self.state.client.request(parts.method, url).header(HOST, &door.host).body(body);
        for name in [AUTHORIZATION, CONTENT_TYPE] {
            if let Some(value) = parts.headers.get(&name) {
                question = question.header(name, value);
            }
        }
        let Ok(answer) = question.headers(mock_kit::trace::onward()).send().await else {
            return foreign(StatusCode::BAD_GATEWAY.into_response());
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let Ok(body) = answer.bytes().await else {
            return foreign(StatusCode::BAD_GATEWAY.into_response());
        };
        let mut response = (status, body).into_response();
        for name in [CONTENT_TYPE, WWW_AUTHENTICATE] {
            if let Some(value) = headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        foreign(response)
    }

    /// What a path names, for somebody who may read everything.
    fn content(&self, request: &Request, route: &Route) -> Result<Response, crate::service_error::RegistryError> {
        let repository = route.repository.as_deref().unwrap_or_default();
        let image = route.image().filter(|_| self.state.content.has_repository(repository));
        let image = image.ok_or_else(|| error::name_unknown(repository))?;
        self.found(request, repository, image, route)
    }
}

fn foreign(mut response: Response) -> Response {
    response.extensions_mut().insert(Foreign);
    response
}
