//! What is kept, under which key and to which instant, in lives of a kubelet whose clock moves only when it is told to.

use std::collections::BTreeMap;
use std::time::Duration;

use conformance::kubelet::{AccountKey, Cache, CacheKeyType, CacheType, GoDuration, KubeletVersion, expiry};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::law::{Case, holds};
use super::process::Oracle;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

/// One provider's entry, and look-ups one after another.
#[derive(Clone, Debug)]
struct Life {
    default: &'static str,
    /// Set in service account mode.
    cache_type: Option<CacheType>,
    look_ups: Vec<LookUp>,
}

#[derive(Clone, Debug)]
struct LookUp {
    after: u64,
    image: &'static str,
    account: Account,
    token: &'static str,
    /// `cacheKeyType` and `cacheDuration`; without them the program fails.
    answer: Option<(&'static str, Option<&'static str>)>,
}

/// Name, UID and annotation of a pod's service account; a pod without one has no name.
type Account = (&'static str, &'static str, Option<&'static str>);

fn lives() -> impl Strategy<Value = Life> {
    let durations: &[_] = &["1ns", "1m", "1m", "2m", "15m", "1h", "0s", "0", "-1s", "-2562047h", "2562047h"];
    let answer = (
        select(&["Image", "Image", "Registry", "Global", "image", ""][..]),
        prop_oneof![1 => Just(None), 5 => select(durations).prop_map(Some)],
    );
    let look_up = (
        select(&[0, 0, 1, MINUTE - 1, MINUTE, MINUTE + 1, 15 * MINUTE, 15 * MINUTE + 1, 60 * MINUTE][..]),
        select(&["a.io/x", "a.io/x", "a.io/y", "b.io/x", "a.io"][..]),
        select(
            &[("", "", None), ("app", "1", None), ("app", "1", Some("v")), ("app", "2", None), ("ap", "p1", Some(""))]
                [..],
        ),
        select(&["t1", "t1", "t2"][..]),
        prop_oneof![6 => answer.prop_map(Some), 1 => Just(None)],
    );
    let look_up =
        look_up.prop_map(|(after, image, account, token, answer)| LookUp { after, image, account, token, answer });
    let cache_type = select(&[None, Some(CacheType::ServiceAccount), Some(CacheType::Token)][..]);
    (select(&["0s", "1m", "10m"][..]), cache_type, prop::collection::vec(look_up, 1..7))
        .prop_map(|(default, cache_type, look_ups)| Life { default, cache_type, look_ups })
}

#[test]
fn answers_are_kept_alike_to_the_very_instant() {
    holds("cache", &lives(), |oracle, life| {
        let answer = oracle.ask("lookup", life.question(oracle.version));
        let steps = answer["steps"].as_array().cloned().unwrap_or_default();
        let kubelet: Vec<_> = steps.iter().map(seen).collect();
        Case {
            vector: json!({"case": format!("{life:?}")}),
            kubelet: json!(kubelet),
            simulator: life.simulated(oracle),
        }
    });
}

/// Whose credentials, whether the program ran, and the keys of what is kept.
fn seen(step: &Value) -> Value {
    let credentials = step["credentials"].as_array().into_iter().flatten().map(|it| it["username"].clone());
    let mut keys: Vec<_> =
        step["kept"]["one"].as_array().into_iter().flatten().map(|it| it["key"].to_string()).collect();
    keys.sort_unstable();
    json!([credentials.collect::<Vec<_>>(), step["runs"].as_array().map_or(0, Vec::len), keys])
}

impl Life {
    fn question(&self, version: KubeletVersion) -> Value {
        let mut entry = json!({
            "name": "one", "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "matchImages": ["*.io"],
            "defaultCacheDuration": self.default,
        });
        if let Some(cache_type) = self.cache_type {
            entry["tokenAttributes"] = json!({
                "serviceAccountTokenAudience": "aud", "requireServiceAccount": false,
                "optionalServiceAccountAnnotationKeys": ["a"],
            });
            if has_cache_type(version) {
                entry["tokenAttributes"]["cacheType"] = json!(name(cache_type));
            }
        }
        let steps: Vec<_> = self.look_ups.iter().enumerate().map(|(at, look_up)| look_up.step(at)).collect();
        let config = json!({
            "apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [entry],
        });
        json!({"config": config.to_string(), "feature_gate_sa_token": true, "steps": steps})
    }

    fn simulated(&self, oracle: &Oracle) -> Value {
        let version = oracle.version;
        // Any moment that is long after the first.
        let mut now = Duration::from_hours(10_000_000);
        let default = GoDuration::parse(self.default).unwrap();
        let (mut cache, mut steps) = (Cache::new(version, now), Vec::new());
        for (at, look_up) in self.look_ups.iter().enumerate() {
            now += Duration::from_nanos(look_up.after);
            let account = self.account_key(look_up, version);
            let hit = cache.look_up(look_up.image, &account, now).unwrap().map(|hit| *hit.value);
            let used = if hit.is_some() { None } else { look_up.response() };
            let credentials: Vec<_> = hit.or(used.map(|_response| at)).map(|at| format!("u{at}")).into_iter().collect();
            if let Some((key_type, duration)) = used
                && let Some(until) = expiry(duration, default, now)
            {
                cache.keep(key_type, look_up.image, &account, at, until).unwrap();
            }
            let mut keys: Vec<_> = cache.keys().map(|key| format!("{:?}", hex::encode(key))).collect();
            keys.sort_unstable();
            steps.push((credentials, usize::from(hit.is_none()), keys));
        }
        json!(steps)
    }

    fn account_key(&self, look_up: &LookUp, version: KubeletVersion) -> Vec<u8> {
        let (name, uid, annotation) = look_up.account;
        let Some(cache_type) = self.cache_type.filter(|_mode| !name.is_empty()) else { return Vec::new() };
        let cache_type = if has_cache_type(version) { cache_type } else { CacheType::ServiceAccount };
        let annotations: BTreeMap<_, _> =
            annotation.map(|value| ("a".to_owned(), value.to_owned())).into_iter().collect();
        let key = AccountKey { namespace: "n", name, uid, annotations: &annotations, token: look_up.token, cache_type };
        key.to_bytes().unwrap()
    }
}

impl LookUp {
    fn step(&self, at: usize) -> Value {
        let (name, uid, annotation) = self.account;
        let mut annotations = json!({"other": "value"});
        if let Some(value) = annotation {
            annotations["a"] = json!(value);
        }
        let told = self.answer.map_or(json!({"exit": 1}), |(key_type, duration)| {
            let mut response = json!({
                "kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
                "cacheKeyType": key_type, "auth": {"*.io": {"username": format!("u{at}"), "password": "p"}},
            });
            if let Some(duration) = duration {
                response["cacheDuration"] = json!(duration);
            }
            json!({"stdout": response.to_string()})
        });
        json!({
            "after": self.after, "image": self.image, "token": self.token, "answers": {"one": told},
            "pod": {"namespace": "n", "name": "p", "uid": "u", "serviceAccountName": name},
            "account": {"uid": uid, "annotations": annotations},
        })
    }

    fn response(&self) -> Option<(CacheKeyType, Option<GoDuration>)> {
        let (key_type, duration) = self.answer?;
        let types = [CacheKeyType::Image, CacheKeyType::Registry, CacheKeyType::Global];
        let key_type = types.into_iter().find(|it| it.as_str() == key_type)?;
        Some((key_type, duration.map(|text| GoDuration::parse(text).unwrap())))
    }
}

fn has_cache_type(version: KubeletVersion) -> bool {
    version >= "1.34".parse().unwrap()
}

fn name(cache_type: CacheType) -> &'static str {
    match cache_type {
        CacheType::ServiceAccount => "ServiceAccount",
        CacheType::Token => "Token",
    }
}
