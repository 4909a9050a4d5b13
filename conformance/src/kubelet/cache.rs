//! What the kubelet keeps of a provider's answers, and under which key.
//!
//! Upstream: `getCachedCredentials`, `generateCacheKey`, `generateServiceAccountCacheKey` and `generateSingleFlightKey` of
//! <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/plugin/plugin.go` (1.26 to 1.36), and the
//! expiration cache of <https://github.com/kubernetes/client-go>, `tools/cache/expiration_cache.go`.
//!
//! Each provider has its own, in memory. Nothing removes an answer that a registry refused.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::config::CacheType;
use super::version::KubeletVersion;
use super::{CacheKeyType, GoDuration};

/// How long after the last purge a look-up purges again.
const PURGE_INTERVAL: Duration = Duration::from_mins(15);

/// Answers by key; `T` is what is kept. Times count from any moment, the same for all calls.
///
/// ```
/// use std::time::Duration;
/// use conformance::kubelet::{Cache, CacheKeyType, KubeletVersion};
///
/// let seconds = Duration::from_secs;
/// let mut cache = Cache::new(KubeletVersion::NEWEST, seconds(0));
/// cache.keep(CacheKeyType::Registry, "r.io/a", b"", "answer", seconds(60))?;
/// let hit = cache.look_up("r.io/b", b"", seconds(60))?.unwrap();
/// assert_eq!((hit.key_type, hit.value), (CacheKeyType::Registry, &"answer"));
/// assert!(cache.look_up("r.io/b", b"", seconds(61))?.is_none());
/// # Ok::<(), conformance::kubelet::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cache<T> {
    version: KubeletVersion,
    entries: BTreeMap<Vec<u8>, Entry<T>>,
    last_purge: Duration,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    value: T,
    expires_at: Duration,
}

/// A kept answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a, T> {
    /// The key that it was found under.
    pub key_type: CacheKeyType,
    /// The answer.
    pub value: &'a T,
    /// The last moment at which it counts.
    pub expires_at: Duration,
}

/// A part of a key that is too long; the kubelet goes on without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cryptobyte: pending child length {0} exceeds 2-byte length prefix")]
pub struct KeyError(usize);

impl<T> Cache<T> {
    /// An empty cache.
    #[must_use]
    pub fn new(version: KubeletVersion, now: Duration) -> Self {
        Self { version, entries: BTreeMap::new(), last_purge: now }
    }

    /// Finds an answer for an image: one for the image itself, for its registry, for everything; the first that lives.
    ///
    /// An expired answer that is met is removed; all that are, if the last purge is long ago.
    ///
    /// # Errors
    ///
    /// The image's name is too long for a key.
    pub fn look_up(&mut self, image: &str, account: &[u8], now: Duration) -> Result<Option<Hit<'_, T>>, KeyError> {
        if now > self.last_purge + PURGE_INTERVAL {
            self.entries.retain(|_key, entry| now <= entry.expires_at);
            self.last_purge = now;
        }
        let mut found = None;
        for key_type in [CacheKeyType::Image, CacheKeyType::Registry, CacheKeyType::Global] {
            let key = stored_key(key_type, image, account, self.version)?;
            match self.entries.get(&key) {
                Some(entry) if now <= entry.expires_at => {
                    found = Some((key_type, key));
                    break;
                }
                Some(_) => drop(self.entries.remove(&key)),
                None => {}
            }
        }
        let entry = found.and_then(|(key_type, key)| self.entries.get(&key).map(|entry| (key_type, entry)));
        Ok(entry.map(|(key_type, Entry { value, expires_at })| Hit { key_type, value, expires_at: *expires_at }))
    }

    /// Keeps an answer, in place of one with the same key.
    ///
    /// # Errors
    ///
    /// The image's name is too long for a key.
    pub fn keep(
        &mut self,
        key_type: CacheKeyType,
        image: &str,
        account: &[u8],
        value: T,
        expires_at: Duration,
    ) -> Result<(), KeyError> {
        let key = stored_key(key_type, image, account, self.version)?;
        self.entries.insert(key, Entry { value, expires_at });
        Ok(())
    }

    /// The keys of what is kept, expired answers included.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.keys().map(Vec::as_slice)
    }

    /// How many answers are kept, expired ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Until when an answer is kept; `None` if it is not kept at all.
