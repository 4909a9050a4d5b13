//! A collector of traces that reads what it is sent, and refuses what is no trace.
//!
//! It takes OTLP over HTTP, as protobuf and as JSON, compressed with gzip or not. Faults, journal and clock are those of
//! every mock. Source: OpenTelemetry Protocol specification 1.x, "OTLP/HTTP".

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as Outcome;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message as _;

use crate::{Kit, Listen, Server};

/// The largest body that is unpacked; larger ones are refused.
const LARGEST: u64 = 64 << 20;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// A collector that serves until it is dropped.
#[derive(Debug)]
pub struct MockCollector {
    server: Server,
    kit: Kit,
    collected: Collected,
}

#[derive(Clone, Debug, Default)]
struct Collected(Arc<Mutex<Vec<CollectedSpan>>>);

/// One span as it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectedSpan {
    /// `service.name` of its resource.
    pub service: String,
    /// The attributes of its resource, `service.name` among them.
    pub resource: BTreeMap<String, String>,
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Its own id.
    pub id: u64,
    /// The id of the span that it is part of.
    pub parent: Option<u64>,
    /// What was done.
    pub name: String,
    /// Nanoseconds since 1970.
    pub start_ns: u64,
    /// Nanoseconds since 1970.
    pub end_ns: u64,
    /// The words of a status that is an error; `None` where it is none.
    pub error: Option<String>,
    /// Attributes by name; lists as their values with commas between.
    pub attributes: BTreeMap<String, String>,
    /// Names and attributes of its events, in order.
    pub events: Vec<(String, BTreeMap<String, String>)>,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the content type must be {PROTOBUF} or {JSON}")]
    ContentType,
    #[error("no trace: {0}")]
    Body(String),
}

impl MockCollector {
    /// Listens on a free port of this machine, without TLS.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::start_on(Listen::Plain(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).await
    }

    /// Listens where it is told.
    ///
    /// # Errors
    ///
    /// When the address cannot be had or the identity is not one.
    pub async fn start_on(listen: Listen) -> io::Result<Self> {
        let (kit, collected) = (Kit::new(), Collected::default());
        let router = Router::new().route("/v1/traces", post(traces)).with_state(collected.clone());
        Ok(Self { server: Server::start(router, &kit, listen).await?, kit, collected })
    }

    /// The URL for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Clock, journal and faults.
    #[must_use]
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Every span so far, in the order in which they were told.
    #[must_use]
    pub fn spans(&self) -> Vec<CollectedSpan> {
        self.collected.lock().clone()
    }
}

impl Collected {
    fn lock(&self) -> MutexGuard<'_, Vec<CollectedSpan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn traces(State(collected): State<Collected>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json = headers.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(JSON.as_bytes()));
    match read(&headers, &body) {
        Ok(spans) => collected.lock().extend(spans),
        Err(error @ Refused::ContentType) => {
            return (StatusCode::UNSUPPORTED_MEDIA_TYPE, error.to_string()).into_response();
        }
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
    let done = ExportTraceServiceResponse::default();
    if is_json {
        return ([(header::CONTENT_TYPE, JSON)], "{}").into_response();
    }
    ([(header::CONTENT_TYPE, PROTOBUF)], done.encode_to_vec()).into_response()
}

fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<CollectedSpan>, Refused> {
    let of = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let no_trace = |error: &dyn std::fmt::Display| Refused::Body(error.to_string());
    let body = match of(header::CONTENT_ENCODING) {
        "" | "identity" => body.to_vec(),
        "gzip" => unpacked(body).map_err(|error| no_trace(&error))?,
        other => return Err(Refused::Body(format!("the content encoding `{other}` is not known"))),
    };
    let content_type = of(header::CONTENT_TYPE);
    let request = match content_type.split(';').next().unwrap_or_default().trim() {
        PROTOBUF => ExportTraceServiceRequest::decode(&body[..]).map_err(|error| no_trace(&error))?,
        JSON => serde_json::from_slice(&body).map_err(|error| no_trace(&error))?,
        _ => return Err(Refused::ContentType),
    };
    request.resource_spans.into_iter().map(of_resource).collect::<Result<Vec<_>, _>>().map(|spans| spans.concat())
}

fn unpacked(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(body).take(LARGEST).read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

fn of_resource(spans: ResourceSpans) -> Result<Vec<CollectedSpan>, Refused> {
    let resource = attributes(spans.resource.unwrap_or_default().attributes);
    let service = resource.get("service.name").cloned().unwrap_or_default();
    let start = CollectedSpan { service, resource, ..CollectedSpan::default() };
    spans.scope_spans.into_iter().flat_map(|scope| scope.spans).map(|span| of_span(&start, span)).collect()
}

fn of_span(start: &CollectedSpan, span: Span) -> Result<CollectedSpan, Refused> {
    let wrong = |what: &str| Refused::Body(format!("span `{}` has no {what}", span.name));
    let trace_id: [u8; 16] = span.trace_id[..].try_into().map_err(|_| wrong("trace id of 16 bytes"))?;
    if trace_id == [0; 16] {
        return Err(wrong("trace id beside zeros"));
    }
    let id = id(&span.span_id).ok_or_else(|| wrong("id of 8 bytes beside zeros"))?;
    if span.end_time_unix_nano < span.start_time_unix_nano {
        return Err(wrong("end after its start"));
    }
    let error = span.status.filter(|status| status.code() == Outcome::Error).map(|status| status.message);
    Ok(CollectedSpan {
        trace_id: format!("{:032x}", u128::from_be_bytes(trace_id)),
        id,
        parent: self::id(&span.parent_span_id),
        name: span.name,
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano,
        error,
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(|event| (event.name, attributes(event.attributes))).collect(),
        ..start.clone()
    })
}

fn id(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes).filter(|id| *id != 0)
}

fn attributes(list: Vec<KeyValue>) -> BTreeMap<String, String> {
    list.into_iter().map(|pair| (pair.key, pair.value.map(text).unwrap_or_default())).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::ArrayValue(list)) => list.values.into_iter().map(text).collect::<Vec<_>>().join(","),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;
    use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
    use serde_json::json;

