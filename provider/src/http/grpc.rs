//! One unary call of gRPC, which some collectors take and nothing else.
//!
//! The connection is its own: HTTP/2 from the start, as gRPC has it, and no proxy on the way.
//! Source: gRPC documentation, "gRPC over HTTP2".

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http2;
use hyper::header::{HeaderMap, HeaderValue, TE, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::ServiceExt as _;

use super::error::{handshake, innermost};
use super::{HttpError, NAME_AND_VERSION, Service, Transport, message};
use crate::time::Deadline;

/// How a call has ended.
#[derive(Debug)]
pub struct Ended {
    /// What HTTP says; gRPC's own failures are a 200.
    pub http_status: StatusCode,
    /// The code of gRPC; `None` where whoever answered speaks no gRPC.
    pub code: Option<u16>,
    /// What the code is about, as `google.rpc.Status` in base64.
    pub details: Option<String>,
    /// The answer, framed.
    pub answer: Bytes,
}

/// Calls once, and waits until the deadline for the end.
///
/// # Errors
/// When there is no complete reply.
pub async fn call(transport: &Transport, request: &message::Request, deadline: Deadline) -> Result<Ended, HttpError> {
    let left = deadline.remaining().ok_or(HttpError::Deadline)?;
    timeout(left, connect(transport, request)).await.unwrap_or(Err(HttpError::Silence { after: left }))
}

async fn connect(transport: &Transport, request: &message::Request) -> Result<Ended, HttpError> {
    let nowhere = || HttpError::Address { url: request.url.clone() };
    let address: Uri = request.url.parse().map_err(|_| nowhere())?;
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let connected = connector.oneshot(address.clone()).await;
    let stream = connected.map_err(|error| HttpError::Connect { cause: innermost(&error) })?.into_inner();
    if address.scheme_str() != Some("https") {
        return exchange(stream, request, address).await;
    }
    let mut tls = transport.tls.load()?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|_| nowhere())?;
    let secured = TlsConnector::from(Arc::new(tls)).connect(name, stream).await;
    let stream = secured.map_err(|error| handshake(&error, None).unwrap_or(HttpError::Broken))?;
    exchange(stream, request, address).await
}

async fn exchange<S>(stream: S, request: &message::Request, address: Uri) -> Result<Ended, HttpError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let opened = http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await;
    let (mut sender, driver) = opened.map_err(|_| HttpError::Broken)?;
    tokio::spawn(driver);
    let mut outgoing = Request::new(Full::<Bytes>::from(request.body.clone().unwrap_or_default()));
    *outgoing.method_mut() = request.method.clone();
    *outgoing.uri_mut() = address;
    *outgoing.headers_mut() = request.headers.clone();
    outgoing.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
    outgoing.headers_mut().insert(USER_AGENT, HeaderValue::from_static(NAME_AND_VERSION));
    let (head, body) = sender.send_request(outgoing).await.map_err(|_| HttpError::Broken)?.into_parts();
    read(head.status, &head.headers, body).await
}

/// The code stands behind the answer, or among the headers where there is none.
async fn read<B>(http_status: StatusCode, headers: &HeaderMap, body: B) -> Result<Ended, HttpError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let body = Limited::new(body, Service::Collector.reply_limit()).collect().await.map_err(|_| HttpError::Broken)?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    let said = |name| {
        let value = trailers.get(name).or_else(|| headers.get(name))?;
        value.to_str().ok().map(str::to_owned)
    };
    let code = said("grpc-status").and_then(|code| code.parse().ok());
    Ok(Ended { http_status, code, details: said("grpc-status-details-bin"), answer: body.to_bytes() })
}
