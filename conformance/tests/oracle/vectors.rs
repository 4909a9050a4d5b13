//! The vectors themselves, run by the kubelet's own code.

use std::path::Path;

use conformance::kubelet::KubeletVersion;
use serde_json::{Map, Value};

use super::process::Oracle;

/// Files of vectors, and what the questions in them are about.
const FILES: [(&str, &str); 11] = [
    ("match", "match"),
    ("match-go", "match"),
    ("image", "image"),
    ("config", "config"),
    ("config-go", "config"),
    ("config_dir", "config_dir"),
    ("response", "response"),
    ("response-go", "response"),
    ("duration", "duration"),
    ("keyring", "keyring"),
    ("cache", "cache"),
];

#[test]
fn the_kubelets_own_code_passes_the_vectors() {
    let usual = KubeletVersion::OF_VECTORS;
    for oracle in Oracle::all().filter(|oracle| oracle.version == usual) {
        for (file, about) in FILES {
            let asked =
                entries(file).into_iter().filter(is_seen_from_outside).inspect(|entry| agree(&oracle, about, entry));
            assert!(asked.count() > 0, "{file}");
        }
    }
}

/// Keys of runs cannot be observed, some directories are told in words, and some answers are those of an older Go.
fn is_seen_from_outside(entry: &Value) -> bool {
    let of_this_go = entry["go_version_dependent"].as_object();
    let is_older = of_this_go.is_some_and(|it| it.keys().any(|go| go.starts_with("go1.26")));
    let is_told = entry["files"]
        .as_object()
        .is_some_and(|files| files.values().filter_map(Value::as_str).any(|text| !text.contains("kind")));
    entry["fn"] != "single_flight_key" && !is_told && !is_older
}

fn agree(oracle: &Oracle, about: &str, entry: &Value) {
    let answer = oracle.ask(about, entry.clone());
    let expected = entry.as_object().unwrap();
    let common: Vec<_> = answer.as_object().unwrap().iter().filter(|(name, _)| expected.contains_key(*name)).collect();
    assert!(!common.is_empty(), "{entry} is answered with {answer}");
    for (name, value) in common {
        assert!(holds(&expected[name], value), "{name} of {entry} is {value}");
    }
}

/// Whether what is expected is there, whatever else is.
fn holds(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            let common: Map<_, _> = expected.clone().into_iter().filter(|(name, _)| got.contains_key(name)).collect();
            !common.is_empty() && common.iter().all(|(name, value)| holds(value, &got[name]))
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len() && expected.iter().zip(got).all(|(expected, got)| holds(expected, got))
        }
        _ => expected == got,
    }
}

fn entries(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{file}.json"));
    match serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() {
        Value::Array(entries) => entries,
        Value::Object(lists) => lists.into_iter().filter_map(|(_, list)| list.as_array().cloned()).flatten().collect(),
        other => panic!("{other}"),
    }
}
