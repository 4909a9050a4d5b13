//! The IAM Credentials API: who may have which token of which account.

use std::time::Duration;

use mock_cloud::{MockCloud, World};
use serde_json::{Value, json};

use crate::client::{self, client, get, start};
use crate::verifier::{Expected, keys_of, verify};

const IMAGES: &str = "images@artifactory-demo.iam.gserviceaccount.com";
const DELEGATED: &str = "delegated@artifactory-demo.iam.gserviceaccount.com";
const DELEGATE: &str = "projects/-/serviceAccounts/images-delegate@artifactory-demo.iam.gserviceaccount.com";

async fn node_token(cloud: &MockCloud) -> String {
    let target = "/computeMetadata/v1/instance/service-accounts/default/token";
    let answer = get(cloud, target).header("Metadata-Flavor", "Google").send().await.unwrap();
    client::json(answer).await["access_token"].as_str().unwrap().to_owned()
}

async fn call(cloud: &MockCloud, token: Option<&str>, resource: &str, body: &Value) -> (u16, Value) {
    let request = client(None).post(format!("{}/v1/{resource}", cloud.url())).body(body.to_string());
    let request = token.iter().fold(request, reqwest::RequestBuilder::bearer_auth);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), client::json(answer).await)
}

async fn id_token(cloud: &MockCloud, token: Option<&str>, account: &str, body: &Value) -> (u16, Value) {
    call(cloud, token, &format!("projects/-/serviceAccounts/{account}:generateIdToken"), body).await
}

/// The status, its name and the reason of the details.
fn refusal((status, body): (u16, Value)) -> (u16, String, String) {
    assert_eq!(body["error"]["code"], status);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (status, text(&body["error"]["status"]), text(&body["error"]["details"][0]["reason"]))
}

fn expected(status: u16, name: &str, reason: &str) -> (u16, String, String) {
    (status, name.into(), reason.into())
}

#[tokio::test]
async fn whoever_has_the_role_gets_a_token_that_names_the_account() {
    let cloud = start().await;
    let token = node_token(&cloud).await;
    let (status, body) = id_token(&cloud, Some(&token), IMAGES, &json!({"audience": "x", "includeEmail": true})).await;
    assert_eq!(status, 200, "{body}");
    let issuer = format!("{}/google", cloud.url());
    let (keys, now) = (keys_of(&issuer).await, cloud.kit().clock.unix());
    let expected = Expected { issuer: &issuer, audience: "x", now };
    let claims = verify(body["token"].as_str().unwrap(), &keys, &expected).unwrap();
    assert_eq!(claims["email"], IMAGES);
    assert_eq!(claims["sub"], "112233445566778899002");
    let (_, body) = id_token(&cloud, Some(&token), "112233445566778899002", &json!({"audience": "x"})).await;
    let claims = verify(body["token"].as_str().unwrap(), &keys, &expected).unwrap();
    assert_eq!(claims.get("email"), None, "an address is there only when asked for");
}

#[tokio::test]
async fn a_token_is_refused_when_nobody_gave_it_or_its_time_is_over() {
    let cloud = start().await;
    let body = json!({"audience": "x"});
    let none = refusal(id_token(&cloud, None, IMAGES, &body).await);
    assert_eq!(none, expected(401, "UNAUTHENTICATED", "CREDENTIALS_MISSING"));
    let unknown = refusal(id_token(&cloud, Some("ya29.c.x"), IMAGES, &body).await);
    assert_eq!(unknown, expected(401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"));
    let token = node_token(&cloud).await;
    cloud.kit().clock.advance(Duration::from_hours(1));
    let old = refusal(id_token(&cloud, Some(&token), IMAGES, &body).await);
    assert_eq!(old, expected(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"));
}

#[tokio::test]
async fn a_token_of_other_scopes_is_refused_before_the_role_is_looked_at() {
    let mut world = World::default();
    world.gcp.service_account.as_mut().unwrap().scopes = vec!["https://www.googleapis.com/auth/logging.write".into()];
    let cloud = MockCloud::start(world).await.unwrap();
    let token = node_token(&cloud).await;
    let (status, body) = id_token(&cloud, Some(&token), "nobody@demo", &json!({"audience": "x"})).await;
    let method = "google.iam.credentials.v1.IAMCredentials.GenerateIdToken";
    assert_eq!(body["error"]["details"][0]["metadata"]["method"], method);
    assert_eq!(refusal((status, body)), expected(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"));
}

#[tokio::test]
async fn a_role_on_one_account_is_none_on_another_and_holds_its_own_permissions_only() {
    let cloud = start().await;
    let token = node_token(&cloud).await;
    let (status, body) = id_token(&cloud, Some(&token), DELEGATED, &json!({"audience": "x"})).await;
    let message = "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).";
    assert_eq!(body["error"]["message"], message);
    assert_eq!(refusal((status, body)), expected(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"));
    let resource = format!("projects/-/serviceAccounts/{IMAGES}:generateAccessToken");
    let scope = json!({"scope": ["https://www.googleapis.com/auth/cloud-platform"]});
    let (status, body) = call(&cloud, Some(&token), &resource, &scope).await;
    assert_eq!(refusal((status, body)), expected(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"));
    let missing = refusal(id_token(&cloud, Some(&token), "nobody@demo", &json!({"audience": "x"})).await);
    assert_eq!(missing, expected(404, "NOT_FOUND", ""));
}

#[tokio::test]
async fn a_delegate_must_be_acted_for_and_may_act() {
    let cloud = start().await;
    let token = node_token(&cloud).await;
    let body = json!({"audience": "x", "delegates": [DELEGATE]});
    assert_eq!(id_token(&cloud, Some(&token), DELEGATED, &body).await.0, 200);
    let backwards = id_token(&cloud, Some(&token), IMAGES, &body).await;
    assert_eq!(refusal(backwards), expected(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"));
    let bare = json!({"audience": "x", "delegates": ["images-delegate@artifactory-demo.iam.gserviceaccount.com"]});
    let bare = id_token(&cloud, Some(&token), DELEGATED, &bare).await;
    assert_eq!(refusal(bare), expected(400, "INVALID_ARGUMENT", ""));
}

#[tokio::test]
async fn a_delegate_that_the_caller_may_not_act_for_is_refused() {
    let mut world = World::default();
    world.gcp.service_accounts[2].policy.bindings.clear();
    let cloud = MockCloud::start(world).await.unwrap();
    let token = node_token(&cloud).await;
    let body = json!({"audience": "x", "delegates": [DELEGATE]});
    let (status, body) = id_token(&cloud, Some(&token), DELEGATED, &body).await;
    let permission = &body["error"]["details"][0]["metadata"]["permission"];
    assert_eq!((status, permission), (403, &json!("iam.serviceAccounts.implicitDelegation")));
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let cloud = start().await;
    let token = node_token(&cloud).await;
    for (resource, body, status) in [
        (format!("projects/-/serviceAccounts/{IMAGES}:generateIdToken"), json!({}), 400),
        (format!("projects/artifactory-demo/serviceAccounts/{IMAGES}:generateIdToken"), json!({"audience": "x"}), 400),
        (format!("projects/-/serviceAccounts/{IMAGES}:generateIdToken"), json!([1]), 400),
        (format!("projects/-/serviceAccounts/{IMAGES}:signBlob"), json!({}), 404),
        (format!("projects/-/serviceAccounts/{IMAGES}"), json!({}), 404),
    ] {
        assert_eq!(call(&cloud, Some(&token), &resource, &body).await.0, status, "{resource} {body}");
    }
}
