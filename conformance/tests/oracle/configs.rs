//! Configurations as people write them, with the slips that people make.

use conformance::kubelet::{CacheType, CredentialProviderConfig, Gate, ProviderEntry, ServiceAccountNeed};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::law::{Case, holds};
use super::process::Oracle;

/// Values as they stand in a line of YAML.
const SCALARS: &[&str] = &[
    "one",
    "\"two\"",
    "'three'",
    "y",
    "no",
    "ON",
    "~",
    "null",
    "",
    "1",
    "1.5",
    "0x10",
    "0o7",
    "017",
    "1_000",
    "1e3",
    ".inf",
    "2024-01-01",
    "1:30",
    "true",
    "False",
    "[a, b]",
    "{a: b}",
    "[]",
    "{}",
    "!!str 1",
    "!!binary aGk=",
    "&x one",
    "\"\\u00e9\"",
    "é",
    "'it''s'",
    "\"a\\tb\"",
    "a/b",
    "a b",
    ".",
    "..",
    "*.r.io",
    "'*.r.io'",
    "r.io",
    "\"r.io:*\"",
    "\"r.io:5000/a\"",
    "'%'",
    "\"[::1]\"",
    "a:b:c",
    "1m",
    "\"1m\"",
    "0s",
    "\"0\"",
    "-1s",
    "\"-1s\"",
    "1d",
    "10",
    "1h30m",
    "credentialprovider.kubelet.k8s.io/v1",
    "credentialprovider.kubelet.k8s.io/v1beta1",
    "credentialprovider.kubelet.k8s.io/v1alpha1",
    "credentialprovider.kubelet.k8s.io/v2",
    "v1",
    "Token",
    "ServiceAccount",
    "token",
    "aud",
    "one # a comment",
    "one#no comment",
    "|-\n      text",
    ">\n      folded\n      text",
];

const IMAGES: &[&str] = &[
    "[r.io]",
    "['*.r.io', r.io]",
    "[\"r.io:5000/a\"]",
    "[]",
    "null",
    "r.io",
    "['%']",
    "['r.io:*', ' ']",
    "[\"a:b:5\"]",
    "['']",
    "[1]",
    "[null]",
    "[\"[a-z].io\"]",
    "[r.io, r.io]",
    "['[::1]:5000']",
];

const KEYS: &[&str] = &[
    "[]",
    "[a]",
    "[a, b]",
    "[a, a]",
    "[r.io/role]",
    "['']",
    "[R.io/Role]",
    "['-a']",
    "[a/b/c]",
    "['é']",
    "[b, a]",
    "null",
    "[a_b.c-d]",
    "[/a]",
    "[a/]",
    "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
];

/// One line of an entry, or none.
fn field(name: &'static str, usual: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(usual).prop_map(move |value| format!("  {name}: {value}\n")),
        1 => select(SCALARS).prop_map(move |value| format!("  {name}: {value}\n")),
        1 => Just(String::new()),
    ]
}

fn entry() -> impl Strategy<Value = String> {
    let version: &[_] = &["credentialprovider.kubelet.k8s.io/v1", "credentialprovider.kubelet.k8s.io/v1beta1"];
    let usual = (
        prop_oneof![12 => select(&["one", "two", "three", "\"four\""][..]), 1 => select(SCALARS)],
        field("apiVersion", &version[..1]),
        prop_oneof![12 => select(&IMAGES[..3]), 2 => select(IMAGES)],
        field("defaultCacheDuration", &["1m", "\"12h\"", "0s", "1h30m"]),
        prop_oneof![3 => Just(String::new()), 1 => select(SCALARS).prop_map(|it| format!("  args: [--v=5, {it}]\n"))],
        prop_oneof![
            3 => Just(String::new()),
            1 => (select(SCALARS), select(SCALARS)).prop_map(|(name, value)| format!("  env:\n  - name: {name}\n    value: {value}\n")),
        ],
        prop_oneof![1 => Just(String::new()), 1 => attributes()],
        prop_oneof![20 => Just(String::new()), 1 => select(SCALARS).prop_map(|it| format!("  extra: {it}\n")), 1 => select(SCALARS).prop_map(|it| format!("  name: {it}\n"))],
    );
    usual.prop_map(|(name, version, images, duration, arguments, variables, attributes, more)| {
        format!("- name: {name}\n{version}  matchImages: {images}\n{duration}{arguments}{variables}{attributes}{more}")
    })
}

fn attributes() -> impl Strategy<Value = String> {
    let line = |name: &'static str, usual: &'static [&'static str]| {
        prop_oneof![
            15 => select(usual).prop_map(move |value| format!("    {name}: {value}\n")),
            1 => select(SCALARS).prop_map(move |value| format!("    {name}: {value}\n")),
            1 => Just(String::new()),
        ]
    };
    let all = (
        line("serviceAccountTokenAudience", &["aud", "\"\"", "https://r.io"]),
        line("cacheType", &["Token", "ServiceAccount"]),
        line("requireServiceAccount", &["true", "false"]),
        prop_oneof![
            line("requiredServiceAccountAnnotationKeys", &KEYS[..3]),
            line("requiredServiceAccountAnnotationKeys", KEYS)
        ],
        prop_oneof![
            line("optionalServiceAccountAnnotationKeys", &KEYS[..2]),
            line("optionalServiceAccountAnnotationKeys", KEYS)
        ],
    );
    all.prop_map(|(audience, cache, requires, required, optional)| {
        format!("  tokenAttributes:\n{audience}{cache}{requires}{required}{optional}")
    })
}

