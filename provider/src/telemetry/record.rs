//! A pull as a line of OTLP in JSON, and back.
//!
//! Source: OpenTelemetry specification, "OpenTelemetry Protocol File Exporter".

use std::io::{self, BufRead, Read as _};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, TracesData};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::SpanData;

use super::Settings;

/// The longest line that is one, in bytes; a pull has about five thousand.
pub(super) const LINE_LIMIT: usize = 256 * 1024;

/// The name of the span that the others are in.
pub(super) const ROOT: &str = "pull";

/// The flag of a span that was sampled. Source: W3C Trace Context, "Trace flags".
const SAMPLED: u32 = 1;

/// One pull: its spans, and whose they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Pull(TracesData);

impl Pull {
    /// A pull of these spans.
    pub(super) fn of(spans: Vec<SpanData>, settings: &Settings) -> Self {
        let mut resource_spans = group_spans_by_resource_and_scope(spans, &ResourceAttributesWithSchema::default());
        let attributes = settings.resource.iter().map(|(key, value)| text(key, value));
        if let Some(resource) = resource_spans.first_mut().and_then(|spans| spans.resource.as_mut()) {
            resource.attributes = attributes.collect();
        }
        let mut pull = Self(TracesData { resource_spans });
        if let Some(provider) = pull.attribute("credential_provider.identity_source").and_then(cloud_provider) {
            pull.resource().push(text("cloud.provider", provider));
        }
        pull
    }

    /// Reads a line; `None` where it is none, because it was torn for one.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let traces: TracesData = serde_json::from_slice(line).ok()?;
        let pull = Self(traces);
        let has_spans = pull.spans().next().is_some();
        has_spans.then_some(pull)
    }

    /// The line. It begins with a line's end, too: a line before it that was torn spoils itself only.
    #[must_use]
    pub fn to_line(&self) -> Option<Vec<u8>> {
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, &self.0).ok()?;
        line.push(b'\n');
        (line.len() <= LINE_LIMIT).then_some(line)
    }

    /// The spans with their resource.
    pub(super) fn into_spans(self) -> Vec<ResourceSpans> {
        self.0.resource_spans
    }

    /// Whether a collector is told of it: the sampler has taken it, or it has failed.
    pub(super) fn is_told(&self) -> bool {
        let has_failed =
            self.root().and_then(|root| root.status.as_ref()).is_some_and(|it| it.code() == StatusCode::Error);
        has_failed || self.spans().any(|span| span.flags & SAMPLED != 0)
    }

    /// Every span.
    pub(super) fn spans(&self) -> impl Iterator<Item = &Span> {
        self.0.resource_spans.iter().flat_map(|spans| &spans.scope_spans).flat_map(|spans| &spans.spans)
    }

    /// Every span, to be added to.
    pub(super) fn spans_mut(&mut self) -> impl Iterator<Item = &mut Span> {
        self.0.resource_spans.iter_mut().flat_map(|spans| &mut spans.scope_spans).flat_map(|spans| &mut spans.spans)
    }

    /// The span that the others are in.
    pub(super) fn root(&self) -> Option<&Span> {
        self.spans().find(|span| span.name == ROOT)
    }

    /// The text of an attribute, of whichever span has it.
    pub(super) fn attribute(&self, key: &str) -> Option<&str> {
        let attribute = self.spans().flat_map(|span| &span.attributes).find(|attribute| attribute.key == key)?;
        match attribute.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }

    /// When it began, in nanoseconds since 1970.
    pub(super) fn began(&self) -> u64 {
        self.spans().map(|span| span.start_time_unix_nano).min().unwrap_or_default()
    }

    fn resource(&mut self) -> &mut Vec<KeyValue> {
        &mut self.0.resource_spans[0].resource.get_or_insert_default().attributes
    }
}

/// What stands on the next lines of a spool.
#[derive(Debug, Default)]
pub struct Batch {
    /// The pulls.
    pub pulls: Vec<Pull>,
    /// How many lines are none.
    pub spoiled: u64,
    /// How many bytes they take.
    pub length: u64,
}

impl Batch {
    /// Reads up to so many pulls; nothing at the end.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn read(spool: &mut impl BufRead, most: usize) -> io::Result<Self> {
        let mut batch = Self::default();
        let mut line = Vec::new();
        while batch.pulls.len() < most {
            line.clear();
            let length = spool.by_ref().take(LINE_LIMIT as u64).read_until(b'\n', &mut line)?;
            if length == 0 {
                break;
            }
            batch.length += length as u64;
            match line.trim_ascii() {
                b"" => {}
                line => match Pull::parse(line) {
                    Some(pull) => batch.pulls.push(pull),
                    None => batch.spoiled += 1,
                },
            }
        }
        Ok(batch)
    }
}

/// Source: OpenTelemetry semantic conventions, "Cloud".
fn cloud_provider(identity: &str) -> Option<&'static str> {
    ["aws", "azure", "gcp"].into_iter().find(|provider| identity.starts_with(provider))
}

/// An attribute with a text.
pub(super) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

/// An attribute with a number.
pub(super) fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

/// An attribute with several texts.
pub(super) fn list(key: &str, values: impl Iterator<Item = String>) -> KeyValue {
    let values = values.map(|value| AnyValue { value: Some(Value::StringValue(value)) });
    attribute(key, Value::ArrayValue(ArrayValue { values: values.collect() }))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &str =
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"pull","startTimeUnixNano":"7","attributes":[]}]}]}]}"#;

    fn read(mut text: &[u8]) -> (usize, u64) {
        let batch = Batch::read(&mut text, usize::MAX).expect("bytes can be read");
        assert!(text.is_empty(), "all of it is read");
        (batch.pulls.len(), batch.spoiled)
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let pull = Pull::parse(LINE.as_bytes()).expect("a pull");
        assert_eq!(pull.began(), 7);
        let line = pull.to_line().expect("a line");
        assert_eq!(Batch::read(&mut line.as_slice(), 1).expect("a batch").pulls, [pull]);
    }

    #[test]
    fn a_torn_line_spoils_itself_only() {
        let torn = &LINE[..40];
        assert_eq!(read(format!("\n{LINE}\n\n{torn}\n{LINE}\n").as_bytes()), (2, 1));
        assert_eq!(read(b"\xff\xfe\n{}\n[]\n\n\n"), (0, 3));
        assert_eq!(read(b"{\"resourceSpans\":[]}\n"), (0, 1));
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_the_next_one_is_read() {
        let endless = "x".repeat(LINE_LIMIT + 10);
        assert_eq!(read(format!("{endless}\n{LINE}\n").as_bytes()), (1, 2));
    }

    #[test]
    fn no_more_than_asked_for_is_read() {
        let text = format!("{LINE}\n{LINE}\n{LINE}\n");
        let batch = Batch::read(&mut text.as_bytes(), 2).expect("a batch");
        assert_eq!((batch.pulls.len(), batch.length), (2, 2 * (LINE.len() as u64 + 1)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            read(&bytes);
        }
    }
}
