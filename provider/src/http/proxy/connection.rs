//! Connections: to a proxy, through it, with TLS and with HTTP on them.

use std::error::Error;
use std::io;
use std::sync::Arc;

use hyper::body::{Body, Bytes};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::{ProxyFailure, Target};
use crate::http::NAME_AND_VERSION;

/// A connection, whatever it is made of.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}
pub(super) type Connection = Box<dyn Duplex>;

pub(super) fn name_of(target: &Target) -> io::Result<ServerName<'static>> {
    ServerName::try_from(target.host().to_owned()).map_err(io::Error::other)
}

pub(super) async fn secure(
    tls: &Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: Connection,
) -> io::Result<Connection> {
    Ok(Box::new(TlsConnector::from(tls.clone()).connect(name, stream).await?))
}

/// Speaks HTTP on a connection; the task ends with the connection.
pub(super) async fn open<B>(connection: Connection) -> hyper::Result<SendRequest<B>>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let (sender, driver) = http1::handshake(TokioIo::new(connection)).await?;
    tokio::spawn(driver.with_upgrades());
    Ok(sender)
}

/// Whom a request is for, and what program asks, where the request does not say so itself.
pub(super) fn introduce(headers: &mut HeaderMap, host: &str) {
    if let Ok(host) = HeaderValue::try_from(host) {
        headers.entry(HOST).or_insert(host);
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(NAME_AND_VERSION));
}

pub(super) fn broken(error: &hyper::Error, target: &Target) -> ProxyFailure {
    if error.is_parse() { ProxyFailure::Foreign } else { ProxyFailure::Broken { target: target.to_string() } }
}
