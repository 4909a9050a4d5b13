//! The spans of the five steps, and what each says.
//!
//! Names are those of the semantic conventions of OpenTelemetry where there is one, else they begin with `credential_provider`.

use std::time::Duration;

use tracing::{Span, field, info_span};

use crate::access::Access;
use crate::artifactory::{ArtifactoryUrl, RegistryCredential};
use crate::config::Match;
use crate::image::ImageRef;
use crate::jwt::Claims;
use crate::kubelet::{CredentialProviderRequest, CredentialProviderResponse};
use crate::lifetime::Lifetime;
use crate::time::Deadline;

/// The root: what the kubelet waits for.
pub(crate) fn pull() -> Span {
    info_span!("pull")
}

/// What is asked for.
pub(crate) fn request() -> Span {
    info_span!(
        "request",
        credential_provider.kubelet_api_version = field::Empty,
        credential_provider.registry = field::Empty,
        credential_provider.repository = field::Empty,
        credential_provider.service_account = field::Empty,
        k8s.namespace.name = field::Empty
    )
}

/// Which route serves it.
pub(crate) fn route() -> Span {
    info_span!("route", credential_provider.route = field::Empty, credential_provider.access = field::Empty)
}

/// Whose proof is had.
pub(crate) fn identity() -> Span {
    info_span!(
        "identity",
        credential_provider.cloud = field::Empty,
        credential_provider.identity_source = field::Empty,
        credential_provider.identity_passed_over = field::Empty
    )
}

/// Where it is traded in.
pub(crate) fn exchange(artifactory: &ArtifactoryUrl) -> Span {
    info_span!(
        "exchange",
        credential_provider.artifactory = artifactory.host(),
        credential_provider.token_lifetime = field::Empty
    )
}

/// What is answered.
pub(crate) fn response() -> Span {
    info_span!(
        "response",
        credential_provider.outcome = field::Empty,
        credential_provider.cache_key_type = field::Empty,
        credential_provider.cache_duration = field::Empty,
        credential_provider.deadline_left = field::Empty
    )
}

/// Tells the request. Of a pod's token only the names of its service account are told, as it claims them.
pub(crate) fn requested(request: &CredentialProviderRequest, image: &ImageRef) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    let version = request.api_version.as_str();
    span.record("credential_provider.kubelet_api_version", version.rsplit('/').next().unwrap_or(version));
    span.record("credential_provider.registry", image.registry());
    span.record("credential_provider.repository", image.path());
    let token = request.workload.as_ref().and_then(|workload| workload.service_account_token.as_ref());
    if let Some(kubernetes) = token.and_then(Claims::read).and_then(|claims| claims.kubernetes) {
        span.record("k8s.namespace.name", kubernetes.namespace);
        span.record("credential_provider.service_account", kubernetes.serviceaccount.name);
    }
}

/// Tells which route was found.
pub(crate) fn routed(found: &Match<'_>) {
    let access = match found.route.access {
        Access::Static(_) => "static",
        Access::Exchange { .. } => "exchange",
    };
    let place = i64::try_from(found.place).unwrap_or_default();
    Span::current().record("credential_provider.route", place).record("credential_provider.access", access);
}

/// Tells what the exchange gave.
pub(crate) fn exchanged(credential: &RegistryCredential) {
    if let Lifetime::Ends(left) = credential.lifetime {
        Span::current().record("credential_provider.token_lifetime", seconds(left));
    }
}

/// Tells the answer, and how much of the kubelet's patience is left.
pub(crate) fn responded(response: &CredentialProviderResponse, deadline: Deadline) {
    let outcome = if response.auth.is_empty() { "declined" } else { "answered" };
    let left = deadline.remaining().unwrap_or_default();
    Span::current()
        .record("credential_provider.outcome", outcome)
        .record("credential_provider.cache_key_type", response.cache_key_type.as_str())
        .record("credential_provider.cache_duration", seconds(response.cache_duration))
        .record("credential_provider.deadline_left", left.as_secs_f64());
}

fn seconds(length: Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX)
}
