//! What the kubelet reads from stdout.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{ApiVersion, GoDuration};
use crate::secret::Secret;

/// The answer to the kubelet: credentials for registries, and for how long and for which images they may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialProviderResponse {
    /// The version of the request that is answered.
    pub api_version: ApiVersion,
    /// The images that the kubelet may use a kept answer for.
    pub cache_key_type: CacheKeyType,
    /// How long the kubelet keeps the answer; zero is not at all.
    pub cache_duration: Duration,
    /// Credentials by registry, which may be a pattern as in `matchImages`; empty declines.
    pub auth: BTreeMap<String, RegistryAuth>,
}

/// The images that a kept answer is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheKeyType {
    /// The image asked about, in all its tags.
    Image,
    /// All images of the registry asked about.
    Registry,
    /// All images that the kubelet asks this provider about.
    Global,
}

/// What the kubelet gives to one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryAuth {
    /// The user.
    pub username: String,
    /// The access token or password.
    pub password: Secret,
}

/// The words of [`CacheKeyType`].
pub const CACHE_KEY_TYPES: &str = "Image, Registry, Global";

impl CacheKeyType {
    /// Reads one of [`CACHE_KEY_TYPES`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Image, Self::Registry, Self::Global].into_iter().find(|scope| scope.as_str() == word)
    }

    /// The value as it stands in `cacheKeyType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Registry => "Registry",
            Self::Global => "Global",
        }
    }
}

impl CredentialProviderResponse {
    /// An answer without a credential. It is not cached, since without a duration it would be kept for hours.
    #[must_use]
    pub fn declining(api_version: ApiVersion) -> Self {
        let cache_key_type = CacheKeyType::Image;
        Self { api_version, cache_key_type, cache_duration: Duration::ZERO, auth: BTreeMap::new() }
    }

    /// Writes the response: one line of JSON with exactly the five fields of the API, itself a secret.
    ///
    /// `auth` and `cacheDuration` are always written: without a duration the kubelet would keep an answer, an empty one
    /// included, for the `defaultCacheDuration` of its configuration.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "maps of strings always serialize")]
    pub fn to_json(&self) -> Secret {
        let written = WrittenResponse {
            kind: "CredentialProviderResponse",
            api_version: self.api_version.as_str(),
            cache_key_type: self.cache_key_type.as_str(),
            cache_duration: GoDuration::from(self.cache_duration).to_string(),
            auth: self.auth.iter().map(|(registry, auth)| (registry.as_str(), auth.into())).collect(),
        };
        let line = serde_json::to_string(&written).expect("maps of strings always serialize");
        Secret::new(line + "\n")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenResponse<'a> {
    kind: &'a str,
    api_version: &'a str,
    cache_key_type: &'a str,
    cache_duration: String,
    auth: BTreeMap<&'a str, WrittenAuth<'a>>,
}

#[derive(Serialize)]
struct WrittenAuth<'a> {
    username: &'a str,
    password: &'a str,
}

