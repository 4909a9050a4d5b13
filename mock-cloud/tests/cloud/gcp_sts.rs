//! Google's Security Token Service: whose tokens a pool takes, and what its access tokens open.

use std::time::Duration;

use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_cloud::{MockCloud, World};
use serde_json::{Value, json};

use crate::client::{self, client, start};

const PROVIDER: &str =
    "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/demo";
const IMAGES: &str = "images@artifactory-demo.iam.gserviceaccount.com";

fn pod_token(cloud: &MockCloud, account: &str, audience: &str) -> String {
    let request = TokenRequest::bound(audience, Pod::new("web-0"));
    cloud.service_account_token("default", account, &request).unwrap().token
}

fn form(token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".into()),
        ("audience", PROVIDER.into()),
        ("scope", "https://www.googleapis.com/auth/cloud-platform".into()),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token".into()),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt".into()),
        ("subject_token", token.into()),
    ]
}

async fn exchange(cloud: &MockCloud, form: &[(&'static str, String)]) -> (u16, Value) {
    let escaped =
        |value: &str| percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
    let body: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let request = client(None).post(format!("{}/v1/token", cloud.url())).body(body.join("&"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), client::json(answer).await)
}

async fn refusal(cloud: &MockCloud, form: &[(&'static str, String)]) -> (String, String) {
    let (status, body) = exchange(cloud, form).await;
    assert_eq!(status, 400, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("error"), text("error_description"))
}

async fn id_token(cloud: &MockCloud, access_token: &str) -> u16 {
    let url = format!("{}/v1/projects/-/serviceAccounts/{IMAGES}:generateIdToken", cloud.url());
    let request = client(None).post(url).bearer_auth(access_token).body(json!({"audience": "x"}).to_string());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_token_that_the_pool_trusts_becomes_one_that_acts_as_the_account() {
    let cloud = start().await;
    let (status, body) = exchange(&cloud, &form(&pod_token(&cloud, "app", "google-sts"))).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!((&body["token_type"], body["expires_in"].as_i64()), (&json!("Bearer"), Some(3599)));
    assert_eq!(id_token(&cloud, body["access_token"].as_str().unwrap()).await, 200);
    let (_, other) = exchange(&cloud, &form(&pod_token(&cloud, "plain", "google-sts"))).await;
    assert_eq!(id_token(&cloud, other["access_token"].as_str().unwrap()).await, 403, "another subject");
}

#[tokio::test]
async fn json_with_googles_names_is_understood_too() {
    let cloud = start().await;
    let body = json!({
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": PROVIDER,
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": pod_token(&cloud, "app", "google-sts"),
    });
    let request = client(None).post(format!("{}/v1/token", cloud.url())).body(body.to_string());
    let answer = request.header("content-type", "application/json").send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn each_parameter_must_be_there_and_right() {
    let cloud = start().await;
    let good = form(&pod_token(&cloud, "app", "google-sts"));
    for (index, (name, _)) in good.iter().enumerate() {
        let mut form = good.clone();
        form.remove(index);
        assert_eq!(refusal(&cloud, &form).await.0, "invalid_request", "without {name}");
    }
    for (name, value, error) in [
        ("grant_type", "client_credentials", "unsupported_grant_type"),
        ("audience", "demo", "invalid_request"),
        (
            "audience",
            "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/a/providers/b",
            "invalid_target",
        ),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:saml2", "invalid_request"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id_token", "invalid_request"),
    ] {
        let changed: Vec<_> =
            good.iter().map(|(key, old)| (*key, if *key == name { value.to_owned() } else { old.clone() })).collect();
        assert_eq!(refusal(&cloud, &changed).await.0, error, "{name} {value}");
    }
}

#[tokio::test]
async fn a_token_for_another_audience_or_of_another_issuer_is_refused() {
    let cloud = start().await;
    let (error, text) = refusal(&cloud, &form(&pod_token(&cloud, "app", "vault"))).await;
    assert_eq!(error, "invalid_grant");
    assert_eq!(text, "The audience in ID Token [vault] does not match the expected audience google-sts.");
    let claims = json!({"aud": "google-sts", "sub": "system:serviceaccount:default:app"});
    let foreign = client::post(&cloud, "/__mock/issuers/azure/tokens", &claims).await;
    let foreign = client::json(foreign).await["token"].as_str().unwrap().to_owned();
    let (error, text) = refusal(&cloud, &form(&foreign)).await;
    assert_eq!(error, "invalid_grant");
    assert!(text.starts_with("The issuer in ID Token "), "{text}");
}

#[tokio::test]
async fn a_forged_or_old_token_is_refused_and_a_rotated_key_is_found() {
    let cloud = start().await;
    let token = pod_token(&cloud, "app", "google-sts");
    let (start, _) = token.rsplit_once('.').unwrap();
    let forged = pod_token(&cloud, "plain", "google-sts");
    let forged = format!("{start}.{}", forged.rsplit_once('.').unwrap().1);
    assert_eq!(refusal(&cloud, &form(&forged)).await.0, "invalid_grant");
    for text in ["", "a.b.c", "ya29.token"] {
        let (error, _) = refusal(&cloud, &form(text)).await;
        assert!(error == "invalid_grant" || text.is_empty() && error == "invalid_request", "{text}: {error}");
    }
    cloud.kubernetes().issuer().keys().rotate();
    assert_eq!(exchange(&cloud, &form(&pod_token(&cloud, "app", "google-sts"))).await.0, 200, "signed by the new key");
    cloud.kubernetes().issuer().keys().retire();
    assert_eq!(refusal(&cloud, &form(&token)).await.0, "invalid_grant", "signed by a key that is gone");
    let token = pod_token(&cloud, "app", "google-sts");
    cloud.kit().clock.advance(Duration::from_hours(1));
    let (_, text) = refusal(&cloud, &form(&token)).await;
    assert!(text.contains("is stale to sign-in"), "{text}");
}

#[tokio::test]
async fn a_disabled_provider_and_an_unreachable_issuer_are_told_apart() {
    let mut world = World::default();
    world.gcp.workload_identity_providers[0].disabled = true;
    let cloud = MockCloud::start(world).await.unwrap();
    let (error, _) = refusal(&cloud, &form(&pod_token(&cloud, "app", "google-sts"))).await;
    assert_eq!(error, "invalid_target");
    let mut world = World::default();
    world.gcp.workload_identity_providers[0].oidc.published_at = Some("http://127.0.0.1:9".into());
    let cloud = MockCloud::start(world).await.unwrap();
    let (error, text) = refusal(&cloud, &form(&pod_token(&cloud, "app", "google-sts"))).await;
    assert_eq!((&*error, &*text), ("invalid_grant", "Error connecting to the given credential's issuer."));
}
