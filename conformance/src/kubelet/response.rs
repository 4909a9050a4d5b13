//! Reads what a credential provider wrote to standard output, as strictly as kubelets from 1.32 on.
//!
//! Upstream: `decodeResponse` in <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/plugin/plugin.go`;
//! strict decoding since <https://github.com/kubernetes/kubernetes/pull/128062>.

mod go_text;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::{ApiVersion, GoDuration};
use go_text::GoText;

const KIND: &str = "CredentialProviderResponse";

/// A response that decodes; the kubelet uses it if its `cacheKeyType` is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    cache_key_type: String,
    cache_duration: Option<GoDuration>,
    auth: BTreeMap<String, RegistryAuth>,
}

/// A response that the kubelet uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialProviderResponse {
    /// The images that a kept answer is for.
    pub cache_key_type: CacheKeyType,
    /// How long the answer is kept; `None` is the default of the kubelet's configuration.
    pub cache_duration: Option<GoDuration>,
    /// Credentials by registry or pattern of registries.
    pub auth: BTreeMap<String, RegistryAuth>,
}

/// The images that a kept answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheKeyType {
    /// The image asked about.
    Image,
    /// All images of its registry.
    Registry,
    /// All images that the provider is asked about.
    Global,
}

/// One credential; absent parts are empty, and used as such.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RegistryAuth {
    /// The user.
    pub username: String,
    /// The password or token; `Debug` leaves it out.
    pub password: String,
}

/// Why the kubelet throws a response away. No message holds a value of the response, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResponseError {
    /// Not one JSON object: nothing, a log line, YAML, a byte order mark, or something after it.
    #[error("stdout is not one JSON object: line {line}, column {column}")]
    NotOneObject {
        /// Where, from 1; 0 is the very end.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// Not the version that was asked in.
    #[error("apiVersion is `{got}` and not `{expected}`")]
    ApiVersion {
        /// The version of the request.
        expected: &'static str,
        /// The version of the response.
        got: String,
    },
    /// Another kind, or none.
    #[error("kind is `{0}` and not `CredentialProviderResponse`")]
    Kind(String),
    /// A field that is unknown, misspelt, repeated, or of another type.
    #[error("{problem}: line {line}, column {column}")]
    Field {
        /// What is wrong with it.
        problem: String,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// None of the three types.
    #[error("cacheKeyType is `{0}` and not `Image`, `Registry` or `Global`")]
    CacheKeyType(String),
}

impl Decoded {
    /// Decodes standard output.
    ///
    /// # Errors
    ///
    /// The kubelet would say "error decoding credential provider plugin response from stdout".
    pub fn parse(stdout: &[u8], expected: ApiVersion) -> Result<Self, ResponseError> {
        let TypeMeta { api_version, kind } = serde_json::from_slice(stdout).map_err(|error| not_one_object(&error))?;
        let expected = expected.as_str();
        if api_version != expected {
            return Err(ResponseError::ApiVersion { expected, got: api_version });
        }
        if kind != KIND {
            return Err(ResponseError::Kind(kind));
        }
        let fields: Fields = serde_json::from_slice(stdout).map_err(|error| field(&error))?;
        Ok(Self {
            cache_key_type: fields.cache_key_type.map(|text| text.0).unwrap_or_default(),
            cache_duration: fields.cache_duration.map(|duration| duration.0),
            auth: fields.auth.map(|auth| auth.0).unwrap_or_default(),
        })
    }
}

impl CredentialProviderResponse {
    /// Decodes standard output and takes what the kubelet takes.
    ///
    /// # Errors
    ///
    /// The kubelet would not use the response.
    pub fn parse(stdout: &[u8], expected: ApiVersion) -> Result<Self, ResponseError> {
        Decoded::parse(stdout, expected)?.try_into()
    }
}

impl TryFrom<Decoded> for CredentialProviderResponse {
    type Error = ResponseError;

    fn try_from(Decoded { cache_key_type, cache_duration, auth }: Decoded) -> Result<Self, ResponseError> {
        let cache_key_type = CacheKeyType::parse(&cache_key_type).ok_or(ResponseError::CacheKeyType(cache_key_type))?;
        Ok(Self { cache_key_type, cache_duration, auth })
    }
}

impl CacheKeyType {
    /// The value as it stands in `cacheKeyType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "Image",
            Self::Registry => "Registry",
            Self::Global => "Global",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Image, Self::Registry, Self::Global].into_iter().find(|it| it.as_str() == text)
    }
}

