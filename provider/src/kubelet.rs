//! The wire to the kubelet: `credentialprovider.kubelet.k8s.io` in its three versions.
//!
//! The kubelet writes one request to stdin and reads one response from stdout.
//! Source: [kubelet credential provider API](https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/).
//!
//! # Layout
//!
//! - `request`: what the kubelet asks; lenient about unknown fields, since requests grow without a new version.
//! - `response`: what it is answered; exact, since the kubelet throws away a response with any other field.
//! - `go_duration`: Go's notation of durations, in which the response says how long it may be cached.

mod go_duration;
mod request;
mod response;

use std::fmt;

pub use self::go_duration::{GoDuration, GoDurationError, parse_go_duration};
pub use self::request::{CredentialProviderRequest, MAX_REQUEST_BYTES, RequestError, Workload};
pub use self::response::{CACHE_KEY_TYPES, CacheKeyType, CredentialProviderResponse, RegistryAuth};

/// A version of the API; the kubelet takes a response only in the version of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// `v1`, since Kubernetes 1.26; the only version with service account tokens.
    V1,
    /// `v1beta1`, since Kubernetes 1.24.
    V1Beta1,
    /// `v1alpha1`, since Kubernetes 1.20.
    V1Alpha1,
}

impl ApiVersion {
    const ALL: [Self; 3] = [Self::V1, Self::V1Beta1, Self::V1Alpha1];

    /// The version with its group, as it stands in `apiVersion`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "credentialprovider.kubelet.k8s.io/v1",
            Self::V1Beta1 => "credentialprovider.kubelet.k8s.io/v1beta1",
            Self::V1Alpha1 => "credentialprovider.kubelet.k8s.io/v1alpha1",
        }
    }

    /// The version that `apiVersion` names, or `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_exactly() {
        for version in ApiVersion::ALL {
            assert_eq!(ApiVersion::parse(&version.to_string()), Some(version));
        }
        for text in ["v1", "credentialprovider.kubelet.k8s.io/v2", "Credentialprovider.kubelet.k8s.io/v1", ""] {
            assert_eq!(ApiVersion::parse(text), None, "{text}");
        }
    }
}
