//! The one HTTP client: deadline, retries, size limits, roots, and no proxy on the way to a metadata service.
//!
//! # Why two clients in one
//! A metadata service is on the link, speaks plain HTTP and must never be reached through a proxy; Artifactory and the
//! clouds' own services are far, speak TLS and may be behind one. [`Http`] keeps them apart by [`Service`], so that neither
//! rule depends on an address.
//! Neither follows a redirect: a proof or a credential goes to the host it was meant for or nowhere.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HOST;
use reqwest::{Client, StatusCode, Url};
use tracing::Instrument as _;

use crate::telemetry::{call, traceparent};
use crate::time::{Deadline, pause};

mod error;
pub mod grpc;
mod message;
mod proxy;
mod roots;
mod tls;

pub use error::HttpError;
use error::{classify, connect};
pub(crate) use message::query_value;
pub use message::{Reply, Request};
pub use proxy::{
    Exceptions, Proxies, Proxy, ProxyAddressError, ProxyCredentials, ProxyError, ProxyFailure, Via, Waited,
};
use proxy::{Patience, ProxyClient};
pub use roots::{RootSource, Roots, RootsError};
use tls::AskedName;
pub use tls::{
    ClientCertificate, ClientCertificateError, MinimumVersion, Pin, PinError, Refusal, ServerCertificateError, Tls,
};

/// Attempts for one request, the first included.
const ATTEMPTS: u32 = 3;
/// How this program names itself to servers and proxies.
const NAME_AND_VERSION: &str = concat!("artifactory-credential-provider/", env!("CARGO_PKG_VERSION"));
/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Who is asked, which decides patience, reply size and whether a proxy may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// A service on the link: plain HTTP, never a proxy, answers at once or not at all.
    Metadata,
    /// A cloud's service on its network, such as AWS STS: TLS, perhaps through a proxy.
    Cloud,
    /// Artifactory: TLS, perhaps through a proxy.
    Artifactory,
    /// A collector of telemetry, of which no pull waits.
    Collector,
}

impl Service {
    /// How long one attempt may take. A reply that the hop limit has eaten never comes, so waiting longer is no help.
    fn patience(self) -> Duration {
        match self {
            Self::Metadata => Duration::from_secs(2),
            Self::Cloud => Duration::from_secs(10),
            Self::Artifactory => Duration::from_secs(20),
            Self::Collector => Duration::MAX,
        }
    }

    /// The largest reply that is read, in bytes. A secret alone may have 64 KiB, and a page of user pools more.
    fn reply_limit(self) -> usize {
        match self {
            Self::Metadata | Self::Collector => 64 * 1024,
            Self::Cloud | Self::Artifactory => 1024 * 1024,
        }
    }

    /// Whether it is told which trace asks it. A service on the link keeps no traces.
    fn joins_traces(self) -> bool {
        matches!(self, Self::Cloud | Self::Artifactory)
    }

    /// Whether silence is worth another attempt: on the link it is lasting, and a second wait would double the pull.
    fn retries_silence(self) -> bool {
        self != Self::Metadata
    }
}

/// How connections to a far service are made: whom to trust, and through which proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// How the connection is made safe.
    pub tls: Tls,
    /// The proxies on the way.
    pub proxies: Proxies,
}

/// The HTTP client of one pull.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    /// Absent where there is no proxy, or none may ever be.
    proxied: Option<Arc<ProxyClient>>,
    service: Service,
    deadline: Deadline,
    /// The client certificate's file, for a server that refuses it.
    client_certificate: Option<PathBuf>,
    /// The name to ask the server for, where it is not its host.
    asked_name: Option<AskedName>,
}

impl Http {
    /// A client for metadata services: plain HTTP, no proxy, no roots.
    ///
    /// # Errors
    /// When the client cannot be built at all.
    pub fn metadata(deadline: Deadline) -> Result<Self, HttpError> {
        Self::plain(Service::Metadata, deadline)
    }