    use super::*;

    fn span() -> Span {
        let attribute = KeyValue {
            key: "http.request.method".to_owned(),
            value: Some(AnyValue { value: Some(Value::StringValue("PUT".to_owned())) }),
            ..KeyValue::default()
        };
        Span {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            name: "exchange".to_owned(),
            start_time_unix_nano: 5,
            end_time_unix_nano: 7,
            attributes: vec![attribute],
            ..Span::default()
        }
    }

    fn request(span: Span) -> ExportTraceServiceRequest {
        let mut spans = ResourceSpans::default();
        spans.scope_spans.push(ScopeSpans::default());
        spans.scope_spans[0].spans.push(span);
        ExportTraceServiceRequest { resource_spans: vec![spans] }
    }

    fn headers(content_type: &'static str, encoding: &'static str) -> HeaderMap {
        let pairs = [(header::CONTENT_TYPE, content_type), (header::CONTENT_ENCODING, encoding)];
        pairs.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect()
    }

    #[test]
    fn protobuf_json_and_gzip_say_the_same() {
        let binary = request(span()).encode_to_vec();
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        io::Write::write_all(&mut packed, &binary).unwrap();
        let text = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "01010101010101010101010101010101",
            "spanId": "0202020202020202",
            "name": "exchange",
            "startTimeUnixNano": "5",
            "endTimeUnixNano": "7",
            "attributes": [{"key": "http.request.method", "value": {"stringValue": "PUT"}}],
        }]}]}]});
        let expected = CollectedSpan {
            trace_id: "01".repeat(16),
            id: 0x0202_0202_0202_0202,
            name: "exchange".to_owned(),
            start_ns: 5,
            end_ns: 7,
            attributes: [("http.request.method".to_owned(), "PUT".to_owned())].into(),
            ..CollectedSpan::default()
        };
        for (headers, body) in [
            (headers(PROTOBUF, ""), binary.clone()),
            (headers(PROTOBUF, "gzip"), packed.finish().unwrap()),
            (headers("application/json; charset=utf-8", "identity"), text.to_string().into_bytes()),
        ] {
            assert_eq!(read(&headers, &body).unwrap(), std::slice::from_ref(&expected), "{headers:?}");
        }
    }

    #[test]
    fn what_is_no_trace_is_refused_with_the_reason() {
        let binary = |span| request(span).encode_to_vec();
        for (headers, body, reason) in [
            (headers("text/plain", ""), binary(span()), "content type"),
            (headers(PROTOBUF, "br"), binary(span()), "`br`"),
            (headers(PROTOBUF, "gzip"), binary(span()), "no trace"),
            (headers(PROTOBUF, ""), b"\xff\xff".to_vec(), "no trace"),
            (headers(JSON, ""), b"{".to_vec(), "no trace"),
            (headers(PROTOBUF, ""), binary(Span { trace_id: vec![0; 16], ..span() }), "trace id"),
            (headers(PROTOBUF, ""), binary(Span { trace_id: vec![1; 8], ..span() }), "trace id"),
            (headers(PROTOBUF, ""), binary(Span { span_id: vec![0; 8], ..span() }), "id of 8 bytes"),
            (headers(PROTOBUF, ""), binary(Span { end_time_unix_nano: 4, ..span() }), "end after"),
        ] {
            let refused = read(&headers, &body).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}: {reason}");
        }
    }

    #[tokio::test]
    async fn spans_are_collected_over_http_and_refusals_collect_nothing() {
        let collector = MockCollector::start().await.unwrap();
        let trace = crate::Tracing::default();
        trace.send_to("mock", &collector.url()).unwrap();
        let kit = Kit { trace: trace.clone(), ..Kit::new() };
        let server = Server::start(Router::new(), &kit, Listen::Plain(([127, 0, 0, 1], 0).into())).await.unwrap();
        let ask = async || {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
            let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
            let request =
                format!("GET / HTTP/1.1\r\nhost: a.test\r\ntraceparent: {parent}\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            trace.flushed().await;
        };
        ask().await;
        let [span] = &collector.spans()[..] else { panic!("{:?}", collector.spans()) };
        assert_eq!((span.service.as_str(), span.name.as_str()), ("mock", "GET /"));
        assert_eq!(span.parent, Some(0xb7ad_6b71_6920_3331));
        collector.kit().faults.add(crate::Fault::reply("/v1/traces", 400, ""));
        ask().await;
        assert_eq!(collector.spans().len(), 1);
        assert_eq!(collector.kit().journal.requests().len(), 2);
    }
}
