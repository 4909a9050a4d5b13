//! What the kubelet writes to stdin.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::error::Category;
use serde_json::{Deserializer, Map, Value};
use thiserror::Error;

use super::ApiVersion;
use crate::secret::{Secret, quote_foreign};

/// The most bytes that a reader of stdin takes; a request is a name, a token of a few KiB and some annotations.
pub const MAX_REQUEST_BYTES: usize = 1024 * 1024;

const KIND: &str = "CredentialProviderRequest";

/// The kubelet's question: which credential is there for this image?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialProviderRequest {
    /// The version of the request, in which it must be answered.
    pub api_version: ApiVersion,
    /// The image's name, without tag and digest; not yet parsed.
    pub image: String,
    /// The pod's identity, or `None` when the kubelet sends none.
    pub workload: Option<Workload>,
}

/// The pod's identity, sent when the kubelet's configuration has `tokenAttributes` for this provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The pod's service account token, or `None` when only annotations came.
    pub service_account_token: Option<Secret>,
    /// Those annotations of the service account that the kubelet's configuration names.
    pub annotations: BTreeMap<String, String>,
}

/// Reasons why stdin is not a request; none repeats the input, which may hold a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Nothing, or white space only.
    #[error("stdin is empty")]
    Empty,
    /// More than [`MAX_REQUEST_BYTES`].
    #[error("stdin holds more than {MAX_REQUEST_BYTES} bytes")]
    TooLarge,
    /// Bytes that are no text.
    #[error("stdin is not UTF-8 from byte {offset} on")]
    NotUtf8 {
        /// How many bytes are UTF-8.
        offset: usize,
    },
    /// Text that is no JSON.
    #[error("stdin is not JSON at line {line}, column {column}")]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// JSON that ends too early.
    #[error("stdin ends within the JSON value")]
    Truncated,
    /// Something after the JSON value.
    #[error("stdin holds more than one JSON value")]
    TrailingData,
    /// A JSON value that is no object.
    #[error("stdin holds a JSON value that is not an object")]
    NotAnObject,
    /// A field that the request must have.
    #[error("the request has no `{field}`")]
    MissingField {
        /// `kind` or `apiVersion`.
        field: &'static str,
    },
    /// A field of another JSON type.
    #[error("`{field}` of the request is not {expected}")]
    WrongType {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An object of another kind.
    #[error("the kind is `{found}`, not `CredentialProviderRequest`")]
    WrongKind {
        /// The kind found, shortened.
        found: String,
    },
    /// A version that this program does not speak.
    #[error("the apiVersion `{found}` is not one of v1, v1beta1, v1alpha1 of `credentialprovider.kubelet.k8s.io`")]
    UnknownApiVersion {
        /// The version found, shortened.
        found: String,
    },
    /// No image, or an empty one.
    #[error("the request names no image")]
    MissingImage,
}

impl CredentialProviderRequest {
    /// Reads one request; unknown fields are ignored, and token and annotations exist in `v1` only.
    ///
    /// # Errors
    ///
    /// See [`RequestError`].
    pub fn parse(stdin: &[u8]) -> Result<Self, RequestError> {
        let mut fields = read_object(stdin)?;
        let kind = take_string(&mut fields, "kind")?.ok_or(RequestError::MissingField { field: "kind" })?;
        if kind != KIND {
            return Err(RequestError::WrongKind { found: quote_foreign(&kind) });
        }
        let version = take_string(&mut fields, "apiVersion")?;
        let version = version.ok_or(RequestError::MissingField { field: "apiVersion" })?;
        let api_version = ApiVersion::parse(&version)
            .ok_or_else(|| RequestError::UnknownApiVersion { found: quote_foreign(&version) })?;
        let workload = match api_version {
            ApiVersion::V1 => take_workload(&mut fields)?,
            ApiVersion::V1Beta1 | ApiVersion::V1Alpha1 => None,
        };
        let image = take_string(&mut fields, "image")?.ok_or(RequestError::MissingImage)?;
        Ok(Self { api_version, image, workload })
    }
}

