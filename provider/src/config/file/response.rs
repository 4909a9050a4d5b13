//! What a route answers beside its credential, as it is written.

use std::time::Duration;

use serde::Deserialize;

use crate::config::ConfigError;
use crate::kubelet::{CACHE_KEY_TYPES, CacheKeyType, parse_go_duration};
use crate::lifetime::{Caching, LEAST_MARGIN};
use crate::response::{CACHE_TYPES, CacheType, ResponsePolicy};

/// Which images an answer covers, and for how long the kubelet keeps it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResponseShape {
    /// The images that a kept answer is used for: `Image`, `Registry` or `Global`. Default: the registry where that hides
    /// no image, else the image.
    #[cfg_attr(test, schemars(extend("enum" = ["Image", "Registry", "Global", null])))]
    cache_key_type: Option<String>,
    /// The `cacheType` of the `tokenAttributes` in the kubelet's entry, `ServiceAccount` or `Token`. Default:
    /// `ServiceAccount`.
    #[cfg_attr(test, schemars(extend("enum" = ["ServiceAccount", "Token", null])))]
    cache_type: Option<String>,
    /// How long before its end a credential is no longer used, at least `10s`. Default: a tenth of its life from `10s` to
    /// `5m`.
    margin: Option<String>,
    /// By how much the nodes of a fleet differ at most. Default: a twentieth of the life up to `1m`.
    jitter: Option<String>,
    /// Shorter durations are raised to this one, as far as the credential lives. Default: `0s`.
    minimum_cache_duration: Option<String>,
    /// Longer durations are cut to this one. Default: none.
    maximum_cache_duration: Option<String>,
}

impl ResponseShape {
    pub(super) fn into_policy(self) -> Result<ResponsePolicy, ConfigError> {
        let caching = Caching {
            margin: self.margin.map(margin).transpose()?,
            jitter: self.jitter.map(|text| length("jitter", &text)).transpose()?,
            minimum: self.minimum_cache_duration.map_or(Ok(Duration::ZERO), |text| length(MINIMUM, &text))?,
            maximum: self.maximum_cache_duration.map(|text| length("maximumCacheDuration", &text)).transpose()?,
        };
        if caching.maximum.is_some_and(|maximum| maximum < caching.minimum) {
            let value = format!("{} s", caching.minimum.as_secs());
            return Err(ConfigError::Number { name: MINIMUM, value, expected: "at most `maximumCacheDuration`" });
        }
        let cache_key_type =
            self.cache_key_type.map(|word| word_of("cacheKeyType", &word, CACHE_KEY_TYPES, CacheKeyType::parse));
        let cache_type = self.cache_type.map(|word| word_of("cacheType", &word, CACHE_TYPES, CacheType::parse));
        Ok(ResponsePolicy {
            cache_key_type: cache_key_type.transpose()?,
            caching,
            cache_type: cache_type.transpose()?.unwrap_or_default(),
        })
    }
}

const MINIMUM: &str = "minimumCacheDuration";

fn word_of<T>(
    name: &'static str,
    word: &str,
    choices: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<T, ConfigError> {
    parse(word).ok_or_else(|| ConfigError::Choice { name, value: word.to_owned(), choices })
}

#[expect(clippy::needless_pass_by_value, reason = "a function for Option::map")]
fn margin(text: String) -> Result<Duration, ConfigError> {
    let number =
        || ConfigError::Number { name: "margin", value: text.clone(), expected: "a duration of at least `10s`" };
    length("margin", &text).ok().filter(|margin| *margin >= LEAST_MARGIN).ok_or_else(number)
}

/// A duration in whole seconds, zero included.
fn length(name: &'static str, text: &str) -> Result<Duration, ConfigError> {
    let number =
        || ConfigError::Number { name, value: text.to_owned(), expected: "a duration such as `0s`, `30s` or `5m`" };
    parse_go_duration(text).ok().filter(|length| length.subsec_nanos() == 0).ok_or_else(number)
}
