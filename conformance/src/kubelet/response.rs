//! Reads what a credential provider wrote to standard output, strictly since 1.32.
//!
//! Upstream: `ExecPlugin` and `decodeResponse` in <https://github.com/kubernetes/kubernetes>,
//! `pkg/credentialprovider/plugin/plugin.go` (1.26 to 1.36); strict since
//! <https://github.com/kubernetes/kubernetes/pull/128062>. The version must be that of the request, byte by byte: nothing
//! is converted.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::go_text::quoted;
use super::json::{FromJson, Json, JsonError, Reader, TypeError};
use super::type_meta::{TypeMeta, TypeMetaError};
use super::version::Decoding;
use super::{ApiVersion, GoDuration};

const KIND: &str = "CredentialProviderResponse";

/// A response that decodes; the kubelet uses it if its `cacheKeyType` is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Any text.
    pub cache_key_type: String,
    /// How long the answer is kept; `None` is the default of the kubelet's configuration.
    pub cache_duration: Option<GoDuration>,
    /// Credentials by registry or pattern of registries.
    pub auth: BTreeMap<String, RegistryAuth>,
}

/// A response that the kubelet uses.
///
/// ```
/// use conformance::kubelet::{ApiVersion, CacheKeyType, CredentialProviderResponse, Decoding};
///
/// let stdout = br#"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1",
///                   "cacheKeyType":"Registry","cacheDuration":"10m","note":"for 1.31"}"#;
/// let lenient = CredentialProviderResponse::parse(stdout, ApiVersion::V1, Decoding::Lenient)?;
/// assert_eq!(lenient.cache_key_type, CacheKeyType::Registry);
///
/// let strict = CredentialProviderResponse::parse(stdout, ApiVersion::V1, Decoding::Strict).unwrap_err();
/// assert_eq!(strict.to_string(), "unknown field \"note\"");
/// assert_eq!(strict.kubelets_words(), "error decoding credential provider plugin response from stdout");
/// # Ok::<(), conformance::kubelet::ResponseError>(())
/// ```
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
        /// The kubelet's words.
        cause: String,
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
    #[error("{0}")]
    Field(String),
    /// None of the three types.
    #[error("cacheKeyType is `{0}` and not `Image`, `Registry` or `Global`")]
    CacheKeyType(String),
}

impl Decoded {
    /// Decodes standard output.
    ///
    /// # Errors
    ///
    /// The kubelet goes on without this provider; [`ResponseError::kubelets_words`] is what it says.
    pub fn parse(stdout: &[u8], expected: ApiVersion, decoding: Decoding) -> Result<Self, ResponseError> {
        let json = Json::parse(stdout).map_err(|error| not_json(stdout, &error))?;
        let meta = TypeMeta::of(&json).map_err(|error| not_one_object(0, 0, &error))?;
        let expected = expected.as_str();
        if meta.api_version != expected {
            return Err(ResponseError::ApiVersion { expected, got: meta.api_version });
        }
        if meta.kind != KIND {
            return Err(ResponseError::Kind(meta.kind));
        }
        let (mut decoded, mut reader) = (Self::default(), Reader::default());
        decoded.read(&json, &mut reader).map_err(|error| ResponseError::Field(error.to_string()))?;
        let objections = reader.objections();
        match decoding {
            Decoding::Strict if !objections.is_empty() => Err(ResponseError::Field(objections.join(", "))),
            Decoding::Strict | Decoding::Lenient => Ok(decoded),
        }
    }
}

impl ResponseError {
    /// What the kubelet says, which leaves out all that could be a secret.
    #[must_use]
    pub fn kubelets_words(&self) -> String {
        match self {
            Self::NotOneObject { cause, .. } => format!("error reading GVK from response: {cause}"),
            Self::ApiVersion { expected, got } => format!(
                "apiVersion from credential plugin response did not match expected apiVersion:{expected}, \
                 actual apiVersion:{got}"
            ),
            Self::Kind(_) | Self::Field(_) => {
                "error decoding credential provider plugin response from stdout".to_owned()
            }
            Self::CacheKeyType(got) => {
                format!("credential provider plugin did not return a valid cacheKeyType: {}", quoted(got))
            }
        }
    }
}