impl<'a> From<&'a RegistryAuth> for WrittenAuth<'a> {
    fn from(auth: &'a RegistryAuth) -> Self {
        Self { username: &auth.username, password: auth.password.expose() }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use proptest::prelude::*;
    use serde::de::{Error as _, MapAccess, Visitor};
    use serde::{Deserialize, Deserializer};

    use super::*;
    use crate::kubelet::GoDuration;

    /// The kubelet's decoder since 1.32: no unknown, misspelt or repeated field.
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Decoded {
        kind: String,
        api_version: String,
        #[serde(default)]
        cache_key_type: Option<String>,
        #[serde(default)]
        cache_duration: Option<DecodedDuration>,
        #[serde(default)]
        auth: Option<UniqueKeys>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct DecodedAuth {
        username: Option<String>,
        password: Option<String>,
    }

    #[derive(Debug)]
    struct DecodedDuration(GoDuration);

    impl<'de> Deserialize<'de> for DecodedDuration {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            GoDuration::parse(&text).map(Self).map_err(D::Error::custom)
        }
    }

    #[derive(Debug)]
    struct UniqueKeys(BTreeMap<String, Option<DecodedAuth>>);

    impl<'de> Deserialize<'de> for UniqueKeys {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Keys;
            impl<'de> Visitor<'de> for Keys {
                type Value = UniqueKeys;
                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<UniqueKeys, A::Error> {
                    let mut keys = BTreeMap::new();
                    while let Some((key, auth)) = access.next_entry()? {
                        if keys.insert(key, auth).is_some() {
                            return Err(A::Error::custom("duplicate key"));
                        }
                    }
                    Ok(UniqueKeys(keys))
                }
            }
            deserializer.deserialize_map(Keys)
        }
    }

    fn decode(stdout: &str, api_version: &str) -> Result<Decoded, String> {
        let decoded: Decoded = serde_json::from_str(stdout).map_err(|error| error.to_string())?;
        match (decoded.kind.as_str(), decoded.api_version == api_version) {
            ("CredentialProviderResponse", true) => Ok(decoded),
            _ => Err("another kind or apiVersion".to_owned()),
        }
    }

    fn is_usable(decoded: &Decoded) -> bool {
        matches!(decoded.cache_key_type.as_deref(), Some("Image" | "Registry" | "Global"))
    }

    fn response(auth: &[(&str, &str, &str)]) -> CredentialProviderResponse {
        let entry = |(registry, username, password): &(&str, &str, &str)| {
            let (username, password) = ((*username).to_owned(), Secret::new((*password).to_owned()));
            ((*registry).to_owned(), RegistryAuth { username, password })
        };
        CredentialProviderResponse {
            api_version: ApiVersion::V1,
            cache_key_type: CacheKeyType::Registry,
            cache_duration: Duration::from_mins(55),
            auth: auth.iter().map(entry).collect(),
        }
    }

    #[test]
    fn the_decoder_of_these_tests_decides_as_the_kubelet() {
        #[derive(Deserialize)]
        struct Vector {
            stdout: String,
            expected_api_version: String,
            decodes_ge_1_32: bool,
            usable_ge_1_32: bool,
        }
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/response.json")).unwrap();
        assert_eq!(vectors.len(), 29);
        // Go reads an escape of half a character as U+FFFD, serde_json refuses it; a Rust string never holds one.
        let half_character = |vector: &Vector| vector.stdout.contains(r"\ud800");
        for Vector { stdout, expected_api_version, decodes_ge_1_32, usable_ge_1_32 } in
            vectors.into_iter().filter(|vector| !half_character(vector))
        {
            let decoded = decode(&stdout, &expected_api_version);
            assert_eq!(decoded.is_ok(), decodes_ge_1_32, "{stdout} {decoded:?}");
            assert_eq!(decoded.is_ok_and(|decoded| is_usable(&decoded)), usable_ge_1_32, "{stdout}");
        }
    }

    #[test]
    fn a_response_is_written_to_the_byte() {
        let written = response(&[("acme.jfrog.io", "user", "p\"w<&>")]).to_json();
        assert_eq!(
            written.expose(),
            "{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/v1\",\
             \"cacheKeyType\":\"Registry\",\"cacheDuration\":\"55m0s\",\
             \"auth\":{\"acme.jfrog.io\":{\"username\":\"user\",\"password\":\"p\\\"w<&>\"}}}\n"
        );
    }

    #[test]
    fn a_declining_response_has_an_empty_auth_and_no_lifetime() {
        let declining = CredentialProviderResponse {
            api_version: ApiVersion::V1Alpha1,
            cache_key_type: CacheKeyType::Image,
            cache_duration: Duration::ZERO,
            auth: BTreeMap::new(),
        };
        assert_eq!(
            declining.to_json().expose(),
            "{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/v1alpha1\",\
             \"cacheKeyType\":\"Image\",\"cacheDuration\":\"0s\",\"auth\":{}}\n"
        );
    }

    #[test]
    fn a_response_in_another_version_than_asked_is_not_taken() {
        let written = response(&[]).to_json();
        assert!(decode(written.expose(), ApiVersion::V1.as_str()).is_ok());
        assert!(decode(written.expose(), ApiVersion::V1Beta1.as_str()).is_err());
    }

    #[test]
    fn debug_output_of_a_response_holds_no_password() {
        let response = response(&[("acme.jfrog.io", "user", "hunter2")]);
        let debug = format!("{response:?} {:?}", response.to_json());
        assert!(debug.contains("user") && !debug.contains("hunter2"), "{debug}");
    }

    proptest! {
        #[test]
        fn every_response_is_one_value_that_the_kubelet_decodes_and_uses(
            auth in proptest::collection::btree_map(".{0,12}", (".{0,12}", ".{0,24}"), 0..4),
            seconds in 0..40_000_u64,
            version in prop::sample::select(ApiVersion::ALL.as_slice()),
            cache_key_type in prop::sample::select([CacheKeyType::Image, CacheKeyType::Registry, CacheKeyType::Global].as_slice()),
        ) {
            let entries: Vec<_> =
                auth.iter().map(|(key, (username, password))| (key.as_str(), username.as_str(), password.as_str())).collect();
            let cache_duration = Duration::from_secs(seconds);
            let response = CredentialProviderResponse { api_version: version, cache_key_type, cache_duration, ..response(&entries) };
            let written = response.to_json();
            let decoded = decode(written.expose(), version.as_str()).unwrap();
            prop_assert!(is_usable(&decoded));
            prop_assert_eq!(Duration::try_from(decoded.cache_duration.unwrap().0).unwrap(), cache_duration);
            let decoded = decoded.auth.unwrap().0;
            prop_assert_eq!(decoded.len(), auth.len());
            for (key, read) in decoded {
                let read = read.unwrap();
                prop_assert_eq!(&(read.username.unwrap(), read.password.unwrap()), &auth[&key]);
            }
            let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(written.expose()).unwrap();
            let names: Vec<_> = fields.keys().map(String::as_str).collect();
            prop_assert_eq!(names, ["apiVersion", "auth", "cacheDuration", "cacheKeyType", "kind"]);
            let line = written.expose().strip_suffix('\n');
            prop_assert!(line.is_some_and(|line| !line.contains('\n')));
        }
    }
}
