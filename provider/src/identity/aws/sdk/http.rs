//! The SDK's requests, sent by the one HTTP client.
//!
//! Plain HTTP is how services on the link are asked, so it follows their rules: no proxy, ever. TLS follows the rules of
//! the clouds' services: the system's roots, and a proxy where one is set.

use std::error::Error;

use aws_sdk_sts::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::config::Network;
use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::aws::sts::passing;
use crate::time::Deadline;

/// The one HTTP client in the SDK's type.
#[derive(Clone, Debug)]
pub(super) struct SdkHttp {
    plain: Http,
    tls: Tls,
}

/// The client for TLS.
#[derive(Clone, Debug)]
enum Tls {
    /// Made already.
    Made(Http),
    /// Made for each request that needs it: most sources need none, and reading the roots costs a millisecond.
    OnDemand(Box<Network>, Deadline),
}

impl SdkHttp {
    /// A client for whatever a credential source asks.
    pub(super) fn by_scheme(network: &Network, deadline: Deadline) -> Result<Self, HttpError> {
        let tls = Tls::OnDemand(Box::new(network.clone()), deadline);
        Ok(Self { plain: Http::metadata(deadline)?, tls })
    }

    /// A client for a cloud's own service, also where a variable sends it to plain HTTP on loopback.
    pub(super) fn cloud(network: &Network, deadline: Deadline) -> Result<Self, HttpError> {
        let cloud = Http::cloud(&network.transport, deadline)?;
        Ok(Self { plain: cloud.clone(), tls: Tls::Made(cloud) })
    }

    fn client(&self, url: &str) -> Result<Http, HttpError> {
        match &self.tls {
            _ if !url.starts_with("https:") => Ok(self.plain.clone()),
            Tls::Made(http) => Ok(http.clone()),
            Tls::OnDemand(network, deadline) => Http::cloud(&network.transport, *deadline),
        }
    }
}

impl HttpClient for SdkHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SdkHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.client(request.uri()).map_err(final_error);
        HttpConnectorFuture::new(async move {
            let reply = http?.send(&outgoing(&request)?).await.map_err(final_error)?;
            incoming(&reply)
        })
    }
}

fn outgoing(request: &HttpRequest) -> Result<Request, ConnectorError> {
    let body = request.body().bytes().ok_or_else(|| final_error("a body that is a stream cannot be sent"))?;
    let body = String::from_utf8(body.to_vec()).map_err(final_error)?;
    let body = Some(body).filter(|body| !body.is_empty());
    let headers = request.headers().iter();
    Ok(Request::of_parts(request.method(), request.uri().to_owned(), headers, body).retried_if(passing))
}

fn incoming(reply: &Reply) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(reply.status.as_u16()).map_err(final_error)?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body().to_vec()));
    for (name, value) in reply.headers() {
        response.headers_mut().try_append(name.to_owned(), value.to_owned()).map_err(final_error)?;
    }
    Ok(response)
}

/// An error that the SDK does not try again: the client below has.
fn final_error(error: impl Into<Box<dyn Error + Send + Sync>>) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}

/// The HTTP client's own error among the causes of one of the SDK's.
pub(super) fn transport(error: &(dyn Error + 'static)) -> Option<HttpError> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| error.downcast_ref()).cloned()
}
