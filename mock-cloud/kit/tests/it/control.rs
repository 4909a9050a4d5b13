//! Journal, faults and clock over HTTP.

use mock_kit::{Kit, Server};
use serde_json::{Value, json};

use crate::client::{get_from, send, start};

async fn post(server: &Server, path: &str, document: Value) -> (u16, String) {
    let reply = send(server.address(), "POST", path, &document.to_string()).await;
    (reply.status(), reply.body)
}

#[tokio::test]
async fn requests_are_listed_and_forgotten() {
    let server = start(&Kit::new()).await;
    get_from(server.address(), "/hello?a=b").await;
    let listed = get_from(server.address(), "/__mock/requests").await.json();
    assert_eq!(listed[0]["path"], "/hello");
    assert_eq!(listed[0]["query"], "a=b");
    assert_eq!(listed[0]["status"], 200);
    let reply = send(server.address(), "DELETE", "/__mock/requests", "").await;
    assert_eq!(reply.status(), 204);
    let listed = get_from(server.address(), "/__mock/requests").await.json();
    assert_eq!(listed, json!([]));
}

#[tokio::test]
async fn a_posted_reply_happens_is_listed_and_ends() {
    let server = start(&Kit::new()).await;
    let fault = json!({"path": "/hel*", "method": "GET", "times": 2, "status": 503,
                       "headers": {"retry-after": "1"}, "body": "busy"});
    assert_eq!(post(&server, "/__mock/faults", fault.clone()).await.0, 204);
    let listed = get_from(server.address(), "/__mock/faults").await.json();
    assert_eq!(listed, json!([fault]));
    let reply = get_from(server.address(), "/hello").await;
    assert_eq!((reply.status(), reply.body.as_str()), (503, "busy"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    let listed = get_from(server.address(), "/__mock/faults").await.json();
    assert_eq!(listed[0]["times"], 1);
    send(server.address(), "DELETE", "/__mock/faults", "").await;
    assert_eq!(get_from(server.address(), "/hello").await.status(), 200);
}

#[tokio::test]
async fn a_latency_beside_a_status_delays_it() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let fault = json!({"path": "/hello", "status": 500, "latency_ms": 40});
    post(&server, "/__mock/faults", fault).await;
    let before = kit.clock.uptime();
    assert_eq!(get_from(server.address(), "/hello").await.status(), 500);
    assert!(kit.clock.uptime() >= before + std::time::Duration::from_millis(40));
}

#[tokio::test]
async fn a_body_of_a_length_is_that_long() {
    let server = start(&Kit::new()).await;
    let fault = json!({"path": "/hello", "status": 200, "body_bytes": 100_000});
    post(&server, "/__mock/faults", fault.clone()).await;
    assert_eq!(get_from(server.address(), "/hello").await.body.len(), 100_000);
    let listed = get_from(server.address(), "/__mock/faults").await.json();
    assert_eq!(listed, json!([fault]));
}

#[tokio::test]
async fn every_other_behaviour_can_be_posted_and_is_listed_alike() {
    let server = start(&Kit::new()).await;
    let faults = [
        json!({"path": "/a", "behaviour": "hang"}),
        json!({"path": "/a", "behaviour": "reset"}),
        json!({"path": "/a", "behaviour": "truncate"}),
        json!({"path": "/a", "drip_ms": 5}),
        json!({"path": "*", "latency_ms": 5}),
    ];
    for fault in &faults {
        assert_eq!(post(&server, "/__mock/faults", fault.clone()).await.0, 204);
    }
    let listed = get_from(server.address(), "/__mock/faults").await.json();
    assert_eq!(listed, json!(faults));
}

#[tokio::test]
async fn a_wrong_fault_is_refused_with_the_name_of_the_key() {
    let server = start(&Kit::new()).await;
    let cases = [
        (json!({"status": 500}), "path"),
        (json!({"path": "x", "status": 500}), "path"),
        (json!({"path": "/"}), "status"),
        (json!({"path": "/", "sttus": 500}), "sttus"),
        (json!({"path": "/", "status": "500"}), "status"),
        (json!({"path": "/", "status": 99}), "status"),
        (json!({"path": "/", "status": 600}), "status"),
        (json!({"path": "/", "behaviour": "explode"}), "behaviour"),
        (json!({"path": "/", "behaviour": "hang", "status": 500}), "behaviour"),
        (json!({"path": "/", "drip_ms": 1, "status": 500}), "drip_ms"),
        (json!({"path": "/", "drip_ms": 1, "behaviour": "hang"}), "drip_ms"),
        (json!({"path": "/", "latency_ms": -1}), "latency_ms"),
        (json!({"path": "/", "latency_ms": 1, "body": "x"}), "body"),
        (json!({"path": "/", "latency_ms": 1, "body_bytes": 1}), "body_bytes"),
        (json!({"path": "/", "latency_ms": 1, "headers": {"a": "b"}}), "headers"),
        (json!({"path": "/", "status": 500, "body": "x", "body_bytes": 1}), "body_bytes"),
        (json!({"path": "/", "status": 500, "body_bytes": 1_u64 << 40}), "body_bytes"),
        (json!({"path": "/", "status": 500, "headers": {"a b": "c"}}), "headers"),
        (json!({"path": "/", "status": 500, "headers": {"a": "b\nc"}}), "headers"),
    ];
    for (document, key) in cases {
        let (status, body) = post(&server, "/__mock/faults", document.clone()).await;
        assert_eq!(status, 400, "{document}");
        assert!(body.contains(key), "{document} gives {body}");
    }
    let listed = get_from(server.address(), "/__mock/faults").await.json();
    assert_eq!(listed, json!([]));
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let server = start(&Kit::new()).await;
    let reply = send(server.address(), "POST", "/__mock/faults", "path=/").await;
    assert_eq!(reply.status(), 400);
    assert!(reply.json()["error"].is_string());
}

#[tokio::test]
async fn the_clock_is_read_and_advanced() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let before = get_from(server.address(), "/__mock/clock").await.json();
    let before = before["unix"].as_i64().unwrap();
    for advance in [json!("90s"), json!(10)] {
        let document = json!({"advance": advance});
        assert_eq!(post(&server, "/__mock/clock", document).await.0, 200);
    }
    let passed = kit.clock.unix() - before;
    assert!((100..103).contains(&passed), "{passed} s passed");
}

#[tokio::test]
async fn a_wrong_advance_is_refused_and_moves_nothing() {
    let kit = Kit::new();
    let server = start(&kit).await;
    let before = kit.clock.unix();
    for document in [json!({"advance": "soon"}), json!({"advance": -5}), json!({"by": 1})] {
        let (status, body) = post(&server, "/__mock/clock", document).await;
        assert_eq!(status, 400);
        assert!(body.contains("advance"), "{body}");
    }
    assert!(kit.clock.unix() - before < 5);
}

#[tokio::test]
async fn faults_do_not_concern_the_control_paths() {
    let server = start(&Kit::new()).await;
    post(&server, "/__mock/faults", json!({"path": "*", "status": 500})).await;
    assert_eq!(get_from(server.address(), "/__mock/clock").await.status(), 200);
    assert_eq!(get_from(server.address(), "/hello").await.status(), 500);
}
