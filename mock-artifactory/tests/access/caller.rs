//! What STS is asked about a caller, seen by an STS that only records.

use axum::routing::get;
use axum::{Json, Router};
use mock_kit::{Fault, Kit, Listen, Recorded, Server};
use serde_json::{Value, json};

use crate::server::{Answer, Running, json_body};

const PATH: &str = "/access/api/v1/aws/token";

/// A mock-cloud that has nothing but an STS, which names everyone `ROLE`.
struct Sts {
    server: Server,
    kit: Kit,
}

impl Sts {
    async fn start(arn: &str) -> Self {
        let kit = Kit::new();
        let listen = Listen::Plain("127.0.0.1:0".parse().unwrap()).bind().await.unwrap();
        let trust = json!({"sts": listen.url(), "issuers": {}, "ca": ""});
        let identity = format!(
            "<GetCallerIdentityResponse><GetCallerIdentityResult>\n  <Arn>{arn}</Arn>\n</GetCallerIdentityResult></GetCallerIdentityResponse>\n"
        );
        let router = Router::new().route("/__mock/trust", get(async || Json(trust))).route("/", get(async || identity));
        Self { server: listen.serve(router, &kit), kit }
    }

    fn asked(&self) -> Recorded {
        let requests = self.kit.journal.requests();
        assert_eq!(requests.len(), 1);
        requests[0].clone()
    }
}

const PULL: &str = "arn:aws:sts::111122223333:assumed-role/pull/i-01";

async fn mapped(sts: &Sts) -> Running {
    let world = "
service_id: jfac@1
users: [{name: admin, password: admin-password, admin: true}]
iam_roles: [{username: puller, iam_role: 'arn:aws:iam::111122223333:role/pull'}]
";
    let world = mock_artifactory::World::from_yaml(world).unwrap();
    Running::start(world, Some(&sts.server.url())).await
}

async fn exchange(running: &Running, path: &str, body: &Value) -> Answer {
    let request = json_body(running.request("POST", path), body)
        .header("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/sts/aws4_request")
        .header("x-amz-date", "20260102T030405Z")
        .header("x-amz-security-token", "session")
        .header("x-amz-region-set", "us-east-1")
        .header("x-amz-other", "not forwarded");
    running.send(request).await
}

#[tokio::test]
async fn sts_is_asked_with_the_forwarded_signature_and_its_own_host() {
    let sts = Sts::start(PULL).await;
    let running = mapped(&sts).await;
    let answer = exchange(&running, &format!("{PATH}?region=eu-central-1"), &json!({"expires_in": 600})).await;
    assert_eq!((answer.status, answer.username()), (200, "puller"));
    let asked = sts.asked();
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("GET", "/"));
    assert_eq!(asked.query, "Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(asked.host, "sts.eu-central-1.amazonaws.com");
    assert_eq!(
        asked.header("authorization"),
        Some("AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/sts/aws4_request")
    );
    assert_eq!(asked.header("x-amz-date"), Some("20260102T030405Z"));
    assert_eq!(asked.header("x-amz-security-token"), Some("session"));
    assert_eq!(asked.header("x-amz-region-set"), Some("us-east-1"));
    assert_eq!((asked.header("x-amz-other"), asked.header("content-type")), (None, None));
}

