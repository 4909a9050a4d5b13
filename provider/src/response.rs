//! The answer: which images a credential is handed out for, and for how long the kubelet may keep it.
//!
//! # Why the auth keys have the scope of the cache key
//! The kubelet first looks for a kept answer by its cache key, and only then for the image among the answer's auth keys. A
//! key that is narrower than the scope leaves the other images of the scope without a credential until the answer expires,
//! and a wider one hands the credential to a registry that nobody asked about.
//! Source: kubernetes `pkg/credentialprovider/plugin/plugin.go`, `pluginProvider.provide`.

use crate::artifactory::RegistryCredential;
use crate::config::{Config, Route};
use crate::image::{ImagePattern, ImageRef, Images};
use crate::kubelet::{CacheKeyType, CredentialProviderRequest, CredentialProviderResponse, RegistryAuth, Workload};
use crate::lifetime::Caching;
use crate::secret::Secret;

/// What a route says about its answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponsePolicy {
    /// The images that a kept answer is used for; `None` takes the registry where that hides no image, else the image.
    pub cache_key_type: Option<CacheKeyType>,
    /// How long an answer is kept.
    pub caching: Caching,
    /// How the kubelet keeps the answers to a pod's token.
    pub cache_type: CacheType,
}

/// The `cacheType` of the `tokenAttributes` in the kubelet's entry, which the request does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheType {
    /// One answer for all tokens of a service account: it must not be the token itself.
    #[default]
    ServiceAccount,
    /// One answer for each token: it may be the token itself.
    Token,
}

/// The words of [`CacheType`] in the configuration, which are the kubelet's.
pub const CACHE_TYPES: &str = "ServiceAccount, Token";

/// Why a credential is not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The kubelet refuses such an answer unless it keeps one for each token.
    ///
    /// Source: kubernetes `pkg/credentialprovider/plugin/plugin.go`, since 1.34.
    #[error(
        "the credential is the pod's own service account token, which the kubelet takes with `cacheType: Token` only"
    )]
    Echo,
}

impl CacheType {
    /// Reads one of [`CACHE_TYPES`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::ServiceAccount, Self::Token].into_iter().find(|cache_type| cache_type.as_str() == word)
    }

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceAccount => "ServiceAccount",
            Self::Token => "Token",
        }
    }
}

/// Answers with a credential of the route.
///
/// # Errors
/// When the kubelet would refuse the answer.
pub fn respond(
    request: &CredentialProviderRequest,
    image: &ImageRef,
    route: &Route,
    credential: RegistryCredential,
    config: &Config,
) -> Result<CredentialProviderResponse, ResponseError> {
    let RegistryCredential { username, access_token, lifetime } = credential;
    let policy = &route.response;
    if policy.cache_type == CacheType::ServiceAccount && is_own_token(&access_token, request.workload.as_ref()) {
        return Err(ResponseError::Echo);
    }
    let cache_key_type = policy.cache_key_type.unwrap_or_else(|| config.widest_safe(route, image));
    let auth = RegistryAuth { username, password: access_token };
    Ok(CredentialProviderResponse {
        api_version: request.api_version,
        cache_key_type,
        cache_duration: lifetime.cache_duration(&policy.caching, &config.node),
        auth: auth_keys(cache_key_type, image, &route.images).into_iter().map(|key| (key, auth.clone())).collect(),
    })
}

fn is_own_token(access_token: &Secret, workload: Option<&Workload>) -> bool {
    workload.and_then(|workload| workload.service_account_token.as_ref()) == Some(access_token)
}

/// The auth keys that cover a scope and nothing else.
fn auth_keys(scope: CacheKeyType, image: &ImageRef, images: &Images) -> Vec<String> {
    match (scope, images) {
        (CacheKeyType::Image, _) => vec![image.auth_key()],
        (CacheKeyType::Global, Images::Matching(patterns)) => {
            patterns.iter().filter_map(ImagePattern::auth_key).collect()
        }
        (CacheKeyType::Registry, _) | (CacheKeyType::Global, Images::Every) => vec![image.registry().to_owned()],
    }
}
