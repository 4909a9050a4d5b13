//! What is recorded of a request.

use mock_kit::{Fault, Kit};

use crate::client::{get_from, send, start};

#[tokio::test]
async fn a_request_is_recorded_as_it_was_sent() {
    let kit = Kit::new();
    let server = start(&kit).await;
    send(server.address(), "POST", "/echo?a=%20&a=b", "some body").await;
    let [request] = &kit.journal.requests()[..] else {
        panic!("one request was sent");
    };
    assert_eq!(request.method, "POST");
    assert_eq!(request.host, "mock.test");
    assert_eq!(request.path, "/echo");
    assert_eq!(request.query, "a=%20&a=b");
    assert_eq!(request.body, "some body");
    assert_eq!(request.status, Some(200));
    let marks: Vec<_> = request.headers.iter().filter(|(key, _)| key == "x-mark").collect();
    assert_eq!(marks.len(), 2);
}

#[tokio::test]
async fn requests_to_the_control_paths_are_not_recorded() {
    let kit = Kit::new();
    let server = start(&kit).await;
    get_from(server.address(), "/__mock/clock").await;
    get_from(server.address(), "/__mock/none").await;
    assert!(kit.journal.requests().is_empty());
}

#[tokio::test]
async fn a_request_without_an_answer_is_recorded_without_a_status() {
    let kit = Kit::new();
    kit.faults.add(Fault::reset("/hello"));
    let server = start(&kit).await;
    let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    crate::client::exchange(stream, "GET", "/hello", "").await.unwrap_err();
    assert_eq!(kit.journal.requests()[0].status, None);
}

#[tokio::test]
async fn a_body_beyond_what_is_recorded_still_reaches_the_mock() {
    let kit = Kit::new();
    let router = axum::Router::new().fallback(async |body: axum::body::Body| {
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        bytes.len().to_string()
    });
    let listen = mock_kit::Listen::Plain(crate::client::LOOPBACK);
    let server = mock_kit::Server::start(router, &kit, listen).await.unwrap();
    let body = "x".repeat(6 << 20);
    let reply = send(server.address(), "PUT", "/", &body).await;
    assert_eq!(reply.body, body.len().to_string());
    assert_eq!(kit.journal.requests()[0].body.len(), 4 << 20);
}

#[tokio::test]
async fn the_time_of_a_request_is_the_worlds() {
    let kit = Kit::new();
    let server = start(&kit).await;
    kit.clock.advance(std::time::Duration::from_hours(24 * 366 * 10));
    get_from(server.address(), "/hello").await;
    let year = kit.clock.now().year().to_string();
    assert!(kit.journal.requests()[0].at.starts_with(&year));
}
