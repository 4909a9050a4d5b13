//! Vectors of `config`: whether a kubelet starts with a configuration.

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::{CredentialProviderConfig, Gate, KubeletVersion};

#[derive(Deserialize)]
struct Vector {
    config: String,
    valid: Option<bool>,
    #[serde(default)]
    feature_gate_sa_token: Option<bool>,
    valid_le_1_31: Option<bool>,
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |vector: Vector| {
        let gate = match vector.feature_gate_sa_token {
            Some(true) => Gate::Open,
            Some(false) => Gate::Closed,
            None => KubeletVersion::OF_VECTORS.service_account_tokens(),
        };
        let got = |version, gate| match CredentialProviderConfig::parse(vector.config.as_bytes(), version, gate) {
            Ok(_) => (true, String::new()),
            Err(error) => (false, format!(": {error}")),
        };
        let newest = vector.valid.map(|valid| said(valid, got(KubeletVersion::OF_VECTORS, gate), "newest"));
        let older = vector.valid_le_1_31.and_then(|valid| {
            let version = "1.31".parse().ok()?;
            Some(said(valid, got(version, Gate::Closed), "1.31"))
        });
        Outcome::of(&vector.config, newest.into_iter().chain(older))
    })
}

/// What is expected, and what is so, with the reason only if it is not what is expected.
fn said(expected: bool, (got, reason): (bool, String), version: &str) -> (String, String) {
    let said = |valid| if valid { format!("valid ({version})") } else { format!("invalid ({version})") };
    let reason = if expected == got { "" } else { &reason };
    (said(expected), format!("{}{reason}", said(got)))
}
