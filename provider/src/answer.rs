//! One pull, one path: request, route, identity, exchange, response.

use tracing::{Instrument as _, info_span};

use crate::access::Access;
use crate::artifactory::{RegistryCredential, exchange};
use crate::config::{Config, Route};
use crate::error::Error;
use crate::http::Http;
use crate::identity::prove;
use crate::image::ImageRef;
use crate::kubelet::{CacheKeyType, CredentialProviderRequest, CredentialProviderResponse, RegistryAuth, Workload};
use crate::time::Deadline;

/// Answers one request of the kubelet.
///
/// An image that no route serves is declined, which is an answer and no error.
///
/// # Errors
/// When the request is not one, no identity can be proved, or the proof is not accepted.
pub async fn answer(stdin: &[u8], config: &Config, deadline: Deadline) -> Result<CredentialProviderResponse, Error> {
    async {
        let (request, image) = info_span!("request").in_scope(|| read(stdin))?;
        let credential = match info_span!("route").in_scope(|| config.route(&image)) {
            Some(route) => Some(obtain(route, request.workload.as_ref(), config, deadline).await?),
            None => None,
        };
        Ok(info_span!("response").in_scope(|| respond(&request, &image, credential, config)))
    }
    .instrument(info_span!("pull"))
    .await
}

fn read(stdin: &[u8]) -> Result<(CredentialProviderRequest, ImageRef), Error> {
    let request = CredentialProviderRequest::parse(stdin).map_err(Error::Request)?;
    let image = ImageRef::parse(&request.image).map_err(Error::Image)?;
    Ok((request, image))
}

async fn obtain(
    route: &Route,
    workload: Option<&Workload>,
    config: &Config,
    deadline: Deadline,
) -> Result<RegistryCredential, Error> {
    let span = info_span!("identity", credential_provider.identity_source = tracing::field::Empty);
    let (artifactory, roots, identities) = match &route.access {
        Access::Static(credential) => return span.in_scope(|| credential.read()).map_err(Error::Static),
        Access::Exchange { artifactory, roots, identities } => (artifactory, roots, identities),
    };
    let proof = prove(identities, workload, &config.network, deadline).instrument(span).await;
    let proof = proof.map_err(|source| Error::Identity { artifactory: artifactory.clone(), source })?;
    async { exchange(&Http::artifactory(roots, &config.network.proxies, deadline)?, artifactory, proof).await }
        .instrument(info_span!("exchange", server.address = artifactory.host()))
        .await
        .map_err(|source| Error::Exchange { artifactory: artifactory.clone(), source })
}

/// The credential goes to the image's own registry and nowhere else; without one the pull is declined, and not cached,
/// since an empty answer without a duration would be kept for hours.
fn respond(
    request: &CredentialProviderRequest,
    image: &ImageRef,
    credential: Option<RegistryCredential>,
    config: &Config,
) -> CredentialProviderResponse {
    let cache_duration = credential.as_ref().map(|credential| credential.lifetime.cache_duration(&config.node));
    let auth = credential.map(|RegistryCredential { username, access_token, .. }| {
        (image.registry().to_owned(), RegistryAuth { username, password: access_token })
    });
    CredentialProviderResponse {
        api_version: request.api_version,
        cache_key_type: if auth.is_some() { config.cache_key_type() } else { CacheKeyType::Image },
        cache_duration: cache_duration.unwrap_or_default(),
        auth: auth.into_iter().collect(),
    }
}
