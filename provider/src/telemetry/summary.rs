//! What a pull says of itself in few words and numbers, for whoever reads no traces.

use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::record::{Pull, ROOT};

/// The spans whose length is told.
pub(super) const STEPS: [&str; 3] = [ROOT, "identity", "exchange"];

/// A pull, read for its numbers.
pub(super) struct Summary<'p> {
    pull: &'p Pull,
    root: &'p [KeyValue],
}

impl<'p> Summary<'p> {
    pub(super) fn of(pull: &'p Pull) -> Self {
        let root = pull.root().map(|root| root.attributes.as_slice());
        Self { pull, root: root.unwrap_or_default() }
    }

    /// `answered`, `declined` or `failed`.
    pub(super) fn outcome(&self) -> Option<&'p str> {
        text(self.root, "credential_provider.outcome")
    }

    pub(super) fn exit_code(&self) -> Option<i64> {
        number(self.root, "credential_provider.exit_code")
    }

    pub(super) fn attempts(&self) -> Option<i64> {
        number(self.root, "credential_provider.attempts")
    }

    /// The place of the route in the configuration.
    pub(super) fn route(&self) -> Option<i64> {
        self.attributes().find_map(|span| number(span, "credential_provider.route"))
    }

    /// The text of an attribute, of whichever span has it.
    pub(super) fn text(&self, key: &str) -> Option<&'p str> {
        self.attributes().find_map(|span| text(span, key))
    }

    /// The texts of what the failure says, by the name of the attribute.
    pub(super) fn of_failure(&self, key: &str) -> impl Iterator<Item = &'p str> + use<'p> {
        let events = self.pull.root().map(|root| root.events.as_slice()).unwrap_or_default();
        let value = events.iter().find_map(|event| value(&event.attributes, key));
        let values = match value {
            Some(Value::ArrayValue(list)) => list.values.iter().filter_map(|value| value.value.as_ref()).collect(),
            value => Vec::from_iter(value),
        };
        values.into_iter().filter_map(|value| match value {
            Value::StringValue(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn token_lifetime(&self) -> Option<Duration> {
        let seconds = self.attributes().find_map(|span| number(span, "credential_provider.token_lifetime"));
        seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
    }

    /// How long each of [`STEPS`] took that there was.
    pub(super) fn lengths(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let step = |span: &Span| STEPS.into_iter().find(|step| *step == span.name);
        self.pull.spans().filter_map(move |span| Some((step(span)?, length(span))))
    }

    /// How long the kubelet waited, as far as this program knows.
    pub(super) fn length(&self) -> Duration {
        self.pull.root().map(length).unwrap_or_default()
    }

    /// The step of each request that was sent again.
    pub(super) fn retries(&self) -> impl Iterator<Item = &'static str> {
        let again = self.pull.spans().filter(|span| number(&span.attributes, "http.request.resend_count").is_some());
        again.filter_map(|span| self.step_above(span))
    }

    fn step_above(&self, span: &Span) -> Option<&'static str> {
        let above = self.pull.spans().find(|other| other.span_id == span.parent_span_id)?;
        STEPS.into_iter().find(|step| *step == above.name)
    }

    fn attributes(&self) -> impl Iterator<Item = &'p [KeyValue]> + use<'p> {
        self.pull.spans().map(|span| span.attributes.as_slice())
    }
}

/// A clock that was put back makes no span shorter than nothing.
fn length(span: &Span) -> Duration {
    Duration::from_nanos(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano))
}

fn value<'p>(attributes: &'p [KeyValue], key: &str) -> Option<&'p Value> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    attribute.value.as_ref()?.value.as_ref()
}

fn text<'p>(attributes: &'p [KeyValue], key: &str) -> Option<&'p str> {
    match value(attributes, key)? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

fn number(attributes: &[KeyValue], key: &str) -> Option<i64> {
    match value(attributes, key)? {
        Value::IntValue(number) => Some(*number),
        _ => None,
    }
}
