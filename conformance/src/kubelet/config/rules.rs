//! The rules that entries must pass, with the kubelet's words.
//!
//! Upstream: `validateCredentialProviderConfig`, and `IsQualifiedName` of
//! <https://github.com/kubernetes/apimachinery>, `pkg/util/validation/validation.go`. All errors are told, and none says
//! which entry it is about.

mod qualified_name;

use std::fmt;

use self::qualified_name::Wording;
use super::super::go_text::quoted;
use super::super::version::{Gate, KubeletVersion};
use super::raw::{RawConfig, RawProvider, RawTokenAttributes};
use super::{CacheType, ProviderEntry, ServiceAccountNeed, TokenAttributes};
use crate::kubelet::{ApiVersion, GoDuration, ImagePattern};

const VERSIONS: [ApiVersion; 3] = [ApiVersion::V1, ApiVersion::V1Alpha1, ApiVersion::V1Beta1];

/// One broken rule, in the words of Kubernetes: path of the field, kind of error, value, detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    field: String,
    body: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.body)
    }
}

/// The errors of one configuration, in the words of one version.
struct Errors(Vec<FieldError>, KubeletVersion);

impl Errors {
    fn add(&mut self, field: &str, body: String) {
        self.0.push(FieldError { field: field.to_owned(), body });
    }

    fn required(&mut self, field: &str, detail: &str) {
        let colon = if detail.is_empty() { "" } else { ": " };
        self.add(field, format!("Required value{colon}{detail}"));
    }

    /// A field that must be there, for no other reason than that.
    fn missing(&mut self, field: &str) {
        let name = field.rsplit('.').next().unwrap_or_default();
        let detail = if self.1.has_short_words() { String::new() } else { format!("{name} is required") };
        self.required(field, &detail);
    }

    fn invalid(&mut self, field: &str, value: &str, detail: &str) {
        self.add(field, format!("Invalid value: {value}: {detail}"));
    }

    fn duplicate(&mut self, field: &str, value: &str) {
        self.add(field, format!("Duplicate value: {}", quoted(value)));
    }

    fn forbidden(&mut self, field: &str, detail: &str) {
        self.add(field, format!("Forbidden: {detail}"));
    }

    fn unsupported(&mut self, field: &str, value: &str, supported: &[&str]) {
        let supported: Vec<_> = supported.iter().map(|value| quoted(value)).collect();
        self.add(field, format!("Unsupported value: {}: supported values: {}", quoted(value), supported.join(", ")));
    }
}

/// Applies every rule.
pub(super) fn applied(
    config: &RawConfig,
    version: KubeletVersion,
    gate: Gate,
) -> Result<Vec<ProviderEntry>, Vec<FieldError>> {
    let (mut errors, mut names) = (Errors(Vec::new(), version), Vec::new());
    if config.providers.is_empty() {
        errors.required("providers", "at least 1 item in plugins is required");
    }
    let mut entries = Vec::new();
    for provider in &config.providers {
        name(&provider.name, &mut errors);
        if names.contains(&&provider.name) && version.keeps_order() {
            errors.duplicate("providers.name", &provider.name);
        }
        names.push(&provider.name);
        entries.extend(entry(provider, version, gate, &mut errors));
    }
    if errors.0.is_empty() { Ok(entries) } else { Err(errors.0) }
}

fn name(name: &str, errors: &mut Errors) {
    let mut invalid = |detail| errors.invalid("providers.name", &quoted(name), detail);
    if name.contains('/') {
        invalid("provider name cannot contain '/'");
    }
    if name.contains(' ') {
        invalid("provider name cannot contain spaces");
    }
    if name == "." {
        invalid("provider name cannot be '.'");
    }
    if name == ".." {
        invalid("provider name cannot be '..'");
    }
}

fn entry(provider: &RawProvider, version: KubeletVersion, gate: Gate, errors: &mut Errors) -> Option<ProviderEntry> {
    let api_version = api_version(&provider.api_version, errors);
    let match_images = match_images(&provider.match_images, version, errors);
    let default_cache_duration = duration(provider.default_cache_duration, errors);
    let attributes = provider.token_attributes.as_ref();
    let token_attributes =
        attributes.map(|attributes| token_attributes(attributes, &provider.api_version, version, gate, errors));
    Some(ProviderEntry {
        name: provider.name.clone(),
        api_version: api_version?,
        match_images,
        default_cache_duration: default_cache_duration?,
        args: provider.args(),
        env: provider.env(),
        token_attributes: token_attributes.flatten(),
    })
}

fn api_version(text: &str, errors: &mut Errors) -> Option<ApiVersion> {
    let known = VERSIONS.into_iter().find(|version| version.as_str() == text);
    if text.is_empty() {
        errors.missing("providers.apiVersion");
    } else if known.is_none() {
        errors.unsupported("providers.apiVersion", text, &VERSIONS.map(ApiVersion::as_str));
    }
    known
}

