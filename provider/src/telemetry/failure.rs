//! What a pull says of its end: the exit code, and of a failure what the kubelet's journal says, with the remedy.

use std::error::Error as _;

use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::record::{Pull, ROOT, list, number, text};
use crate::error::Error;

/// Tells how a pull has ended, at its root, and at the step that failed.
pub(super) fn tell(pull: &mut Pull, failure: Option<&Error>) {
    let attempts = pull.spans().filter(|span| is_call(span)).count();
    let outcome = match failure {
        Some(_) => "failed".to_owned(),
        None => pull.attribute("credential_provider.outcome").unwrap_or("declined").to_owned(),
    };
    for span in pull.spans_mut().filter(|span| span.name == ROOT) {
        span.attributes
            .push(number("credential_provider.exit_code", failure.map_or(0, |error| error.exit_code().into())));
        span.attributes.push(number("credential_provider.attempts", i64::try_from(attempts).unwrap_or(i64::MAX)));
        span.attributes.push(text("credential_provider.outcome", &outcome));
    }
    let Some(error) = failure else { return };
    let failed = step(error);
    for span in pull.spans_mut().filter(|span| span.name == ROOT || Some(span.name.as_str()) == failed) {
        explain(span, error);
    }
}

/// An attempt of a request, which asks somebody else.
fn is_call(span: &Span) -> bool {
    span.attributes.iter().any(|attribute| attribute.key == "http.request.method")
}

/// The step in which a failure lies; `None` before the path begins and after it ends.
fn step(error: &Error) -> Option<&'static str> {
    match error {
        Error::CommandLine(_) | Error::Config(_) | Error::Process(_) => None,
        Error::Request(_) | Error::Image(_) => Some("request"),
        Error::Identity { .. } | Error::Static(_) => Some("identity"),
        Error::Exchange { .. } => Some("exchange"),
        Error::Response(_) => Some("response"),
    }
}

/// Source: OpenTelemetry semantic conventions, "Exceptions in spans".
fn explain(span: &mut Span, error: &Error) {
    let causes = std::iter::successors(error.source(), |&error| error.source()).map(ToString::to_string);
    let kind = kind(error);
    span.attributes.push(text("error.type", kind));
    span.status = Some(Status { message: error.to_string(), code: StatusCode::Error.into() });
    span.events.push(Event {
        time_unix_nano: span.end_time_unix_nano,
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", kind),
            text("exception.message", &error.to_string()),
            list("credential_provider.causes", causes),
            text("credential_provider.hint", &error.hint()),
        ],
        dropped_attributes_count: 0,
    });
}

/// What kind of failure it is, in the words that the exit codes stand for.
fn kind(error: &Error) -> &'static str {
    match error.exit_code() {
        2 => "request",
        3 => "configuration",
        4 => "identity",
        5 => "exchange",
        6 => "deadline",
        _ => "bug",
    }
}