fn read_object(stdin: &[u8]) -> Result<Map<String, Value>, RequestError> {
    if stdin.len() > MAX_REQUEST_BYTES {
        return Err(RequestError::TooLarge);
    }
    let text = str::from_utf8(stdin).map_err(|error| RequestError::NotUtf8 { offset: error.valid_up_to() })?;
    if text.trim_ascii().is_empty() {
        return Err(RequestError::Empty);
    }
    let mut reader = Deserializer::from_str(text);
    let value = Value::deserialize(&mut reader).map_err(|error| match error.classify() {
        Category::Eof => RequestError::Truncated,
        _ => RequestError::NotJson { line: error.line(), column: error.column() },
    })?;
    reader.end().map_err(|_| RequestError::TrailingData)?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(RequestError::NotAnObject),
    }
}

/// The text of a field; Go writes an absent text as nothing, `null` or empty.
fn take_string(fields: &mut Map<String, Value>, field: &'static str) -> Result<Option<String>, RequestError> {
    match fields.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(_) => Err(RequestError::WrongType { field, expected: "a string" }),
    }
}

fn take_workload(fields: &mut Map<String, Value>) -> Result<Option<Workload>, RequestError> {
    let service_account_token = take_string(fields, "serviceAccountToken")?.map(Secret::new);
    let annotations = take_annotations(fields)?;
    let is_absent = service_account_token.is_none() && annotations.is_empty();
    Ok((!is_absent).then_some(Workload { service_account_token, annotations }))
}

