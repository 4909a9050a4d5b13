//! One pull, one path: request, route, identity, exchange, response.

use tracing::{Instrument as _, field, info_span};

use crate::access::Access;
use crate::artifactory::{RegistryCredential, exchange};
use crate::config::{Config, Route};
use crate::error::Error;
use crate::http::Http;
use crate::identity::{Asked, Proved};
use crate::image::ImageRef;
use crate::kubelet::{CredentialProviderRequest, CredentialProviderResponse, Workload};
use crate::response::respond;
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
        let (request, image) = info_span!("request").in_scope(|| read(stdin))?;
        let declining = || CredentialProviderResponse::declining(request.api_version);
        let Some(route) = info_span!("route").in_scope(|| config.route(&image)) else {
            return Ok(info_span!("response").in_scope(|| Answer { response: declining(), asked: None }));
        };
        let (credential, asked) = obtain(route, &image, request.workload.as_ref(), config, deadline).await?;
        let response = info_span!("response").in_scope(|| match credential {
            Some(credential) => respond(&request, &image, route, credential, config),
            None => Ok(declining()),
        });
        Ok(Answer { response: response.map_err(Error::Response)?, asked })
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
) -> Result<(Option<RegistryCredential>, Option<Asked>), Error> {
    let span = info_span!(
        "identity",
        credential_provider.cloud = field::Empty,
        credential_provider.identity_source = field::Empty,
        credential_provider.identity_passed_over = field::Empty
    );
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
        .instrument(info_span!("exchange", server.address = artifactory.host()))
        .await
        .map(|credential| (Some(credential), Some(asked)))
        .map_err(|source| Error::Exchange { artifactory: artifactory.clone(), source })
}
