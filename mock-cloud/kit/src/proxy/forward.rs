//! What passes through a proxy: bytes in a tunnel, or one plain request.

use std::io;

use axum::body::Body;
use axum::response::Response;
use http::{Request, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

/// Carries bytes both ways until one side ends.
pub(super) async fn tunnel(request: Request<Incoming>, mut upstream: TcpStream) {
    if let Ok(upgraded) = hyper::upgrade::on(request).await {
        let _ = copy_bidirectional(&mut TokioIo::new(upgraded), &mut upstream).await;
    }
}

/// Sends a request on, without what was meant for the proxy.
///
/// Source: RFC 9112 section 3.2.1; RFC 9110 section 11.7.2.
pub(super) async fn request(mut request: Request<Incoming>, upstream: TcpStream) -> io::Result<Response> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let origin: Uri = path.parse().map_err(io::Error::other)?;
    *request.uri_mut() = origin;
    request.headers_mut().remove(header::PROXY_AUTHORIZATION);
    let (mut sender, connection) = handshake(TokioIo::new(upstream)).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await.map_err(io::Error::other)?.map(Body::new))
}
