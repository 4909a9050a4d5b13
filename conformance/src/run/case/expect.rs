//! What must come of a pull. What no case has to say is always expected: no secret where it may not be.

use serde::{Deserialize, Deserializer};

use super::Service;
use crate::kubelet::{GoDuration, KubeletVersion};

/// What must come of one pull.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::run) struct Expect {
    pub(in crate::run) exit: Exit,
    pub(in crate::run) answer: Answer,
    #[serde(deserialize_with = "versions")]
    pub(in crate::run) kubelets: Vec<KubeletVersion>,
    pub(in crate::run) opens: Vec<String>,
    pub(in crate::run) spares: Vec<String>,
    pub(in crate::run) user: Option<String>,
    pub(in crate::run) pulls: bool,
    pub(in crate::run) cache_key_type: Vec<String>,
    pub(in crate::run) covers_scope: bool,
    pub(in crate::run) kept: Option<Kept>,
    pub(in crate::run) from: From,
    pub(in crate::run) stderr: Stderr,
    pub(in crate::run) stderr_at_most: Option<usize>,
    pub(in crate::run) stderr_without: Vec<String>,
    #[serde(deserialize_with = "duration")]
    pub(in crate::run) within: Option<GoDuration>,
    pub(in crate::run) asked: Vec<Asked>,
}

/// How the plugin ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::run) enum Exit {
    #[default]
    Zero,
    NonZero,
    Any,
}

/// What it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::run) enum Answer {
    /// A response that the kubelet takes, with a credential for the image.
    #[default]
    Credential,
    /// A response that the kubelet takes, without one.
    Declines,
    /// Nothing on standard output.
    Nothing,
    /// A response that the kubelet takes, or a failure.
    Taken,
    /// Whatever, as long as the kubelet finds no credential for the image in it.
    NoCredential,
    /// Whatever.
    Any,
}

/// What it writes to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::run) enum Stderr {
    #[default]
    Any,
    /// Something.
    Explains,
}

/// Where the kubelet has the answer from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::run) enum From {
    #[default]
    Any,
    Run,
    Cache,
}

/// For how long the answer asks to be kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::run) struct Kept {
    #[serde(deserialize_with = "duration")]
    pub(in crate::run) at_least: Option<GoDuration>,
    #[serde(deserialize_with = "duration")]
    pub(in crate::run) at_most: Option<GoDuration>,
    pub(in crate::run) less_than_life: bool,
    /// Whether the default of the entry may count.
    pub(in crate::run) may_be_unsaid: bool,
}

/// How often the plugin asks for something.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::run) struct Asked {
    pub(in crate::run) at: Service,
    #[serde(default)]
    pub(in crate::run) method: Option<String>,
    #[serde(default = "everything")]
    pub(in crate::run) path: String,
    #[serde(default)]
    pub(in crate::run) without_header: Option<String>,
    #[serde(default)]
    pub(in crate::run) at_least: Option<usize>,
    #[serde(default)]
    pub(in crate::run) at_most: Option<usize>,
}

fn everything() -> String {
    "*".to_owned()
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<GoDuration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    GoDuration::parse(&text).map(Some).map_err(serde::de::Error::custom)
}

fn versions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<KubeletVersion>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
}

impl Asked {
    /// Whether a request is one of these.
    pub(in crate::run) fn is(&self, request: &mock_kit::Recorded) -> bool {
        let on_path = match self.path.strip_suffix('*') {
            Some(prefix) => request.path.starts_with(prefix),
            None => request.path == self.path,
        };
        on_path
            && self.method.as_ref().is_none_or(|method| *method == request.method)
            && self.without_header.as_ref().is_none_or(|header| request.header(header).is_none())
    }

    /// In words, such as `PUT /latest/api/token at the cloud`.
    pub(in crate::run) fn words(&self) -> String {
        let method = self.method.as_deref().unwrap_or("requests of");
        let without = self.without_header.as_ref().map_or_else(String::new, |header| format!(" without `{header}`"));
        let at = match self.at {
            Service::Cloud => "the cloud",
            Service::Artifactory => "Artifactory",
        };
        format!("{method} {}{without} at {at}", self.path)
    }
}
