//! The metadata service of the virtual machine: what it asks of every request.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::header::SERVER;
use http::request::Parts;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::Azure;
use super::error::ImdsError;
use super::identity::Selector;
use super::instance;
use crate::query::Query;

/// As recorded; some clients refuse an answer whose server is not `IMDS`.
const SERVER_NAME: HeaderValue = HeaderValue::from_static("IMDS/150.870.65.1854");

/// The first version that has the token endpoint.
const FIRST_TOKEN_VERSION: &str = "2018-02-01";

pub(super) fn router(azure: &Azure) -> Router {
    Router::new().fallback(answer).with_state(azure.clone())
}

async fn answer(State(azure): State<Azure>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut response = azure.imds(&parts).into_response();
    response.headers_mut().insert(SERVER, SERVER_NAME);
    response
}

impl Azure {
    fn imds(&self, request: &Parts) -> Result<Response, ImdsError> {
        if request.headers.contains_key("x-forwarded-for") {
            return Err(ImdsError::Forwarded);
        }
        if request.headers.get("metadata").is_none_or(|it| it != "true") {
            return Err(ImdsError::MetadataHeader);
        }
        if request.method != Method::GET {
            return Err(ImdsError::Method);
        }
        let query = Query::parse(request.uri.query());
        if let Some(name) = query.duplicate() {
            return Err(ImdsError::DuplicateParameter(name.to_owned()));
        }
        let path = request.uri.path().strip_prefix("/metadata");
        match path.ok_or(ImdsError::NotFound)? {
            "/identity/oauth2/token" => self.token(&query),
            "/versions" => Ok(Json(json!({ "apiVersions": instance::VERSIONS })).into_response()),
            path => match path.strip_prefix("/instance") {
                Some(path) if path.is_empty() || path.starts_with('/') => self.instance(path, &query),
                _ => Err(ImdsError::NotFound),
            },
        }
    }

    fn token(&self, query: &Query) -> Result<Response, ImdsError> {
        let version = query.first("api-version").ok_or(ImdsError::ApiVersion)?;
        if !is_date(version) || version < FIRST_TOKEN_VERSION {
            return Err(ImdsError::ApiVersion);
        }
        let resource = query.first("resource").unwrap_or_default();
        if resource.is_empty() {
            return Err(ImdsError::NoResource);
        }
        let reply = self.managed_identity_token(&selector(query)?, resource)?;
        Ok(Json(reply).into_response())
    }

    fn instance(&self, path: &str, query: &Query) -> Result<Response, ImdsError> {
        let version = query.first("api-version").ok_or(ImdsError::ApiVersion)?;
        if !instance::VERSIONS.contains(&version) {
            return Err(ImdsError::ApiVersion);
        }
        let as_text = query.first("format") == Some("text");
        match instance::element(self.world(), path, as_text)? {
            Value::String(leaf) => Ok(leaf.into_response()),
            branch => Ok(Json(branch).into_response()),
        }
    }
}

fn selector(query: &Query) -> Result<Selector, ImdsError> {
    let given = |name| query.first(name).map(str::to_owned);
    let selectors = [
        given("client_id").map(Selector::ClientId),
        given("object_id").map(Selector::ObjectId),
        given("msi_res_id").map(Selector::ResourceId),
    ];
    let mut selectors = selectors.into_iter().flatten();
    match (selectors.next(), selectors.next()) {
        (_, Some(_)) => Err(ImdsError::SeveralSelectors),
        (selector, None) => Ok(selector.unwrap_or_default()),
    }
}

/// Whether a version has the form `YYYY-MM-DD`, so that versions compare as text.
fn is_date(text: &str) -> bool {
    let mut bytes = text.bytes().enumerate();
    text.len() == 10 && bytes.all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_date() {
        assert!(is_date("2018-02-01"));
        for text in ["", "2018-2-01", "2018-02-011", "2018/02/01", "latest", "20180201--"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