/// A whole configuration, sometimes changed as a text.
fn configurations() -> impl Strategy<Value = String> {
    let version = prop_oneof![
        12 => Just("kubelet.config.k8s.io/v1"), 2 => Just("kubelet.config.k8s.io/v1beta1"), 1 => Just("kubelet.config.k8s.io/v1alpha1"),
        1 => select(SCALARS),
    ];
    let kind = prop_oneof![20 => Just("CredentialProviderConfig"), 1 => select(SCALARS)];
    let change = prop_oneof![12 => Just(None), 1 => select(CHANGES).prop_map(Some)];
    (version, kind, prop::collection::vec(entry(), 0..4), change, any::<bool>()).prop_map(
        |(version, kind, entries, change, is_json)| {
            let providers = if entries.is_empty() { " []\n".to_owned() } else { format!("\n{}", entries.concat()) };
            let text = format!("apiVersion: {version}\nkind: {kind}\nproviders:{providers}");
            let text = change.map_or(text.clone(), |(from, to)| text.replacen(from, to, 1));
            if is_json { as_json(&text).unwrap_or(text) } else { text }
        },
    )
}

/// What is replaced by what.
const CHANGES: &[(&str, &str)] = &[
    ("apiVersion", "---\napiVersion"),
    ("apiVersion", "# comment\napiVersion"),
    ("apiVersion", "\u{feff}apiVersion"),
    ("apiVersion", "APIVERSION"),
    ("kind", "Kind"),
    ("providers", "Providers"),
    ("\n", "\r\n"),
    ("\n", "\n\n"),
    ("\n", "\n\t"),
    ("providers", "x: 1\nproviders"),
    ("providers", "providers: []\nproviders"),
    ("matchImages", "matchimages"),
    ("  ", "\t"),
    ("name", "Name"),
    ("providers:", "providers: &p"),
    ("- name", "-  name"),
    ("- name", "- {}\n- name"),
    ("- name", "- null\n- name"),
    ("kind", "<<: {a: b}\nkind"),
    ("kind", "? kind\n"),
    ("\n- name", "\n...\n- name"),
    ("\nkind", "\n---\nkind"),
    ("kind:", "kind :"),
    ("kind: ", "kind:"),
    ("apiVersion", "%YAML 1.1\n---\napiVersion"),
    ("kind", "1: 2\nkind"),
    ("kind", "null: 2\nkind"),
    ("kind", "\"kind\""),
    ("kind", "!!str kind"),
    (":", ": "),
    ("- name", "  - name"),
];

/// The same as JSON, if it is not odd.
fn as_json(text: &str) -> Option<String> {
    let documents = conformance::kubelet::yaml_documents(text.as_bytes()).ok()?;
    documents.first().map(Value::to_string)
}

#[test]
fn kubelets_start_with_the_same_configurations() {
    holds("config", &(configurations(), any::<bool>()), |oracle, (config, gate)| {
        let answer = oracle.ask("config", json!({"config": config, "feature_gate_sa_token": gate}));
        Case {
            vector: json!({"config": config, "feature_gate_sa_token": gate, "valid": answer["valid"], "reason": answer["words"]}),
            kubelet: said_by_kubelet(&answer),
            simulator: said_by_simulator(oracle, config, *gate),
        }
    });
}

fn said_by_kubelet(answer: &Value) -> Value {
    let words = answer["words"].as_str().unwrap_or_default();
    let words = words.replacen("error decoding config \"NODE/config.yaml\": ", "", 1);
    let words = words.replacen("error decoding config NODE/config.yaml: ", "", 1);
    let providers = answer["program"].is_null().then(|| answer["providers"].clone());
    json!([answer["valid"], without_place(&words), providers])
}

/// The words for rules that are broken; for a text that does not decode, that it does not.
fn without_place(words: &str) -> String {
    let is_compared = ["", "failed to validate", "duplicate provider"]
        .iter()
        .any(|start| words.starts_with(start) && !start.is_empty());
    if words.is_empty() || is_compared { words.to_owned() } else { "does not decode".to_owned() }
}

fn said_by_simulator(oracle: &Oracle, config: &str, gate: bool) -> Value {
    let gate = if gate { Gate::Open } else { Gate::Closed };
    match CredentialProviderConfig::parse(config.as_bytes(), oracle.version, gate) {
        Ok(config) => {
            let is_file = |it: &ProviderEntry| !["", ".", ".."].contains(&it.name.as_str()) && !it.name.contains('/');
            let providers = config
                .providers
                .iter()
                .all(is_file)
                .then(|| config.providers.iter().map(|it| shown(it, oracle)).collect::<Vec<_>>());
            json!([true, "", providers])
        }
        Err(error) => json!([false, without_place(&error.to_string()), []]),
    }
}

fn shown(entry: &ProviderEntry, oracle: &Oracle) -> Value {
    // Without the field, what is kept is kept for the account.
    let account = if oracle.version >= "1.34".parse().unwrap() { "ServiceAccount" } else { "" };
    let attributes = entry.token_attributes.as_ref().map(|it| {
        json!({
            "audience": it.audience,
            "requireServiceAccount": it.account == ServiceAccountNeed::Required,
            "required": it.required_annotations,
            "optional": it.optional_annotations,
            "cacheType": if it.cache_type == CacheType::Token { "Token" } else { account },
        })
    });
    json!({
        "name": entry.name,
        "apiVersion": entry.api_version.as_str(),
        "matchImages": entry.match_images.iter().map(|(text, _pattern)| text).collect::<Vec<_>>(),
        "defaultCacheDuration": entry.default_cache_duration.as_nanos(),
        "args": entry.args,
        "env": entry.env,
        "tokenAttributes": attributes,
    })
}
