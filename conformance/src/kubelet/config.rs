//! The kubelet's configuration of credential providers, a file or (since 1.34) a directory.
//!
//! Upstream: `readCredentialProviderConfig`, `decode` and `validateCredentialProviderConfig` of
//! <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/plugin/config.go` (1.26 to 1.36).
//!
//! ```text
//!  file or directory ──▶ JSON or YAML 1.1 ──▶ fields, strictly since 1.32 ──▶ entries that passed every rule
//!  source                yaml                 raw                              rules
//! ```

mod raw;
mod rules;
mod scalar;
mod source;
mod yaml;

use thiserror::Error;

use super::go_text::quoted;
use super::version::{Gate, KubeletVersion};
use super::{ApiVersion, GoDuration, ImagePattern};

pub use self::raw::RawConfig;
pub use self::rules::FieldError;
pub use self::source::{ConfigFile, Source};
pub(super) use self::yaml::documents;

/// A configuration that the kubelet starts with.
///
/// ```
/// use conformance::kubelet::{CredentialProviderConfig, KubeletVersion};
///
/// let yaml = br#"
/// apiVersion: kubelet.config.k8s.io/v1
/// kind: CredentialProviderConfig
/// providers:
/// - name: y
///   apiVersion: credentialprovider.kubelet.k8s.io/v1
///   matchImages: ["*.r.io"]
///   defaultCacheDuration: 10m
/// "#;
/// let version = KubeletVersion::NEWEST;
/// let gate = version.service_account_tokens();
/// // In YAML 1.1 `y` is a boolean.
/// let error = CredentialProviderConfig::parse(yaml, version, gate).unwrap_err().to_string();
/// assert!(error.contains("cannot unmarshal bool into Go struct field"), "{error}");
///
/// let quoted = String::from_utf8_lossy(yaml).replace("name: y", "name: 'y'");
/// let config = CredentialProviderConfig::parse(quoted.as_bytes(), version, gate)?;
/// assert_eq!(config.providers[0].name, "y");
/// # Ok::<(), conformance::kubelet::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialProviderConfig {
    /// The entries, in the order in which they are asked.
    pub providers: Vec<ProviderEntry>,
}

/// An entry of `providers` that passed every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderEntry {
    /// The file name of the program.
    pub name: String,
    /// The version that it is asked in.
    pub api_version: ApiVersion,
    /// What it is asked about, as written and as understood.
    pub match_images: Vec<(String, ImagePattern)>,
    /// How long an answer without a duration is kept.
    pub default_cache_duration: GoDuration,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its variables, in order; of a name given twice, the last counts.
    pub env: Vec<(String, String)>,
    /// Set in service account mode.
    pub token_attributes: Option<TokenAttributes>,
}

/// How an entry wants the tokens of service accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAttributes {
    /// Whom the tokens are for.
    pub audience: String,
    /// What a kept answer is kept for.
    pub cache_type: CacheType,
    /// Whether pods without a service account are left out.
    pub account: ServiceAccountNeed,
    /// Annotations without which the provider is not asked.
    pub required_annotations: Vec<String>,
    /// Annotations that are sent if they are there.
    pub optional_annotations: Vec<String>,
}

/// Whether a pod must have a service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAccountNeed {
    /// A provider is not asked for a pod that has none.
    Required,
    /// It is asked without token and annotations.
    Optional,
}

/// What an answer is kept for in service account mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheType {
    /// For the service account, with the annotations that were sent.
    ServiceAccount,
    /// For the token as well.
    Token,
}

/// Why the kubelet does not start; the words are its own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// No path.
    #[error("credential provider config path is empty")]
    EmptyPath,
    /// A path that cannot be looked at.
    #[error("unable to access path {}: {cause}", quoted(path))]
    Access {
        /// The path.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// A file or directory that cannot be read.
    #[error("unable to read {what} {}: {cause}", quoted(path))]
    Read {
        /// What is read.
        what: &'static str,
        /// The path.
        path: String,
        /// The system's words.
        cause: String,
    },
    /// A directory without any file that counts.
    #[error("no configuration files found in directory {}", quoted(.0))]
    EmptyDirectory(String),
    /// A file that does not decode.
    #[error("error decoding config {}: {cause}", quoted(path))]
    Decode {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: DecodeError,
    },
    /// A content that does not decode.
    #[error(transparent)]
    Content(#[from] DecodeError),
    /// Two entries of one name, since 1.34.
    #[error("duplicate provider name {} found in configuration file(s)", quoted(.0))]
    DuplicateName(String),
    /// Entries that break rules.
    #[error("failed to validate credential provider config: {}", aggregate(.0))]
    Invalid(Vec<FieldError>),
    /// Two entries of one name, up to 1.32: the kubelet stops with a panic.
    #[error("Credential provider {} was registered twice", quoted(.0))]
    RegisteredTwice(String),
}

/// Why a content is no configuration; the words are the kubelet's, less the place in its source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DecodeError(String);

impl CredentialProviderConfig {
    /// Reads one content by every rule.
    ///
    /// # Errors
    ///
    /// The kubelet does not start with it.
    pub fn parse(content: &[u8], version: KubeletVersion, gate: Gate) -> Result<Self, ConfigError> {
        let raw = RawConfig::decode(content, version)?;
        Self::registered(&RawConfig::merged(vec![raw], version)?, version, gate)
    }

    /// Reads what a path holds by every rule.
    ///
    /// # Errors
    ///
    /// The kubelet does not start with it.
    pub fn of(source: &Source, version: KubeletVersion, gate: Gate) -> Result<Self, ConfigError> {
        let decoded = source.files().iter().map(|ConfigFile { path, content }| {
            RawConfig::decode(content, version).map_err(|cause| ConfigError::Decode { path: path.clone(), cause })
        });
        let merged = RawConfig::merged(decoded.collect::<Result<_, _>>()?, version)?;
        Self::registered(&merged, version, gate)
    }

    /// Takes entries that pass every rule, in the order in which a kubelet of that version asks them.
    fn registered(raw: &RawConfig, version: KubeletVersion, gate: Gate) -> Result<Self, ConfigError> {
        let mut providers = rules::applied(raw, version, gate).map_err(ConfigError::Invalid)?;
        let mut names: Vec<_> = providers.iter().map(|provider| provider.name.clone()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|names| names[0] == names[1]) {
            return Err(ConfigError::RegisteredTwice(twice[0].clone()));
        }
        if !version.keeps_order() {
            providers.sort_by(|one, other| one.name.cmp(&other.name));
        }
        Ok(Self { providers })
    }
}

/// Several errors as Kubernetes joins them: each text once, in brackets if there are several.
fn aggregate(errors: &[FieldError]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in errors.iter().map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if texts.len() == 1 { texts.concat() } else { format!("[{}]", texts.join(", ")) }
}

#[cfg(test)]
mod tests;