impl CredentialProviderResponse {
    /// Decodes standard output and takes what the kubelet takes.
    ///
    /// # Errors
    ///
    /// The kubelet would not use the response.
    pub fn parse(stdout: &[u8], expected: ApiVersion, decoding: Decoding) -> Result<Self, ResponseError> {
        Decoded::parse(stdout, expected, decoding)?.try_into()
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

fn not_json(stdout: &[u8], error: &JsonError) -> ResponseError {
    let JsonError::Character { at, .. } = error else { return not_one_object(0, 0, error) };
    let before = &stdout[..*at];
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    not_one_object(line, column, error)
}

fn not_one_object(line: usize, column: usize, error: &(impl Clone + Into<TypeMetaError>)) -> ResponseError {
    ResponseError::NotOneObject { line, column, cause: error.clone().into().to_string() }
}

impl FromJson for Decoded {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        let mut type_meta = String::new();
        reader.structure(KIND, value, |name, value, reader| match name {
            "kind" | "apiVersion" => Some(type_meta.read(value, reader)),
            "cacheKeyType" => Some(self.cache_key_type.read(value, reader)),
            "cacheDuration" => Some(self.cache_duration.read(value, reader)),
            "auth" => Some(self.auth.read(value, reader)),
            _ => None,
        })
    }
}

impl FromJson for RegistryAuth {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        reader.structure("AuthConfig", value, |name, value, reader| match name {
            "username" => Some(self.username.read(value, reader)),
            "password" => Some(self.password.read(value, reader)),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = r#"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","#;

    fn response(fields: &str) -> Result<CredentialProviderResponse, ResponseError> {
        CredentialProviderResponse::parse(format!("{START}{fields}}}").as_bytes(), ApiVersion::V1, Decoding::Strict)
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
        assert_eq!(problem(r#""cacheKeyType":"Image","extra":1"#), "unknown field \"extra\"");
        assert_eq!(problem(r#""cacheKeyType":"Image","auth":{"a":{},"a":{}}"#), "duplicate field \"auth.a\"");
        assert!(problem(r#""cacheKeyType":"Image","cacheDuration":"1d""#).contains("unknown unit"));
        assert_eq!(
            problem(r#""cacheKeyType":"image""#),
            "cacheKeyType is `image` and not `Image`, `Registry` or `Global`"
        );
    }

    #[test]
    fn a_response_that_is_none_is_named_by_us_and_by_the_kubelet() {
        let both = |stdout: &str| {
            let error = Decoded::parse(stdout.as_bytes(), ApiVersion::V1Beta1, Decoding::Lenient).unwrap_err();
            [error.to_string(), error.kubelets_words()]
        };
        let version = [
            "apiVersion is `` and not `credentialprovider.kubelet.k8s.io/v1beta1`",
            "apiVersion from credential plugin response did not match expected \
             apiVersion:credentialprovider.kubelet.k8s.io/v1beta1, actual apiVersion:",
        ];
        assert_eq!(both("{}"), version);
        let garbage = [
            "stdout is not one JSON object: line 2, column 3",
            "error reading GVK from response: couldn't get version/kind; json parse error: invalid character 'g' \
             looking for beginning of value",
        ];
        assert_eq!(both("\n  garbage"), garbage);
        assert_eq!(both("")[0], "stdout is not one JSON object: line 0, column 0");
        let kind = r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1beta1"}"#;
        let words = "error decoding credential provider plugin response from stdout";
        assert_eq!(both(kind), ["kind is `` and not `CredentialProviderResponse`", words]);
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
        let error = Decoded::parse(stdout.as_bytes(), ApiVersion::V1, Decoding::Strict).unwrap_err();
        assert!(matches!(error, ResponseError::ApiVersion { .. }), "{error:?}");
    }
}
