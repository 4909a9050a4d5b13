//! The same over gRPC, against a server of another make.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

use super::collector::Export;
use super::{environment, spool};
use crate::site::Site;

type Answer = Result<i64, Status>;

struct Service {
    answers: Mutex<VecDeque<Answer>>,
    exports: UnboundedSender<(MetadataMap, ExportTraceServiceRequest)>,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let _ = self.exports.send((metadata, message));
        let answer = self.answers.lock().expect("no panic before").pop_front();
        let rejected_spans = answer.unwrap_or(Ok(0))?;
        let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message: String::new() });
        Ok(Response::new(ExportTraceServiceResponse { partial_success }))
    }
}

struct Collector {
    url: String,
    exports: UnboundedReceiver<(MetadataMap, ExportTraceServiceRequest)>,
}

impl Collector {
    async fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, exports) = unbounded_channel();
        let service = Service { answers: Mutex::new(answers.into_iter().collect()), exports: sender };
        let service = TraceServiceServer::new(service).accept_compressed(CompressionEncoding::Gzip);
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)));
        Self { url, exports }
    }

    async fn next(&mut self) -> (MetadataMap, Export) {
        let next = tokio::time::timeout(Duration::from_secs(30), self.exports.recv()).await;
        let (metadata, request) = next.expect("an export within half a minute").expect("the collector runs");
        let body = request.encode_to_vec();
        (metadata, Export { headers: axum::http::HeaderMap::new(), request, body })
    }
}

/// That what is exhausted will pass in a second, as `google.rpc.Status` in protobuf.
fn passing() -> Status {
    let delay = [0x0a, 2, 0x08, 1];
    let name = b"type.googleapis.com/google.rpc.RetryInfo";
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).expect("a short one");
    let any = [&[0x0a, length(name)], &name[..], &[0x12, length(&delay)], &delay].concat();
    let details = [&[0x1a, length(&any)], &any[..]].concat();
    Status::with_details(Code::ResourceExhausted, "busy", details.into())
}

#[tokio::test]
async fn a_collector_of_grpc_is_told_of_a_pull() {
    let site = Site::start().await;
    let mut collector = Collector::answering([]).await;
    let mut environment = environment(&site, "azure", &collector.url);
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=hunter2"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let key = site.plant("hunter2");
    let outcome = site.pull_in(&[], &environment).await;
    let (metadata, export) = collector.next().await;
    assert_eq!(metadata.get("x-api-key").expect("a header").to_str().expect("text"), key);
    assert_eq!(metadata.get("grpc-encoding").expect("a header").to_str().expect("text"), "gzip");
    assert!(export.tree().starts_with("pull attempts=2 exit_code=0 outcome=answered\n  request "), "{}", export.tree());
    site.check_telemetry(&outcome, &export.body, &spool(&site));
}

#[tokio::test]
async fn what_a_collector_of_grpc_answers_is_understood() {
    let site = Site::start().await;
    let answers = [Err(Status::unavailable("starting")), Err(passing()), Ok(3), Err(Status::unauthenticated("who?"))];
    let mut collector = Collector::answering(answers).await;
    let mut environment = environment(&site, "azure", &collector.url);
    environment.insert("OTEL_EXPORTER_OTLP_PROTOCOL".to_owned(), "grpc".to_owned());
    site.pull_in(&[], &environment).await.response();
    let first = collector.next().await.1;
    for _ in 0..2 {
        assert_eq!(collector.next().await.1.request, first.request, "it is asked again");
    }
    let mut counted = Vec::new();
    for _ in 0..3 {
        site.pull_in(&[], &environment).await.response();
        let export = collector.next().await.1;
        let of = |key: &str| export.of_pull(&format!("credential_provider.telemetry.{key}"));
        counted.push((of("rejected_spans"), of("dropped_pulls")));
    }
    // The pull that was refused had told of the rejected spans, which are told again.
    let (three, one) = (Some("3".to_owned()), Some("1".to_owned()));
    assert_eq!(counted, [(three.clone(), None), (three, one), (None, None)]);
}
