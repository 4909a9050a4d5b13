//! The listener: accepts connections, with TLS or without, and serves a mock on them.

mod exchange;

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::Kit;
use crate::clock;
use crate::control;
use crate::tls::{Handshake, TlsServer};
use exchange::{Exchange, Unanswered};

/// How long the accept loop rests when the system has no connection to give.
const ACCEPT_RETRY: Duration = Duration::from_millis(10);
/// How long a client that was refused may take to read the alert.
const ALERT_READ: Duration = Duration::from_secs(1);

/// Where and how to listen; port 0 takes a free port.
pub enum Listen {
    /// HTTP without TLS.
    Plain(SocketAddr),
    /// HTTP over TLS.
    Tls(SocketAddr, TlsServer),
}

impl Listen {
    /// Takes the address without serving yet, for a mock that must know its own URL first.
    ///
    /// # Errors
    ///
    /// When the address cannot be had or the identity is not one.
    pub async fn bind(self) -> io::Result<Bound> {
        let (address, tls) = match self {
            Self::Plain(address) => (address, None),
            Self::Tls(address, server) => (address, Some(server.acceptor()?)),
        };
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Bound { listener, address, tls })
    }
}

/// An address that is taken; connections wait until [`Bound::serve`].
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
}

impl Bound {
    /// Answers the address with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the URL of the root, without a final slash; that of the loopback interface when all are listened on.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        format!("{scheme}://{address}")
    }

    /// Serves the mock and the control paths of its kit.
    #[must_use]
    pub fn serve(self, router: Router, kit: &Kit) -> Server {
        let (address, url) = (self.address(), self.url());
        let router = control::router(kit).fallback_service(router);
        let exchange = Exchange { router, kit: kit.clone(), handshake: None };
        let task = tokio::spawn(accept(self.listener, self.tls, exchange)).abort_handle();
        Server { address, url, task }
    }
}

/// A mock that is being served, over HTTP/1.1 only; dropping it ends it and its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    url: String,
    task: AbortHandle,
}

impl Server {
    /// Takes an address and serves the mock on it.
    ///
    /// # Errors
    ///
    /// When the address cannot be had or the identity is not one.
    pub async fn start(router: Router, kit: &Kit, listen: Listen) -> io::Result<Self> {
        Ok(listen.bind().await?.serve(router, kit))
    }

    /// Answers the address with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the URL of the root, without a final slash.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts until it is aborted; its connections are aborted with it.
async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, exchange: Exchange) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, tls.clone(), exchange.clone()));
                }
                Err(_) => clock::pause(ACCEPT_RETRY).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, exchange: Exchange) {
    // Without it a dripped byte waits for the one before to be acknowledged.
    stream.set_nodelay(true).ok();
    match tls {
        None => serve(stream, |stream| stream, exchange).await,
        Some(tls) => match tls.accept(stream).into_fallible().await {
            Ok(stream) => {
                let handshake = Some(Handshake::of(stream.get_ref().1));
                serve(stream, |stream| stream.get_ref().0, Exchange { handshake, ..exchange }).await;
            }
            // Which side refused the other is the client's to report.
            Err((_, stream)) => linger(stream).await,
        },
    }
}

/// Closes a connection on which the client may still be sending. Closed at once it would be reset, and a client that sees the
/// reset before the alert cannot tell why.
async fn linger(mut stream: TcpStream) {
    stream.shutdown().await.unwrap_or_default();
    let mut nowhere = tokio::io::sink();
    tokio::select! {
        _ = tokio::io::copy(&mut stream, &mut nowhere) => {}
        () = clock::pause(ALERT_READ) => {}
    }
}

async fn serve<I>(io: I, socket: fn(&I) -> &TcpStream, exchange: Exchange)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| Box::pin(exchange.clone().answer(request)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
    let ended = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut io = connection.into_parts().io.into_inner();
    match ended {
        Ok(()) => io.shutdown().await.unwrap_or_default(),
        // Closing with unsent data discarded is what sends a reset.
        Err(error) if is_reset(&error) => socket(&io).set_zero_linger().unwrap_or_default(),
        Err(_) => {}
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    let reason = error.source().and_then(|it| it.downcast_ref());
    matches!(reason, Some(Unanswered::Reset))
}
