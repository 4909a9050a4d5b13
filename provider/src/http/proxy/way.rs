//! One request and its reply on a way that a proxy has opened.

use std::error::Error;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use reqwest::Url;

use super::connection::{Connection, broken, introduce, name_of, open, secure};
use super::{Proxy, ProxyClient, Target};
use crate::http::HttpError;
use crate::http::error::handshake;
use crate::http::message::{self, Reply};

/// A way to a target through a proxy, ready for one request.
pub(super) struct Way<'c> {
    pub(super) client: &'c ProxyClient,
    pub(super) proxy: &'c Proxy,
    pub(super) url: &'c Url,
    pub(super) target: Target,
    pub(super) connection: Connection,
}

impl Way<'_> {
    /// Sends a request and reads the whole reply.
    pub(super) async fn send(self, request: &message::Request, limit: usize) -> Result<Reply, HttpError> {
        if self.is_tunnel() { self.send_sealed(request, limit).await } else { self.send_open(request, limit).await }
    }

    pub(super) fn is_tunnel(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The value of `Host`: the port only where it is not the scheme's own.
    fn host(&self) -> String {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.url.host_str().unwrap_or_default())
    }

    /// Within the tunnel the proxy sees nothing, and nothing of it is said.
    async fn send_sealed(self, request: &message::Request, limit: usize) -> Result<Reply, HttpError> {
        let host = self.host();
        let client = self.client;
        let failed = |error: &(dyn Error + 'static)| {
            handshake(error, client.client_certificate.as_deref()).unwrap_or(HttpError::Broken)
        };
        let name = match &client.server_name {
            Some(name) => name.clone(),
            None => name_of(&self.target).map_err(|_| HttpError::Broken)?,
        };
        let connection = secure(&client.tls, name, self.connection).await.map_err(|error| failed(&error))?;
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut outgoing = outgoing(request, &format!("{}{query}", self.url.path()))?;
        introduce(outgoing.headers_mut(), &host);
        let mut sender = open(connection).await.map_err(|error| failed(&error))?;
        read(sender.send_request(outgoing).await.map_err(|error| failed(&error))?, limit).await
    }

    /// Without TLS the proxy is asked for the whole address, and answers in the target's place.
    ///
    /// Source: RFC 9112 section 3.2.2.
    async fn send_open(self, request: &message::Request, limit: usize) -> Result<Reply, HttpError> {
        let mut outgoing = outgoing(request, self.url.as_str())?;
        introduce(outgoing.headers_mut(), &self.host());
        self.client.authorize(outgoing.headers_mut());
        let failed = |error: &hyper::Error| self.proxy.failed(broken(error, &self.target));
        let mut sender = open(self.connection).await.map_err(|error| failed(&error))?;
        let response = sender.send_request(outgoing).await.map_err(|error| failed(&error))?;
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(self.client.unauthorized(self.proxy, response.status()));
        }
        read(response, limit).await
    }
}

fn outgoing(request: &message::Request, uri: &str) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut outgoing = Request::new(Full::from(request.body.clone().unwrap_or_default()));
    *outgoing.method_mut() = request.method.clone();
    *outgoing.uri_mut() = uri.parse().map_err(|_| HttpError::Broken)?;
    *outgoing.headers_mut() = request.headers.clone();
    Ok(outgoing)
}

async fn read(response: Response<Incoming>, limit: usize) -> Result<Reply, HttpError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { HttpError::TooLarge { limit } } else { HttpError::Broken }
    })?;
    Ok(Reply { status: head.status, headers: head.headers, body: body.to_bytes().into() })
}
