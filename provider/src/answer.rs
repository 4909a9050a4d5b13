//! One pull, one path: request, route, identity, exchange, response.

use tracing::{Instrument as _, info_span};

use crate::access::Access;
use crate::artifactory::{RegistryCredential, exchange};
use crate::config::{Config, Route};
use crate::error::Error;
use crate::http::Http;
use crate::identity::prove;
use crate::image::ImageRef;
use crate::kubelet::{CredentialProviderRequest, CredentialProviderResponse, RegistryAuth, Workload};
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
        let route = info_span!("route").in_scope(|| config.route(&image));
        let credential = match route {
            Some(route) => obtain(route, &image, request.workload.as_ref(), config, deadline).await?,
            None => None,
        };
        Ok(info_span!("response").in_scope(|| respond(&request, &image, route.zip(credential), config)))
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
    image: &ImageRef,
    workload: Option<&Workload>,
    config: &Config,
    deadline: Deadline,
) -> Result<Option<RegistryCredential>, Error> {
    let span = info_span!("identity", credential_provider.identity_source = tracing::field::Empty);
    let (artifactory, transport, identities) = match &route.access {
        Access::Static(source) => return span.in_scope(|| source.credential_for(image)).map_err(Error::Static),
        Access::Exchange { artifactory, transport, identities } => (artifactory, transport, identities),
    };
    let proof = prove(identities, workload, &config.network, deadline).instrument(span).await;
    let proof = proof.map_err(|source| Error::Identity { artifactory: artifactory.clone(), source })?;
    async { exchange(&Http::artifactory(transport, deadline)?, artifactory, proof).await }
        .instrument(info_span!("exchange", server.address = artifactory.host()))
        .await
        .map(Some)
        .map_err(|source| Error::Exchange { artifactory: artifactory.clone(), source })
}

/// The credential goes to the image's own registry and nowhere else; without one the pull is declined.
fn respond(
    request: &CredentialProviderRequest,
    image: &ImageRef,
    credential: Option<(&Route, RegistryCredential)>,
    config: &Config,
) -> CredentialProviderResponse {
    let Some((route, RegistryCredential { username, access_token, lifetime })) = credential else {
        return CredentialProviderResponse::declining(request.api_version);
    };
    CredentialProviderResponse {
        api_version: request.api_version,
        cache_key_type: config.cache_key_type(route),
        cache_duration: lifetime.cache_duration(&config.node),
        auth: [(image.registry().to_owned(), RegistryAuth { username, password: access_token })].into(),
    }
}
