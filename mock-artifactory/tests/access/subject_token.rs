//! Whose subject tokens are accepted, and when.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mock_kit::{Fault, SigningKey};
use serde_json::{Map, Value, json};

use crate::issuer::Issuer;
use crate::server::{Running, world};

const DISCOVERY: &str = "/.well-known/openid-configuration";

async fn both() -> (Issuer, Running) {
    let issuer = Issuer::start().await;
    let running = Running::for_everyone(&issuer.url()).await;
    (issuer, running)
}

fn base64url(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_token_of_the_issuer_is_exchanged() {
    let (issuer, running) = both().await;
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    assert_eq!((answer.status, answer.username()), (200, "ann"));
}

#[tokio::test]
async fn a_token_that_another_key_signed_is_refused() {
    let (issuer, running) = both().await;
    let header = [("kid".to_owned(), issuer.key().key_id().into())].into_iter().collect();
    let token = SigningKey::named("stranger").sign(header, &issuer.claims(&json!({})));
    let answer = running.exchange(&token, json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, signature"));
}

#[tokio::test]
async fn a_token_with_changed_claims_is_refused() {
    let (issuer, running) = both().await;
    let token = issuer.token(&json!({}));
    let parts: Vec<&str> = token.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], base64url(&issuer.claims(&json!({"sub": "eve"}))), parts[2]);
    let answer = running.exchange(&forged, json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, signature"));
}

#[tokio::test]
async fn a_key_that_the_issuer_does_not_publish_is_unknown() {
    let (issuer, running) = both().await;
    let token = SigningKey::named("stranger").sign(Map::new(), &issuer.claims(&json!({})));
    let answer = running.exchange(&token, json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, unknown key"));
}

#[tokio::test]
async fn an_unknown_key_costs_the_issuer_one_fetch_each_time() {
    let (issuer, running) = both().await;
    running.exchange(&issuer.token(&json!({})), json!({})).await;
    issuer.kit().journal.clear();
    let token = SigningKey::named("stranger").sign(Map::new(), &issuer.claims(&json!({})));
    running.exchange(&token, json!({})).await;
    let paths: Vec<String> = issuer.kit().journal.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, [DISCOVERY, "/keys"]);
}

#[tokio::test]
async fn keys_are_fetched_once_until_they_age() {
    let (issuer, running) = both().await;
    for _ in 0..3 {
        assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.status, 200);
    }
    assert_eq!(issuer.kit().journal.requests().len(), 2);
    for kit in [issuer.kit(), running.artifactory.kit()] {
        kit.clock.advance(Duration::from_secs(3601));
    }
    assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.status, 200);
    assert_eq!(issuer.kit().journal.requests().len(), 4);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_the_old_one_is_forgotten() {
    let (issuer, running) = both().await;
    let old = issuer.token(&json!({}));
    assert_eq!(running.exchange(&old, json!({})).await.status, 200);
    issuer.rotate();
    assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.status, 200);
    let answer = running.exchange(&old, json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, unknown key"));
}

#[tokio::test]
async fn a_token_without_a_key_id_uses_the_only_key_and_no_other() {
    let (issuer, running) = both().await;
    let header = [("kid".to_owned(), Value::Null)].into_iter().collect::<Map<_, _>>();
    let token = issuer.key().sign(header, &issuer.claims(&json!({})));
    assert_eq!(running.exchange(&token, json!({})).await.status, 200);
    issuer.publish(vec![issuer.key().jwk(), SigningKey::named("stranger").jwk()]);
    let running = Running::for_everyone(&issuer.url()).await;
    assert_eq!(running.exchange(&token, json!({})).await.message(), "Invalid token, unknown key");
}

#[tokio::test]
async fn a_key_for_encryption_verifies_nothing() {
    let (issuer, running) = both().await;
    let mut key = issuer.key().jwk();
    key["use"] = "enc".into();
    issuer.publish(vec![key]);
    let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
    assert_eq!(answer.message(), "Invalid token, unknown key");
}

#[tokio::test]
async fn tokens_without_a_private_keys_signature_are_refused() {
    let (issuer, running) = both().await;
    let claims = base64url(&issuer.claims(&json!({})));
    let unsigned = format!("{}.{claims}.", base64url(&json!({"alg": "none", "typ": "JWT"})));
    let header = base64url(&json!({"alg": "HS256", "typ": "JWT", "kid": issuer.key().key_id()}));
    let secret = jsonwebtoken::EncodingKey::from_secret(issuer.key().jwk()["n"].as_str().unwrap().as_bytes());
    let signed = format!("{header}.{claims}");
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &secret, jsonwebtoken::Algorithm::HS256).unwrap();
    for token in [unsigned, format!("{signed}.{signature}")] {
        let answer = running.exchange(&token, json!({})).await;
        assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, unsupported algorithm"));
    }
}

