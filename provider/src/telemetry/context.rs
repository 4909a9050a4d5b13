//! The trace that a pull is a part of: which one calls, and what the services that are asked are told.
//!
//! Source: W3C Trace Context, "Traceparent Header".

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::config::Environment;

/// The variable in which a caller hands its context on.
///
/// Source: OpenTelemetry specification, "Environment Variables as Context Propagation Carriers".
const TRACEPARENT: &str = "TRACEPARENT";

/// The caller's context; one that is malformed is none.
pub(super) fn incoming(environment: &Environment) -> Option<Context> {
    let parent = parse(environment.value(TRACEPARENT)?)?;
    Some(Context::new().with_remote_span_context(parent))
}

/// What a service is told of the span that asks it; `None` where nothing is recorded.
pub(crate) fn traceparent(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span().span_context().clone();
    let flags = span.trace_flags() & TraceFlags::SAMPLED;
    span.is_valid().then(|| format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id()))
}

fn parse(text: &str) -> Option<SpanContext> {
    let (version, rest) = text.trim().split_once('-')?;
    let mut parts = rest.split('-');
    let (trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?);
    // A later version may have more parts; of version 0 four is all there are.
    let is_complete = parts.next().is_none() || number(version, 2)? != 0;
    if !is_complete || number(version, 2)? == 0xff {
        return None;
    }
    let trace = TraceId::from(number(trace, 32)?);
    let span = SpanId::from(u64::try_from(number(span, 16)?).ok()?);
    let flags = TraceFlags::new(u8::try_from(number(flags, 2)?).ok()?) & TraceFlags::SAMPLED;
    Some(SpanContext::new(trace, span, flags, true, TraceState::NONE)).filter(SpanContext::is_valid)
}

/// So many hexadecimal digits, in small letters.
fn number(digits: &str, length: usize) -> Option<u128> {
    let is_one = digits.len() == length && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_one { u128::from_str_radix(digits, 16).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_callers_context_is_read() {
        for (flags, sampled) in [("00", false), ("01", true), ("03", true)] {
            let parent = parse(&format!("00-{TRACE}-00f067aa0ba902b7-{flags}")).expect("a context");
            assert_eq!(parent.trace_id().to_string(), TRACE);
            assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
            assert_eq!((parent.is_sampled(), parent.is_remote()), (sampled, true));
        }
        assert!(parse(&format!("01-{TRACE}-00f067aa0ba902b7-01-later")).is_some(), "a later version");
    }

    #[test]
    fn a_malformed_context_is_none() {
        let span = "00f067aa0ba902b7";
        for text in [
            String::new(),
            format!("ff-{TRACE}-{span}-01"),
            format!("0-{TRACE}-{span}-01"),
            format!("00-{TRACE}-{span}"),
            format!("00-{TRACE}-{span}-01-more"),
            format!("00-{TRACE}-{span}-1"),
            format!("00-{}-{span}-01", TRACE.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-{span}-01", &TRACE[1..]),
            format!("00-+{}-{span}-01", &TRACE[1..]),
        ] {
            assert_eq!(parse(&text), None, "{text}");
        }
    }

    #[test]
    fn a_span_that_nobody_records_tells_nothing() {
        assert_eq!(traceparent(&Span::none()), None);
    }
}
