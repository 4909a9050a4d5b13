//! What a mock adds to a trace: one server span for each request that carries a `traceparent`.
//!
//! A mock that nobody told where to send spans makes none. A request without a `traceparent` is nobody's trace and makes
//! none either, so that a trace shows what the traced program caused and nothing else.
//!
//! Sources: W3C Trace Context, <https://www.w3.org/TR/trace-context/>; OpenTelemetry semantic conventions, HTTP server
//! spans; OpenTelemetry specification, "OpenTelemetry Protocol Exporter".

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{Arc, OnceLock};

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span, SpanExporter as Export};

use crate::Recorded;

/// The header that names trace and parent.
const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    /// The `traceparent` of the span of the request that this task answers.
    static CURRENT: Option<HeaderValue>;
}

/// The header that makes a request of a mock part of the trace that it answers for; none where it answers for none.
#[must_use]
pub fn onward() -> HeaderMap {
    let current = CURRENT.try_with(Clone::clone).ok().flatten();
    current.into_iter().map(|value| (HeaderName::from_static(TRACEPARENT), value)).collect()
}

/// Where the spans of a kit go. Clones share it; it is told once, before or after the servers have started.
#[derive(Clone, Default)]
pub struct Tracing(Arc<OnceLock<SdkTracerProvider>>);

/// The span of one request; it ends when it is dropped.
#[derive(Default)]
pub(crate) struct RequestSpan(Option<Span>);

impl Tracing {
    /// Sends spans to the collector that the OpenTelemetry variables name, such as `OTEL_EXPORTER_OTLP_ENDPOINT`, in the
    /// name of a service. The library reads the variables by itself.
    ///
    /// # Errors
    ///
    /// When a variable is not what it must be.
    pub fn send(&self, service: &'static str) -> Result<(), ExporterBuildError> {
        take_cryptography();
        self.export(service, SpanExporter::builder().with_http().build()?);
        Ok(())
    }

    /// Sends spans to the collector at a base URL, whatever the variables say.
    ///
    /// # Errors
    ///
    /// When the URL is none.
    pub fn send_to(&self, service: &'static str, url: &str) -> Result<(), ExporterBuildError> {
        take_cryptography();
        // A proxy of whoever runs the mocks is for their way out. Such a client cannot be made in an asynchronous task.
        let direct = std::thread::spawn(|| reqwest::blocking::Client::builder().no_proxy().build());
        let exporter = SpanExporter::builder().with_http().with_endpoint(format!("{url}/v1/traces"));
        let exporter = match direct.join() {
            Ok(Ok(client)) => exporter.with_http_client(client),
            _ => exporter,
        };
        self.export(service, exporter.build()?);
        Ok(())
    }

    /// Gives spans to an exporter, in the name of a service. The first exporter stays.
    pub fn export(&self, service: &'static str, exporter: impl Export + 'static) {
        let resource = Resource::builder_empty().with_service_name(service).build();
        self.0
            .get_or_init(|| SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build());
    }

    /// Whether variables name a collector: OpenTelemetry specification, "Environment Variable Specification".
    #[must_use]
    pub fn is_wanted(variable: impl Fn(&str) -> Option<OsString>) -> bool {
        let says = |name: &str, word: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case(word));
        let endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        let is_named = endpoints.iter().any(|name| variable(name).is_some_and(|value| !value.is_empty()));
        is_named && !says("OTEL_SDK_DISABLED", "true") && !says("OTEL_TRACES_EXPORTER", "none")
    }

    /// Waits until everything that has ended is sent, or could not be.
    ///
    /// # Panics
    ///
    /// When called outside a tokio runtime.
    pub async fn flushed(&self) {
        let own = self.clone();
        // It is a thread of the library that sends, and this one only waits.
        let _ = tokio::task::spawn_blocking(move || own.flush()).await;
    }

    /// Waits like [`Tracing::flushed`], without a runtime.
    pub fn flush(&self) {
        if let Some(provider) = self.0.get() {
            // A mock has nobody to tell that its spans are lost.
            let _ = provider.force_flush();
        }
    }

    pub(crate) fn begin(&self, request: &Recorded, parts: &Parts) -> RequestSpan {
        let parent = || parts.headers.get(TRACEPARENT).and_then(|value| parent(value.to_str().ok()?));
        RequestSpan(self.0.get().and_then(|provider| Some(started(&provider.tracer("mock"), request, &parent()?))))
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.get().is_some() { "Tracing(on)" } else { "Tracing(off)" })
    }
}

impl RequestSpan {
    /// Answers within the span, so that what is asked meanwhile can be part of it.
    pub(crate) async fn around<F: Future>(&self, answer: F) -> F::Output {
        CURRENT.scope(self.0.as_ref().and_then(traceparent), answer).await
    }

    pub(crate) fn answered(&mut self, status: StatusCode) {
        let Some(span) = &mut self.0 else { return };
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_u16().to_string()));
            span.set_status(Status::error(""));
        }
    }

    pub(crate) fn unanswered(&mut self, reason: &'static str) {
        let Some(span) = &mut self.0 else { return };
        span.set_attribute(KeyValue::new("error.type", reason));
        span.set_status(Status::error(""));
    }
}

