//! One request to the collector.
//!
//! Source: OpenTelemetry specification, "OTLP/HTTP" and "OTLP/gRPC".

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;

use super::grpc;
use crate::http::{self, Http, HttpError, Reply, Request};
use crate::telemetry::{Collector, Compression, Protocol};
use crate::time::Deadline;

/// What the collector says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has them, but for so many spans.
    Accepted {
        /// How many spans it has rejected.
        rejected: u64,
    },
    /// It will not have them, now or later.
    Refused,
    /// It may have them later: after so long, if it says so.
    Later(Option<Duration>),
}

/// Sends spans to a collector, once.
pub(super) async fn send(collector: &Collector, resource_spans: Vec<ResourceSpans>) -> Outcome {
    let Ok(request) = request(collector, &ExportTraceServiceRequest { resource_spans }) else {
        return Outcome::Refused;
    };
    let deadline = Deadline::after(collector.timeout);
    let outcome = match collector.protocol {
        Protocol::Grpc => http::grpc::call(&collector.transport, &request, deadline).await.map(|it| grpc::outcome(&it)),
        protocol @ (Protocol::HttpProtobuf | Protocol::HttpJson) => {
            reply(collector, &request, deadline).await.map(|reply| outcome(protocol, &reply))
        }
    };
    // Without a reply nothing is known but that this attempt was in vain.
    outcome.unwrap_or(Outcome::Later(None))
}

async fn reply(collector: &Collector, request: &Request, deadline: Deadline) -> Result<Reply, HttpError> {
    Http::collector(&collector.transport, &collector.url, deadline)?.send_once(request).await
}

fn request(collector: &Collector, message: &ExportTraceServiceRequest) -> io::Result<Request> {
    let body = match collector.protocol {
        Protocol::HttpProtobuf | Protocol::Grpc => message.encode_to_vec(),
        Protocol::HttpJson => serde_json::to_vec(message)?,
    };
    let body = match collector.compression {
        Compression::Plain => body,
        Compression::Gzip => packed(&body)?,
    };
    let is_packed = collector.compression == Compression::Gzip;
    let url = collector.url.clone();
    let (request, encoding) = match collector.protocol {
        Protocol::HttpProtobuf => (Request::post_bytes(url, "application/x-protobuf", body), "content-encoding"),
        Protocol::HttpJson => (Request::post_bytes(url, "application/json", body), "content-encoding"),
        Protocol::Grpc => {
            let url = format!("{}{}", url.trim_end_matches('/'), grpc::PATH);
            (Request::post_bytes(url, "application/grpc", grpc::framed(&body, is_packed)), "grpc-encoding")
        }
    };
    let request = if is_packed { request.header(encoding, "gzip") } else { request };
    Ok(collector.headers.iter().fold(request, |request, (name, value)| request.secret_header(name, value)))
}

fn packed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn outcome(protocol: Protocol, reply: &Reply) -> Outcome {
    match reply.status.as_u16() {
        200..=299 => Outcome::Accepted { rejected: rejected(protocol, reply.body()) },
        429 | 502 | 503 | 504 => Outcome::Later(reply.retry_after()),
        _ => Outcome::Refused,
    }
}

/// How many spans a reply says were rejected; one that cannot be read says of none.
fn rejected(protocol: Protocol, body: &[u8]) -> u64 {
    rejected_of(match protocol {
        Protocol::HttpProtobuf | Protocol::Grpc => ExportTraceServiceResponse::decode(body).ok(),
        Protocol::HttpJson => serde_json::from_slice(body).ok(),
    })
}

/// The same of a reply that was read.
pub(super) fn rejected_of(response: Option<ExportTraceServiceResponse>) -> u64 {
    let partial = response.and_then(|response| response.partial_success);
    partial.and_then(|partial| u64::try_from(partial.rejected_spans).ok()).unwrap_or_default()
}
