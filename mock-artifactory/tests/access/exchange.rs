//! What a request must hold, which audiences it may name, and what it is answered.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::issuer::Issuer;
use crate::server::{ANYONE_IS_ANN, Running, world};

const FOR_ARTIFACTORY: &str = "[{name: anyone, priority: 1, token_spec: {username: ann, scope: applied-permissions/user, audience: artifactory jfrt@*}}]";

fn segment(token: &str, index: usize) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn the_mappings_audience_must_cover_the_requested_one() {
    let every = format!("[{ANYONE_IS_ANN}]");
    let cases = [
        (every.as_str(), json!(null), 200),
        (every.as_str(), json!(""), 200),
        (every.as_str(), json!("*@*"), 200),
        (every.as_str(), json!("jfrt@01abc"), 200),
        (every.as_str(), json!("jfrt@* jfac@*"), 200),
        (every.as_str(), json!("44444444-5555-4666-8777-888888888888"), 400),
        (every.as_str(), json!("jfrt@* artifactory"), 400),
        (FOR_ARTIFACTORY, json!("artifactory"), 200),
        (FOR_ARTIFACTORY, json!("jfrt@01abc"), 200),
        (FOR_ARTIFACTORY, json!("*@*"), 400),
        (FOR_ARTIFACTORY, json!("artifactory2"), 400),
    ];
    let issuer = Issuer::start().await;
    for (mappings, audience, status) in cases {
        let running = Running::with_mappings(&issuer.url(), mappings).await;
        let answer = running.exchange(&issuer.token(&json!({})), json!({"audience": audience})).await;
        assert_eq!(answer.status, status, "{mappings} {audience}");
        if status == 400 {
            assert_eq!(answer.error(), (400, "BAD_REQUEST", "Invalid audience"));
        }
    }
}

#[tokio::test]
async fn the_providers_audience_is_accepted_too() {
    let issuer = Issuer::start().await;
    let mut world = world(&issuer.url(), &format!("[{ANYONE_IS_ANN}]"));
    world.providers[0].audience = Some("jfrog-github".to_owned());
    let running = Running::start(world, None).await;
    let token = issuer.token(&json!({}));
    assert_eq!(running.exchange(&token, json!({"audience": "jfrog-github"})).await.status, 200);
    assert_eq!(running.exchange(&token, json!({"audience": "jfrog-gitlab"})).await.status, 400);
}

#[tokio::test]
async fn a_request_must_hold_what_the_exchange_needs() {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let cases = [
        ("grant_type", json!(null), "Invalid grant type"),
        ("grant_type", json!("client_credentials"), "Invalid grant type"),
        ("subject_token_type", json!(null), "Invalid subject token type"),
        ("subject_token_type", json!("urn:ietf:params:oauth:token-type:access_token"), "Invalid subject token type"),
        ("subject_token", json!(null), "Subject token is required"),
        ("provider_name", json!(null), "Provider name is required"),
        ("provider_name", json!(""), "Provider name is required"),
    ];
    for (field, value, message) in cases {
        let answer = running.exchange(&issuer.token(&json!({})), json!({field: value})).await;
        assert_eq!(answer.error(), (400, "BAD_REQUEST", message), "{field}");
    }
}

#[tokio::test]
async fn fields_of_other_clients_are_ignored() {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let fields =
        json!({"project_key": "", "job_id": "1", "gh_repo": "acme/app", "issuer_url": 7, "never_heard_of": {}});
    assert_eq!(running.exchange(&issuer.token(&json!({})), fields).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let path = "/access/api/v1/oidc/token";
    let form = running.request("POST", path).body("grant_type=x");
    assert_eq!(running.send(form).await.error().0, 415);
    let broken = running.request("POST", path).header("content-type", "application/json").body("{");
    let answer = running.send(broken).await;
    assert_eq!((answer.error().0, answer.error().1), (400, "BAD_REQUEST"));
}

#[tokio::test]
async fn an_unknown_provider_is_answered_as_the_world_says() {
    let issuer = Issuer::start().await;
    let mut world = world(&issuer.url(), &format!("[{ANYONE_IS_ANN}]"));
    let running = Running::start(world.clone(), None).await;
    let token = issuer.token(&json!({}));
    let answer = running.exchange(&token, json!({"provider_name": "nobody"})).await;
    assert_eq!(answer.error(), (404, "NOT_FOUND", "OIDC provider nobody was not found"));
    world.answers.unknown_provider = 400;
    let running = Running::start(world, None).await;
    assert_eq!(running.exchange(&token, json!({"provider_name": "nobody"})).await.error().1, "BAD_REQUEST");
}

#[tokio::test]
async fn the_answer_has_the_fields_and_types_that_clients_read() {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    let token = answer.access_token().to_owned();
    let expected = json!({
        "access_token": token,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "applied-permissions/user",
        "username": "ann",
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn an_access_token_has_the_shape_of_a_real_one() {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    let (header, claims) = (segment(answer.access_token(), 0), segment(answer.access_token(), 1));
    assert_eq!(header["ver"], "2");
    assert_eq!(header["typ"], "JWT");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["kid"].as_str().unwrap().len(), 43);
    let now = running.artifactory.kit().clock.unix();
    assert_eq!(claims["sub"], "jfac@01jfxq2c7s9r4m1v8n3b6k5h0d/users/ann");
    assert_eq!(claims["scp"], "applied-permissions/user");
    assert_eq!(claims["aud"], "*@*");
    assert_eq!(claims["iss"], "jfac@01jfxq2c7s9r4m1v8n3b6k5h0d");
    assert!((claims["iat"].as_i64().unwrap() - now).abs() <= 5);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    assert_eq!(claims["ext"], r#"{"revocable":"true"}"#);
}

#[tokio::test]
async fn a_reference_token_comes_only_when_asked_for() {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let token = issuer.token(&json!({}));
    let without = running.exchange(&token, json!({"include_reference_token": false})).await;
    assert!(without.body.get("reference_token").is_none());
    let with = running.exchange(&token, json!({"include_reference_token": true})).await;
    let reference = with.body["reference_token"].as_str().unwrap();
    assert_eq!((reference.len(), &reference[..5]), (64, "cmVmd"));
    let state = running.artifactory.state();
    assert!(state.authenticate("ann", reference).unwrap().may_read("docker-local"));
    assert!(state.authenticate("bob", reference).is_err());
}
