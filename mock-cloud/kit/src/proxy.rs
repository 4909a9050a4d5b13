//! An HTTP proxy that opens tunnels and forwards plain requests, asks who asks, and misbehaves when told.
//!
//! Faults are named by the target, such as `acme.example:443` or `*`; every one but a truncated or dripping reply works
//! before a tunnel is open. Sources: RFC 9110 sections 9.3.6 and 11.7, RFC 9112 section 3.2.

mod forward;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::clock;
use crate::fault::{Behaviour, Plan};
use crate::journal::Recorded;
use crate::{Kit, TlsServer};

/// What a proxy is at its start; the default is a plain one on a free port of this machine that serves everybody.
pub struct ProxyOptions {
    /// The address to listen on; port 0 takes a free port.
    pub listen: SocketAddr,
    /// What it shows where it speaks TLS itself.
    pub tls: Option<TlsServer>,
    /// `user:password` of the only one whom it serves.
    pub credentials: Option<String>,
    /// Where targets are that only the proxy knows, by `host:port`; others are looked up.
    pub hosts: BTreeMap<String, SocketAddr>,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self { listen, tls: None, credentials: None, hosts: BTreeMap::new() }
    }
}

/// A proxy that serves until it is dropped.
#[derive(Debug)]
pub struct MockProxy {
    address: SocketAddr,
    kit: Kit,
    task: AbortHandle,
}

/// What every request meets.
struct State {
    kit: Kit,
    authorization: Option<String>,
    hosts: BTreeMap<String, SocketAddr>,
}

/// A fault that closes the connection.
#[derive(Debug, thiserror::Error)]
#[error("a fault resets the connection")]
struct Reset;

impl MockProxy {
    /// Starts a proxy.
    ///
    /// # Errors
    ///
    /// When the address cannot be had or the identity is not one.
    pub async fn start(options: ProxyOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let (address, kit) = (listener.local_addr()?, Kit::new());
        let authorization = options.credentials.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
        let tls = options.tls.map(|server| server.acceptor()).transpose()?;
        let state = Arc::new(State { kit: kit.clone(), authorization, hosts: options.hosts });
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, state) = (tls.clone(), state.clone());
                connections.spawn(async move {
                    match tls {
                        None => state.serve(stream).await,
                        // A client that refuses the certificate is the client's to report.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                state.serve(stream).await;
                            }
                        }
                    }
                });
            }
        });
        Ok(Self { address, kit, task: task.abort_handle() })
    }

    /// Answers the address with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers clock, journal and faults. In the journal `host` is the target, and the path is empty for a tunnel.
    #[must_use]
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Answers the targets that it was asked for, as `METHOD host:port`.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        let requests = self.kit.journal.requests();
        requests.iter().map(|request| format!("{} {}", request.method, request.host)).collect()
    }
}

impl Drop for MockProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    async fn serve<I>(self: Arc<Self>, io: I)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(move |request| self.clone().answer(request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
        connection.with_upgrades().await.unwrap_or_default();
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response, Reset> {
        let target = target(&request);
        let entry = self.kit.journal.open(self.recorded(&request, &target));
        let plan = self.kit.faults.plan(request.method().as_str(), &target, request.headers());
        let response = match self.refusal(request.headers()) {
            Some(refusal) => refusal,
            None => self.planned_answer(plan, request, &target).await?,
        };
        self.kit.journal.complete(entry, response.status().as_u16());
        Ok(response)
    }

    /// What somebody is told whom it does not know.
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        let expected = self.authorization.as_ref()?;
        let shown = headers.get(header::PROXY_AUTHORIZATION);
        if shown.is_some_and(|shown| shown.as_bytes() == expected.as_bytes()) {
            return None;
        }
        let mut response = status(StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        response.headers_mut().insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"proxy\""));
        Some(response)
    }

    async fn planned_answer(&self, plan: Plan, request: Request<Incoming>, target: &str) -> Result<Response, Reset> {
        clock::pause(plan.latency).await;
        match plan.behaviour {
            Some(Behaviour::Reply { status: code, .. }) => {
                Ok(status(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)))
            }
            Some(Behaviour::Hang) => std::future::pending().await,
            Some(Behaviour::Reset) => Err(Reset),
            None | Some(Behaviour::Latency(_) | Behaviour::Truncate | Behaviour::Drip(_)) => {
                Ok(self.pass_on(request, target).await.unwrap_or_else(|_| status(StatusCode::BAD_GATEWAY)))
            }
        }
    }

    async fn pass_on(&self, request: Request<Incoming>, target: &str) -> io::Result<Response> {
        let upstream = match self.hosts.get(target) {
            Some(address) => TcpStream::connect(address).await?,
            None => TcpStream::connect(target).await?,
        };
        upstream.set_nodelay(true)?;
        if request.method() == Method::CONNECT {
            tokio::spawn(forward::tunnel(request, upstream));
            return Ok(status(StatusCode::OK));
        }
        forward::request(request, upstream).await
    }

    fn recorded(&self, request: &Request<Incoming>, target: &str) -> Recorded {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers().iter();
        Recorded {
            at: self.kit.clock.rfc3339(),
            at_us: u64::try_from(self.kit.clock.uptime().as_micros()).unwrap_or(u64::MAX),
            method: request.method().to_string(),
            host: target.to_owned(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: headers.map(|(key, value)| (key.to_string(), text(value))).collect(),
            body: String::new(),
            status: None,
            tls: None,
        }
    }
}

/// The target with its port, which a plain request may leave out.
fn target(request: &Request<Incoming>) -> String {
    let host = request.uri().host().unwrap_or_default();
    format!("{host}:{}", request.uri().port_u16().unwrap_or(80))
}

fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
