//! What the kubelet writes to a credential provider's standard input.
//!
//! Upstream: `CredentialProviderRequest` of
//! <https://github.com/kubernetes/kubelet/tree/master/pkg/apis/credentialprovider>, encoded by Go's `json.Encoder`.

use std::collections::BTreeMap;

use serde::Serialize;

/// A version of the API `credentialprovider.kubelet.k8s.io`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// Since Kubernetes 1.26.
    V1,
    /// Since Kubernetes 1.24.
    V1Beta1,
    /// Since Kubernetes 1.20.
    V1Alpha1,
}

/// One request.
#[derive(Clone, Debug)]
pub struct CredentialProviderRequest<'a> {
    /// The version of the provider's entry in the kubelet's configuration.
    pub api_version: ApiVersion,
    /// The repository, without tag and digest.
    pub image: &'a str,
    /// The token of the pod's service account; `None` unless the entry asks for one. Only `V1` carries it.
    pub service_account_token: Option<&'a str>,
    /// Annotations of the pod's service account. Only `V1` carries them.
    pub service_account_annotations: BTreeMap<String, String>,
}

impl ApiVersion {
    /// Parses group and version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V1, Self::V1Beta1, Self::V1Alpha1].into_iter().find(|version| version.as_str() == text)
    }

    /// Group and version, as `apiVersion` has them.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "credentialprovider.kubelet.k8s.io/v1",
            Self::V1Beta1 => "credentialprovider.kubelet.k8s.io/v1beta1",
            Self::V1Alpha1 => "credentialprovider.kubelet.k8s.io/v1alpha1",
        }
    }
}

impl<'a> CredentialProviderRequest<'a> {
    /// Makes a request without a service account.
    #[must_use]
    pub const fn new(api_version: ApiVersion, image: &'a str) -> Self {
        Self { api_version, image, service_account_token: None, service_account_annotations: BTreeMap::new() }
    }

    /// Writes the request byte for byte as the kubelet does, final line feed included.
    ///
    /// # Panics
    ///
    /// Never: strings and maps of strings always serialize.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let with_account = self.api_version == ApiVersion::V1;
        let written = Written {
            kind: "CredentialProviderRequest",
            api_version: self.api_version.as_str(),
            image: self.image,
            service_account_token: self.service_account_token.filter(|token| with_account && !token.is_empty()),
            service_account_annotations: Some(&self.service_account_annotations)
                .filter(|annotations| with_account && !annotations.is_empty()),
        };
        let json = serde_json::to_string(&written).expect("strings and maps of strings always serialize");
        (html_escaped(&json) + "\n").into_bytes()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    kind: &'a str,
    api_version: &'a str,
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account_annotations: Option<&'a BTreeMap<String, String>>,
}

/// Escapes what Go escapes for the sake of HTML and JavaScript, <https://pkg.go.dev/encoding/json#HTMLEscape>.
///
/// These characters stand within strings only, so the document need not be parsed.
fn html_escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: &CredentialProviderRequest<'_>) -> String {
        String::from_utf8(request.to_json()).unwrap()
    }

    #[test]
    fn a_request_without_a_service_account_has_three_fields_and_a_line_feed() {
        for version in [ApiVersion::V1, ApiVersion::V1Beta1, ApiVersion::V1Alpha1] {
            let expected = format!(
                "{{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"{}\",\"image\":\"r.io/a\"}}\n",
                version.as_str()
            );
            assert_eq!(written(&CredentialProviderRequest::new(version, "r.io/a")), expected);
        }
    }

    #[test]
    fn a_service_account_adds_its_token_and_its_annotations_in_order() {
        let annotations = [("z", "1"), ("a/b", "2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let request = CredentialProviderRequest {
            service_account_token: Some("t"),
            service_account_annotations: annotations.into(),
            ..CredentialProviderRequest::new(ApiVersion::V1, "r.io/a")
        };
        let fields = "\"image\":\"r.io/a\",\"serviceAccountToken\":\"t\",\"serviceAccountAnnotations\":{\"a/b\":\"2\",\"z\":\"1\"}}\n";
        assert!(written(&request).ends_with(fields), "{}", written(&request));
    }

    #[test]
    fn older_versions_drop_the_service_account() {
        let with = |api_version| CredentialProviderRequest {
            service_account_token: Some("t"),
            service_account_annotations: [("a".to_owned(), "b".to_owned())].into(),
            ..CredentialProviderRequest::new(api_version, "r.io/a")
        };
        for version in [ApiVersion::V1Beta1, ApiVersion::V1Alpha1] {
            assert_eq!(written(&with(version)), written(&CredentialProviderRequest::new(version, "r.io/a")));
        }
        assert_ne!(written(&with(ApiVersion::V1)), written(&CredentialProviderRequest::new(ApiVersion::V1, "r.io/a")));
    }

    #[test]
    fn an_empty_token_is_left_out() {
        let request = CredentialProviderRequest {
            service_account_token: Some(""),
            ..CredentialProviderRequest::new(ApiVersion::V1, "r.io/a")
        };
        assert!(!written(&request).contains("serviceAccountToken"));
    }

    #[test]
    fn characters_are_escaped_as_go_escapes_them() {
        let request =
            CredentialProviderRequest::new(ApiVersion::V1, "<a>&\u{2028}\u{2029}\"\\\u{8}\u{c}\n\u{1f}\u{7f}µ");
        let expected = "\"image\":\"\\u003ca\\u003e\\u0026\\u2028\\u2029\\\"\\\\\\b\\f\\n\\u001f\u{7f}µ\"}\n";
        assert!(written(&request).ends_with(expected), "{}", written(&request));
    }
}
