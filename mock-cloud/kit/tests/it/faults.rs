//! Each misbehaviour as a client meets it.

use std::io::ErrorKind;
use std::time::Duration;

use mock_kit::{Fault, Kit};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{exchange, get_from, start};

#[tokio::test]
async fn a_reply_replaces_the_answer_and_only_as_often_as_asked() {
    let kit = Kit::new();
    let fault = Fault::reply("/hello", 503, "busy").header("Retry-After", "1");
    kit.faults.add(fault.times(1));
    let server = start(&kit).await;
    let reply = get_from(server.address(), "/hello").await;
    assert_eq!((reply.status(), reply.body.as_str()), (503, "busy"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(kit.journal.requests()[0].status, Some(503));
    assert_eq!(get_from(server.address(), "/hello").await.status(), 200);
}

#[tokio::test]
async fn a_reply_that_http_cannot_express_is_a_500_that_says_so() {
    let kit = Kit::new();
    kit.faults.add(Fault::reply("/hello", 200, "").header("a b", "c"));
    let server = start(&kit).await;
    let reply = get_from(server.address(), "/hello").await;
    assert_eq!(reply.status(), 500);
    assert!(reply.body.starts_with("fault: "), "{}", reply.body);
}

#[tokio::test]
async fn a_latency_delays_the_real_answer() {
    let kit = Kit::new();
    kit.faults.add(Fault::latency("/hello", Duration::from_millis(60)));
    let server = start(&kit).await;
    let before = kit.clock.uptime();
    let reply = get_from(server.address(), "/hello").await;
    assert!(kit.clock.uptime() >= before + Duration::from_millis(60));
    assert_eq!(reply.body, "hello, world");
}

#[tokio::test]
async fn a_hang_records_the_request_and_never_answers() {
    let kit = Kit::new();
    kit.faults.add(Fault::hang("/hello"));
    let server = start(&kit).await;
    let answer = get_from(server.address(), "/hello");
    assert!(timeout(Duration::from_millis(80), answer).await.is_err());
    assert_eq!(kit.journal.requests()[0].status, None);
}

#[tokio::test]
async fn a_reset_ends_the_connection_with_a_reset_and_no_byte() {
    let kit = Kit::new();
    kit.faults.add(Fault::reset("/hello"));
    let server = start(&kit).await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let error = exchange(stream, "GET", "/hello", "").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_truncated_answer_promises_more_than_it_sends() {
    let kit = Kit::new();
    kit.faults.add(Fault::truncate("/hello"));
    let server = start(&kit).await;
    let reply = get_from(server.address(), "/hello").await;
    assert_eq!(reply.header("content-length"), Some("12"));
    assert_eq!(reply.body, "hello,");
    assert_eq!(kit.journal.requests()[0].status, Some(200));
}

#[tokio::test]
async fn a_dripping_answer_is_whole_but_slow() {
    let kit = Kit::new();
    kit.faults.add(Fault::drip("/hello", Duration::from_millis(5)));
    let server = start(&kit).await;
    let before = kit.clock.uptime();
    let reply = get_from(server.address(), "/hello").await;
    assert_eq!(reply.body, "hello, world");
    assert!(kit.clock.uptime() >= before + Duration::from_millis(60));
}

#[tokio::test]
async fn truncating_an_empty_answer_leaves_it_whole() {
    let kit = Kit::new();
    kit.faults.add(Fault::truncate("/none"));
    let server = start(&kit).await;
    assert_eq!(get_from(server.address(), "/none").await.status(), 404);
}
