//! A configuration as it is written, before any rule.
//!
//! Upstream: `CredentialProviderConfig` of <https://github.com/kubernetes/kubelet>, `config/v1`, `config/v1beta1` and
//! `config/v1alpha1`, decoded by the serializer of <https://github.com/kubernetes/apimachinery>,
//! `pkg/runtime/serializer/json/json.go`.

use super::super::json::{FromJson, Json, Reader, TypeError};
use super::super::type_meta::TypeMeta;
use super::super::version::{Decoding, KubeletVersion};
use super::{ConfigError, DecodeError, yaml};
use crate::kubelet::GoDuration;

const KIND: &str = "CredentialProviderConfig";
const V1: &str = "kubelet.config.k8s.io/v1";
const VERSIONS: [&str; 3] = [V1, "kubelet.config.k8s.io/v1beta1", "kubelet.config.k8s.io/v1alpha1"];

/// A configuration that decodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawConfig {
    pub(super) providers: Vec<RawProvider>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawProvider {
    pub(super) name: String,
    pub(super) match_images: Vec<String>,
    pub(super) default_cache_duration: Option<GoDuration>,
    pub(super) api_version: String,
    args: Vec<String>,
    env: Vec<RawVariable>,
    pub(super) token_attributes: Option<RawTokenAttributes>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RawVariable {
    name: String,
    value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawTokenAttributes {
    pub(super) audience: String,
    pub(super) cache_type: String,
    pub(super) require_service_account: Option<bool>,
    pub(super) required_keys: Vec<String>,
    pub(super) optional_keys: Vec<String>,
}

impl RawConfig {
    /// Decodes a content.
    ///
    /// # Errors
    ///
    /// It is no configuration that a kubelet of this version reads.
    pub fn decode(content: &[u8], version: KubeletVersion) -> Result<Self, DecodeError> {
        let text = String::from_utf8_lossy(content);
        let error = |words: String| DecodeError(words);
        let (json, repeated) = if text.trim_start().starts_with('{') {
            let json = Json::parse(content);
            (json.map_err(|cause| error(format!("couldn't get version/kind; json parse error: {cause}")))?, None)
        } else {
            yaml::first_document(content).map_err(|cause| error(cause.to_string()))?
        };
        let meta = TypeMeta::of(&json).map_err(|cause| error(cause.to_string()))?;
        meta.registered(KIND, &VERSIONS, &text).map_err(|cause| error(cause.to_string()))?;
        let (mut config, mut reader) = (Self::default(), Reader::without(absent(&meta.api_version, version)));
        config.read(&json, &mut reader).map_err(|cause| error(cause.to_string()))?;
        let objections: Vec<_> = repeated.into_iter().chain(reader.objections()).collect();
        match version.decoding() {
            Decoding::Strict if !objections.is_empty() => {
                Err(error(format!("strict decoding error: {}", objections.join(", "))))
            }
            Decoding::Strict | Decoding::Lenient => Ok(config),
        }
    }

    /// Joins the entries of several files.
    pub(super) fn merged(files: Vec<Self>, version: KubeletVersion) -> Result<Self, ConfigError> {
        let mut merged = Self::default();
        for provider in files.into_iter().flat_map(|file| file.providers) {
            let is_known = merged.providers.iter().any(|known| known.name == provider.name);
            if is_known && version.reads_directories() {
                return Err(ConfigError::DuplicateName(provider.name));
            }
            merged.providers.push(provider);
        }
        Ok(merged)
    }

    /// The names of the entries, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.providers.iter().map(|provider| provider.name.as_str())
    }
}

/// Fields that this version of the API, in this version of the kubelet, does not have.
fn absent(api_version: &str, version: KubeletVersion) -> &'static [&'static str] {
    if api_version != V1 || !version.has_token_attributes() {
        &["tokenAttributes"]
    } else if version.has_cache_type() {
        &[]
    } else {
        &["cacheType"]
    }
}

impl RawProvider {
    pub(super) fn args(&self) -> Vec<String> {
        self.args.clone()
    }

    pub(super) fn env(&self) -> Vec<(String, String)> {
        self.env.iter().map(|RawVariable { name, value }| (name.clone(), value.clone())).collect()
    }
}

impl FromJson for RawConfig {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        let mut type_meta = String::new();
        reader.structure(KIND, value, |name, value, reader| match name {
            "kind" | "apiVersion" => Some(type_meta.read(value, reader)),
            "providers" => Some(self.providers.read(value, reader)),
            _ => None,
        })
    }
}

impl FromJson for RawProvider {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        reader.structure("CredentialProvider", value, |name, value, reader| match name {
            "name" => Some(self.name.read(value, reader)),
            "matchImages" => Some(self.match_images.read(value, reader)),
            "defaultCacheDuration" => Some(self.default_cache_duration.read(value, reader)),
            "apiVersion" => Some(self.api_version.read(value, reader)),
            "args" => Some(self.args.read(value, reader)),
            "env" => Some(self.env.read(value, reader)),
            "tokenAttributes" => Some(self.token_attributes.read(value, reader)),
            _ => None,
        })
    }
}

impl FromJson for RawVariable {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        reader.structure("ExecEnvVar", value, |name, value, reader| match name {
            "name" => Some(self.name.read(value, reader)),
            "value" => Some(self.value.read(value, reader)),
            _ => None,
        })
    }
}

impl FromJson for RawTokenAttributes {
    fn read(&mut self, value: &Json, reader: &mut Reader) -> Result<(), TypeError> {
        reader.structure("ServiceAccountTokenAttributes", value, |name, value, reader| match name {
            "serviceAccountTokenAudience" => Some(self.audience.read(value, reader)),
            "cacheType" => Some(self.cache_type.read(value, reader)),
            "requireServiceAccount" => Some(self.require_service_account.read(value, reader)),
            "requiredServiceAccountAnnotationKeys" => Some(self.required_keys.read(value, reader)),
            "optionalServiceAccountAnnotationKeys" => Some(self.optional_keys.read(value, reader)),
            _ => None,
        })
    }
}