fn match_images(entries: &[String], version: KubeletVersion, errors: &mut Errors) -> Vec<(String, ImagePattern)> {
    if entries.is_empty() {
        errors.required("providers.matchImages", "at least 1 item in matchImages is required");
    }
    let mut patterns = Vec::new();
    for entry in entries {
        match ImagePattern::parse(entry, version.go()) {
            Ok(pattern) => patterns.push((entry.clone(), pattern)),
            Err(error) => {
                errors.invalid("providers.matchImages", &quoted(entry), &format!("match image is invalid: {error}"));
            }
        }
    }
    patterns
}

fn duration(duration: Option<GoDuration>, errors: &mut Errors) -> Option<GoDuration> {
    match duration {
        None => errors.missing("providers.defaultCacheDuration"),
        Some(duration) if duration.as_nanos() < 0 && errors.1.has_short_words() => errors.invalid(
            "providers.defaultCacheDuration",
            &quoted(&duration.to_string()),
            "must be greater than or equal to 0",
        ),
        Some(duration) if duration.as_nanos() < 0 => errors.invalid(
            "providers.defaultCacheDuration",
            &duration.to_string(),
            "defaultCacheDuration must be greater than or equal to 0",
        ),
        Some(_) => {}
    }
    duration
}

const TOKEN: &str = "providers.tokenAttributes";

fn token_attributes(
    raw: &RawTokenAttributes,
    api_version: &str,
    version: KubeletVersion,
    gate: Gate,
    errors: &mut Errors,
) -> Option<TokenAttributes> {
    let at = |field: &str| format!("{TOKEN}.{field}");
    if gate == Gate::Closed {
        errors.forbidden(
            TOKEN,
            "tokenAttributes is not supported when KubeletServiceAccountTokenForCredentialProviders feature gate is disabled",
        );
    }
    if raw.audience.is_empty() {
        errors.missing(&at("serviceAccountTokenAudience"));
    }
    if raw.require_service_account.is_none() {
        errors.missing(&at("requireServiceAccount"));
    }
    if api_version != ApiVersion::V1.as_str() {
        let detail = format!("tokenAttributes is only supported for {} API version", ApiVersion::V1.as_str());
        errors.forbidden(TOKEN, &detail);
    }
    if raw.require_service_account == Some(false) && !raw.required_keys.is_empty() {
        errors.forbidden(
            &at("requiredServiceAccountAnnotationKeys"),
            "requireServiceAccount cannot be false when requiredServiceAccountAnnotationKeys is set",
        );
    }
    annotation_keys(raw, errors);
    let cache_type =
        if version.has_cache_type() { cache_type(&raw.cache_type, errors) } else { Some(CacheType::ServiceAccount) };
    let is_required = raw.require_service_account?;
    Some(TokenAttributes {
        audience: raw.audience.clone(),
        cache_type: cache_type?,
        account: if is_required { ServiceAccountNeed::Required } else { ServiceAccountNeed::Optional },
        required_annotations: raw.required_keys.clone(),
        optional_annotations: raw.optional_keys.clone(),
    })
}

fn annotation_keys(raw: &RawTokenAttributes, errors: &mut Errors) {
    let lists = [
        ("requiredServiceAccountAnnotationKeys", &raw.required_keys),
        ("optionalServiceAccountAnnotationKeys", &raw.optional_keys),
    ];
    let wording = if errors.1.has_label_keys() { Wording::LabelKey } else { Wording::QualifiedName };
    for (field, keys) in lists {
        let field = format!("{TOKEN}.{field}");
        for (position, key) in keys.iter().enumerate() {
            for problem in qualified_name::problems(&key.to_lowercase(), wording) {
                errors.invalid(&field, &quoted(key), &problem);
            }
            if keys[..position].contains(key) {
                errors.duplicate(&field, key);
            }
        }
    }
    let mut both: Vec<_> = raw.required_keys.iter().filter(|key| raw.optional_keys.contains(key)).collect();
    both.sort_unstable();
    both.dedup();
    if !both.is_empty() {
        let keys: Vec<_> = both.into_iter().map(|key| quoted(key)).collect();
        let list = if errors.1.has_short_words() {
            format!("[{}]", keys.join(","))
        } else {
            format!("[]string{{{}}}", keys.join(", "))
        };
        errors.invalid(TOKEN, &list, "annotation keys cannot be both required and optional");
    }
}

fn cache_type(text: &str, errors: &mut Errors) -> Option<CacheType> {
    let field = format!("{TOKEN}.cacheType");
    match text {
        "ServiceAccount" => return Some(CacheType::ServiceAccount),
        "Token" => return Some(CacheType::Token),
        "" => errors.required(
            &field,
            "cacheType is required to be set when tokenAttributes is specified. Supported values are: ServiceAccount, Token",
        ),
        other => errors.unsupported(&field, other, &["ServiceAccount", "Token"]),
    }
    None
}
