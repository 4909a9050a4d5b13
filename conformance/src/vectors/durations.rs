//! Vectors of `duration`: the nanoseconds of a text.

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::GoDuration;

#[derive(Deserialize)]
struct Vector {
    duration: String,
    nanos: Option<i64>,
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |Vector { duration, nanos }: Vector| {
        let shown = |nanos: Option<i64>| nanos.map_or("no duration".to_owned(), |nanos| nanos.to_string());
        let got = GoDuration::parse(&duration).ok().map(GoDuration::as_nanos);
        Outcome::of(&format!("`{duration}`"), [(shown(nanos), shown(got))])
    })
}
