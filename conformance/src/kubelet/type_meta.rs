//! Which kind and version a document says it is, which Go reads whatever the case of the names.
//!
//! Upstream: `SimpleMetaFactory` of <https://github.com/kubernetes/apimachinery>, `pkg/runtime/serializer/json/meta.go`,
//! and `ParseGroupVersion` in `pkg/runtime/schema/group_version.go`.

use thiserror::Error;

use super::go_text::quoted;
use super::json::{FromJson, Json, JsonError, Reader, TypeError};

/// What Go calls the structure, which has no name.
const STRUCTURE: &str =
    r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

/// What a document says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypeMeta {
    pub(super) api_version: String,
    pub(super) kind: String,
}

/// Why a document does not say what it is; the words are the kubelet's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum TypeMetaError {
    #[error("couldn't get version/kind; json parse error: {0}")]
    Json(#[from] JsonError),
    #[error("couldn't get version/kind; json parse error: {0}")]
    Type(#[from] TypeError),
    #[error("unexpected GroupVersion string: {0}")]
    GroupVersion(String),
}

/// Why a document that says what it is cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unregistered {
    #[error("Object 'Kind' is missing in '{0}'")]
    Kind(String),
    #[error("Object 'apiVersion' is missing in '{0}'")]
    Version(String),
    #[error("no kind {} is registered for version {}", quoted(kind), quoted(version))]
    Kinds { kind: String, version: String },
}

impl TypeMeta {
    /// Reads the two fields.
    pub(super) fn of(document: &Json) -> Result<Self, TypeMetaError> {
        let mut meta = Self::default();
        meta.read(document, &mut Reader::default())?;
        if meta.api_version.matches('/').count() > 1 {
            return Err(TypeMetaError::GroupVersion(meta.api_version));
        }
        Ok(meta)
    }

    /// Whether there is a decoder for the document, whose text is given for messages.
    pub(super) fn registered(&self, kind: &str, versions: &[&str], text: &str) -> Result<(), Unregistered> {
        if self.kind.is_empty() {
            return Err(Unregistered::Kind(text.to_owned()));
        }
        if self.api_version.is_empty() || self.api_version.ends_with('/') {
            return Err(Unregistered::Version(text.to_owned()));
        }
        if self.kind == kind && versions.contains(&self.api_version.as_str()) {
            return Ok(());
        }
        Err(Unregistered::Kinds { kind: self.kind.clone(), version: self.api_version.clone() })
    }
}

impl FromJson for TypeMeta {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        let fields = match value {
            Json::Null => return Ok(()),
            Json::Object(fields) => fields,
            other => return Err(reader.mismatch(other, STRUCTURE)),
        };
        // Messages name the field and not what the document calls it.
        fields.iter().try_for_each(|(name, value)| match folded(name).as_str() {
            "apiversion" => reader.within("apiVersion", |reader| self.api_version.read(value, reader)),
            "kind" => reader.within("kind", |reader| self.kind.read(value, reader)),
            _ => Ok(()),
        })
    }
}

/// A name without its case, as Unicode folds it: two letters beyond ASCII fold into it.
fn folded(name: &str) -> String {
    let fold = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(text: &str) -> Result<TypeMeta, String> {
        let json = Json::parse(text.as_bytes()).unwrap();
        TypeMeta::of(&json).map_err(|error| error.to_string())
    }

    #[test]
    fn case_does_not_matter_and_the_last_counts() {
        let expected = TypeMeta { api_version: "g/v2".to_owned(), kind: "K".to_owned() };
        assert_eq!(meta(r#"{"APIVERSION":"g/v1","Kind":"K","apiVersion":"g/v2","x":{}}"#), Ok(expected.clone()));
        assert_eq!(meta("{\"apiVer\u{17f}ion\":\"g/v2\",\"\u{212a}ind\":\"K\"}"), Ok(expected));
        assert_eq!(meta("null"), Ok(TypeMeta::default()));
    }

    #[test]
    fn what_is_no_object_or_no_version_has_the_kubelets_words() {
        let error = meta(r#"{"kind":1}"#).unwrap_err();
        let words = "couldn't get version/kind; json parse error: json: cannot unmarshal number";
        assert!(error.starts_with(words), "{error}");
        assert!(meta("[]").is_err());
        assert_eq!(meta(r#"{"apiVersion":"a/b/c"}"#).unwrap_err(), "unexpected GroupVersion string: a/b/c");
    }
}