/// The library makes a client of its own, which takes the process's cryptography. Whoever chose one keeps it.
fn take_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The context of a `traceparent`; `None` for one that is none.
fn parent(value: &str) -> Option<Context> {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), value.to_owned())]);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    context.span().span_context().is_valid().then_some(context)
}

/// What a request that is part of a span says; `None` for a span that is not sampled.
fn traceparent(span: &Span) -> Option<HeaderValue> {
    let context = span.span_context();
    let text = format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags());
    context.is_valid().then(|| HeaderValue::from_str(&text).ok())?
}

fn started(tracer: &SdkTracer, request: &Recorded, parent: &Context) -> Span {
    let Recorded { method, path, host, .. } = request;
    let host = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host.as_str(), |it| it.0);
    let attributes =
        [("http.request.method", method.clone()), ("url.path", path.clone()), ("server.address", host.to_owned())];
    let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
    let builder = tracer.span_builder(format!("{method} {path}")).with_kind(SpanKind::Server);
    builder.with_attributes(attributes).start_with_context(tracer, parent)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

    use super::*;
    use crate::{Fault, Kit, Listen, Server};

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    /// The spans of one request with these headers.
    async fn spans(fault: Option<Fault>, traceparent: Option<&str>) -> Vec<SpanData> {
        let (kit, exporter) = (Kit::new(), InMemorySpanExporter::default());
        if let Some(fault) = fault {
            kit.faults.add(fault);
        }
        kit.trace.export("mock", exporter.clone());
        let server = Server::start(Router::new(), &kit, Listen::Plain(([127, 0, 0, 1], 0).into())).await.unwrap();
        let header = traceparent.map(|value| format!("traceparent: {value}\r\n")).unwrap_or_default();
        let request =
            format!("GET /token?secret=1 HTTP/1.1\r\nhost: sts.test:443\r\n{header}connection: close\r\n\r\n");
        exchange(&server, &request).await;
        kit.trace.flushed().await;
        exporter.get_finished_spans().unwrap()
    }

    async fn exchange(server: &Server, request: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset ends it as well.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    #[tokio::test]
    async fn a_request_with_a_parent_is_a_span_of_its_trace_without_the_query() {
        let spans = spans(None, Some(PARENT)).await;
        let [span] = &spans[..] else { panic!("{spans:?}") };
        assert_eq!(span.name, "GET /token");
        assert_eq!(span.span_context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span.parent_span_id.to_string(), "b7ad6b7169203331");
        let attributes: Vec<_> = span.attributes.iter().map(|it| format!("{}={}", it.key, it.value)).collect();
        let expected =
            ["http.request.method=GET", "url.path=/token", "server.address=sts.test", "http.response.status_code=404"];
        assert_eq!(attributes, expected);
        assert_eq!(span.status, Status::Unset);
    }

    #[tokio::test]
    async fn a_request_without_a_parent_or_with_a_bad_one_is_no_span() {
        for traceparent in [None, Some(""), Some("00-00000000000000000000000000000000-b7ad6b7169203331-01"), Some("x")]
        {
            assert_eq!(spans(None, traceparent).await.len(), 0, "{traceparent:?}");
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_an_answer_is_part_of_its_span() {
        let (kit, exporter) = (Kit::new(), InMemorySpanExporter::default());
        kit.trace.export("mock", exporter.clone());
        let said = || onward().get(TRACEPARENT).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let router = Router::new().fallback(async move || said());
        let server = Server::start(router, &kit, Listen::Plain(([127, 0, 0, 1], 0).into())).await.unwrap();
        let header = format!("traceparent: {PARENT}\r\n");
        let ask = |header: &str| format!("GET / HTTP/1.1\r\nhost: a.test\r\n{header}connection: close\r\n\r\n");
        let answer = exchange(&server, &ask(&header)).await;
        kit.trace.flushed().await;
        let id = exporter.get_finished_spans().unwrap()[0].span_context.span_id();
        assert!(answer.ends_with(&format!("\r\n\r\n00-0af7651916cd43dd8448eb211c80319c-{id}-01")), "{answer}");
        assert!(exchange(&server, &ask("")).await.ends_with("\r\n\r\n"));
    }

    #[tokio::test]
    async fn a_parent_that_is_not_sampled_makes_no_span() {
        assert_eq!(spans(None, Some(&PARENT.replace("-01", "-00"))).await.len(), 0);
    }

    #[test]
    fn spans_are_wanted_where_a_collector_is_named_and_not_switched_off() {
        let wanted = |set: &[(&str, &str)]| {
            let find = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            Tracing::is_wanted(find)
        };
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert!(wanted(&[endpoint]));
        assert!(wanted(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318/v1/traces")]));
        for unwanted in [&[][..], &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")], &[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]] {
            assert!(!wanted(unwanted), "{unwanted:?}");
        }
        assert!(!wanted(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]));
    }

    #[tokio::test]
    async fn an_error_and_a_reset_are_seen() {
        for (fault, reason) in [(Fault::reply("/token", 503, ""), "503"), (Fault::reset("/token"), "reset")] {
            let spans = spans(Some(fault), Some(PARENT)).await;
            let [span] = &spans[..] else { panic!("{spans:?}") };
            assert!(span.attributes.contains(&KeyValue::new("error.type", reason)), "{span:?}");
            assert_eq!(span.status, Status::error(""));
        }
    }
}
