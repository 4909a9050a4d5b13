//! A collector of OTLP that says what it is told to say.

use std::collections::VecDeque;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the collector answers to one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// A status without a body, and how long to wait, if that is said.
    Status(u16, Option<u64>),
    /// Success, but for so many spans.
    Partly(i64),
    /// Nothing, ever.
    Silence,
}

/// A request as the collector has it.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) headers: HeaderMap,
    pub(crate) request: ExportTraceServiceRequest,
    /// What it was sent, unpacked.
    pub(crate) body: Vec<u8>,
}

struct Desk {
    answers: Mutex<VecDeque<Answer>>,
    exports: UnboundedSender<Export>,
}

/// A collector on a port of its own.
pub(crate) struct Collector {
    desk: Arc<Desk>,
    exports: UnboundedReceiver<Export>,
    port: u16,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::at(0).await
    }

    /// A collector on this port, where none was before.
    pub(crate) async fn at(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, exports) = unbounded_channel();
        let desk = Arc::new(Desk { answers: Mutex::default(), exports: sender });
        let router = Router::new().route("/v1/traces", post(receive)).with_state(desk.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { desk, exports, port }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers the next requests so, and each further one with success.
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.desk.answers.lock().expect("no panic before").extend(answers);
    }

    /// The next request, whatever was answered to it.
    pub(crate) async fn next(&mut self) -> Export {
        let next = tokio::time::timeout(Duration::from_secs(30), self.exports.recv()).await;
        next.expect("an export within half a minute").expect("the collector runs")
    }
}

impl Collector {
    /// Whether nothing was sent beyond what was asked for by now.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.exports.is_empty()
    }
}

/// A port on which nobody listens.
pub(crate) async fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    listener.local_addr().expect("an address").port()
}

async fn receive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = desk.answers.lock().expect("no panic before").pop_front();
    let body = unpacked(&headers, &body);
    let is_json = headers["content-type"] == "application/json";
    let request = if is_json {
        serde_json::from_slice(&body).expect("OTLP in JSON")
    } else {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP in protobuf")
    };
    let _ = desk.exports.send(Export { headers, request, body });
    match answer {
        None => told(is_json, 0),
        Some(Answer::Partly(rejected)) => told(is_json, rejected),
        Some(Answer::Status(status, None)) => StatusCode::from_u16(status).expect("a status").into_response(),
        Some(Answer::Status(status, Some(seconds))) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [("retry-after", seconds.to_string())]).into_response()
        }
        Some(Answer::Silence) => std::future::pending().await,
    }
}

fn told(is_json: bool, rejected_spans: i64) -> Response {
    let partial_success = (rejected_spans > 0)
        .then(|| ExportTracePartialSuccess { rejected_spans, error_message: "too many".to_owned() });
    let response = ExportTraceServiceResponse { partial_success };
    if is_json {
        return serde_json::to_string(&response).expect("JSON").into_response();
    }
    response.encode_to_vec().into_response()
}

fn unpacked(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    if headers.get("content-encoding").is_none() {
        return body.to_vec();
    }
    assert_eq!(headers["content-encoding"], "gzip");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut plain).expect("gzip");
    plain
}
