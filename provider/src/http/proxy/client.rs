//! Asks targets through a proxy: the connection to it, and the tunnel where the target speaks TLS.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::address::ProxyScheme;
use super::connection::{Connection, broken, introduce, name_of, open, secure};
use super::way::Way;
use super::{Proxies, Proxy, ProxyError, ProxyFailure, Target, Via, Waited};
use crate::http::error::{handshake, innermost};
use crate::http::message::{self, Reply};
use crate::http::{HttpError, Tls, Transport};
use crate::secret::Secret;
use crate::time::Deadline;

/// Asks targets through the proxy that stands before them.
pub(in crate::http) struct ProxyClient {
    proxies: Proxies,
    authorization: Option<Secret>,
    /// For the target, within a tunnel.
    pub(super) tls: Arc<ClientConfig>,
    /// The name that the target is asked for, where it is not its host.
    pub(super) server_name: Option<ServerName<'static>>,
    /// The client certificate's file, for a target that refuses it.
    pub(super) client_certificate: Option<PathBuf>,
    /// For the proxy itself: the same authorities, and nothing that is said of the target.
    own_tls: Option<Arc<ClientConfig>>,
}

/// How long one attempt may take, and what ends it.
#[derive(Clone, Copy)]
pub(in crate::http) struct Patience {
    pub(in crate::http) length: Duration,
    pub(in crate::http) waited: Waited,
}

impl ProxyClient {
    /// Reads the credentials of a proxy, if it has any in a file.
    pub(in crate::http) fn new(transport: &Transport, tls: &ClientConfig) -> Result<Self, HttpError> {
        let (mut authorization, mut own_tls) = (None, None);
        if let Proxies::Through { proxy, .. } = &transport.proxies {
            let credentials = |error| proxy.failed(ProxyFailure::Credentials(error));
            authorization = proxy.authorization().map_err(credentials)?;
            if proxy.scheme == ProxyScheme::Https {
                own_tls = Some(Arc::new(Tls::trusting(transport.tls.roots.clone()).load()?));
            }
        }
        Ok(Self {
            proxies: transport.proxies.clone(),
            authorization,
            tls: Arc::new(tls.clone()),
            server_name: transport.tls.server_name.clone().map(ServerName::DnsName),
            client_certificate: transport.tls.client_certificate.as_ref().map(|files| files.certificate.clone()),
            own_tls,
        })
    }

    /// The proxy that stands before a target, if one does.
    pub(in crate::http) fn before(&self, url: &Url) -> Option<&Proxy> {
        match self.proxies.via(url) {
            Via::Direct => None,
            Via::Proxy(proxy) => Some(proxy),
        }
    }

    /// Asks a target through its proxy, with one attempt's patience for the proxy and the target together.
    pub(in crate::http) async fn ask(
        &self,
        proxy: &Proxy,
        url: &Url,
        request: &message::Request,
        limit: usize,
        patience: Patience,
    ) -> Result<Reply, HttpError> {
        let (attempt, waited) = (Deadline::after(patience.length), patience.waited);
        let target = Target::of(url).map(|target| target.to_string()).unwrap_or_default();
        let silence = || proxy.failed(ProxyFailure::Silence { target: target.clone(), waited });
        let way = timeout(patience.length, self.open(proxy, url)).await.map_err(|_| silence())??;
        let tunnelled = way.is_tunnel();
        let reply = timeout(attempt.remaining().unwrap_or_default(), way.send(request, limit)).await;
        reply.unwrap_or_else(|_| {
            let silent = || proxy.failed(ProxyFailure::SilentTunnel { target: target.clone(), waited });
            Err(if tunnelled { silent() } else { silence() })
        })
    }

    /// Opens the way to a target: a connection to the proxy, and a tunnel where the target speaks TLS.
    async fn open<'c>(&'c self, proxy: &'c Proxy, url: &'c Url) -> Result<Way<'c>, HttpError> {
        let target = Target::of(url).ok_or(HttpError::Broken)?;
        let connection = self.connect(proxy).await?;
        let way = Way { client: self, proxy, url, target, connection };
        if !way.is_tunnel() {
            return Ok(way);
        }
        let connection = self.tunnel(proxy, &way.target, way.connection).await?;
        Ok(Way { connection, ..way })
    }

    /// The proxy's addresses of both families are tried, as for any other host.
    async fn connect(&self, proxy: &Proxy) -> Result<Connection, HttpError> {
        let unreachable = |cause| proxy.failed(ProxyFailure::Unreachable { cause });
        let address: Uri = format!("http://{proxy}/").parse().map_err(|_| unreachable("no address".to_owned()))?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let stream = connector.oneshot(address).await.map_err(|error| unreachable(innermost(&error)))?.into_inner();
        let Some(tls) = &self.own_tls else { return Ok(Box::new(stream)) };
        let secured = match name_of(&proxy.target) {
            Ok(name) => secure(tls, name, Box::new(stream)).await,
            Err(error) => Err(error),
        };
        secured.map_err(|error| {
            let cause = match handshake(&error, None) {
                Some(HttpError::Certificate(error)) => error.to_string(),
                Some(error) => error.to_string(),
                None => innermost(&error),
            };
            proxy.failed(ProxyFailure::Certificate { cause })
        })
    }

    /// Source: RFC 9110 section 9.3.6.
    async fn tunnel(&self, proxy: &Proxy, target: &Target, connection: Connection) -> Result<Connection, HttpError> {
        let (place, failed) = (target.to_string(), |error: &hyper::Error| proxy.failed(broken(error, target)));
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = place.parse().map_err(|_| HttpError::Address { url: place.clone() })?;
        introduce(request.headers_mut(), &place);
        self.authorize(request.headers_mut());
        let mut sender = open(connection).await.map_err(|error| failed(&error))?;
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        match response.status() {
            status if status.is_success() => {
                let upgraded = hyper::upgrade::on(response).await.map_err(|error| failed(&error))?;
                Ok(Box::new(TokioIo::new(upgraded)))
            }
            // Before a tunnel is open only the proxy can answer; tinyproxy answers wrong credentials with 401.
            status @ (StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED) => {
                Err(self.unauthorized(proxy, status))
            }
            status => Err(proxy.failed(ProxyFailure::Refused { target: place, status: status.as_u16() })),
        }
    }

    pub(super) fn authorize(&self, headers: &mut HeaderMap) {
        let value = self.authorization.as_ref().and_then(|it| HeaderValue::try_from(it.expose()).ok());
        if let Some(mut value) = value {
            value.set_sensitive(true);
            headers.insert(PROXY_AUTHORIZATION, value);
        }
    }

    pub(super) fn unauthorized(&self, proxy: &Proxy, status: StatusCode) -> HttpError {
        let status = status.as_u16();
        proxy.failed(match self.authorization {
            None => ProxyFailure::Anonymous { status },
            Some(_) => ProxyFailure::Unauthorized { status },
        })
    }
}

impl Proxy {
    pub(in crate::http) fn failed(&self, failure: ProxyFailure) -> HttpError {
        HttpError::Proxy(Box::new(ProxyError { proxy: self.to_string(), named_by: self.named_by, failure }))
    }
}

impl fmt::Debug for ProxyClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ProxyClient({:?})", self.proxies)
    }
}
