//! Vectors of `cache`: keys, byte by byte, and what is kept for how long.

mod behaviour;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::{
    AccountKey, CacheKeyType, CacheType, KubeletVersion, cache_key, flight_key, registry_of, stored_key, token_hash,
};

#[derive(Deserialize)]
#[serde(tag = "fn")]
enum Key {
    #[serde(rename = "service_account_cache_key")]
    ServiceAccount {
        #[serde(default)]
        namespace: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        uid: String,
        #[serde(default)]
        annotations: BTreeMap<String, String>,
        cache_type: String,
        #[serde(default)]
        token: String,
        token_hash: Option<String>,
        hex: String,
    },
    #[serde(rename = "cache_key")]
    Answer {
        base: String,
        #[serde(default)]
        sa_key_hex: String,
        hex: String,
    },
    #[serde(rename = "stored_key")]
    Stored {
        #[serde(rename = "cacheKeyType")]
        key_type: String,
        image: String,
        #[serde(default)]
        sa_key_hex: String,
        hex: Option<String>,
        legacy_le_1_32: Option<String>,
    },
    #[serde(rename = "parse_registry")]
    Registry { image: String, registry: String },
    #[serde(rename = "single_flight_key")]
    Flight {
        image: String,
        #[serde(default)]
        token_hash: String,
        #[serde(default)]
        annotations: BTreeMap<String, String>,
        sa_mode: bool,
        hex: Option<String>,
        key_text: Option<String>,
    },
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    if entry.get("fn").is_some() { Outcome::read(entry, Key::outcome) } else { behaviour::outcome(entry) }
}

impl Key {
    fn outcome(self) -> Outcome {
        let about = self.about();
        let Some(expectations) = self.expectations() else {
            return Outcome::skipped(&format!("{about} has parts that are not understood"));
        };
        Outcome::of(about, expectations)
    }

    const fn about(&self) -> &'static str {
        match self {
            Self::ServiceAccount { .. } => "the key of a service account",
            Self::Answer { .. } => "the key of an answer",
            Self::Stored { .. } => "the key that an answer is kept under",
            Self::Registry { .. } => "the registry of an image",
            Self::Flight { .. } => "the key that runs are shared under",
        }
    }

    fn expectations(self) -> Option<Vec<(String, String)>> {
        Some(match self {
            Self::ServiceAccount { namespace, name, uid, annotations, cache_type, token, token_hash: hash, hex } => {
                let cache_type = cache_type_of(&cache_type)?;
                let (namespace, name, uid) = (&namespace, &name, &uid);
                let key = AccountKey { namespace, name, uid, annotations: &annotations, token: &token, cache_type };
                let hash = hash.map(|expected| (expected, token_hash(&token)));
                [(hex, in_hex(key.to_bytes()))].into_iter().chain(hash).collect()
            }
            Self::Answer { base, sa_key_hex, hex } => {
                vec![(hex, in_hex(cache_key(base.as_bytes(), &hex::decode(sa_key_hex).ok()?)))]
            }
            Self::Stored { key_type, image, sa_key_hex, hex, legacy_le_1_32 } => {
                let (key_type, account) = (key_type_of(&key_type)?, hex::decode(sa_key_hex).ok()?);
                let new =
                    hex.map(|hex| (hex, in_hex(stored_key(key_type, &image, &account, KubeletVersion::OF_VECTORS))));
                let version = "1.32".parse().ok()?;
                let old = stored_key(key_type, &image, &account, version).ok()?;
                let old = legacy_le_1_32.map(|text| (text, String::from_utf8_lossy(&old).into_owned()));
                new.into_iter().chain(old).collect()
            }
            Self::Registry { image, registry } => vec![(registry, registry_of(&image).to_owned())],
            Self::Flight { image, token_hash, annotations, sa_mode, hex, key_text } => {
                let key = if sa_mode { flight_key(&image, &token_hash, &annotations) } else { Ok(image.into_bytes()) };
                let text = key.clone().ok().map(|key| String::from_utf8_lossy(&key).into_owned());
                let text = key_text.map(|expected| (expected, text.unwrap_or_default()));
                hex.map(|hex| (hex, in_hex(key))).into_iter().chain(text).collect()
            }
        })
    }
}

fn in_hex<E: std::fmt::Display>(key: Result<Vec<u8>, E>) -> String {
    key.map_or_else(|error| format!("error: {error}"), hex::encode)
}

fn cache_type_of(text: &str) -> Option<CacheType> {
    match text {
        "ServiceAccount" => Some(CacheType::ServiceAccount),
        "Token" => Some(CacheType::Token),
        _ => None,
    }
}

fn key_type_of(text: &str) -> Option<CacheKeyType> {
    [CacheKeyType::Image, CacheKeyType::Registry, CacheKeyType::Global].into_iter().find(|it| it.as_str() == text)
}
