//! The life of an access token: what it opens, until it expires or is revoked.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mock_artifactory::Refusal;
use mock_kit::SigningKey;
use serde_json::{Map, Value, json};

use crate::issuer::Issuer;
use crate::server::{Answer, Running, json_body};

async fn with_token() -> (Running, Answer) {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    (running, answer)
}

async fn bearer(running: &Running, method: &str, path: &str, token: &str) -> Answer {
    running.send(running.request(method, path).bearer_auth(token)).await
}

#[tokio::test]
async fn a_password_opens_its_own_account_only() {
    let (running, _) = with_token().await;
    let state = running.artifactory.state();
    assert!(state.authenticate("ann", "ann-password").is_ok());
    assert_eq!(state.authenticate("ann", "admin-password"), Err(Refusal::BadCredentials));
    assert_eq!(state.authenticate("ann", ""), Err(Refusal::BadCredentials));
    assert_eq!(state.authenticate("nobody", "ann-password"), Err(Refusal::BadCredentials));
}

#[tokio::test]
async fn a_token_opens_its_own_account_until_it_expires() {
    let (running, answer) = with_token().await;
    let state = running.artifactory.state();
    assert_eq!(state.authenticate("ann", answer.access_token()).unwrap().username, "ann");
    assert_eq!(state.authenticate("admin", answer.access_token()), Err(Refusal::WrongUsername));
    state.kit.clock.advance(Duration::from_secs(3590));
    assert!(state.authenticate_bearer(answer.access_token()).is_ok());
    state.kit.clock.advance(Duration::from_secs(11));
    assert_eq!(state.authenticate("ann", answer.access_token()), Err(Refusal::Expired));
    let answer = bearer(&running, "GET", "/access/api/v1/tokens/me", answer.access_token()).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, expired"));
}

#[tokio::test]
async fn a_token_that_this_server_did_not_sign_opens_nothing() {
    let (running, answer) = with_token().await;
    let state = running.artifactory.state();
    let parts: Vec<&str> = answer.access_token().split('.').collect();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let mut claims: Value = serde_json::from_slice(&claims).unwrap();
    let copied = SigningKey::named("stranger").sign(Map::new(), &claims);
    assert_eq!(state.authenticate("ann", &copied), Err(Refusal::BadCredentials));
    claims["scp"] = "applied-permissions/admin".into();
    let promoted = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    let spliced = format!("{}.{promoted}.{}", parts[0], parts[2]);
    assert_eq!(state.authenticate_bearer(&spliced), Err(Refusal::BadCredentials));
}

#[tokio::test]
async fn a_revoked_token_opens_nothing() {
    let (running, answer) = with_token().await;
    let (other_running, _) = with_token().await;
    let token = answer.access_token();
    let revoked = bearer(&running, "DELETE", "/access/api/v1/tokens/me", token).await;
    assert_eq!(revoked.status, 200);
    let state = running.artifactory.state();
    assert_eq!(state.authenticate("ann", token), Err(Refusal::Revoked));
    assert_eq!(other_running.artifactory.state().authenticate("ann", token), Err(Refusal::BadCredentials));
    let again = bearer(&running, "DELETE", "/access/api/v1/tokens/me", token).await;
    assert_eq!(again.error(), (401, "UNAUTHORIZED", "Invalid token, revoked"));
}

#[tokio::test]
async fn an_administrator_revokes_by_id_and_by_value() {
    let (running, answer) = with_token().await;
    let state = running.artifactory.state();
    let token = answer.access_token();
    let me = bearer(&running, "GET", "/access/api/v1/tokens/me", token).await;
    let path = format!("/access/api/v1/tokens/{}", me.body["token_id"].as_str().unwrap());
    assert_eq!(bearer(&running, "DELETE", &path, token).await.error().0, 403);
    assert_eq!(running.administer("DELETE", &path, &Value::Null).await.status, 200);
    assert_eq!(state.authenticate("ann", token), Err(Refusal::Revoked));
    assert_eq!(running.administer("DELETE", "/access/api/v1/tokens/none", &Value::Null).await.status, 204);

    let created = running.administer("POST", "/access/api/v1/tokens", &json!({"username": "ann"})).await;
    let body = json!({"token": created.access_token()});
    let revoked = running.administer("DELETE", "/access/api/v1/tokens/revoke", &body).await;
    assert_eq!(revoked.body["revoked-token-id"], created.body["token_id"]);
    assert_eq!(state.authenticate("ann", created.access_token()), Err(Refusal::Revoked));
}