    /// A client for the Artifactory at this host and perhaps port.
    ///
    /// # Errors
    /// When the roots or the client certificate cannot be used, or the proxy's address is no address.
    pub fn artifactory(transport: &Transport, host: &str, deadline: Deadline) -> Result<Self, HttpError> {
        let asked_name = transport.tls.server_name.as_ref().and_then(|name| AskedName::of(name, host));
        Self::remote(Service::Artifactory, transport, asked_name, deadline)
    }

    /// A client for a cloud's services.
    ///
    /// # Errors
    /// When the roots cannot be read or the proxy's address is no address.
    pub fn cloud(transport: &Transport, deadline: Deadline) -> Result<Self, HttpError> {
        Self::remote(Service::Cloud, transport, None, deadline)
    }

    /// A client for the collector of telemetry at a URL. Where the way has no TLS, no file is read: the exporter lives longer
    /// than the pull, and the file of the authorities need not.
    ///
    /// # Errors
    /// When the roots or the client certificate cannot be used, or the proxy's address is no address.
    pub fn collector(transport: &Transport, url: &str, deadline: Deadline) -> Result<Self, HttpError> {
        match transport.proxies {
            Proxies::Direct if url.starts_with("http://") => Self::plain(Service::Collector, deadline),
            _ => Self::remote(Service::Collector, transport, None, deadline),
        }
    }

    fn plain(service: Service, deadline: Deadline) -> Result<Self, HttpError> {
        let client = client(tls::without_roots(), None)?;
        Ok(Self { client, proxied: None, service, deadline, client_certificate: None, asked_name: None })
    }

    fn remote(
        service: Service,
        transport: &Transport,
        asked_name: Option<AskedName>,
        deadline: Deadline,
    ) -> Result<Self, HttpError> {
        let tls = transport.tls.load()?;
        let proxied = match &transport.proxies {
            Proxies::Direct => None,
            Proxies::Through { .. } => Some(Arc::new(ProxyClient::new(transport, &tls)?)),
        };
        let client = client(tls, asked_name.as_ref())?;
        let client_certificate = transport.tls.client_certificate.as_ref().map(|files| files.certificate.clone());
        Ok(Self { client, proxied, service, deadline, client_certificate, asked_name })
    }

    /// Sends a request until it is answered for good: throttling, server errors and broken connections are tried again
    /// while attempts and the deadline last.
    ///
    /// # Errors
    /// What the last attempt met. A reply of any status is not an error here.
    pub async fn send(&self, request: &Request) -> Result<Reply, HttpError> {
        for attempt in 1.. {
            let outcome = self.attempt(request, attempt).await;
            let Some(length) = self.pause_before_next(request, &outcome, attempt) else { return outcome };
            if self.deadline.remaining().is_none_or(|left| left <= length) {
                return outcome;
            }
            pause(length).await;
        }
        unreachable!("the loop ends by returning")
    }

    /// Sends a request once, whatever comes of it: for a service that is only looked for.
    ///
    /// # Errors
    /// What the attempt met. A reply of any status is not an error here.
    pub async fn send_once(&self, request: &Request) -> Result<Reply, HttpError> {
        self.attempt(request, 1).await
    }

    /// How long to wait for another attempt, or `None` when the outcome is final.
    fn pause_before_next(
        &self,
        request: &Request,
        outcome: &Result<Reply, HttpError>,
        attempt: u32,
    ) -> Option<Duration> {
        let asked = match outcome {
            Ok(reply) if passing(reply.status) || (request.passing)(reply) => reply.retry_after(),
            Err(HttpError::Connect { .. } | HttpError::Broken) => None,
            Err(HttpError::Proxy(error)) if may_pass(&error.failure) => None,
            Err(HttpError::Silence { .. }) if self.service.retries_silence() => None,
            _ => return None,
        };
        (attempt < ATTEMPTS).then(|| asked.unwrap_or(FIRST_PAUSE * 2_u32.pow(attempt - 1)))
    }

