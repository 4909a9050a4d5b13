//! The listener itself.

use std::time::Duration;

use mock_kit::{Kit, Listen, Server};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::client::{LOOPBACK, get_from, mock, start};

#[tokio::test]
async fn a_request_reaches_the_mock_and_its_answer_comes_back() {
    let server = start(&Kit::new()).await;
    let reply = get_from(server.address(), "/hello").await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.body, "hello, world");
    assert_eq!(server.url(), format!("http://{}", server.address()));
}

#[tokio::test]
async fn an_unknown_path_is_the_mocks_404() {
    let server = start(&Kit::new()).await;
    assert_eq!(get_from(server.address(), "/none").await.status(), 404);
    assert_eq!(get_from(server.address(), "/__mock/none").await.status(), 404);
}

#[tokio::test]
async fn the_date_of_an_answer_is_the_worlds() {
    let kit = Kit::new();
    let server = start(&kit).await;
    kit.clock.advance(Duration::from_hours(24 * 366 * 10));
    let reply = get_from(server.address(), "/hello").await;
    let year = kit.clock.now().year().to_string();
    assert!(reply.header("date").unwrap().contains(&year), "{}", reply.head);
}

#[tokio::test]
async fn dropping_a_server_ends_its_connections_and_frees_its_port() {
    let server = start(&Kit::new()).await;
    let address = server.address();
    let mut open = TcpStream::connect(address).await.unwrap();
    drop(server);
    // Ends with nothing, rather than waiting for a request.
    assert_eq!(open.read_to_end(&mut Vec::new()).await.unwrap_or(0), 0);
    let again = Server::start(mock(), &Kit::new(), Listen::Plain(address)).await;
    assert!(again.is_ok(), "{again:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error() {
    let server = start(&Kit::new()).await;
    let second = Server::start(mock(), &Kit::new(), Listen::Plain(server.address())).await;
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn a_bound_address_is_known_before_it_is_served() {
    let bound = Listen::Plain(LOOPBACK).bind().await.unwrap();
    let (address, url) = (bound.address(), bound.url());
    let server = bound.serve(mock(), &Kit::new());
    assert_eq!((server.address(), server.url()), (address, url));
    assert_ne!(address.port(), 0);
}
