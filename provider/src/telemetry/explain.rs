//! A pull that was recorded, as a picture for a terminal: what followed what, how long it took, and what to do where it failed.
//!
//! ```text
//! pull failed, trace 4bf92f3577b34da6a3ce929d0e0e4736
//! pull                                            10.0 ms  ====================
//!   exchange                                       6.0 ms          ============
//!     POST acme.jfrog.io/access/api/v1/oi~ (503)   5.0 ms            ==========
//! error: failed to exchange the proof
//! ```

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use waterfall::{Canvas, Outcome};

use super::record::Pull;
use crate::platform::terminal_width;

/// What is drawn on where stdout is no terminal.
const PLAIN: Canvas = Canvas::Plain { width: 100 };

/// What stdout is.
pub(super) fn canvas() -> Canvas {
    let stdout = io::stdout();
    let width = terminal_width().filter(|_| stdout.is_terminal());
    width.map_or(PLAIN, |width| Canvas::Terminal { width })
}

/// A pull, drawn; no bar or name is wider than the canvas.
pub(super) fn drawn(pull: &Pull, canvas: Canvas) -> String {
    let begin = pull.began();
    let spans: Vec<_> = pull.spans().map(|span| drawable(span, begin)).collect();
    head(pull) + &waterfall::draw(&spans, canvas) + &remedy(pull)
}

fn drawable(span: &Span, begin: u64) -> waterfall::Span {
    let id = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes).filter(|id| *id != 0);
    let since = |at: u64| Duration::from_nanos(at.saturating_sub(begin));
    let has_failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    waterfall::Span {
        id: id(&span.span_id).unwrap_or_default(),
        parent: id(&span.parent_span_id),
        name: waterfall::label(&span.name, |key| value(&span.attributes, key)),
        start: since(span.start_time_unix_nano),
        end: since(span.end_time_unix_nano),
        outcome: if has_failed { Outcome::Failed } else { Outcome::Done },
        // The root repeats what the step that failed says, and that stands below all of it.
        notes: Vec::new(),
    }
}

fn head(pull: &Pull) -> String {
    let outcome = pull.root().and_then(|root| value(&root.attributes, "credential_provider.outcome"));
    let trace = pull.root().map(|root| hex::encode(&root.trace_id)).unwrap_or_default();
    format!("pull {}, trace {trace}\n", outcome.unwrap_or_default())
}

/// What the kubelet's journal has said of a pull that failed.
fn remedy(pull: &Pull) -> String {
    let event = pull.root().and_then(|root| root.events.iter().find(|event| event.name == "exception"));
    let Some(event) = event else { return String::new() };
    let mut text = String::new();
    for (word, key) in [
        ("error: ", "exception.message"),
        ("  caused by: ", "credential_provider.causes"),
        ("  hint: ", "credential_provider.hint"),
    ] {
        for line in values(&event.attributes, key) {
            let _ = writeln!(text, "{word}{line}");
        }
    }
    text
}

fn value(attributes: &[KeyValue], key: &str) -> Option<String> {
    values(attributes, key).into_iter().next()
}

/// The texts or numbers of an attribute. A control character, which only somebody else could have written, is none of a terminal's.
fn values(attributes: &[KeyValue], key: &str) -> Vec<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    let value = attribute.and_then(|attribute| attribute.value.as_ref()?.value.as_ref());
    let texts = match value {
        Some(Value::ArrayValue(list)) => list.values.iter().filter_map(|value| value.value.as_ref()).collect(),
        value => Vec::from_iter(value),
    };
    let texts = texts.into_iter().filter_map(|value| match value {
        Value::StringValue(text) => Some(text.replace(char::is_control, " ")),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULL: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
        {"spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"request",
         "startTimeUnixNano":"1000000","endTimeUnixNano":"1100000"},
        {"spanId":"0000000000000004","parentSpanId":"0000000000000003","name":"POST",
         "startTimeUnixNano":"6000000","endTimeUnixNano":"11000000","attributes":[
         {"key":"error.type","value":{"stringValue":"503"}},
         {"key":"http.response.status_code","value":{"intValue":"503"}},
         {"key":"server.address","value":{"stringValue":"acme\u001b[2J.jfrog.io"}}]},
        {"spanId":"0000000000000003","parentSpanId":"0000000000000001","name":"exchange",
         "startTimeUnixNano":"5000000","endTimeUnixNano":"11000000"},
        {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"0000000000000001","name":"pull",
         "startTimeUnixNano":"1000000","endTimeUnixNano":"11000000","attributes":[
         {"key":"credential_provider.outcome","value":{"stringValue":"failed"}}],"events":[
         {"name":"exception","attributes":[
          {"key":"exception.message","value":{"stringValue":"failed to exchange the proof"}},
          {"key":"credential_provider.causes","value":{"arrayValue":{"values":[{"stringValue":"Artifactory answered 503"}]}}},
          {"key":"credential_provider.hint","value":{"stringValue":"wait"}}]}]}
        ]}]}]}"#;

    #[test]
    fn a_pull_that_failed_is_drawn_to_scale_with_its_remedy() {
        let pull = Pull::parse(PULL.as_bytes()).expect("a pull");
        insta::assert_snapshot!(drawn(&pull, Canvas::Plain { width: 64 }), @r"
        pull failed, trace 4bf92f3577b34da6a3ce929d0e0e4736
        pull         10.0 ms  ==========================================
          request     0.1 ms  =
          exchange    6.0 ms                   =========================
            POST      5.0 ms                       =====================
        error: failed to exchange the proof
          caused by: Artifactory answered 503
          hint: wait
        ");
    }
}
