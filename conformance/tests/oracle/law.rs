//! A law: on every case the simulator says what the kubelet's own code says.

use std::path::Path;

use conformance::kubelet::KubeletVersion;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use serde_json::{Value, json};

use super::process::Oracle;

/// A case on which the two may differ.
pub(crate) struct Case {
    /// The case as a vector, less its source.
    pub(crate) vector: Value,
    /// What the kubelet's own code says.
    pub(crate) kubelet: Value,
    /// What the simulator says.
    pub(crate) simulator: Value,
}

/// Holds the law for every version that is built: all cases for the newest, a tenth for each that is older.
pub(crate) fn holds<S: Strategy>(kind: &str, cases: &S, compare: impl Fn(&Oracle, &S::Value) -> Case) {
    holds_in(1, kind, cases, compare);
}

/// The same for a part of the cases, if each is a whole life with many look-ups.
pub(crate) fn holds_in<S: Strategy>(part: u32, kind: &str, cases: &S, compare: impl Fn(&Oracle, &S::Value) -> Case) {
    for (age, oracle) in Oracle::all().enumerate() {
        let usual = Config::default();
        let count = usual.cases / part / if age == 0 { 1 } else { 10 };
        let config = Config { cases: count.max(20), failure_persistence: None, max_shrink_iters: 4000, ..usual };
        let result = TestRunner::new(config).run(cases, |case| {
            let case = compare(&oracle, &case);
            if case.kubelet == case.simulator { Ok(()) } else { Err(TestCaseError::fail("they differ")) }
        });
        match result {
            Ok(()) => {}
            Err(TestError::Fail(_, smallest)) => {
                let Case { vector, kubelet, simulator } = compare(&oracle, &smallest);
                let kept = keep(kind, &vector, oracle.version);
                panic!("on {vector}\n  kubelet {}: {kubelet}\n  the simulator: {simulator}\n  {kept}", oracle.version);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Keeps a vector, if it is about the version that vectors are about.
fn keep(kind: &str, vector: &Value, version: KubeletVersion) -> String {
    if version != KubeletVersion::OF_VECTORS {
        return "not kept, since vectors are about another version".to_owned();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{kind}-oracle.json"));
    let mut vectors: Vec<Value> =
        std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let mut vector = vector.clone();
    vector["source"] = json!(format!("executed: kubelet {version}"));
    if !vectors.contains(&vector) {
        vectors.push(vector);
    }
    std::fs::write(&path, serde_json::to_string_pretty(&vectors).unwrap() + "\n").unwrap();
    format!("kept in {}", path.display())
}

/// Up to `most` of some parts, one after the other.
pub(crate) fn joined(parts: &'static [&'static str], most: usize) -> impl Strategy<Value = String> + Clone {
    prop::collection::vec(select(parts), 0..=most).prop_map(|parts| parts.concat())
}
