//! Vectors of `cache` that tell a case in words: what an answer says, when it is looked for, and what comes of it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::Outcome;
use crate::kubelet::{
    ApiVersion, Cache, CacheKeyType, CredentialProviderResponse, Decoding, GoDuration, KubeletVersion, expiry,
};

#[derive(Deserialize)]
struct Vector {
    case: String,
    cached: Option<Value>,
    credentials: Option<Vec<Value>>,
    served: Option<bool>,
    keys_after: Option<usize>,
    order: Option<Vec<String>>,
    ttl: Option<String>,
}

const IMAGE: &str = "registry.io/image";
/// The moment of each case, long after the first.
const NOW: Duration = Duration::from_hours(1_000_000);

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |vector: Vector| {
        let case = vector.case.clone();
        match expectations(&vector) {
            Some(expectations) => Outcome::of(&case, expectations),
            None => Outcome::skipped(&format!("the case `{case}` is not understood")),
        }
    })
}

fn expectations(vector: &Vector) -> Option<Vec<(String, String)>> {
    let case = vector.case.as_str();
    if case.starts_with("lookup order") {
        return vector.order.as_ref().map(|order| vec![(order.join(", "), order_of_look_up().join(", "))]);
    }
    if let Some(rest) = case.strip_prefix("entry ") {
        return of_entry(vector, rest);
    }
    if let Some(rest) = case.strip_prefix("cacheDuration ") {
        return of_duration(vector, rest);
    }
    let stdout = if case.contains("cacheKeyType") {
        r#"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"","auth":{"r.io":{}}}"#
    } else if case.contains("decode error") || case.contains("exec error") {
        "no JSON"
    } else if case.contains("auth") && ["empty", "null", "no auth"].iter().any(|word| case.contains(word)) {
        r#"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Image","auth":{}}"#
    } else {
        return None;
    };
    let usable = CredentialProviderResponse::parse(stdout.as_bytes(), ApiVersion::V1, Decoding::Strict).is_ok();
    let cached = vector.cached.as_ref().map(|cached| (cached.to_string(), usable.to_string()));
    // None of these gives any.
    let credentials = vector.credentials.as_ref().map(|list| (list.len().to_string(), "0".to_owned()));
    Some(cached.into_iter().chain(credentials).collect())
}

/// `5m`, `explicit 0`, `nil, defaultCacheDuration 10m`.
fn of_duration(vector: &Vector, words: &str) -> Option<Vec<(String, String)>> {
    let (own, default) = words.split_once(", defaultCacheDuration ").unwrap_or((words, "12h"));
    let own = match own.trim_start_matches("explicit ") {
        "nil" | "null" | "absent" => None,
        text => Some(GoDuration::parse(text).ok()?),
    };
    let ends = expiry(own, GoDuration::parse(default).ok()?, NOW);
    let got = match ends {
        None => Value::from(false),
        Some(ends) if ends < NOW => Value::from("stored, but already expired, so never served"),
        Some(_) => Value::from(true),
    };
    let cached = vector.cached.as_ref().map(|expected| (expected.to_string(), got.to_string()));
    let ttl = vector.ttl.as_deref().and_then(|ttl| GoDuration::parse(ttl).ok());
    let ttl = ttl.map(|ttl| {
        (ttl.as_nanos().to_string(), ends.map_or(0, |ends| ends.saturating_sub(NOW).as_nanos()).to_string())
    });
    Some(cached.into_iter().chain(ttl).collect())
}

/// `1m, read after 1s`, `expiring now, read after 2m`, `read at exactly expiresAt`.
fn of_entry(vector: &Vector, words: &str) -> Option<Vec<(String, String)>> {
    let (ends, read) = match words.split_once(", read after ") {
        None => {
            let ends = NOW + Duration::from_mins(1);
            let moment = words.strip_prefix("read ")?.strip_suffix(" expiresAt")?;
            let read = match moment.strip_suffix(" after") {
                None if moment == "at exactly" => ends,
                None => ends.saturating_sub(duration(moment.strip_suffix(" before")?)?),
                Some(later) => ends + duration(later)?,
            };
            (ends, read)
        }
        Some(("expiring now", after)) => (NOW, NOW + duration(after)?),
        Some((length, after)) => (NOW + duration(length)?, NOW + duration(after)?),
    };
    let mut cache = Cache::new(KubeletVersion::OF_VECTORS, NOW);
    if ends == NOW {
        // An older one, which nobody asks for.
        cache.keep(CacheKeyType::Image, "registry.io/other", b"", (), NOW).ok()?;
    }
    cache.keep(CacheKeyType::Image, IMAGE, b"", (), ends).ok()?;
    let served = cache.look_up(IMAGE, b"", read).ok()?.is_some();
    let served = vector.served.map(|expected| (format!("served: {expected}"), format!("served: {served}")));
    let keys = vector.keys_after.map(|keys| (format!("{keys} keys"), format!("{} keys", cache.len())));
    Some(served.into_iter().chain(keys).collect())
}

fn duration(text: &str) -> Option<Duration> {
    let nanos = GoDuration::parse(text).ok()?.as_nanos();
    u64::try_from(nanos).ok().map(Duration::from_nanos)
}

/// The keys that a look-up tries, found by keeping an answer under each and removing what is found.
fn order_of_look_up() -> Vec<String> {
    let keys = [CacheKeyType::Global, CacheKeyType::Image, CacheKeyType::Registry];
    let mut left = keys.to_vec();
    let mut order = Vec::new();
    while !left.is_empty() {
        let mut cache = Cache::new(KubeletVersion::OF_VECTORS, NOW);
        for key_type in &left {
            let _ = cache.keep(*key_type, IMAGE, b"", (), NOW);
        }
        let Ok(Some(hit)) = cache.look_up(IMAGE, b"", NOW) else { break };
        let found = hit.key_type;
        left.retain(|key_type| *key_type != found);
        order.push(match found {
            CacheKeyType::Image => "image".to_owned(),
            CacheKeyType::Registry => "registry".to_owned(),
            CacheKeyType::Global => "<global>".to_owned(),
        });
    }
    order
}