    /// One attempt, from 1, and its span, of which the service is told.
    async fn attempt(&self, request: &Request, attempt: u32) -> Result<Reply, HttpError> {
        let span = call::attempt(request, attempt);
        let traceparent = traceparent(&span).filter(|_| self.service.joins_traces());
        let joined = traceparent.map(|traceparent| request.clone().header("traceparent", &traceparent));
        let outcome = self.ask(joined.as_ref().unwrap_or(request)).instrument(span.clone()).await;
        call::answered(&span, &outcome);
        outcome
    }

    async fn ask(&self, request: &Request) -> Result<Reply, HttpError> {
        let left = self.deadline.remaining().ok_or(HttpError::Deadline)?;
        let length = self.service.patience().min(left);
        let waited = if left <= self.service.patience() { Waited::UntilDeadline } else { Waited::For(length) };
        if let Some(client) = &self.proxied
            && let Ok(url) = Url::parse(&request.url)
            && let Some(proxy) = client.before(&url)
        {
            let patience = Patience { length, waited };
            return client.ask(proxy, &url, request, self.service.reply_limit(), patience).await;
        }
        tokio::time::timeout(length, self.exchange(request)).await.unwrap_or(Err(waited.into()))
    }

    async fn exchange(&self, request: &Request) -> Result<Reply, HttpError> {
        let mut outgoing = self.outgoing(request).headers(request.headers.clone());
        if let Some(body) = &request.body {
            outgoing = outgoing.body(body.clone());
        }
        let refused = |error: reqwest::Error| classify(&error, &request.url, self.client_certificate.as_deref());
        let mut incoming = outgoing.send().await.map_err(refused)?;
        let limit = self.service.reply_limit();
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk().await.map_err(|_| HttpError::Broken)? {
            if body.len() + chunk.len() > limit {
                return Err(HttpError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status: incoming.status(), headers: std::mem::take(incoming.headers_mut()), body })
    }

    fn outgoing(&self, request: &Request) -> reqwest::RequestBuilder {
        match self.asked_name.as_ref().and_then(|name| name.rewrite(&request.url)) {
            Some((url, host)) => self.client.request(request.method.clone(), url).header(HOST, host),
            None => self.client.request(request.method.clone(), &request.url),
        }
    }
}

/// The library's client, which never learns of a proxy: neither of a configured one nor of the environment's.
fn client(tls: rustls::ClientConfig, asked_name: Option<&AskedName>) -> Result<Client, HttpError> {
    #[expect(clippy::disallowed_methods, reason = "this module is the one HTTP client")]
    let builder = Client::builder();
    let builder = builder
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .user_agent(NAME_AND_VERSION);
    let builder = asked_name.into_iter().fold(builder, |builder, name| name.resolved_by(builder));
    builder.build().map_err(|error| connect(&error))
}

/// Statuses that may pass by themselves: throttling and a server that is starting or failing over.
fn passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// Failures of a proxy that may pass by themselves. A silent one is worth another attempt, as a silent far service is.
fn may_pass(failure: &ProxyFailure) -> bool {
    match failure {
        ProxyFailure::Refused { status, .. } => StatusCode::from_u16(*status).is_ok_and(passing),
        ProxyFailure::Unreachable { .. }
        | ProxyFailure::Broken { .. }
        | ProxyFailure::Silence { .. }
        | ProxyFailure::SilentTunnel { .. } => true,
        ProxyFailure::Credentials(_)
        | ProxyFailure::Certificate { .. }
        | ProxyFailure::Anonymous { .. }
        | ProxyFailure::Unauthorized { .. }
        | ProxyFailure::Foreign => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_and_server_errors_pass_and_refusals_do_not() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(passing(StatusCode::from_u16(status).expect("a status")), "{status}");
        }
        for status in [200, 301, 400, 401, 403, 404, 501] {
            assert!(!passing(StatusCode::from_u16(status).expect("a status")), "{status}");
        }
    }
}
