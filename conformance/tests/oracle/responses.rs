//! What providers write to standard output.

use conformance::kubelet::{ApiVersion, CredentialProviderResponse, Decoded, Decoding, GoDuration, ResponseError};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

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
    "cacheduration",
    "cachekeytype",
    "CACHEDURATION",
    "AUTH",
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

/// What stands before or after an object.
const AROUND: &[&str] =
    &["", "", "", "", "", "", "", " ", "\n", "\u{feff}", "log line\n", "{}", "x", ",", "---\n", "\0", "null", "//"];

/// An object, mostly of the right kind and version, sometimes with something before, within or after it.
fn outputs() -> impl Strategy<Value = String> {
    let head = prop_oneof![
        12 => Just(format!("\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"{V1}\"")),
        1 => Just(format!("\"apiVersion\":\"{V1}\"")),
        1 => Just("\"kind\":\"CredentialProviderResponse\"".to_owned()),
        1 => (select(VALUES), select(VALUES)).prop_map(|(kind, version)| format!("\"kind\":{kind},\"apiVersion\":{version}")),
    ];
    let parts =
        (head, prop::collection::vec(member(), 0..5), select(AROUND), select(AROUND), any::<prop::sample::Index>());
    parts.prop_map(|(head, members, before, after, cut)| {
        let members: String = members.iter().flat_map(|member| [",", member]).collect();
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
        let strict = Decoded::parse(stdout.as_bytes(), ApiVersion::V1, oracle.version.decoding());
        let lenient = Decoded::parse(stdout.as_bytes(), ApiVersion::V1, Decoding::Lenient).is_ok();
        let (decodes, is_used) = (&answer["decodes_ge_1_32"], &answer["usable_ge_1_32"]);
        let auth = answer["auth"].as_object().map(credentials);
        Case {
            vector: json!({
                "stdout": stdout, "expected_api_version": V1, "decodes_ge_1_32": decodes, "usable_ge_1_32": is_used,
                "decodes_le_1_31": lenient,
            }),
            kubelet: json!([decodes, is_used, answer["words"], answer["lasts"], auth]),
            simulator: said_by_simulator(&strict, &answer["words"]),
        }
    });
}

/// The same of the simulator, with the kubelet's line of its log if that tells the same reason.
fn said_by_simulator(strict: &Result<Decoded, ResponseError>, line: &Value) -> Value {
    let usable = match strict.clone().and_then(CredentialProviderResponse::try_from) {
        Ok(usable) => usable,
        Err(error) => {
            let words = error.kubelets_words();
            // Since 1.35 a type that is none is not quoted.
            let is_told = is_told(line, &words) || is_told(line, &words.replace('"', ""));
            return json!([strict.is_ok(), false, if is_told { line.clone() } else { json!(words) }, null, null]);
        }
    };
    if usable.cache_duration.is_some_and(|duration| duration.as_nanos() == 0) {
        return json!([true, true, null, null, null]);
    }
    let auth: Map<_, _> =
        usable.auth.iter().map(|(key, it)| (key.clone(), json!([it.username, it.password]))).collect();
    json!([true, true, null, usable.cache_duration.map_or(YEAR, GoDuration::as_nanos), auth])
}

/// What the provider is asked with as its default.
const YEAR: i64 = 8760 * 3600 * 1_000_000_000;

fn is_told(line: &Value, words: &str) -> bool {
    line.as_str().is_some_and(|line| line.replace("\\\"", "\"").contains(words))
}

/// User names and passwords by key; what is empty is left out there.
fn credentials(auth: &Map<String, Value>) -> Map<String, Value> {
    let fields = |it: &Value| json!(["username", "password"].map(|name| it[name].as_str().unwrap_or_default()));
    auth.iter().map(|(key, it)| (key.clone(), fields(it))).collect()
}