///
/// A negative duration ends before it begins: that answer is kept without ever being found.
#[must_use]
pub fn expiry(own: Option<GoDuration>, default: GoDuration, now: Duration) -> Option<Duration> {
    let duration = own.unwrap_or(default).as_nanos();
    let length = Duration::from_nanos(duration.unsigned_abs());
    match duration {
        0 => None,
        1.. => Some(now.saturating_add(length)),
        // The beginning of time is over as well, unless it is now.
        ..0 => Some(now.saturating_sub(length).min(now.saturating_sub(Duration::from_nanos(1)))),
    }
}

/// The part of an image that an answer for its registry is kept under: all before the first slash.
#[must_use]
pub fn registry_of(image: &str) -> &str {
    image.split('/').next().unwrap_or_default()
}

/// The key of an answer; `account` is empty without service account mode.
///
/// # Errors
///
/// A part is too long.
pub fn stored_key(
    key_type: CacheKeyType,
    image: &str,
    account: &[u8],
    version: KubeletVersion,
) -> Result<Vec<u8>, KeyError> {
    let base = match key_type {
        CacheKeyType::Image => image,
        CacheKeyType::Registry => registry_of(image),
        CacheKeyType::Global if version.has_cache_type() => "<global>",
        CacheKeyType::Global => "global",
    };
    if version.has_token_attributes() { cache_key(base.as_bytes(), account) } else { Ok(base.as_bytes().to_vec()) }
}

/// A key of two parts.
///
/// # Errors
///
/// A part is too long.
pub fn cache_key(base: &[u8], account: &[u8]) -> Result<Vec<u8>, KeyError> {
    Key::default().with(base)?.with(account).map(Key::into_bytes)
}

/// What an answer is kept for in service account mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKey<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The service account's name.
    pub name: &'a str,
    /// The service account's UID.
    pub uid: &'a str,
    /// The annotations that are sent.
    pub annotations: &'a BTreeMap<String, String>,
    /// The token that is sent.
    pub token: &'a str,
    /// Whether the token is part of the key.
    pub cache_type: CacheType,
}

impl AccountKey<'_> {
    /// The part of a cache key that stands for the service account.
    ///
    /// # Errors
    ///
    /// A part is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>, KeyError> {
        let account = Key::default().with(self.namespace)?.with(self.name)?.with(self.uid)?;
        let key = account.with_annotations(self.annotations)?;
        let key = match self.cache_type {
            CacheType::ServiceAccount => key,
            CacheType::Token => key.with("token")?.with(token_hash(self.token))?,
        };
        Ok(key.into_bytes())
    }
}

/// The key under which runs are shared in service account mode; without it, it is the image alone.
///
/// # Errors
///
/// A part is too long.
pub fn flight_key(image: &str, hash: &str, annotations: &BTreeMap<String, String>) -> Result<Vec<u8>, KeyError> {
    Key::default().with(image)?.with(hash)?.with_annotations(annotations).map(Key::into_bytes)
}

/// A token in keys: its SHA-256, or nothing for no token.
#[must_use]
pub fn token_hash(token: &str) -> String {
    if token.is_empty() { String::new() } else { format!("sha256:{}", hex::encode(Sha256::digest(token))) }
}

/// Parts, each after its length in two bytes.
#[derive(Default)]
struct Key(Vec<u8>);

impl Key {
    fn with(mut self, part: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let part = part.as_ref();
        let length = u16::try_from(part.len()).map_err(|_too_long| KeyError(part.len()))?;
        self.0.extend(length.to_be_bytes());
        self.0.extend(part);
        Ok(self)
    }