impl fmt::Debug for RegistryAuth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RegistryAuth").field("username", &self.username).finish_non_exhaustive()
    }
}

fn not_one_object(error: &serde_json::Error) -> ResponseError {
    ResponseError::NotOneObject { line: error.line(), column: error.column() }
}

/// Keeps the parser's words about names of fields, and drops those about values.
fn field(error: &serde_json::Error) -> ResponseError {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let is_about_names = ["unknown field", "duplicate field", "time: "].iter().any(|start| text.starts_with(start));
    let problem = if is_about_names { text } else { "a field has the wrong type" }.to_owned();
    ResponseError::Field { problem, line: error.line(), column: error.column() }
}

/// What Go reads first and whatever the case of the names: <https://pkg.go.dev/encoding/json#Unmarshal>.
#[derive(Default)]
struct TypeMeta {
    api_version: String,
    kind: String,
}

impl<'de> Deserialize<'de> for TypeMeta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyCase;
        impl<'de> Visitor<'de> for AnyCase {
            type Value = TypeMeta;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            /// `null` is an object without fields.
            fn visit_unit<E>(self) -> Result<TypeMeta, E> {
                Ok(TypeMeta::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<TypeMeta, A::Error> {
                let mut meta = TypeMeta::default();
                while let Some(GoText(name)) = fields.next_key()? {
                    let slot = match name.to_ascii_lowercase().as_str() {
                        "apiversion" => &mut meta.api_version,
                        "kind" => &mut meta.kind,
                        _ => {
                            fields.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    // `null` leaves a string as it is.
                    if let Some(GoText(text)) = fields.next_value()? {
                        *slot = text;
                    }
                }
                Ok(meta)
            }
        }
        deserializer.deserialize_any(AnyCase)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    #[serde(rename = "apiVersion")]
    _api_version: IgnoredAny,
    cache_key_type: Option<GoText>,
    cache_duration: Option<DurationText>,
    auth: Option<AuthByKey>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthFields {
    username: Option<GoText>,
    password: Option<GoText>,
}

struct DurationText(GoDuration);

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let GoText(text) = GoText::deserialize(deserializer)?;
        GoDuration::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

struct AuthByKey(BTreeMap<String, RegistryAuth>);

impl<'de> Deserialize<'de> for AuthByKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = AuthByKey;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<AuthByKey, A::Error> {
                let mut auth = BTreeMap::new();
                while let Some((GoText(key), fields)) = entries.next_entry::<_, Option<AuthFields>>()? {
                    let fields = fields.unwrap_or_default();
                    let text = |text: Option<GoText>| text.map(|text| text.0).unwrap_or_default();
                    let value = RegistryAuth { username: text(fields.username), password: text(fields.password) };
                    let problem = format!("duplicate field `auth.{key}`");
                    if auth.insert(key, value).is_some() {
                        return Err(A::Error::custom(problem));
                    }
                }
                Ok(AuthByKey(auth))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = r#"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","#;

    fn response(fields: &str) -> Result<CredentialProviderResponse, ResponseError> {
        CredentialProviderResponse::parse(format!("{START}{fields}}}").as_bytes(), ApiVersion::V1)
    }

    fn version(text: &str) -> ApiVersion {
        let all = [ApiVersion::V1, ApiVersion::V1Beta1, ApiVersion::V1Alpha1];
        all.into_iter().find(|version| version.as_str() == text).unwrap()
    }

    #[test]
    fn every_vector_is_decoded_and_used_as_the_kubelet_does() {
        #[derive(Deserialize)]
        struct Vector {
            stdout: String,
            expected_api_version: String,
            decodes_ge_1_32: bool,
            usable_ge_1_32: bool,
        }
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../vectors/response.json")).unwrap();
        assert_eq!(vectors.len(), 29);
        for Vector { stdout, expected_api_version, decodes_ge_1_32, usable_ge_1_32 } in vectors {
            let version = version(&expected_api_version);
            let decoded = Decoded::parse(stdout.as_bytes(), version);
            assert_eq!(decoded.is_ok(), decodes_ge_1_32, "{stdout} {decoded:?}");
            let used = CredentialProviderResponse::parse(stdout.as_bytes(), version);
            assert_eq!(used.is_ok(), usable_ge_1_32, "{stdout} {used:?}");
        }
    }

    #[test]
    fn every_field_is_read() {
        let fields =
            r#""cacheKeyType":"Registry","cacheDuration":"55m","auth":{"r.io":{"username":"u","password":"p"}}"#;
        let response = response(fields).unwrap();
        assert_eq!(response.cache_key_type, CacheKeyType::Registry);
        assert_eq!(response.cache_duration, Some(GoDuration::from_secs(3300)));
        assert_eq!(response.auth["r.io"], RegistryAuth { username: "u".into(), password: "p".into() });
    }

    #[test]
    fn half_a_surrogate_pair_is_a_replacement_character_in_keys_and_values() {
        let auth =
            response(r#""cacheKeyType":"Image","auth":{"\ud800":{"username":"\ud83d\ude00","password":"a\udfffb"}}"#);
        let auth = auth.unwrap().auth;
        assert_eq!(auth["\u{fffd}"], RegistryAuth { username: "😀".into(), password: "a\u{fffd}b".into() });
    }

    #[test]
    fn a_problem_is_named() {
        let problem = |fields: &str| response(fields).unwrap_err().to_string();
        assert!(problem(r#""cacheKeyType":"Image","extra":1"#).starts_with("unknown field `extra`"));
        assert!(problem(r#""cacheKeyType":"Image","auth":{"a":{},"a":{}}"#).starts_with("duplicate field `auth.a`"));
        assert!(problem(r#""cacheKeyType":"Image","cacheDuration":"1d""#).contains("unknown unit"));
        assert_eq!(
            problem(r#""cacheKeyType":"image""#),
            "cacheKeyType is `image` and not `Image`, `Registry` or `Global`"
        );
        let other = CredentialProviderResponse::parse(b"{}", ApiVersion::V1Beta1).unwrap_err();
        assert_eq!(other.to_string(), "apiVersion is `` and not `credentialprovider.kubelet.k8s.io/v1beta1`");
        let garbage = CredentialProviderResponse::parse(b"garbage", ApiVersion::V1).unwrap_err();
        assert_eq!(garbage.to_string(), "stdout is not one JSON object: line 1, column 1");
    }

    #[test]
    fn no_message_and_no_debug_output_holds_a_password() {
        for auth in [r#""hunter2""#, r#"{"a":"hunter2"}"#, r#"{"a":{"password":["hunter2"]}}"#] {
            let error = response(&format!(r#""cacheKeyType":"Image","auth":{auth}"#)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
        let good = response(r#""cacheKeyType":"Image","auth":{"a":{"username":"u","password":"hunter2"}}"#).unwrap();
        assert!(!format!("{good:?}").contains("hunter2"), "{good:?}");
    }

    #[test]
    fn another_version_is_told_before_an_unknown_field() {
        let stdout = r#"{"kind":"CredentialProviderResponse","apiVersion":"v2","extra":1}"#;
        let error = Decoded::parse(stdout.as_bytes(), ApiVersion::V1).unwrap_err();
        assert!(matches!(error, ResponseError::ApiVersion { .. }), "{error:?}");
    }
}
