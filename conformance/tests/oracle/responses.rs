//! What providers write to standard output.

use conformance::kubelet::{ApiVersion, CredentialProviderResponse, Decoded, Decoding};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::law::{Case, holds};

const V1: &str = "credentialprovider.kubelet.k8s.io/v1";

const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "1.5",
    "-0",
    "1e400",
    "01",
    ".5",
    "\"\"",
    "\"Image\"",
    "\"image\"",
    "\"Registry\"",
    "\"Global\"",
    "\"1m\"",
    "\"0\"",
    "\"0s\"",
    "\"-5s\"",
    "\"1h30m\"",
    "\"1d\"",
    "\" 1s\"",
    "3600",
    "\"2562047h47m16.854775808s\"",
    "{}",
    "[]",
    "[\"1m\"]",
    "{\"r.io\":{\"username\":\"u\",\"password\":\"p\"}}",
    "{\"r.io\":null}",
    "{\"r.io\":{}}",
    "{\"r.io\":{\"username\":1}}",
    "{\"r.io\":{\"Username\":\"u\"}}",
    "{\"r.io\":{},\"r.io\":{}}",
    "{\"r.io\":{\"username\":\"u\",\"username\":\"v\"}}",
    "{\"\":{}}",
    "{\"%zz\":{}}",
    "{\"*.r.io\":{\"username\":null,\"password\":\"\"}}",
    "{\"r.io\":[]}",
    "\"\\ud800\"",
    "{\"\\udc00\":{\"password\":\"\\ud83d\\ude00\"}}",
    "\"\\u0041\"",
    "\"a\\q\"",
    "\"\t\"",
    "\"é\"",
    "\"<&>\"",
    "tru",
    "'x'",
    "\"x",
    "{\"registry.io\":{\"username\":\"u\",\"password\":\"p\"}}",
    "{\"a\":{\"b\":{\"c\":[]}}}",
    "\"credentialprovider.kubelet.k8s.io/v1\"",
    "\"credentialprovider.kubelet.k8s.io/v1beta1\"",
    "\"v1\"",
    "\"CredentialProviderResponse\"",
    "\"CredentialProviderRequest\"",
    "\"a/b/c\"",
    "\"kubelet.config.k8s.io/v1\"",
    "\"CredentialProviderConfig\"",
];

const NAMES: &[&str] = &[
    "kind",
    "Kind",
    "apiVersion",
    "apiversion",
    "APIVERSION",
    "cacheKeyType",
    "CacheKeyType",
    "cacheDuration",
    "auth",
    "Auth",
    "metadata",
    "",
    "username",
    "\\u006bind",
    "k\\u0131nd",
    "\u{212a}ind",
    "apiVer\u{17f}ion",
    "auth ",
];

fn member() -> impl Strategy<Value = String> {
    let good = prop_oneof![
        (select(&["\"Image\"", "\"Registry\"", "\"Global\""][..]))
            .prop_map(|value| format!("\"cacheKeyType\":{value}")),
        select(&["\"1m\"", "\"0s\"", "\"-1h\"", "\"12h\"", "null"][..])
            .prop_map(|value| format!("\"cacheDuration\":{value}")),
        select(VALUES)
            .prop_filter("an object", |value| value.starts_with('{'))
            .prop_map(|value| format!("\"auth\":{value}")),
    ];
    let any = (select(NAMES), select(VALUES)).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    prop_oneof![5 => good, 1 => any]
}

/// An object, mostly of the right kind and version, sometimes with something before, within or after it.
fn outputs() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        12 => Just(format!("\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"{V1}\"")),
        1 => Just(format!("\"apiVersion\":\"{V1}\"")),
        1 => Just("\"kind\":\"CredentialProviderResponse\"".to_owned()),
        1 => (select(VALUES), select(VALUES)).prop_map(|(kind, version)| format!("\"kind\":{kind},\"apiVersion\":{version}")),
    ];
    const AROUND: &[&str] =
        &["", "", "", "", "", "", "", " ", "\n", "\u{feff}", "log line\n", "{}", "x", ",", "---\n", "\0", "null", "//"];
    let parts =
        (head, prop::collection::vec(member(), 0..5), select(AROUND), select(AROUND), any::<prop::sample::Index>());
    parts.prop_map(|(head, members, before, after, cut)| {
        let members: String = members.into_iter().map(|member| format!(",{member}")).collect();
        let whole = format!("{before}{{{head}{members}}}{after}");
        let at = cut.index(whole.len() * 8);
        // One in eight is cut short.
        if whole.is_char_boundary(at) && at < whole.len() { whole[..at].to_owned() } else { whole }
    })
}

#[test]
fn responses_are_understood_alike() {
    holds("response", &outputs(), |oracle, stdout| {
        let answer = oracle.ask("response", json!({"stdout": stdout, "expected_api_version": V1}));
        let decoded = Decoded::parse(stdout.as_bytes(), ApiVersion::V1, oracle.version.decoding());
        let lenient = Decoded::parse(stdout.as_bytes(), ApiVersion::V1, Decoding::Lenient).is_ok();
        let usable = decoded.clone().and_then(CredentialProviderResponse::try_from);
        let words = usable.as_ref().err().map(|error| error.kubelets_words()).unwrap_or_default();
        // Since 1.35 the type is not quoted.
        let ends = [words.clone(), words.replace('"', "")].iter().any(|words| is_told(&answer["words"], words));
        let said = if ends || words.is_empty() { answer["words"].clone() } else { json!(words) };
        let kept = usable.as_ref().ok().filter(|response| response.cache_duration.is_none_or(|it| it.as_nanos() != 0));
        let lasts = kept.map(|response| response.cache_duration.map_or(YEAR, |duration| duration.as_nanos()));
        let simulator = json!([
            decoded.is_ok(),
            usable.is_ok(),
            if usable.is_ok() { Value::Null } else { said },
            lasts,
            kept.map(|response| auth(response))
        ]);
        let (decodes, is_used) = (&answer["decodes_ge_1_32"], &answer["usable_ge_1_32"]);
        let given = answer["auth"].as_object().map(|auth| {
            let fields = |(key, it): (&String, &Value)| {
                (key.clone(), json!(["username", "password"].map(|name| it[name].as_str().unwrap_or_default())))
            };
            auth.iter().map(fields).collect::<serde_json::Map<_, _>>()
        });
        Case {
            vector: json!({
                "stdout": stdout, "expected_api_version": V1, "decodes_ge_1_32": decodes, "usable_ge_1_32": is_used,
                "decodes_le_1_31": lenient,
            }),
            kubelet: json!([decodes, is_used, answer["words"], answer["lasts"], given]),
            simulator,
        }
    });
}

/// What the provider is asked with as its default.
const YEAR: i64 = 8760 * 3600 * 1_000_000_000;

fn is_told(line: &Value, words: &str) -> bool {
    line.as_str().is_some_and(|line| line.replace("\\\"", "\"").contains(words))
}

fn auth(response: &CredentialProviderResponse) -> serde_json::Map<String, Value> {
    response.auth.iter().map(|(key, it)| (key.clone(), json!([it.username, it.password]))).collect()
}
