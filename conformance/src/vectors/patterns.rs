//! Vectors of `match`: whether an entry of `matchImages`, or a key of `auth`, is for an image.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::{GoVersion, Keyring, matches};

#[derive(Deserialize)]
struct Vector {
    kind: Option<String>,
    pattern: String,
    image: String,
    #[serde(rename = "match")]
    expected: Option<Value>,
    effective_is_image_allowed: Option<bool>,
    #[serde(default)]
    go_version_dependent: BTreeMap<String, Value>,
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |vector: Vector| {
        let Vector { kind, pattern, image, .. } = &vector;
        let kind = kind.as_deref().unwrap_or("urls_match");
        let about = format!("{kind} of `{pattern}` and `{image}`");
        match kind {
            "urls_match" => Outcome::of(&about, of_entry(&vector)),
            "keyring_single_key" => {
                let found = Value::from(has_credential(pattern, image, GoVersion::default()));
                let expected = vector.expected.as_ref();
                Outcome::of(&about, expected.map(|it| (it.to_string(), found.to_string())))
            }
            other => Outcome::skipped(&format!("`{other}` is no kind of match")),
        }
    })
}

fn of_entry(vector: &Vector) -> Vec<(String, String)> {
    let Vector { pattern, image, expected, effective_is_image_allowed, go_version_dependent, .. } = vector;
    let result = |go| matches(pattern, image, go).map_or_else(|_error| Value::from("error"), Value::from).to_string();
    let got = result(GoVersion::default());
    let allowed = (got == "true").to_string();
    let plain = expected.as_ref().map(|expected| (expected.to_string(), got));
    let allowed = effective_is_image_allowed.map(|expected| (expected.to_string(), allowed));
    let of_version = go_version_dependent.iter().filter_map(|(label, expected)| {
        let go = go_version(label)?;
        Some((format!("{expected} with {label}"), format!("{} with {label}", result(go))))
    });
    plain.into_iter().chain(allowed).chain(of_version).collect()
}

/// The rules that a label such as `go1.24.3` or `go>=1.26 ..` stands for.
fn go_version(label: &str) -> Option<GoVersion> {
    if label.contains("urlstrictcolons=1") {
        return Some(GoVersion::Go1_26);
    }
    let number = label.trim_start_matches("go").trim_start_matches(['<', '=', '>', ' ']);
    let number = number.split([' ', '(']).next()?;
    let parts: Vec<u32> = number.split('.').map_while(|part| part.parse().ok()).collect();
    (parts.len() > 1 && parts < vec![1, 24, 8]).then_some(GoVersion::Go1_19)
}

fn has_credential(key: &str, image: &str, go: GoVersion) -> bool {
    let mut keyring = Keyring::new(go);
    keyring.add([(key, ())]);
    !keyring.look_up(image).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_versions_are_understood() {
        assert_eq!(go_version("go>=1.26 language default (urlstrictcolons=1)"), Some(GoVersion::Go1_26));
        assert_eq!(go_version("go1.24.3 (before bracket tightening)"), Some(GoVersion::Go1_19));
        assert_eq!(go_version("go1.24.11"), None);
        assert_eq!(go_version("some day"), None);
    }
}
