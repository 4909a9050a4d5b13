//! A client that shows exactly what came over the wire, and a mock for it to talk to.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use mock_kit::{Kit, Listen, Server};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub(crate) fn mock() -> Router {
    Router::new().route("/hello", get(async || "hello, world")).route("/echo", post(async |body: bytes::Bytes| body))
}

pub(crate) async fn start(kit: &Kit) -> Server {
    Server::start(mock(), kit, Listen::Plain(LOOPBACK)).await.unwrap()
}

/// Everything that came back until the connection ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = lines.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) async fn send(address: SocketAddr, method: &str, target: &str, body: &str) -> Reply {
    let stream = TcpStream::connect(address).await.unwrap();
    exchange(stream, method, target, body).await.unwrap()
}

pub(crate) async fn get_from(address: SocketAddr, target: &str) -> Reply {
    send(address, "GET", target, "").await
}

/// Sends one request and reads to the end of the connection.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    method: &str,
    target: &str,
    body: &str,
) -> io::Result<Reply> {
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: mock.test\r\nX-Mark: a\r\nX-Mark: b\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    let received = String::from_utf8(received).unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap_or((&received, ""));
    Ok(Reply { head: head.to_owned(), body: body.to_owned() })
}
