//! The span of one attempt of one HTTP request.
//!
//! Source: OpenTelemetry semantic conventions, "HTTP client span".

use reqwest::Url;
use tracing::{Span, field, info_span};

use crate::http::{HttpError, Reply, Request};

/// The span of an attempt, from 1. The query is left out: it is what a caller asks for, and can hold a credential.
pub(crate) fn attempt(request: &Request, attempt: u32) -> Span {
    let method = request.method();
    let span = info_span!(
        "call",
        otel.name = method,
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.request.resend_count = field::Empty,
        http.response.status_code = field::Empty,
        server.address = field::Empty,
        server.port = field::Empty,
        url.path = field::Empty,
        url.scheme = field::Empty,
        error.type = field::Empty
    );
    if span.is_disabled() {
        return span;
    }
    if let Ok(url) = Url::parse(request.url()) {
        span.record("server.address", url.host_str().unwrap_or_default().trim_matches(['[', ']']));
        span.record("server.port", i64::from(url.port_or_known_default().unwrap_or_default()));
        span.record("url.path", url.path());
        span.record("url.scheme", url.scheme());
    }
    if attempt > 1 {
        span.record("http.request.resend_count", i64::from(attempt - 1));
    }
    span
}

/// Tells what came of an attempt.
pub(crate) fn answered(span: &Span, outcome: &Result<Reply, HttpError>) {
    match outcome {
        Ok(reply) => {
            let status = reply.status.as_u16();
            span.record("http.response.status_code", i64::from(status));
            if status >= 400 {
                span.record("error.type", status.to_string()).record("otel.status_code", "ERROR");
            }
        }
        Err(error) => {
            span.record("error.type", error.kind()).record("otel.status_code", "ERROR");
        }
    }
}
