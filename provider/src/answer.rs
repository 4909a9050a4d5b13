//! One pull, one path: request, route, identity, exchange, response.

use tracing::Instrument as _;

use crate::access::Access;
use crate::artifactory::{RegistryCredential, exchange};
use crate::config::{Config, Route};
use crate::error::Error;
use crate::http::Http;
use crate::identity::{Asked, Proved};
use crate::image::ImageRef;
use crate::kubelet::{CredentialProviderRequest, CredentialProviderResponse, Workload};
use crate::response::respond;
use crate::telemetry::step;
use crate::time::Deadline;

/// What the kubelet is answered, and what is worth saying beside it.
#[derive(Debug)]
pub struct Answer {
    /// The answer.
    pub response: CredentialProviderResponse,
    /// Which identity was asked; `None` where none was.
    pub asked: Option<Asked>,
}

/// Answers one request of the kubelet.
///
/// An image that no route serves is declined, which is an answer and no error.
///
/// # Errors
/// When the request is not one, no identity can be proved, the proof is not accepted, or the kubelet would refuse the answer.
pub async fn answer(stdin: &[u8], config: &Config, deadline: Deadline) -> Result<Answer, Error> {
    async {
        let (request, image) = step::request().in_scope(|| read(stdin))?;
        let declining = || CredentialProviderResponse::declining(request.api_version);
        let Some(route) = step::route().in_scope(|| config.route(&image)) else {
            let response = step::response().in_scope(|| told(declining(), deadline));
            return Ok(Answer { response, asked: None });
        };
        let (credential, asked) = obtain(route, &image, request.workload.as_ref(), config, deadline).await?;
        let response = step::response().in_scope(|| match credential {
            Some(credential) => respond(&request, &image, route, credential, config).map(|it| told(it, deadline)),
            None => Ok(told(declining(), deadline)),
        });
        Ok(Answer { response: response.map_err(Error::Response)?, asked })
    }
    .instrument(step::pull())
    .await
}

fn told(response: CredentialProviderResponse, deadline: Deadline) -> CredentialProviderResponse {
    step::responded(&response, deadline);
    response
}

fn read(stdin: &[u8]) -> Result<(CredentialProviderRequest, ImageRef), Error> {
    let request = CredentialProviderRequest::parse(stdin).map_err(Error::Request)?;
    let image = ImageRef::parse(&request.image).map_err(Error::Image)?;
    step::requested(&request, &image);
    Ok((request, image))
}

async fn obtain(
    route: &Route,
    image: &ImageRef,
    workload: Option<&Workload>,
    config: &Config,
    deadline: Deadline,
) -> Result<(Option<RegistryCredential>, Option<Asked>), Error> {
    let span = step::identity();
    let (artifactory, transport, identities, order) = match &route.access {
        Access::Static(source) => {
            return span.in_scope(|| Ok((source.credential_for(image).map_err(Error::Static)?, None)));
        }
        Access::Exchange { artifactory, transport, identities, order } => (artifactory, transport, identities, order),
    };
    let proved = identities.prove(*order, workload, &config.network, deadline).instrument(span).await;
    let failed = |source| Error::Identity { artifactory: artifactory.clone(), source };
    let Proved { proof, asked } = proved.map_err(failed)?;
    async { exchange(&Http::artifactory(transport, artifactory.host(), deadline)?, artifactory, proof).await }
        .instrument(step::exchange(artifactory))
        .await
        .map(|credential| (Some(credential), Some(asked)))
        .map_err(|source| Error::Exchange { artifactory: artifactory.clone(), source })
}
