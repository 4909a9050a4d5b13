//! One request to the collector.
//!
//! Source: OpenTelemetry specification, "OTLP/HTTP".

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;

use crate::http::{Http, HttpError, Reply, Request};
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
    let reply = match Http::collector(&collector.transport, Deadline::after(collector.timeout)) {
        Ok(http) => http.send_once(&request).await,
        Err(error) => Err(error),
    };
    outcome(collector.protocol, &reply)
}

fn request(collector: &Collector, message: &ExportTraceServiceRequest) -> io::Result<Request> {
    let (body, content_type) = match collector.protocol {
        Protocol::HttpProtobuf => (message.encode_to_vec(), "application/x-protobuf"),
        Protocol::HttpJson => (serde_json::to_vec(message)?, "application/json"),
    };
    let request = match collector.compression {
        Compression::Plain => Request::post_bytes(collector.url.clone(), content_type, body),
        Compression::Gzip => {
            Request::post_bytes(collector.url.clone(), content_type, packed(&body)?).header("content-encoding", "gzip")
        }
    };
    Ok(collector.headers.iter().fold(request, |request, (name, value)| request.secret_header(name, value)))
}

fn packed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

fn outcome(protocol: Protocol, reply: &Result<Reply, HttpError>) -> Outcome {
    // Without a reply nothing is known but that this attempt was in vain.
    let Ok(reply) = reply else { return Outcome::Later(None) };
    match reply.status.as_u16() {
        200..=299 => Outcome::Accepted { rejected: rejected(protocol, reply.body()) },
        429 | 502 | 503 | 504 => Outcome::Later(reply.retry_after()),
        _ => Outcome::Refused,
    }
}

/// How many spans a reply says were rejected; one that cannot be read says of none.
fn rejected(protocol: Protocol, body: &[u8]) -> u64 {
    let response = match protocol {
        Protocol::HttpProtobuf => ExportTraceServiceResponse::decode(body).ok(),
        Protocol::HttpJson => serde_json::from_slice::<ExportTraceServiceResponse>(body).ok(),
    };
    let partial = response.and_then(|response| response.partial_success);
    partial.and_then(|partial| u64::try_from(partial.rejected_spans).ok()).unwrap_or_default()
}
