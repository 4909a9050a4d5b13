//! A pull that was recorded, as a picture for a terminal: what followed what, how long it took, and what to do where it failed.
//!
//! ```text
//! pull answered, 12.40 ms, trace 4bf92f3577b34da6a3ce929d0e0e4736
//!   request                            0.10 ms  #
//!   identity azureManagedIdentity      3.10 ms  .########
//!     GET 169.254.169.254 200          2.90 ms  ..######
//! ```

use std::fmt::Write as _;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::record::Pull;

/// The least that the bars have, however narrow the terminal is, in characters.
const NARROWEST: usize = 20;
/// What a duration takes, with the spaces around it.
const DURATION: usize = 14;

/// A pull in lines of at most this many characters, where names and bars leave it that.
pub(super) fn waterfall(pull: &Pull, width: usize) -> String {
    let rows = rows(pull);
    let names = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    let bars = width.saturating_sub(names + DURATION).max(NARROWEST);
    let (begin, end) = whole(pull);
    let mut text = head(pull, end - begin);
    for row in rows {
        let bar = bar((row.begin - begin, row.end - begin), end - begin, bars);
        let duration = milliseconds(row.end - row.begin);
        let _ = writeln!(text, "{:names$}  {duration:>8} ms  {bar}", row.name);
    }
    text + &remedy(pull)
}

/// One span.
struct Row {
    /// Indented by its depth.
    name: String,
    begin: u64,
    end: u64,
}

fn rows(pull: &Pull) -> Vec<Row> {
    let spans: Vec<_> = pull.spans().collect();
    let roots = spans.iter().filter(|span| spans.iter().all(|other| other.span_id != span.parent_span_id));
    roots.flat_map(|root| below(&spans, root, 1)).collect()
}

/// The spans within a span, in the order in which they began. A span is its own parent in no trace that this program writes;
/// the depth ends the search in one that somebody else did.
fn below(spans: &[&Span], parent: &Span, depth: usize) -> Vec<Row> {
    let mut children: Vec<_> = spans.iter().filter(|span| span.parent_span_id == parent.span_id).collect();
    children.sort_by_key(|span| span.start_time_unix_nano);
    let rows = children.into_iter().filter(|_| depth < 8).flat_map(|span| {
        let row = Row {
            name: format!("{}{}", "  ".repeat(depth), named(span)),
            begin: span.start_time_unix_nano,
            end: span.end_time_unix_nano.max(span.start_time_unix_nano),
        };
        std::iter::once(row).chain(below(spans, span, depth + 1))
    });
    rows.collect()
}

/// What a span did, in few words.
fn named(span: &Span) -> String {
    let said = [
        "server.address",
        "http.response.status_code",
        "error.type",
        "credential_provider.identity_source",
        "credential_provider.artifactory",
        "credential_provider.outcome",
    ];
    let mut words = vec![span.name.clone()];
    for value in said.iter().filter_map(|key| value(&span.attributes, key)) {
        // The type of an error is the status, where there is one.
        if !words.contains(&value) {
            words.push(value);
        }
    }
    words.join(" ")
}

fn head(pull: &Pull, length: u64) -> String {
    let outcome = pull.root().and_then(|root| value(&root.attributes, "credential_provider.outcome"));
    let trace = pull.root().map(|root| hexadecimal(&root.trace_id)).unwrap_or_default();
    format!("pull {}, {} ms, trace {trace}\n", outcome.unwrap_or_default(), milliseconds(length))
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

/// From when to when, by the span that began first and the one that ended last.
fn whole(pull: &Pull) -> (u64, u64) {
    let begin = pull.began();
    (begin, pull.spans().map(|span| span.end_time_unix_nano).max().unwrap_or_default().max(begin))
}

/// A bar to scale. What takes any time is seen.
fn bar((begin, end): (u64, u64), whole: u64, width: usize) -> String {
    let place = |at: u64| usize::try_from(at.saturating_mul(width as u64) / whole.max(1)).unwrap_or(width).min(width);
    let before = place(begin).min(width - 1);
    let length = place(end).saturating_sub(before).max(1);
    format!("{}{}", ".".repeat(before), "#".repeat(length))
}

fn milliseconds(nanoseconds: u64) -> String {
    let hundredths = nanoseconds / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
        insta::assert_snapshot!(waterfall(&pull, 64), @r"
        pull failed, 10.00 ms, trace 4bf92f3577b34da6a3ce929d0e0e4736
          request                           0.10 ms  #
          exchange                          6.00 ms  ........############
            POST acme [2J.jfrog.io 503      5.00 ms  ..........##########
        error: failed to exchange the proof
          caused by: Artifactory answered 503
          hint: wait
        ");
    }

    #[test]
    fn bars_are_to_scale_and_what_took_no_time_is_seen() {
        assert_eq!(bar((0, 100), 100, 20), "#".repeat(20));
        assert_eq!(bar((50, 100), 100, 20), format!("{}{}", ".".repeat(10), "#".repeat(10)));
        assert_eq!(bar((100, 100), 100, 20), format!("{}#", ".".repeat(19)));
        assert_eq!(bar((0, 0), 0, 20), "#");
        assert_eq!(bar((7, u64::MAX), 10, 20).len(), 20);
    }
}