fn take_annotations(fields: &mut Map<String, Value>) -> Result<BTreeMap<String, String>, RequestError> {
    let field = "serviceAccountAnnotations";
    let wrong_type = RequestError::WrongType { field, expected: "an object of strings" };
    let value = fields.remove(field).unwrap_or_default();
    let annotations = serde_json::from_value::<Option<BTreeMap<String, String>>>(value).map_err(|_| wrong_type)?;
    Ok(annotations.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const V1: &str = "credentialprovider.kubelet.k8s.io/v1";

    fn parse(value: &Value) -> Result<CredentialProviderRequest, RequestError> {
        CredentialProviderRequest::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_request_of_each_version_is_read() {
        for version in ["v1", "v1beta1", "v1alpha1"] {
            let text = format!(
                "{{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/{version}\",\"image\":\"a.io/x\"}}\n"
            );
            let request = CredentialProviderRequest::parse(text.as_bytes()).unwrap();
            assert!(request.api_version.as_str().ends_with(version));
            assert_eq!((request.image.as_str(), request.workload), ("a.io/x", None));
        }
    }

    #[test]
    fn token_and_annotations_are_read_from_v1_only() {
        let mut value = json!({"kind": KIND, "apiVersion": V1, "image": "a.io/x", "later": {"field": []},
            "serviceAccountToken": "token", "serviceAccountAnnotations": {"k": "v"}});
        let workload = parse(&value).unwrap().workload.unwrap();
        assert_eq!(workload.service_account_token.unwrap().expose(), "token");
        assert_eq!(workload.annotations, BTreeMap::from([("k".to_owned(), "v".to_owned())]));
        value["apiVersion"] = json!(format!("{V1}beta1"));
        assert_eq!(parse(&value).unwrap().workload, None);
    }

    #[test]
    fn a_token_without_annotations_and_annotations_without_a_token_are_a_workload() {
        let workload = |extra: Value| {
            let mut value = json!({"kind": KIND, "apiVersion": V1, "image": "a.io/x"});
            value.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            parse(&value).unwrap().workload
        };
        assert!(workload(json!({"serviceAccountToken": "t"})).unwrap().annotations.is_empty());
        let annotated = workload(json!({"serviceAccountToken": "", "serviceAccountAnnotations": {"k": ""}}));
        assert_eq!(annotated.unwrap().service_account_token, None);
        assert_eq!(workload(json!({"serviceAccountToken": null, "serviceAccountAnnotations": null})), None);
        assert_eq!(workload(json!({"serviceAccountToken": "", "serviceAccountAnnotations": {}})), None);
    }

    #[test]
    fn input_that_is_not_one_json_object_is_refused() {
        let cases: [(&[u8], RequestError); 12] = [
            (b"", RequestError::Empty),
            (b" \r\n\t", RequestError::Empty),
            (b"{\"a\":\"\xff\"}", RequestError::NotUtf8 { offset: 6 }),
            (b"image: a.io/x", RequestError::NotJson { line: 1, column: 1 }),
            (b"\n{'a'}", RequestError::NotJson { line: 2, column: 2 }),
            (b"\xef\xbb\xbf{}", RequestError::NotJson { line: 1, column: 1 }),
            (b"{\"kind\":\"Cred", RequestError::Truncated),
            (b"{", RequestError::Truncated),
            (b"{} {}", RequestError::TrailingData),
            (b"{}x", RequestError::TrailingData),
            (b"null", RequestError::NotAnObject),
            (b"[{}]", RequestError::NotAnObject),
        ];
        for (input, error) in cases {
            assert_eq!(CredentialProviderRequest::parse(input), Err(error), "{}", input.escape_ascii());
        }
    }

    #[test]
    fn input_over_the_limit_is_refused_and_up_to_it_read() {
        let request = json!({"kind": KIND, "apiVersion": V1, "image": "a.io/x"}).to_string();
        let padded = |length: usize| [request.as_bytes(), &vec![b' '; length - request.len()]].concat();
        assert!(CredentialProviderRequest::parse(&padded(MAX_REQUEST_BYTES)).is_ok());
        let refused = CredentialProviderRequest::parse(&padded(MAX_REQUEST_BYTES + 1));
        assert_eq!(refused, Err(RequestError::TooLarge));
    }

    #[test]
    fn another_object_is_refused_with_what_is_wrong_about_it() {
        let message = |value: Value| parse(&value).unwrap_err().to_string();
        assert_eq!(message(json!({"apiVersion": V1})), "the request has no `kind`");
        assert_eq!(message(json!({"kind": KIND})), "the request has no `apiVersion`");
        assert_eq!(message(json!({"kind": 1})), "`kind` of the request is not a string");
        assert_eq!(
            message(json!({"kind": "Pod", "apiVersion": V1})),
            "the kind is `Pod`, not `CredentialProviderRequest`"
        );
        assert_eq!(
            message(json!({"kind": KIND, "apiVersion": "credentialprovider.kubelet.k8s.io/v2"})),
            "the apiVersion `credentialprovider.kubelet.k8s.io/v2` is not one of v1, v1beta1, v1alpha1 of \
             `credentialprovider.kubelet.k8s.io`"
        );
        for image in [Value::Null, json!("")] {
            let request = json!({"kind": KIND, "apiVersion": V1, "image": image});
            assert_eq!(parse(&request), Err(RequestError::MissingImage));
        }
        assert_eq!(parse(&json!({"kind": KIND, "apiVersion": V1})), Err(RequestError::MissingImage));
        assert_eq!(
            message(json!({"kind": KIND, "apiVersion": V1, "image": ["a.io/x"]})),
            "`image` of the request is not a string"
        );
        assert_eq!(
            message(json!({"kind": KIND, "apiVersion": V1, "image": "a.io/x", "serviceAccountAnnotations": {"k": 1}})),
            "`serviceAccountAnnotations` of the request is not an object of strings"
        );
    }

    #[test]
    fn no_error_and_no_debug_output_repeats_a_token() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
        let whole = json!({"kind": KIND, "apiVersion": V1, "image": "a.io/x", "serviceAccountToken": token});
        let debug = format!("{:?}", parse(&whole).unwrap());
        assert!(debug.contains("redacted") && !debug.contains(token), "{debug}");
        let misplaced = [
            json!({"kind": token, "apiVersion": V1}),
            json!({"kind": KIND, "apiVersion": token}),
            json!({"kind": KIND, "apiVersion": V1, "serviceAccountToken": [token]}),
            json!({"kind": KIND, "apiVersion": V1, "serviceAccountAnnotations": token}),
            json!({"kind": KIND, "apiVersion": V1, "image": {token: token}}),
            json!([token]),
        ];
        for value in misplaced {
            let error = parse(&value).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(token), "{error:?}");
        }
        let truncated = whole.to_string();
        for end in 0..truncated.len() {
            let error = CredentialProviderRequest::parse(&truncated.as_bytes()[..end]).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("eyJ"), "{error:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(CredentialProviderRequest::parse(&bytes).is_err());
        }
    }
}
