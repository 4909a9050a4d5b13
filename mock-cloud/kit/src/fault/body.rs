//! Bodies that misbehave on purpose.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::clock;

/// Answers with the right length, sends half of the body, then ends the connection.
pub(crate) async fn truncated(response: Response) -> Response {
    replaced(response, |bytes| {
        let length = bytes.len() as u64;
        let half = Some(bytes.slice(..bytes.len() / 2));
        let (length, flushed) = (SizeHint::with_exact(length), false);
        axum::body::Body::new(Truncated { half, flushed, length })
    })
    .await
}

/// Answers with one byte of the body per interval.
pub(crate) async fn dripping(response: Response, interval: Duration) -> Response {
    replaced(response, |rest| {
        let pause = Box::pin(clock::pause(interval));
        axum::body::Body::new(Dripping { rest, interval, pause })
    })
    .await
}

type Response = axum::response::Response;

async fn replaced(response: Response, body: impl FnOnce(Bytes) -> axum::body::Body) -> Response {
    let (parts, real) = response.into_parts();
    // The mocks' own bodies are in memory; one that breaks is cut short already.
    let bytes = real.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = if bytes.is_empty() { axum::body::Body::empty() } else { body(bytes) };
    Response::from_parts(parts, body)
}

struct Truncated {
    half: Option<Bytes>,
    flushed: bool,
    length: SizeHint,
}

impl Body for Truncated {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.flushed {
            // hyper drops what it has buffered when a body fails, but flushes while one is pending.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }

    fn size_hint(&self) -> SizeHint {
        self.length
    }
}

struct Dripping {
    rest: Bytes,
    interval: Duration,
    pause: Pin<Box<Sleep>>,
}

impl Body for Dripping {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        ready!(self.pause.as_mut().poll(context));
        self.pause = Box::pin(clock::pause(self.interval));
        let byte = self.rest.split_to(1);
        Poll::Ready(Some(Ok(Frame::data(byte))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