#[tokio::test]
async fn the_root_certificate_holds_the_key_that_verifies_tokens() {
    let (running, answer) = with_token().await;
    let path = "/access/api/v1/cert/root";
    assert_eq!(running.send(running.request("GET", path)).await.error().0, 401);
    let certificate = running.request("GET", path).bearer_auth(answer.access_token()).send().await.unwrap();
    let certificate = certificate.text().await.unwrap();
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let key = jsonwebtoken::DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    rules.validate_aud = false;
    assert!(jsonwebtoken::decode::<Value>(answer.access_token(), &key, &rules).is_ok());
    let stranger = SigningKey::named("stranger").sign(Map::new(), &json!({"exp": 4_000_000_000_i64}));
    assert!(jsonwebtoken::decode::<Value>(&stranger, &key, &rules).is_err());
}

#[tokio::test]
async fn a_user_creates_tokens_for_itself_only() {
    let (running, _) = with_token().await;
    let path = "/access/api/v1/tokens";
    let create = |body: Value| {
        running.send(json_body(running.request("POST", path), &body).basic_auth("ann", Some("ann-password")))
    };
    let own = create(json!({"expires_in": 60, "include_reference_token": true})).await;
    assert_eq!((own.status, own.body["expires_in"].as_u64()), (200, Some(60)));
    let state = running.artifactory.state();
    assert!(state.authenticate("ann", own.body["reference_token"].as_str().unwrap()).is_ok());
    assert_eq!(create(json!({"username": "admin"})).await.error().0, 403);
    assert_eq!(create(json!({"scope": "applied-permissions/admin"})).await.error().0, 403);
    assert_eq!(create(json!({"scope": "applied-permissions/everything"})).await.error().0, 400);
}

#[tokio::test]
async fn a_token_without_an_expiry_does_not_expire() {
    let (running, _) = with_token().await;
    let created =
        running.administer("POST", "/access/api/v1/tokens", &json!({"username": "ann", "expires_in": 0})).await;
    let state = running.artifactory.state();
    state.kit.clock.advance(Duration::from_hours(24 * 3650));
    assert!(state.authenticate("ann", created.access_token()).is_ok());
}

#[tokio::test]
async fn an_administrators_token_administers_and_reads_everything() {
    let (running, _) = with_token().await;
    let body = json!({"username": "admin", "scope": "applied-permissions/admin", "expires_in": 60});
    let created = running.administer("POST", "/access/api/v1/tokens", &body).await;
    let token = created.access_token();
    assert_eq!(bearer(&running, "GET", "/access/api/v1/oidc", token).await.status, 200);
    assert!(running.artifactory.state().authenticate_bearer(token).unwrap().may_read("docker-private"));
}

#[tokio::test]
async fn a_token_for_other_services_does_not_open_access() {
    let (running, _) = with_token().await;
    for (audience, status) in
        [("jfrt@*", 401), ("jfrt@* jfac@*", 200), ("jfac@01jfxq2c7s9r4m1v8n3b6k5h0d", 200), ("jfac@02", 401)]
    {
        let body = json!({"username": "admin", "scope": "applied-permissions/admin", "audience": audience});
        let created = running.administer("POST", "/access/api/v1/tokens", &body).await;
        let answer = bearer(&running, "GET", "/access/api/v1/oidc", created.access_token()).await;
        assert_eq!(answer.status, status, "{audience}");
        if status == 401 {
            assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, audience"));
        }
    }
}
