//! The proxy: it carries what it may, asks who asks, and misbehaves when told.

use std::net::SocketAddr;

use mock_kit::{Fault, Kit, MockProxy, ProxyOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::start;

const TARGET: &str = "mock.example:443";

async fn proxy(credentials: Option<&str>, upstream: SocketAddr) -> MockProxy {
    let hosts = [(TARGET.to_owned(), upstream), ("mock.example:80".to_owned(), upstream)].into();
    let credentials = credentials.map(str::to_owned);
    MockProxy::start(ProxyOptions { credentials, hosts, ..ProxyOptions::default() }).await.unwrap()
}

/// Sends bytes and reads until the answer ends with these.
async fn converse(stream: &mut TcpStream, bytes: &str, end: &str) -> String {
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer).await.unwrap() {
            0 => break,
            length => answer.extend_from_slice(&buffer[..length]),
        }
    }
    String::from_utf8(answer).unwrap()
}

async fn connect(proxy: &MockProxy, target: &str, header: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{header}\r\n");
    let answer = converse(&mut stream, &request, "\r\n\r\n").await;
    (stream, answer.lines().next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways_to_the_host_that_only_the_proxy_knows() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let proxy = proxy(None, server.address()).await;
    let (mut stream, answer) = connect(&proxy, TARGET, "").await;
    assert_eq!(answer, "HTTP/1.1 200 OK");
    let answer = converse(&mut stream, "GET /hello HTTP/1.1\r\nhost: mock.example\r\n\r\n", "hello, world").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(proxy.targets(), ["CONNECT mock.example:443"]);
    assert_eq!(proxy.kit().journal.requests()[0].status, Some(200));
}

#[tokio::test]
async fn a_plain_request_is_passed_on_without_what_was_meant_for_the_proxy() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let proxy = proxy(Some("user:password"), server.address()).await;
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    let request = "GET http://mock.example/hello HTTP/1.1\r\nhost: mock.example\r\n\
                   proxy-authorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n";
    let answer = converse(&mut stream, request, "hello, world").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = &kit.journal.requests()[0];
    assert_eq!((seen.path.as_str(), seen.header("proxy-authorization")), ("/hello", None));
    assert_eq!(proxy.targets(), ["GET mock.example:80"]);
}

#[tokio::test]
async fn nobody_else_than_the_one_it_knows_is_served() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let proxy = proxy(Some("user:password"), server.address()).await;
    for header in ["", "proxy-authorization: Basic eDp5\r\n", "authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"] {
        assert_eq!(connect(&proxy, TARGET, header).await.1, "HTTP/1.1 407 Proxy Authentication Required", "{header}");
    }
    let header = "proxy-authorization: Basic dXNlcjpwYXNzd29yZA==\r\n";
    assert_eq!(connect(&proxy, TARGET, header).await.1, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_target_that_it_cannot_reach_is_a_bad_gateway() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let proxy = proxy(None, nobody).await;
    assert_eq!(connect(&proxy, TARGET, "").await.1, "HTTP/1.1 502 Bad Gateway");
    assert_eq!(connect(&proxy, "nowhere.invalid:443", "").await.1, "HTTP/1.1 502 Bad Gateway");
}

#[tokio::test]
async fn a_fault_for_a_target_leaves_the_others_alone() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let proxy = proxy(None, server.address()).await;
    proxy.kit().faults.add(Fault::reply(TARGET, 403, "").times(1));
    assert_eq!(connect(&proxy, "mock.example:80", "").await.1, "HTTP/1.1 200 OK");
    assert_eq!(connect(&proxy, TARGET, "").await.1, "HTTP/1.1 403 Forbidden");
    proxy.kit().faults.add(Fault::reset(TARGET).times(1));
    assert_eq!(connect(&proxy, TARGET, "").await.1, "");
    assert_eq!(connect(&proxy, TARGET, "").await.1, "HTTP/1.1 200 OK");
}
