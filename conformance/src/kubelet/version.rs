//! Which kubelet: what changed between 1.26 and 1.36.
//!
//! Upstream: the release notes of <https://github.com/kubernetes/kubernetes> and, for gates, `pkg/features/kube_features.go`.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::matching::GoVersion;

/// A minor version of the kubelet, 1.26 to 1.36.
///
/// ```
/// use conformance::kubelet::KubeletVersion;
///
/// let version: KubeletVersion = "v1.31.4".parse()?;
/// assert_eq!(version.to_string(), "1.31");
/// assert!("1.19".parse::<KubeletVersion>().is_err());
/// # Ok::<(), conformance::kubelet::UnknownVersion>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubeletVersion(u8);

/// A text that names no version known here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a kubelet version known here: use 1.26 to 1.36, for example `1.34`")]
pub struct UnknownVersion(String);

/// Whether a gate of the kubelet is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// The feature is on.
    Open,
    /// The feature is off.
    Closed,
}

/// A text that sets no gate known here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` sets no gate known here: use KubeletServiceAccountTokenForCredentialProviders=true or =false")]
pub struct UnknownGate(String);

/// How documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoding {
    /// A field that is unknown or given twice is an error.
    Strict,
    /// A field that is unknown is skipped; of a field given twice, the last counts.
    Lenient,
}

impl KubeletVersion {
    /// The first version in which the API is stable.
    pub const OLDEST: Self = Self(26);
    /// The newest version described here.
    pub const NEWEST: Self = Self(36);
    /// The version that vectors are about unless they say otherwise.
    pub const OF_VECTORS: Self = Self(34);

    /// Strict since 1.32: <https://github.com/kubernetes/kubernetes/pull/128062>.
    #[must_use]
    pub fn decoding(self) -> Decoding {
        if self.0 >= 32 { Decoding::Strict } else { Decoding::Lenient }
    }

    /// `KubeletServiceAccountTokenForCredentialProviders` unless it is set: closed when it came in 1.33, open since 1.34.
    #[must_use]
    pub fn service_account_tokens(self) -> Gate {
        if self.0 >= 34 { Gate::Open } else { Gate::Closed }
    }

    /// The rules of Go that the newest patch of this version was built with.
    ///
    /// Up to 1.32 that was Go 1.23 at most; with 1.33 and 1.34 Go 1.24, with 1.35 Go 1.25; the module of 1.36 asks for
    /// Go 1.26.
    #[must_use]
    pub fn go(self) -> GoVersion {
        match self.0 {
            36.. => GoVersion::Go1_26,
            35.. => GoVersion::Go1_25_8,
            33.. => GoVersion::Go1_24_8,
            _ => GoVersion::Go1_19,
        }
    }

    /// A configuration may be a directory: <https://github.com/kubernetes/kubernetes/pull/131658>.
    pub(super) fn reads_directories(self) -> bool {
        self.0 >= 34
    }

    /// `tokenAttributes` came with 1.33.
    pub(super) fn has_token_attributes(self) -> bool {
        self.0 >= 33
    }

    /// `cacheType` came, as a required field, and so did the rule against echoed tokens:
    /// <https://github.com/kubernetes/kubernetes/pull/132617>.
    pub(super) fn has_cache_type(self) -> bool {
        self.0 >= 34
    }

    /// Rules no longer repeat the name of a field, and values are told as JSON.
    pub(super) fn has_short_words(self) -> bool {
        self.0 >= 34
    }

    /// Keys of annotations are held against the rules of labels, in other words.
    pub(super) fn has_label_keys(self) -> bool {
        self.0 >= 35
    }

    /// Providers are asked in the order of the configuration, not of their names:
    /// <https://github.com/kubernetes/kubernetes/pull/129669>.
    pub(super) fn keeps_order(self) -> bool {
        self.0 >= 33
    }

    /// Standard error is in the message of a failed run: <https://github.com/kubernetes/kubernetes/pull/117448>.
    pub(super) fn shows_stderr(self) -> bool {
        self.0 >= 28
    }
}

impl FromStr for KubeletVersion {
    type Err = UnknownVersion;

    /// Takes `1.34`, `v1.34` and what a node reports, such as `v1.34.2+k3s1`.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let unknown = || UnknownVersion(text.to_owned());
        let bare = text.strip_prefix('v').unwrap_or(text);
        let mut parts = bare.split(['.', '-', '+']);
        let (Some("1"), Some(minor)) = (parts.next(), parts.next()) else { return Err(unknown()) };
        let version = minor.parse().map(Self).map_err(|_not_a_number| unknown())?;
        if (Self::OLDEST..=Self::NEWEST).contains(&version) { Ok(version) } else { Err(unknown()) }
    }
}

impl FromStr for Gate {
    type Err = UnknownGate;

    /// Takes what the kubelet's `--feature-gates` takes, for the one gate that matters here.
    fn from_str(text: &str) -> Result<Self, UnknownGate> {
        match text.strip_prefix("KubeletServiceAccountTokenForCredentialProviders=") {
            Some("true") => Ok(Self::Open),
            Some("false") => Ok(Self::Closed),
            _ => Err(UnknownGate(text.to_owned())),
        }
    }
}

impl Default for KubeletVersion {
    fn default() -> Self {
        Self::NEWEST
    }
}

impl fmt::Display for KubeletVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "1.{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Option<KubeletVersion> {
        text.parse().ok()
    }

    #[test]
    fn a_version_is_read_as_people_and_nodes_write_it() {
        for text in ["1.34", "v1.34", "1.34.2", "v1.34.2+k3s1", "v1.34.0-eks-1a2b"] {
            assert_eq!(version(text), Some(KubeletVersion(34)), "{text}");
        }
    }

    #[test]
    fn another_version_is_refused_with_those_that_are_known() {
        for text in ["", "1", "1.25", "1.37", "2.30", "1.x", "latest", "1.300"] {
            assert_eq!(version(text), None, "{text}");
        }
        let error = "1.25".parse::<KubeletVersion>().unwrap_err().to_string();
        assert_eq!(error, "`1.25` is not a kubelet version known here: use 1.26 to 1.36, for example `1.34`");
    }

    #[test]
    fn a_gate_is_set_as_on_the_kubelets_command_line() {
        let gate = |text: &str| text.parse::<Gate>();
        assert_eq!(gate("KubeletServiceAccountTokenForCredentialProviders=true"), Ok(Gate::Open));
        assert_eq!(gate("KubeletServiceAccountTokenForCredentialProviders=false"), Ok(Gate::Closed));
        let error = gate("Other=true").unwrap_err().to_string();
        assert!(error.starts_with("`Other=true` sets no gate known here: use KubeletService"), "{error}");
    }

    #[test]
    fn what_changed_changed_in_its_version() {
        let at = |minor| KubeletVersion(minor);
        assert_eq!([31, 32].map(|it| at(it).decoding()), [Decoding::Lenient, Decoding::Strict]);
        assert_eq!([33, 34].map(|it| at(it).service_account_tokens()), [Gate::Closed, Gate::Open]);
        assert_eq!([32, 33, 36].map(|it| at(it).go()), [GoVersion::Go1_19, GoVersion::Go1_24_8, GoVersion::Go1_26]);
        assert_eq!([27, 28].map(|it| at(it).shows_stderr()), [false, true]);
    }
}
