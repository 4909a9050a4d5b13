//! Service account tokens as the kubelet asks for them, verified from the keys that the cluster publishes.

use std::time::Duration;

use mock_cloud::MockCloud;
use mock_cloud::kubernetes::{Pod, TokenRefusal, TokenRequest};
use serde_json::{Value, json};

use crate::client::{get, json, post, start};
use crate::verifier::{Expected, keys_of, verify};

const APP: &str = "/__mock/kubernetes/serviceaccounts/default/app/token";

async fn issuer(cloud: &MockCloud) -> String {
    let trust = json(get(cloud, "/__mock/trust").send().await.unwrap()).await;
    trust["issuers"]["kubernetes"].as_str().unwrap().to_owned()
}

async fn claims(cloud: &MockCloud, token: &str, audience: &str) -> Result<Value, String> {
    let issuer = issuer(cloud).await;
    let expected = Expected { issuer: &issuer, audience, now: cloud.kit().clock.unix() };
    verify(token, &keys_of(&issuer).await, &expected)
}

async fn mint(cloud: &MockCloud, path: &str, request: &Value) -> Value {
    let answer = post(cloud, path, request).await;
    assert_eq!(answer.status(), 200);
    json(answer).await
}

#[tokio::test]
async fn a_pod_bound_token_has_every_claim_of_a_real_one() {
    let cloud = start().await;
    let request = json!({
        "audiences": ["sts.amazonaws.com"],
        "pod": {"name": "web-0", "uid": "7d3f1c52-9b1e-4f0a-8c6d-2e4b5a6c7d8e"},
        "expirationSeconds": 7200,
    });
    let answer = mint(&cloud, APP, &request).await;
    let token = answer["token"].as_str().unwrap();
    let mut claims = claims(&cloud, token, "sts.amazonaws.com").await.unwrap();
    let issued = claims["iat"].as_i64().unwrap();
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    claims.as_object_mut().unwrap().remove("jti");
    assert_eq!(
        claims,
        json!({
            "aud": ["sts.amazonaws.com"],
            "exp": issued + 7200,
            "iat": issued,
            "iss": issuer(&cloud).await,
            "kubernetes.io": {
                "namespace": "default",
                "node": {"name": "ip-10-0-0-10.ec2.internal", "uid": "6d1c7e52-6f0b-4c37-9d0e-0b5c1f7a2e01"},
                "pod": {"name": "web-0", "uid": "7d3f1c52-9b1e-4f0a-8c6d-2e4b5a6c7d8e"},
                "serviceaccount": {"name": "app", "uid": "0f4a2f6e-3b1d-4f0e-8a53-6c9d2b7e1a01"},
            },
            "nbf": issued,
            "sub": "system:serviceaccount:default:app",
        })
    );
    let expiry = answer["expirationTimestamp"].as_str().unwrap();
    let expiry = time::OffsetDateTime::parse(expiry, &time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!(expiry.unix_timestamp(), issued + 7200);
    assert!(cloud.secrets().contains(&token.to_owned()));
}

#[tokio::test]
async fn a_token_without_a_pod_is_bound_to_none_and_is_the_api_servers_own_for_an_hour() {
    let cloud = start().await;
    let token = mint(&cloud, APP, &json!({})).await;
    let claims = claims(&cloud, token["token"].as_str().unwrap(), "https://kubernetes.default.svc").await.unwrap();
    let private = claims["kubernetes.io"].as_object().unwrap();
    assert_eq!(private.keys().collect::<Vec<_>>(), ["namespace", "serviceaccount"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
}

#[tokio::test]
async fn a_token_holds_for_its_audiences_and_its_time_only() {
    let cloud = start().await;
    let request = json!({"audiences": ["a", "b"], "pod": {"name": "web-0"}});
    let token = mint(&cloud, APP, &request).await["token"].as_str().unwrap().to_owned();
    for audience in ["a", "b"] {
        assert!(claims(&cloud, &token, audience).await.is_ok());
    }
    assert!(claims(&cloud, &token, "c").await.is_err());
    cloud.kit().clock.advance(Duration::from_secs(3601));
    assert_eq!(claims(&cloud, &token, "a").await, Err("expired".into()));
}

#[tokio::test]
async fn an_unknown_service_account_is_not_found_in_the_words_of_the_api_server() {
    let cloud = start().await;
    for (path, name) in [("kube-system/app", "app"), ("default/nobody", "nobody")] {
        let path = format!("/__mock/kubernetes/serviceaccounts/{path}/token");
        let answer = post(&cloud, &path, &json!({})).await;
        assert_eq!(answer.status(), 404);
        assert_eq!(
            json(answer).await,
            json!({
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": format!("serviceaccounts \"{name}\" not found"),
                "reason": "NotFound",
                "details": {"name": name, "kind": "serviceaccounts"},
                "code": 404,
            })
        );
    }
    assert!(cloud.kubernetes().secrets().is_empty());
}

#[tokio::test]
async fn a_lifetime_that_no_token_has_and_a_request_that_is_none_are_refused() {
    let cloud = start().await;
    for seconds in [0_u64, 599, (1 << 32) + 1] {
        let answer = post(&cloud, APP, &json!({ "expirationSeconds": seconds })).await;
        assert_eq!(answer.status(), 422);
        let answer = json(answer).await;
        assert_eq!((&answer["reason"], &answer["code"]), (&json!("Invalid"), &json!(422)));
    }
    for request in [json!({"audience": "a"}), json!({"pod": {}}), json!({"expirationSeconds": -1}), json!("text")] {
        assert_eq!(post(&cloud, APP, &request).await.status(), 400, "{request}");
    }
}

#[tokio::test]
async fn the_service_accounts_of_the_world_are_listed_with_their_annotations() {
    let cloud = start().await;
    let accounts = json(get(&cloud, "/__mock/kubernetes/serviceaccounts").send().await.unwrap()).await;
    let names: Vec<_> = accounts.as_array().unwrap().iter().map(|account| account["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["app", "pod-identity", "plain"]);
    assert_eq!(accounts[0]["annotations"]["JFrogExchange"], "true");
    assert_eq!(accounts[2]["annotations"], json!({}));
}

#[tokio::test]
async fn a_program_asks_for_tokens_without_http_too() {
    let cloud = start().await;
    let request = TokenRequest::bound("sts.amazonaws.com", Pod::new("web-0"));
    let token = cloud.service_account_token("default", "plain", &request).unwrap();
    let claims = claims(&cloud, &token.token, "sts.amazonaws.com").await.unwrap();
    assert_eq!(claims["sub"], "system:serviceaccount:default:plain");
    let refusal = cloud.service_account_token("default", "nobody", &request);
    assert_eq!(refusal, Err(TokenRefusal::NotFound("nobody".into())));
}
