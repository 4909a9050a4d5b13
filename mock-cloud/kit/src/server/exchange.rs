//! One request and its answer: recorded, made to misbehave, answered by the mock.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use tower::ServiceExt as _;

use crate::Kit;
use crate::clock;
use crate::fault::{Behaviour, Plan, body};
use crate::journal::Recorded;
use crate::tls::Handshake;

/// How much of a body is recorded; the rest still reaches the mock.
const RECORDED_BODY: usize = 4 << 20;

/// What answers every request of a server.
#[derive(Clone)]
pub(super) struct Exchange {
    pub(super) router: Router,
    pub(super) kit: Kit,
    /// What the connection's handshake told; `None` without TLS.
    pub(super) handshake: Option<Handshake>,
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("a fault resets the connection")]
    Reset,
    #[error("the request's body broke off")]
    RequestBody(#[from] hyper::Error),
}

impl Exchange {
    pub(super) async fn answer(self, request: Request<Incoming>) -> Result<Response, Unanswered> {
        if request.uri().path().starts_with("/__mock/") {
            return Ok(self.real_answer(request.map(Body::new)).await);
        }
        let (parts, mut rest) = request.into_parts();
        let start = read_start(&mut rest).await?;
        let recorded = self.recorded(&parts, &start);
        let mut span = self.kit.trace.begin(&recorded, &parts);
        let entry = self.kit.journal.open(recorded);
        let plan = self.kit.faults.plan(parts.method.as_str(), parts.uri.path(), &parts.headers);
        let request = Request::from_parts(parts, Body::new(Replayed { start, rest }));
        let response =
            span.around(self.planned_answer(plan, request)).await.inspect_err(|_| span.unanswered("reset"))?;
        span.answered(response.status());
        self.kit.journal.complete(entry, response.status().as_u16());
        Ok(response)
    }

    async fn planned_answer(&self, plan: Plan, request: Request<Body>) -> Result<Response, Unanswered> {
        if !plan.latency.is_zero() {
            clock::pause(plan.latency).await;
        }
        match plan.behaviour {
            None | Some(Behaviour::Latency(_)) => Ok(self.real_answer(request).await),
            Some(Behaviour::Reply { status, headers, body }) => Ok(fixed(status, &headers, body)),
            Some(Behaviour::Hang) => std::future::pending().await,
            Some(Behaviour::Reset) => Err(Unanswered::Reset),
            Some(Behaviour::Truncate) => Ok(body::truncated(self.real_answer(request).await).await),
            Some(Behaviour::Drip(interval)) => Ok(body::dripping(self.real_answer(request).await, interval).await),
        }
    }

    async fn real_answer(&self, request: Request<Body>) -> Response {
        let answer = self.router.clone().oneshot(request).await;
        let mut response = answer.unwrap_or_else(|never| match never {});
        if let Ok(date) = HeaderValue::try_from(self.kit.clock.http_date()) {
            response.headers_mut().entry(header::DATE).or_insert(date);
        }
        response
    }

    fn recorded(&self, parts: &Parts, body: &[u8]) -> Recorded {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let host = parts.headers.get(header::HOST).map(text);
        let authority = parts.uri.authority().map(ToString::to_string);
        let headers = parts.headers.iter();
        Recorded {
            at: self.kit.clock.rfc3339(),
            at_us: u64::try_from(self.kit.clock.uptime().as_micros()).unwrap_or(u64::MAX),
            method: parts.method.to_string(),
            host: host.or(authority).unwrap_or_default(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: headers.map(|(key, value)| (key.to_string(), text(value))).collect(),
            body: String::from_utf8_lossy(&body[..body.len().min(RECORDED_BODY)]).into_owned(),
            tls: self.handshake.clone(),
            status: None,
        }
    }
}

/// Makes the answer of a fault; one that HTTP cannot express is answered with 500.
fn fixed(status: u16, headers: &[(String, String)], body: Vec<u8>) -> Response {
    let start = Response::builder().status(status);
    let response =
        headers.iter().fold(start, |response, (key, value)| response.header(key, value)).body(Body::from(body));
    response.unwrap_or_else(|error| {
        let mut response = Response::new(Body::from(format!("fault: {error}")));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// Reads a body up to about the length that is recorded.
async fn read_start(body: &mut Incoming) -> Result<Bytes, hyper::Error> {
    let mut start = BytesMut::new();
    while start.len() < RECORDED_BODY {
        let Some(frame) = body.frame().await else {
            break;
        };
        if let Ok(data) = frame?.into_data() {
            start.extend_from_slice(&data);
        }
    }
    Ok(start.freeze())
}

/// A body of which the start was read already.
struct Replayed {
    start: Bytes,
    rest: Incoming,
}

impl hyper::body::Body for Replayed {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if self.start.is_empty() {
            return Pin::new(&mut self.rest).poll_frame(context);
        }
        let start = std::mem::take(&mut self.start);
        Poll::Ready(Some(Ok(Frame::data(start))))
    }

    fn is_end_stream(&self) -> bool {
        self.start.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.size_hint();
        let start = self.start.len() as u64;
        let mut whole = SizeHint::new();
        whole.set_lower(rest.lower() + start);
        if let Some(upper) = rest.upper() {
            whole.set_upper(upper + start);
        }
        whole
    }
}
