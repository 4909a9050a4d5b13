//! The token endpoint: the secret of a client for an access token of its own.
//!
//! ```text
//! form ─▶ grant type ─▶ client id and secret ─▶ flow ─▶ scopes ─▶ token
//! ```
//!
//! Amazon Cognito developer guide, "The token issuer endpoint". A code or a refresh token was never given to anybody, so
//! each of them is an `invalid_grant`.

use std::sync::PoisonError;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value, json};
use thiserror::Error;
use uuid::Uuid;

use super::pool::Pool;
use super::{Client, Cognito, Flow, ForbiddenFlow, UnknownScope};
use crate::query::Query;

/// Why no token is issued: the `error` of RFC 6749, section 5.2, and nothing else, since Cognito does not describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum TokenError {
    #[error("invalid_request")]
    InvalidRequest,
    #[error("invalid_client")]
    InvalidClient,
    #[error("invalid_grant")]
    InvalidGrant,
    #[error("unauthorized_client")]
    UnauthorizedClient,
    #[error("unsupported_grant_type")]
    UnsupportedGrantType,
    #[error("invalid_scope")]
    InvalidScope,
}

pub(super) fn router(cognito: Cognito) -> Router {
    Router::new()
        .route("/oauth2/token", any(by_host))
        .route("/cognito/{domain}/oauth2/token", any(by_path))
        .with_state(cognito)
}

/// Whether a host name is one of Cognito's own domains.
pub(super) fn is_cognito_domain(host: &str) -> bool {
    host.ends_with(".amazoncognito.com")
}

async fn by_host(State(cognito): State<Cognito>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split_once(':').map_or(host, |(name, _)| name);
    let region = &cognito.0.facts.world.region;
    let pool = cognito.0.pools.iter().find(|pool| pool.host(region).as_deref() == Some(host) || pool.is_own(host));
    answer(&cognito, pool, &method, &headers, &body)
}

async fn by_path(
    State(cognito): State<Cognito>,
    Path(domain): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut pools = cognito.0.pools.iter();
    let pool = pools.find(|pool| pool.facts.domain.as_deref() == Some(&*domain) || pool.is_own(&domain));
    answer(&cognito, pool, &method, &headers, &body)
}

fn answer(cognito: &Cognito, pool: Option<&Pool>, method: &Method, headers: &HeaderMap, body: &[u8]) -> Response {
    let Some(pool) = pool else {
        return (StatusCode::NOT_FOUND, "no user pool has this domain\n").into_response();
    };
    if method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    }
    let (status, document) = match grant(cognito, pool, headers, body) {
        Ok(document) => (StatusCode::OK, document),
        Err(error) => (StatusCode::BAD_REQUEST, json!({"error": error.to_string()})),
    };
    let headers = [(CONTENT_TYPE, "application/json;charset=UTF-8"), (CACHE_CONTROL, "no-store")];
    (status, headers, document.to_string()).into_response()
}

fn grant(cognito: &Cognito, pool: &Pool, headers: &HeaderMap, body: &[u8]) -> Result<Value, TokenError> {
    let form = form(headers, body)?;
    let grant_type = form.first("grant_type").ok_or(TokenError::InvalidRequest)?;
    if !["client_credentials", "authorization_code", "refresh_token"].contains(&grant_type) {
        return Err(TokenError::UnsupportedGrantType);
    }
    let client = client(pool, headers, &form)?;
    if grant_type != "client_credentials" {
        return Err(TokenError::InvalidGrant);
    }
    let world = &cognito.0.facts.world.cognito;
    if !client.flows.contains(&Flow::ClientCredentials) {
        return Err(match world.forbidden_flow {
            ForbiddenFlow::UnauthorizedClient => TokenError::UnauthorizedClient,
            ForbiddenFlow::InvalidGrant => TokenError::InvalidGrant,
        });
    }
    let scope = scope(pool, client, form.first("scope"), world.unknown_scope)?;
    let token = pool.issuer().sign(claims(pool, client, &scope, cognito.0.facts.clock.unix()));
    cognito.0.issued.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
    Ok(json!({"access_token": token, "expires_in": client.access_token_seconds, "token_type": "Bearer"}))
}

fn form(headers: &HeaderMap, body: &[u8]) -> Result<Query, TokenError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let body = std::str::from_utf8(body).map_err(|_| TokenError::InvalidRequest)?;
    let form = Query::parse(Some(body));
    let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    // RFC 6749, section 3.2: a parameter may not come twice.
    if is_form && form.duplicate().is_none() { Ok(form) } else { Err(TokenError::InvalidRequest) }
}

/// The client whose id and secret came, in the `Authorization` header or in the form.
fn client<'a>(pool: &'a Pool, headers: &HeaderMap, form: &Query) -> Result<&'a Client, TokenError> {
    let (named, in_form) = (form.first("client_id"), form.first("client_secret"));
    let (id, secret) = if let Some(header) = headers.get(AUTHORIZATION) {
        let pair = header.to_str().ok().and_then(basic).ok_or(TokenError::InvalidClient)?;
        // RFC 6749, section 2.3: one way to say who it is.
        if in_form.is_some() || named.is_some_and(|named| named != pair.0) {
            return Err(TokenError::InvalidRequest);
        }
        pair
    } else {
        (named.ok_or(TokenError::InvalidRequest)?.to_owned(), in_form.unwrap_or_default().to_owned())
    };
    let mut clients = pool.clients();
    let found = clients.find(|(client, own)| client.id == id && *own == secret);
    found.map(|(client, _)| client).ok_or(TokenError::InvalidClient)
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(decoded).ok()?;
    pair.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// The scopes that a token gets: those asked for, or all of the client's.
fn scope(pool: &Pool, client: &Client, asked: Option<&str>, unknown: UnknownScope) -> Result<String, TokenError> {
    let has = |scope: &str| client.scopes.iter().any(|own| own == scope) && pool.has_scope(scope);
    let asked: Vec<&str> = asked.unwrap_or_default().split_whitespace().collect();
    let wanted = if asked.is_empty() { client.scopes.iter().map(String::as_str).collect() } else { asked };
    let granted: Vec<&str> = wanted.iter().copied().filter(|scope| has(scope)).collect();
    let refused = unknown == UnknownScope::Refused && granted.len() < wanted.len();
    if refused || granted.is_empty() { Err(TokenError::InvalidScope) } else { Ok(granted.join(" ")) }
}

// The claims of a person's token are documented and captured; those of a program's have its client id for `sub`, and no
// `username`: Amazon Cognito developer guide, "Understanding the access token" and "Scopes, M2M, and APIs with resource
// servers".
fn claims(pool: &Pool, client: &Client, scope: &str, now: i64) -> Map<String, Value> {
    let claims = json!({
        "sub": client.id,
        "token_use": "access",
        "scope": scope,
        "auth_time": now,
        "iss": pool.issuer().url(),
        "exp": now + i64::from(client.access_token_seconds),
        "iat": now,
        "version": 2,
        "jti": Uuid::new_v4().to_string(),
        "client_id": client.id,
    });
    let audience = client.audience.iter().map(|audience| ("aud".to_owned(), json!(audience)));
    claims.as_object().cloned().unwrap_or_default().into_iter().chain(audience).collect()
}