    /// How many in four bytes, then key and value of each, by key.
    fn with_annotations(mut self, annotations: &BTreeMap<String, String>) -> Result<Self, KeyError> {
        let count = u32::try_from(annotations.len()).map_err(|_too_many| KeyError(annotations.len()))?;
        self.0.extend(count.to_be_bytes());
        annotations.iter().try_fold(self, |key, (name, value)| key.with(name)?.with(value))
    }

    fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: KubeletVersion = KubeletVersion::NEWEST;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_lives_to_its_very_last_moment() {
        let mut cache = Cache::new(NOW, at(0));
        cache.keep(CacheKeyType::Image, "r.io/a", b"", 1, at(60)).unwrap();
        assert!(cache.look_up("r.io/a", b"", at(60)).unwrap().is_some());
        assert!(cache.look_up("r.io/a", b"", at(60) + Duration::from_nanos(1)).unwrap().is_none());
        assert!(cache.is_empty());
    }

    #[test]
    fn the_narrowest_answer_wins_even_for_another_account() {
        let mut cache = Cache::new(NOW, at(0));
        for (key_type, value) in [(CacheKeyType::Global, 3), (CacheKeyType::Registry, 2), (CacheKeyType::Image, 1)] {
            cache.keep(key_type, "r.io/a", b"", value, at(60)).unwrap();
        }
        let mut found =
            |image: &str, account: &[u8]| cache.look_up(image, account, at(1)).unwrap().map(|hit| *hit.value);
        assert_eq!([found("r.io/a", b""), found("r.io/b", b""), found("q.io/a", b"")], [Some(1), Some(2), Some(3)]);
        assert_eq!(found("r.io/a", b"account"), None);
    }

    #[test]
    fn expired_answers_nobody_asks_for_go_after_a_quarter_of_an_hour() {
        let mut cache = Cache::new(NOW, at(0));
        cache.keep(CacheKeyType::Image, "r.io/a", b"", 1, at(1)).unwrap();
        cache.look_up("r.io/b", b"", at(900)).unwrap();
        assert_eq!(cache.len(), 1);
        cache.look_up("r.io/b", b"", at(901)).unwrap();
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn no_duration_is_not_kept_and_a_negative_one_is_never_found() {
        let seconds = GoDuration::from_secs;
        assert_eq!(expiry(Some(seconds(0)), seconds(60), at(5)), None);
        assert_eq!(expiry(None, seconds(0), at(5)), None);
        assert_eq!(expiry(None, seconds(60), at(5)), Some(at(65)));
        assert!(expiry(Some(seconds(-5)), seconds(60), at(5)).is_some_and(|end| end < at(5)));
        assert!(expiry(Some(seconds(-50)), seconds(60), at(5)).is_some_and(|end| end < at(5)));
    }

    #[test]
    fn older_kubelets_have_simpler_keys() {
        let key = |version: &str| stored_key(CacheKeyType::Global, "r.io/a", b"", version.parse().unwrap()).unwrap();
        assert_eq!([key("1.32"), key("1.33")], [b"global".to_vec(), b"\0\x06global\0\0".to_vec()]);
        assert_eq!(key("1.34"), b"\0\x08<global>\0\0");
    }

    #[test]
    fn parts_of_keys_cannot_run_into_each_other() {
        let none = BTreeMap::new();
        let key = |namespace, name, cache_type| AccountKey {
            namespace,
            name,
            uid: "u",
            annotations: &none,
            token: "t",
            cache_type,
        };
        let bytes = |namespace, name, cache_type| key(namespace, name, cache_type).to_bytes().unwrap();
        assert_ne!(bytes("ab", "c", CacheType::Token), bytes("a", "bc", CacheType::Token));
        assert_ne!(bytes("a", "b", CacheType::Token), bytes("a", "b", CacheType::ServiceAccount));
        let long = "x".repeat(65_536);
        let error = cache_key(long.as_bytes(), b"").unwrap_err().to_string();
        assert_eq!(error, "cryptobyte: pending child length 65536 exceeds 2-byte length prefix");
        assert!(cache_key(&long.as_bytes()[1..], b"").is_ok());
    }
}