#[tokio::test]
async fn an_elliptic_key_signs_too_and_only_with_its_own_algorithm() {
    let (issuer, running) = both().await;
    let pair = rcgen::KeyPair::generate().unwrap();
    let point = pair.public_key_raw();
    let coordinate = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (coordinate(&point[1..33]), coordinate(&point[33..65]));
    let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "elliptic", "x": x, "y": y});
    let mut other_kind = issuer.key().jwk();
    other_kind.as_object_mut().unwrap().remove("alg");
    issuer.publish(vec![other_kind, jwk]);
    let key = jsonwebtoken::EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    for (key_id, message) in [("elliptic", ""), (issuer.key().key_id(), "Invalid token, unknown key")] {
        header.kid = Some(key_id.to_owned());
        let token = jsonwebtoken::encode(&header, &issuer.claims(&json!({})), &key).unwrap();
        assert_eq!(running.exchange(&token, json!({})).await.message(), message, "{key_id}");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let (issuer, running) = both().await;
    let token = issuer.token(&json!({"iss": "https://issuer.example.com"}));
    let answer = running.exchange(&token, json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, issuer"));
    let token = issuer.token(&json!({"iss": null}));
    assert_eq!(running.exchange(&token, json!({})).await.message(), "Invalid token, issuer");
}

#[tokio::test]
async fn the_token_issuer_may_differ_from_the_issuers_url() {
    let issuer = Issuer::start().await;
    let mut world = world(&issuer.url(), &format!("[{}]", crate::server::ANYONE_IS_ANN));
    world.providers[0].token_issuer = Some("https://sts.example.com/tenant/".to_owned());
    let running = Running::start(world, None).await;
    let token = issuer.token(&json!({"iss": "https://sts.example.com/tenant/"}));
    assert_eq!(running.exchange(&token, json!({})).await.status, 200);
    assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.message(), "Invalid token, issuer");
}

#[tokio::test]
async fn an_expired_token_is_refused_once_the_leeway_is_over() {
    let (issuer, running) = both().await;
    let token = issuer.token(&json!({"exp": issuer.kit().clock.unix() + 10}));
    let clock = &running.artifactory.kit().clock;
    clock.advance(Duration::from_secs(65));
    assert_eq!(running.exchange(&token, json!({})).await.status, 200);
    clock.advance(Duration::from_secs(6));
    let answer = running.exchange(&token, json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, expired"));
}

#[tokio::test]
async fn a_token_from_the_future_is_refused_until_the_leeway_reaches_it() {
    let (issuer, running) = both().await;
    let now = issuer.kit().clock.unix();
    for name in ["nbf", "iat"] {
        let token = issuer.token(&json!({name: now + 90}));
        let answer = running.exchange(&token, json!({})).await;
        assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, not yet valid"));
    }
    running.artifactory.kit().clock.advance(Duration::from_secs(31));
    let token = issuer.token(&json!({"nbf": now + 90, "iat": now + 90}));
    assert_eq!(running.exchange(&token, json!({})).await.status, 200);
}

#[tokio::test]
async fn the_leeway_and_the_status_are_the_worlds() {
    let issuer = Issuer::start().await;
    let mut world = world(&issuer.url(), &format!("[{}]", crate::server::ANYONE_IS_ANN));
    world.answers.leeway_seconds = 0;
    world.answers.refused_subject_token = 403;
    let running = Running::start(world, None).await;
    let token = issuer.token(&json!({"exp": issuer.kit().clock.unix() - 1}));
    let answer = running.exchange(&token, json!({})).await;
    assert_eq!(answer.error(), (403, "FORBIDDEN", "Invalid token, expired"));
}

#[tokio::test]
async fn a_token_without_an_expiry_is_refused() {
    let (issuer, running) = both().await;
    let answer = running.exchange(&issuer.token(&json!({"exp": null})), json!({})).await;
    assert_eq!(answer.error(), (401, "UNAUTHORIZED", "Invalid token, no expiry"));
}

#[tokio::test]
async fn an_issuer_with_a_final_slash_has_no_public_key() {
    let issuer = Issuer::start().await;
    let with_slash = format!("{}/", issuer.url());
    let running = Running::for_everyone(&with_slash).await;
    let answer = running.exchange(&issuer.token(&json!({"iss": with_slash})), json!({})).await;
    assert_eq!(answer.error(), (400, "BAD_REQUEST", "Failed to get public key"));
}

#[tokio::test]
async fn an_issuer_that_fails_has_no_public_key() {
    let keys = json!({"keys": [SigningKey::named("issuer").jwk()]}).to_string();
    for fault in [
        Fault::reply(DISCOVERY, 500, "{}"),
        Fault::reply(DISCOVERY, 200, "<html>"),
        Fault::reply("/keys", 302, keys.clone()),
        Fault::reply("/keys", 404, keys.clone()),
        Fault::reply("/keys", 200, r#"{"keys": "none"}"#),
        Fault::reply("/keys", 200, format!("{keys}{}", " ".repeat(1 << 20))),
        Fault::reset("/keys"),
    ] {
        let (issuer, running) = both().await;
        let description = format!("{fault:?}");
        issuer.kit().faults.add(fault);
        let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
        let expected = (400, "BAD_REQUEST", "Failed to get public key");
        assert_eq!(answer.error(), expected, "{}", &description[..description.len().min(200)]);
        issuer.kit().faults.clear();
        assert_eq!(running.exchange(&issuer.token(&json!({})), json!({})).await.status, 200);
    }
}

/// The address `0.0.0.0` reaches this machine without being its loopback address.
#[tokio::test]
async fn keys_are_not_fetched_over_plain_http_from_elsewhere() {
    let (issuer, running) = both().await;
    for (host, status) in [("127.0.0.1", 200), ("0.0.0.0", 400)] {
        let keys = format!("{}/keys", issuer.url().replace("127.0.0.1", host));
        issuer.kit().faults.add(Fault::reply(DISCOVERY, 200, json!({"jwks_uri": keys}).to_string()));
        let answer = running.exchange(&issuer.token(&json!({})), json!({})).await;
        assert_eq!(answer.status, status, "{host}");
        issuer.kit().faults.clear();
        issuer.rotate();
    }
}
