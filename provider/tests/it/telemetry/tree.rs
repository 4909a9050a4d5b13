//! The spans of an export as a tree, and what they say.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_semantic_conventions::{attribute, resource};

use super::collector::Export;

/// Values that differ from run to run, or say a time.
const VARYING: [&str; 10] = [
    "credential_provider.artifactory",
    "server.port",
    "server.address",
    "credential_provider.cache_duration",
    "credential_provider.deadline_left",
    "credential_provider.registry",
    "credential_provider.token_lifetime",
    "exception.message",
    "credential_provider.causes",
    "credential_provider.hint",
];

/// The names of OpenTelemetry's that spans here may have.
const CONVENTIONS: [&str; 12] = [
    attribute::ERROR_TYPE,
    attribute::EXCEPTION_MESSAGE,
    attribute::EXCEPTION_TYPE,
    attribute::HTTP_REQUEST_METHOD,
    attribute::HTTP_REQUEST_RESEND_COUNT,
    attribute::HTTP_RESPONSE_STATUS_CODE,
    attribute::K8S_NAMESPACE_NAME,
    attribute::SERVER_ADDRESS,
    attribute::SERVER_PORT,
    attribute::URL_PATH,
    attribute::URL_SCHEME,
    resource::CLOUD_PROVIDER,
];

impl Export {
    pub(crate) fn spans(&self) -> Vec<&Span> {
        let scopes = self.request.resource_spans.iter().flat_map(|spans| &spans.scope_spans);
        scopes.flat_map(|scope| &scope.spans).collect()
    }

    /// The resource, as `name=value`.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        let resource = self.request.resource_spans[0].resource.as_ref().expect("a resource");
        resource.attributes.iter().map(|attribute| (attribute.key.clone(), value(attribute.value.as_ref()))).collect()
    }

    /// The roots of the pulls in it.
    pub(crate) fn pulls(&self) -> Vec<&Span> {
        self.spans().into_iter().filter(|span| span.name == "pull").collect()
    }

    /// The value of an attribute of the first pull.
    pub(crate) fn of_pull(&self, key: &str) -> Option<String> {
        self.pulls().first().and_then(|span| of(span, key))
    }

    /// One line a span, in the order in which they began, each below its parent.
    pub(crate) fn tree(&self) -> String {
        let spans = self.spans();
        let roots = spans.iter().filter(|span| spans.iter().all(|other| other.span_id != span.parent_span_id));
        roots.map(|root| branch(&spans, root, 0)).collect()
    }
}

/// The value of an attribute.
pub(crate) fn of(span: &Span, key: &str) -> Option<String> {
    value_in(&span.attributes, key)
}

/// The value of an attribute among these.
pub(crate) fn value_in(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    Some(value(attribute.value.as_ref()))
}

fn branch(spans: &[&Span], span: &Span, depth: usize) -> String {
    let mut children: Vec<_> = spans.iter().filter(|child| child.parent_span_id == span.span_id).collect();
    children.sort_by_key(|child| child.start_time_unix_nano);
    for child in &children {
        assert!(span.start_time_unix_nano <= child.start_time_unix_nano, "{} begins before its parent", child.name);
        assert!(child.end_time_unix_nano <= span.end_time_unix_nano, "{} ends after its parent", child.name);
        assert_eq!(child.trace_id, span.trace_id);
    }
    let failed = span.status.as_ref().is_some_and(|status| status.code == 2);
    let text = format!(
        "{}{}{} {}\n",
        "  ".repeat(depth),
        span.name,
        if failed { " FAILED" } else { "" },
        shown(&span.attributes)
    );
    let mut text = format!("{}\n", text.trim_end());
    text.extend(
        span.events
            .iter()
            .map(|event| format!("{}! {} {}\n", "  ".repeat(depth + 1), event.name, shown(&event.attributes))),
    );
    text.extend(children.into_iter().map(|child| branch(spans, child, depth + 1)));
    text
}

fn shown(attributes: &[KeyValue]) -> String {
    let shown: BTreeMap<_, _> = attributes.iter().map(|attribute| (attribute.key.as_str(), attribute)).collect();
    assert_eq!(shown.len(), attributes.len(), "each name once: {attributes:?}");
    let shown = shown.into_iter().map(|(key, attribute)| {
        assert!(key.starts_with("credential_provider.") || CONVENTIONS.contains(&key), "`{key}` is nobody's name");
        let short = key.trim_start_matches("credential_provider.");
        if VARYING.contains(&key) { short.to_owned() } else { format!("{short}={}", value(attribute.value.as_ref())) }
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn value(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => number.to_string(),
        Some(Value::ArrayValue(list)) => {
            list.values.iter().map(|it| self::value(Some(it))).collect::<Vec<_>>().join("; ")
        }
        other => panic!("a value of another kind: {other:?}"),
    }
}
