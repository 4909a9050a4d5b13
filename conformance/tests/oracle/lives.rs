//! Whole look-ups: both sides read one configuration, run one program and ask it in both modes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use conformance::kubelet::{
    Cluster, CredentialProviderConfig, Gate, ImageName, Keyring, Kubelet, Pod, ServiceAccount, Settings,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::law::{Case, holds_in};
use super::process::{Oracle, folder};

const PROVIDERS: [&str; 3] = ["one", "two", "three"];

#[derive(Clone, Debug)]
struct Life {
    entries: Vec<Entry>,
    look_ups: Vec<LookUp>,
}

#[derive(Clone, Debug)]
struct Entry {
    images: Vec<&'static str>,
    default: &'static str,
    attributes: Option<Attributes>,
    version: &'static str,
}

#[derive(Clone, Debug)]
struct Attributes {
    cache_type: &'static str,
    requires: bool,
    required: bool,
}

#[derive(Clone, Debug)]
struct LookUp {
    minutes: u64,
    image: &'static str,
    has_account: bool,
    has_annotation: bool,
    token: Option<&'static str>,
    answers: Vec<Answer>,
}

#[derive(Clone, Debug)]
enum Answer {
    Response { key_type: &'static str, duration: Option<&'static str>, auth: Vec<(&'static str, &'static str)> },
    Other(&'static str),
}

fn lives() -> impl Strategy<Value = Life> {
    let attributes = (select(&["Token", "ServiceAccount"][..]), any::<bool>(), any::<bool>())
        // An annotation may be required of a required account only.
        .prop_map(|(cache_type, requires, required)| Attributes {
            cache_type,
            requires,
            required: required && requires,
        });
    let images = prop::collection::vec(select(&["a.io", "*.io", "a.io/team", "docker.io", "b.io:5000", "*"][..]), 1..3);
    let entry = (images, select(&["0s", "5m30s"][..]), prop::option::of(attributes), any::<bool>());
    let entry = entry.prop_map(|(images, default, attributes, is_older)| {
        let version = if is_older && attributes.is_none() { "v1beta1" } else { "v1" };
        Entry { images, default, attributes, version }
    });
    let keys = prop::collection::btree_map(
        select(&["a.io", "*.io", "a.io/team", "docker.io", "index.docker.io", "b.io:5000", "c.io"][..]),
        select(&["p1", "p2", "token-1", ""][..]),
        0..4,
    );
    let response = (
        select(&["Image", "Registry", "Global"][..]),
        select(&[None, Some("5m30s"), Some("0s"), Some("-5m"), Some("20m30s")][..]),
        keys,
    );
    let answer = prop_oneof![
        5 => response.prop_map(|(key_type, duration, auth)| Answer::Response { key_type, duration, auth: auth.into_iter().collect() }),
        1 => select(&[r#"{"exit":1,"stderr":"no"}"#, r#"{"signal":9}"#, r#"{"stdout":"log line"}"#, r#"{"stdout":"{}"}"#][..]).prop_map(Answer::Other),
    ];
    let look_up = (
        select(&[0, 0, 1, 4, 7, 16][..]),
        select(
            &[
                "a.io/team/app:1",
                "a.io/other",
                "nginx",
                "b.io:5000/x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "c.io/x",
            ][..],
        ),
        any::<bool>(),
        any::<bool>(),
        select(&[Some("token-1"), Some("token-1"), Some("token-2"), None][..]),
        prop::collection::vec(answer, 3),
    );
    let look_up = look_up.prop_map(|(minutes, image, has_account, has_annotation, token, answers)| LookUp {
        minutes,
        image,
        has_account,
        has_annotation,
        token,
        answers,
    });
    (prop::collection::vec(entry, 1..=3), prop::collection::vec(look_up, 1..5))
        .prop_map(|(entries, look_ups)| Life { entries, look_ups })
}

#[test]
fn pulls_are_given_the_same_credentials_by_the_same_runs() {
    holds_in(10, "cache", &lives(), |oracle, life| {
        let config = life.config(oracle);
        let steps: Vec<_> = life.look_ups.iter().map(|look_up| look_up.step(life.entries.len())).collect();
        let question = json!({"config": config, "feature_gate_sa_token": true, "steps": steps});
        let answer = oracle.ask("lookup", question);
        let kubelet: Vec<_> = answer["steps"].as_array().into_iter().flatten().map(seen).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let simulator = runtime.block_on(life.simulated(oracle, &config));
        Case { vector: json!({"case": format!("{life:?}")}), kubelet: json!(kubelet), simulator: json!(simulator) }
    });
}

/// Credentials, and what each program was asked.
fn seen(step: &Value) -> Value {
    let credentials =
        step["credentials"].as_array().into_iter().flatten().map(|it| json!([it["username"], it["password"]]));
    let runs = step["runs"].as_array().into_iter().flatten().map(|it| asked(it["provider"].as_str().unwrap(), it));
    json!([credentials.collect::<Vec<_>>(), runs.collect::<Vec<_>>()])
}

/// What a program was asked, and those of its variables that the entry sets.
fn asked(provider: &str, it: &Value) -> Value {
    let variables = it["environment"].as_array().into_iter().flatten();
    let own: Vec<_> = variables.filter(|it| it.as_str().is_some_and(|it| it.starts_with("ENTRY_"))).collect();
    json!([provider, it["arguments"], own, it["stdin"]])
}

impl Life {
    fn config(&self, oracle: &Oracle) -> String {
        let has_cache_type = oracle.version >= "1.34".parse().unwrap();
        let providers: Vec<_> =
            self.entries.iter().zip(PROVIDERS).map(|(it, name)| it.json(name, has_cache_type)).collect();
        let (kind, version) = ("CredentialProviderConfig", "kubelet.config.k8s.io/v1");
        json!({"apiVersion": version, "kind": kind, "providers": providers}).to_string()
    }

    async fn simulated(&self, oracle: &Oracle, config: &str) -> Vec<Value> {
        let bin_dir = tempfile::tempdir().unwrap();
        for name in &PROVIDERS[..self.entries.len()] {
            std::os::unix::fs::symlink(folder().join("provider"), bin_dir.path().join(name)).unwrap();
        }
        let mut settings = Settings::new(oracle.version, bin_dir.path());
        settings.gate = Gate::Open;
        let clock = settings.clock.clone();
        let config = CredentialProviderConfig::parse(config.as_bytes(), oracle.version, Gate::Open).unwrap();
        let kubelet = Kubelet::registered(settings, config).unwrap();
        let mut steps = Vec::new();
        for look_up in &self.look_ups {
            // No answer ends on a whole minute, since time goes on here while programs run.
            clock.advance(Duration::from_mins(look_up.minutes));
            steps.push(look_up.simulated(oracle, &kubelet, &bin_dir, self.entries.len()).await);
        }
        steps
    }
}

impl Entry {
    fn json(&self, name: &str, has_cache_type: bool) -> Value {
        let mut entry = json!({
            "name": name, "apiVersion": format!("credentialprovider.kubelet.k8s.io/{}", self.version),
            "matchImages": self.images, "defaultCacheDuration": self.default, "args": ["--for", name],
            "env": [{"name": "ENTRY_A", "value": "1"}, {"name": "ENTRY_A", "value": name}],
        });
        if let Some(Attributes { cache_type, requires, required }) = &self.attributes {
            let keys: &[_] = if *required { &["r.io/role"] } else { &[] };
            entry["tokenAttributes"] = json!({
                "serviceAccountTokenAudience": "aud", "requireServiceAccount": requires,
                "requiredServiceAccountAnnotationKeys": keys, "optionalServiceAccountAnnotationKeys": ["r.io/note"],
            });
            if has_cache_type {
                entry["tokenAttributes"]["cacheType"] = json!(cache_type);
            }
        }
        entry
    }
}

impl LookUp {
    fn account(&self) -> BTreeMap<String, String> {
        let role = self.has_annotation.then(|| ("r.io/role".to_owned(), "reader".to_owned()));
        role.into_iter()
            .chain([("r.io/note".to_owned(), "<&> \u{2028}é".to_owned()), ("x".to_owned(), String::new())])
            .collect()
    }

    fn name(&self) -> &'static str {
        if self.has_account { "app" } else { "" }
    }

    fn step(&self, count: usize) -> Value {
        let image = ImageName::parse(self.image).unwrap();
        let answers: BTreeMap<_, _> =
            PROVIDERS.into_iter().zip(&self.answers).take(count).map(|(name, it)| (name, it.told())).collect();
        json!({
            "after": self.minutes * 60_000_000_000, "image": image.repository(), "token": self.token, "answers": answers,
            "pod": {"namespace": "n", "name": "p", "uid": "u", "serviceAccountName": self.name()},
            "account": {"uid": "s", "annotations": self.account()},
        })
    }

    async fn simulated(&self, oracle: &Oracle, kubelet: &Kubelet, bin_dir: &TempDir, count: usize) -> Value {
        for (name, answer) in PROVIDERS.into_iter().zip(&self.answers).take(count) {
            fs::write(bin_dir.path().join(format!("{name}.answer")), answer.told().to_string()).unwrap();
        }
        let image = ImageName::parse(self.image).unwrap();
        let pod =
            Pod { namespace: "n".into(), name: "p".into(), uid: "u".into(), service_account_name: self.name().into() };
        let account = ServiceAccount { uid: "s".into(), annotations: self.account() };
        let cluster = Cluster::Given { account, token: self.token.map(str::to_owned) };
        let found = kubelet.look_up(&image, &pod, &cluster).await;
        let mut keyring = Keyring::new(oracle.version.go());
        for provider in &found {
            keyring.add(provider.auth.iter().map(|(key, auth)| (key.as_str(), json!([auth.username, auth.password]))));
        }
        let credentials: Vec<_> =
            keyring.look_up(image.repository()).into_iter().map(|(_key, it)| it.clone()).collect();
        let runs: Vec<_> = found.iter().flat_map(|it| runs(bin_dir.path(), &it.provider)).collect();
        json!([credentials, runs])
    }
}

/// What a program was asked, which is then forgotten.
fn runs(bin_dir: &Path, name: &str) -> Vec<Value> {
    let path = bin_dir.join(format!("{name}.asked"));
    let lines = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(path);
    lines.lines().map(|line| asked(name, &serde_json::from_str(line).unwrap())).collect()
}

impl Answer {
    fn told(&self) -> Value {
        match self {
            Self::Other(told) => serde_json::from_str(told).unwrap(),
            Self::Response { key_type, duration, auth } => {
                let auth: BTreeMap<_, _> =
                    auth.iter().map(|(key, password)| (key, json!({"username": key, "password": password}))).collect();
                let version = "credentialprovider.kubelet.k8s.io/v1";
                let response = json!({
                    "kind": "CredentialProviderResponse", "apiVersion": version, "cacheKeyType": key_type,
                    "cacheDuration": duration, "auth": auth,
                });
                json!({"stdout": response.to_string()})
            }
        }
    }
}