#[tokio::test]
async fn the_region_chooses_the_host_and_can_choose_no_other() {
    for (query, host) in [
        ("", "sts.amazonaws.com"),
        ("?region=", "sts.amazonaws.com"),
        ("?region=us-west-2", "sts.us-west-2.amazonaws.com"),
        ("?region=cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ] {
        let sts = Sts::start(PULL).await;
        let running = mapped(&sts).await;
        exchange(&running, &format!("{PATH}{query}"), &json!({})).await;
        assert_eq!(sts.asked().host, host, "{query}");
    }
    let sts = Sts::start(PULL).await;
    let answer = exchange(&mapped(&sts).await, &format!("{PATH}?region=evil.example.com%2F"), &json!({})).await;
    assert_eq!(answer.error(), (400, "BAD_REQUEST", "Invalid region"));
    assert!(sts.kit.journal.requests().is_empty());
}

#[tokio::test]
async fn the_answer_has_the_fields_and_types_that_clients_read() {
    let sts = Sts::start(PULL).await;
    let running = mapped(&sts).await;
    let answer = exchange(&running, PATH, &json!({"expires_in": 18000})).await;
    let expected = json!({
        "token_id": answer.body["token_id"],
        "access_token": answer.access_token(),
        "expires_in": 18000,
        "scope": "applied-permissions/user",
        "token_type": "Bearer",
        "username": "puller",
    });
    assert_eq!(answer.body, expected);
    assert_eq!(answer.body["token_id"].as_str().unwrap().len(), 36);
    assert_eq!(running.artifactory.state().authenticate("puller", answer.access_token()).unwrap().username, "puller");
}

#[tokio::test]
async fn the_lifetime_is_a_number_or_a_string_and_has_a_limit() {
    let sts = Sts::start(PULL).await;
    let running = mapped(&sts).await;
    for (body, expected) in [
        (json!({"expires_in": 600}), Some(600)),
        (json!({"expires_in": "600"}), Some(600)),
        (json!({}), Some(3600)),
        (json!({"expires_in": "ten"}), None),
        (json!({"expires_in": 0}), None),
        (json!({"expires_in": -1}), None),
    ] {
        let answer = exchange(&running, PATH, &body).await;
        assert_eq!(answer.body["expires_in"].as_u64(), expected, "{body}");
        assert_eq!(answer.status, if expected.is_some() { 200 } else { 400 }, "{body}");
    }
    let mut world = running.artifactory.state().world.clone();
    world.answers.max_expires_in = 900;
    let running = Running::start(world, Some(&sts.server.url())).await;
    assert_eq!(exchange(&running, PATH, &json!({"expires_in": 18000})).await.body["expires_in"], 900);
    assert_eq!(exchange(&running, PATH, &json!({"expires_in": 60})).await.body["expires_in"], 60);
}

#[tokio::test]
async fn a_caller_that_no_user_stands_for_is_refused() {
    for arn in [
        "arn:aws:sts::111122223333:assumed-role/push/i-01",
        "arn:aws:sts::444455556666:assumed-role/pull/i-01",
        "arn:aws-cn:sts::111122223333:assumed-role/pull/i-01",
        "arn:aws:iam::111122223333:user/pull",
        "arn:aws:iam::111122223333:root",
    ] {
        let sts = Sts::start(arn).await;
        let answer = exchange(&mapped(&sts).await, PATH, &json!({})).await;
        assert_eq!(answer.error(), (403, "FORBIDDEN", "No user has the caller's role"), "{arn}");
    }
}

#[tokio::test]
async fn what_sts_refuses_is_refused_without_its_words() {
    let sts = Sts::start(PULL).await;
    let body = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>secret detail</Message></Error></ErrorResponse>";
    sts.kit.faults.add(Fault::reply("/", 403, body));
    let answer = exchange(&mapped(&sts).await, PATH, &json!({})).await;
    let message = "AWS STS refused the request: 403 Forbidden SignatureDoesNotMatch";
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", message));
}

#[tokio::test]
async fn an_sts_that_does_not_answer_is_the_servers_fault() {
    for fault in [Fault::reset("/"), Fault::reply("/", 200, "<html>")] {
        let sts = Sts::start(PULL).await;
        sts.kit.faults.add(fault);
        let answer = exchange(&mapped(&sts).await, PATH, &json!({})).await;
        assert_eq!(answer.error(), (500, "INTERNAL_SERVER_ERROR", "AWS STS did not answer"));
    }
}

#[tokio::test]
async fn an_unsigned_request_is_refused_without_asking() {
    let sts = Sts::start(PULL).await;
    let answer = mapped(&sts).await.post(PATH, &json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "The request is not signed"));
    assert!(sts.kit.journal.requests().is_empty());
}

#[tokio::test]
async fn a_role_that_a_script_gave_is_used_at_once() {
    let sts = Sts::start("arn:aws:sts::111122223333:assumed-role/push/i-01").await;
    let running = mapped(&sts).await;
    assert_eq!(exchange(&running, PATH, &json!({})).await.status, 403);
    let role = json!({"username": "pusher", "iam_role": "arn:aws:iam::111122223333:role/push"});
    running.administer("PUT", "/access/api/v1/aws/iam_role", &role).await;
    assert_eq!(exchange(&running, PATH, &json!({})).await.username(), "pusher");
    running.administer("DELETE", "/access/api/v1/aws/iam_role/pusher", &Value::Null).await;
    assert_eq!(exchange(&running, PATH, &json!({})).await.status, 403);
}
