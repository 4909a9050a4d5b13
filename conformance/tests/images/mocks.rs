//! The mocks in the suite's image, on the machine's own network.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use testcontainers::core::WaitFor;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};

use crate::engine::{SUITE, VERSION, image, stdout};

/// A mock that serves, and what it says then.
async fn start(program: &str, arguments: &[&str]) -> (ContainerAsync<GenericImage>, Value) {
    let image = GenericImage::new(SUITE, VERSION).with_entrypoint(program);
    let request = image.with_wait_for(WaitFor::message_on_stdout("\"ready\":true")).with_cmd(arguments.iter().copied());
    let container = request.with_network("host").with_startup_timeout(Duration::from_mins(1)).start().await.unwrap();
    let ready = serde_json::from_str(&stdout(&container).await).unwrap();
    (container, ready)
}

/// What a mock answers to a request with a header.
fn reply(ready: &Value, request: &str, header: &str) -> String {
    let host = ready["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{header}\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[tokio::test]
async fn the_mocks_serve_each_other_and_the_machine_and_end_when_told() {
    if image(SUITE).await.is_none() {
        return;
    }
    let (clouds, ready) = start("/mock-cloud", &[]).await;
    let token = reply(&ready, "PUT /latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60");
    let token = token.rsplit("\r\n").next().unwrap();
    let role = "GET /latest/meta-data/iam/security-credentials/";
    assert!(reply(&ready, role, "Accept: */*").starts_with("HTTP/1.1 401 "));
    assert!(reply(&ready, role, &format!("X-aws-ec2-metadata-token: {token}")).starts_with("HTTP/1.1 200 "));

    let trust = ready["url"].as_str().unwrap();
    let (artifactory, ready) = start("/mock-artifactory", &["--plain-http", "--trust", trust]).await;
    let refused = reply(&ready, "GET /v2/", "Authorization: Bearer nonsense");
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    assert!(reply(&ready, "GET /artifactory/api/system/ping", "Accept: */*").starts_with("HTTP/1.1 200 "));
    for mock in [artifactory, clouds] {
        mock.stop_with_timeout(Some(10)).await.unwrap();
        assert_eq!(mock.exit_code().await.unwrap(), Some(0));
    }
}
