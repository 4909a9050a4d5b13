//! Journal, faults and clock over HTTP, for programs in any language.
//!
//! | request | meaning |
//! |---|---|
//! | `GET /__mock/requests` | every request so far, as an array of [`Recorded`] |
//! | `DELETE /__mock/requests` | forgets them |
//! | `GET /__mock/faults` | the faults in force |
//! | `POST /__mock/faults` | adds one: `{"path": "/x*", "method": "PUT", "times": 2, "status": 503, "headers": {"retry-after": "1"}, "body": "..."}`; `"when": {"x-amz-target": "a.B"}` limits it to requests with that header; `body_bytes` makes a body of that length; instead of `status`: `"behaviour": "hang"`, `"reset"` or `"truncate"`, or `"drip_ms": 5`; `"latency_ms": 250` alone or beside any of them |
//! | `DELETE /__mock/faults` | ends them |
//! | `GET /__mock/clock` | `{"now": "2026-01-02T03:04:05Z", "unix": 1767323045}` |
//! | `POST /__mock/clock` | `{"advance": "90s"}`, `"1h30m"`, `"250ms"` or a number of seconds |

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Kit;
use crate::fault::Fault;
use crate::fault::document::FaultDocument;
use crate::journal::Recorded;

/// Serves the control paths of a kit; everything else is for the caller to add.
pub fn router(kit: &Kit) -> Router {
    Router::new()
        .route("/__mock/requests", get(requests).delete(forget_requests))
        .route("/__mock/faults", get(faults).post(add_fault).delete(end_faults))
        .route("/__mock/clock", get(clock).post(advance))
        .with_state(kit.clone())
}

/// A control request that cannot be followed: `400 {"error": "..."}` naming the key.
#[derive(Debug)]
pub struct BadRequest(pub String);

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.0 });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    }
}

/// Reads a JSON document whatever its content type, as `curl -d` sends it.
///
/// # Errors
///
/// A document that does not fit is a [`BadRequest`] that names the key.
pub fn document<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadRequest> {
    let document = Json::from_bytes(body);
    let Json(document) = document.map_err(|rejection| BadRequest(rejection.body_text()))?;
    Ok(document)
}

async fn requests(State(kit): State<Kit>) -> Json<Vec<Recorded>> {
    Json(kit.journal.requests())
}

async fn forget_requests(State(kit): State<Kit>) -> StatusCode {
    kit.journal.clear();
    StatusCode::NO_CONTENT
}

async fn faults(State(kit): State<Kit>) -> Json<Vec<FaultDocument>> {
    Json(kit.faults.list().iter().map(FaultDocument::from).collect())
}

async fn add_fault(State(kit): State<Kit>, body: Bytes) -> Result<StatusCode, BadRequest> {
    let faults = Vec::<Fault>::try_from(document::<FaultDocument>(&body)?);
    let faults = faults.map_err(|error| BadRequest(error.to_string()))?;
    for fault in faults {
        kit.faults.add(fault);
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn end_faults(State(kit): State<Kit>) -> StatusCode {
    kit.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Serialize)]
struct Present {
    now: String,
    unix: i64,
}

async fn clock(State(kit): State<Kit>) -> Json<Present> {
    Json(Present { now: kit.clock.rfc3339(), unix: kit.clock.unix() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: Span,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Span {
    Seconds(u64),
    Text(String),
}

async fn advance(State(kit): State<Kit>, body: Bytes) -> Result<Json<Present>, BadRequest> {
    let Advance { advance } = document(&body)?;
    let by = match advance {
        Span::Seconds(seconds) => Duration::from_secs(seconds),
        Span::Text(text) => {
            span(&text).ok_or_else(|| BadRequest(format!("`advance` must be like `90s` or `1h30m`, not `{text}`")))?
        }
    };
    kit.clock.advance(by);
    Ok(clock(State(kit)).await)
}

/// Reads `1h30m`, `90s` or `250ms`; a bare number is seconds.
fn span(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (mut rest, mut total) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|it: char| !it.is_ascii_digit())?);
        let unit = after.find(|it: char| it.is_ascii_digit());
        let (unit, next) = after.split_at(unit.unwrap_or(after.len()));
        let milliseconds = number.parse::<u64>().ok()?.checked_mul(factor(unit)?)?;
        total = total.checked_add(Duration::from_millis(milliseconds))?;
        rest = next;
    }
    (!text.is_empty()).then_some(total)
}

/// Answers how many milliseconds a unit has.
fn factor(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_add_their_parts() {
        assert_eq!(span("90s"), Some(Duration::from_secs(90)));
        assert_eq!(span("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(span("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(span("1d"), Some(Duration::from_hours(24)));
        assert_eq!(span("7"), Some(Duration::from_secs(7)));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in ["", "s", "-5s", "5 s", "5y", "5s4", "99999999999999999999s"] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
