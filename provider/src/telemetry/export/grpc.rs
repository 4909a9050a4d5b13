//! The words of gRPC in which a collector answers.
//!
//! Source: OpenTelemetry specification, "OTLP/gRPC"; `google/rpc/status.proto` and `google/rpc/error_details.proto`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use super::collector::{Outcome, rejected_of};
use crate::http::grpc::Ended;

/// The method, as a path.
pub(super) const PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// What stands before a message: whether it is packed, and its length.
const HEAD: usize = 5;
/// Both ways of writing the end of base64 are met.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// A message with its head.
pub(super) fn framed(message: &[u8], is_packed: bool) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[u8::from(is_packed)], &length.to_be_bytes()[..], message].concat()
}

/// What the end of a call means.
pub(super) fn outcome(ended: &Ended) -> Outcome {
    let delay = ended.details.as_deref().and_then(retry_delay);
    match (ended.code, ended.http_status.as_u16()) {
        (Some(0), _) => {
            let answer = ended.answer.get(HEAD..).and_then(|answer| ExportTraceServiceResponse::decode(answer).ok());
            Outcome::Accepted { rejected: rejected_of(answer) }
        }
        // Cancelled, deadline exceeded, aborted, out of range, unavailable, data loss.
        (Some(1 | 4 | 10 | 11 | 14 | 15), _) => Outcome::Later(delay),
        // Resource exhausted: only where it says that this passes.
        (Some(8), _) if delay.is_some() => Outcome::Later(delay),
        // A proxy that answers in the collector's place.
        (None, 429 | 502 | 503 | 504) => Outcome::Later(None),
        _ => Outcome::Refused,
    }
}

fn retry_delay(details: &str) -> Option<Duration> {
    let status = Status::decode(BASE64.decode(details).ok()?.as_slice()).ok()?;
    let info = status.details.iter().find(|detail| detail.type_url.ends_with("google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay?;
    Some(Duration::new(u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?.min(999_999_999)))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose;

    use super::*;

    fn ended(code: Option<u16>, http_status: u16, details: Option<String>) -> Ended {
        let http_status = hyper::StatusCode::from_u16(http_status).expect("a status");
        Ended { http_status, code, details, answer: framed(&[], false).into() }
    }

    fn in_seconds(seconds: i64) -> String {
        let info = RetryInfo { retry_delay: Some(Delay { seconds, nanos: 5 }) };
        let detail =
            Any { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value: info.encode_to_vec() };
        general_purpose::STANDARD_NO_PAD.encode(Status { details: vec![detail] }.encode_to_vec())
    }

    #[test]
    fn what_passes_is_asked_again_and_the_rest_is_refused() {
        for (code, expected) in [
            (0, Outcome::Accepted { rejected: 0 }),
            (1, Outcome::Later(None)),
            (3, Outcome::Refused),
            (4, Outcome::Later(None)),
            (8, Outcome::Refused),
            (14, Outcome::Later(None)),
            (16, Outcome::Refused),
        ] {
            assert_eq!(outcome(&ended(Some(code), 200, None)), expected, "{code}");
        }
        assert_eq!(outcome(&ended(None, 503, None)), Outcome::Later(None));
        assert_eq!(outcome(&ended(None, 200, None)), Outcome::Refused);
    }

    #[test]
    fn a_delay_is_read_and_nonsense_is_none() {
        let delay = Some(Duration::new(3, 5));
        assert_eq!(outcome(&ended(Some(8), 200, Some(in_seconds(3)))), Outcome::Later(delay));
        assert_eq!(outcome(&ended(Some(14), 200, Some(in_seconds(3)))), Outcome::Later(delay));
        for nonsense in ["", "!", "AAAA"] {
            assert_eq!(retry_delay(nonsense), None);
        }
        assert_eq!(retry_delay(&in_seconds(-3)), None);
    }
}
