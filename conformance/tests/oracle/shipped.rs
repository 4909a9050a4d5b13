//! The shipped provider, run by the kubelet's own code: what it accepts is its own word.

use std::path::{Path, PathBuf};

use conformance::program;
use serde_json::{Value, json};

use super::process::Oracle;

const CONFIG: &str = "apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: artifactory-credential-provider
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: [docker.io]
    defaultCacheDuration: 5m
    env:
      - {name: KSCP_REGISTRY_USERNAME, value: hub}
      - {name: KSCP_REGISTRY_PASSWORD, value: the-password}
";
const ATTRIBUTES: &str = "    tokenAttributes: {serviceAccountTokenAudience: aud, requireServiceAccount: false}\n";
const ASKS: &str = "V(5) Getting image";

/// The directory of the shipped provider; without one there is nothing to run, which is told.
fn bin_dir() -> Option<PathBuf> {
    let found = program::beside(Path::new(env!("CARGO_BIN_EXE_conformance")), None);
    let told = |error| {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: the shipped provider in a kubelet: {error}");
    };
    found.map_err(told).ok()?.parent().map(Path::to_owned)
}

/// A kubelet's look-ups, each for an image and, in service account mode, an account.
fn life(oracle: &Oracle, bin_dir: &Path, config: &str, look_ups: &[(&str, &str)]) -> Value {
    let step = |(image, account): &(&str, &str)| {
        json!({
            "image": image, "pod": {"namespace": "n", "name": "p", "uid": "u", "serviceAccountName": account},
            "account": {"uid": account, "annotations": {}}, "token": "e30.e30.e30",
        })
    };
    let steps: Vec<_> = look_ups.iter().map(step).collect();
    let question = json!({"config": config, "feature_gate_sa_token": true, "bindir": bin_dir, "steps": steps});
    oracle.ask("lookup", question)
}

/// User names of each look-up, and whether the provider was run for it.
fn told<'a>(answer: &'a Value) -> Vec<(Vec<&'a str>, bool)> {
    let steps = answer["steps"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let of_step = |step: &'a Value| {
        let names = list(&step["credentials"]).filter_map(|it| it["username"].as_str());
        let has_run = list(&step["log"]).filter_map(Value::as_str).any(|line| line.starts_with(ASKS));
        (names.collect(), has_run)
    };
    steps.iter().map(of_step).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn a_kubelet_registers_the_shipped_provider_asks_it_once_and_keeps_its_answer() {
    let Some(bin_dir) = bin_dir() else { return };
    for oracle in Oracle::all() {
        let look_ups = [("docker.io/library/nginx", ""), ("docker.io/library/nginx", ""), ("r.io/a", "")];
        let answer = life(&oracle, &bin_dir, CONFIG, &look_ups);
        assert_eq!(told(&answer), [(vec!["hub"], true), (vec!["hub"], false), (vec![], false)], "{answer}");
    }
}

#[test]
fn in_service_account_mode_an_answer_is_kept_for_each_account() {
    let Some(bin_dir) = bin_dir() else { return };
    for oracle in Oracle::all() {
        let has_cache_type = oracle.version >= "1.34".parse().unwrap();
        let attributes = if has_cache_type {
            ATTRIBUTES.replace('}', ", cacheType: ServiceAccount}")
        } else {
            ATTRIBUTES.to_owned()
        };
        let config = format!("{CONFIG}{attributes}");
        let image = "docker.io/library/nginx";
        let answer = life(&oracle, &bin_dir, &config, &[(image, "one"), (image, "one"), (image, "two"), (image, "")]);
        let runs: Vec<_> = told(&answer).into_iter().map(|(names, ran)| (names.concat(), ran)).collect();
        let hub = |ran| ("hub".to_owned(), ran);
        assert_eq!(runs, [hub(true), hub(false), hub(true), hub(true)], "{answer}");
    }
}

#[test]
fn a_provider_that_fails_is_in_the_kubelets_log_with_its_hint() {
    let Some(bin_dir) = bin_dir() else { return };
    for oracle in Oracle::all() {
        let config = CONFIG.replace("KSCP_REGISTRY_PASSWORD", "KSCP_REGISTRY_PASSWORDS");
        let image = "docker.io/library/nginx";
        let answer = life(&oracle, &bin_dir, &config, &[(image, ""), (image, "")]);
        // Nothing is kept of a failure.
        assert_eq!(told(&answer), [(vec![], true), (vec![], true)], "{answer}");
        let log = answer["steps"][0]["log"].to_string();
        assert!(log.contains("exit status 3") && log.contains("hint: "), "{log}");
    }
}
