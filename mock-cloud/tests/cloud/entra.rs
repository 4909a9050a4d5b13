//! Entra ID's token endpoint, where a client assertion becomes a token of an application.

use std::time::Duration;

use mock_cloud::azure::{AppRole, Application, TokenVersion};
use mock_cloud::kubernetes::TokenRequest;
use mock_cloud::{MockCloud, World};
use mock_kit::SigningKey;
use reqwest::Response;
use serde_json::{Map, Value, json};

use crate::client::{client, get, header, json, post, start};
use crate::verifier::{Expected, keys_of, verify};

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const NODE_POOL_OBJECT: &str = "33333333-4444-4555-8666-777777777777";
const APPLICATION: &str = "44444444-5555-4666-8777-888888888888";
const PRINCIPAL: &str = "66666666-7777-4888-8999-aaaaaaaaaaaa";
const EXCHANGE: &str = "api://AzureADTokenExchange";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The token of the machine's managed identity for the exchange.
async fn assertion(cloud: &MockCloud) -> String {
    let target = format!("/metadata/identity/oauth2/token?api-version=2018-02-01&resource={EXCHANGE}");
    let reply = get(cloud, &target).header("Metadata", "true").send().await.unwrap();
    json(reply).await["access_token"].as_str().unwrap().to_owned()
}

/// An assertion of the tenant's issuer with other claims than a managed identity would have.
async fn assertion_with(cloud: &MockCloud, claims: &Value) -> String {
    let mut all = json!({"aud": "fb60f99c-7a34-4190-8149-302f77469936", "sub": NODE_POOL_OBJECT});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    let reply = post(cloud, "/__mock/issuers/azure/tokens", &all).await;
    json(reply).await["token"].as_str().unwrap().to_owned()
}

fn pod_token(cloud: &MockCloud, name: &str, audience: &str) -> String {
    let request = TokenRequest { audiences: vec![audience.to_owned()], pod: None, expiration_seconds: None };
    cloud.service_account_token("default", name, &request).unwrap().token
}

async fn ask(cloud: &MockCloud, assertion: &str, changes: &[(&str, &str)]) -> Response {
    let scope = format!("{APPLICATION}/.default");
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", APPLICATION),
        ("scope", &scope),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    for (name, value) in changes {
        form.retain(|(it, _)| it != name);
        form.push((name, value));
    }
    let body: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    let request = client(None).post(format!("{}/{TENANT}/oauth2/v2.0/token", cloud.url()));
    request.body(body.join("&")).send().await.unwrap()
}

async fn token(cloud: &MockCloud, assertion: &str) -> String {
    let response = ask(cloud, assertion, &[]).await;
    assert_eq!(response.status(), 200, "{}", json(response).await);
    json(response).await["access_token"].as_str().unwrap().to_owned()
}

async fn refusal(cloud: &MockCloud, assertion: &str, changes: &[(&str, &str)]) -> (u16, u64, String) {
    let response = ask(cloud, assertion, changes).await;
    let status = response.status().as_u16();
    let body = json(response).await;
    (status, body["error_codes"][0].as_u64().unwrap_or_default(), body["error"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: u64, error: &str) -> (u16, u64, String) {
    (status, code, error.to_owned())
}

async fn with_application(change: impl FnOnce(&mut Application)) -> MockCloud {
    let mut world = World::default();
    change(&mut world.azure.applications[0]);
    MockCloud::start(world).await.unwrap()
}

#[tokio::test]
async fn a_managed_identity_becomes_the_application() {
    let cloud = start().await;
    let response = ask(&cloud, &assertion(&cloud).await, &[]).await;
    assert_eq!((response.status().as_u16(), header(&response, "cache-control")), (200, Some("no-store, no-cache")));
    let reply = json(response).await;
    assert_eq!(
        (&reply["token_type"], &reply["expires_in"], &reply["ext_expires_in"]),
        (&json!("Bearer"), &json!(3599), &json!(3599))
    );
    let issuer = format!("{}/{TENANT}/v2.0", cloud.url());
    let now = cloud.kit().clock.unix();
    let expected = Expected { issuer: &issuer, audience: APPLICATION, now };
    let claims = verify(reply["access_token"].as_str().unwrap(), &keys_of(&issuer).await, &expected).unwrap();
    let claim = |name: &str| claims[name].as_str().unwrap_or_default();
    assert_eq!((claim("azp"), claim("oid"), claim("sub"), claim("ver")), (APPLICATION, PRINCIPAL, PRINCIPAL, "2.0"));
    assert_eq!((&claims["xms_mirid"], &claims["roles"]), (&Value::Null, &Value::Null));
    assert!((now + 3590..=now + 3600).contains(&claims["exp"].as_i64().unwrap()));
}

#[tokio::test]
async fn a_pod_becomes_the_application_and_another_does_not() {
    let cloud = start().await;
    token(&cloud, &pod_token(&cloud, "app", EXCHANGE)).await;
    let plain = pod_token(&cloud, "plain", EXCHANGE);
    assert_eq!(refusal(&cloud, &plain, &[]).await, refused(401, 700_213, "invalid_client"));
}

#[tokio::test]
async fn an_application_that_asks_for_v1_gets_v1_and_its_roles() {
    let cloud = with_application(|it| {
        it.requested_access_token_version = TokenVersion::V1;
        let role = |value: &str, who: &str| AppRole { value: value.into(), assigned_to: vec![who.into()] };
        it.app_roles = vec![role("pull", PRINCIPAL), role("push", "someone-else")];
    })
    .await;
    let token = token(&cloud, &assertion(&cloud).await).await;
    let issuer = format!("{}/{TENANT}/", cloud.url());
    let expected = Expected { issuer: &issuer, audience: APPLICATION, now: cloud.kit().clock.unix() };
    let claims = verify(&token, &keys_of(&issuer).await, &expected).unwrap();
    assert_eq!(
        (&claims["ver"], &claims["appid"], &claims["roles"]),
        (&json!("1.0"), &json!(APPLICATION), &json!(["pull"]))
    );
}

#[tokio::test]
async fn what_the_credential_says_must_fit_to_the_letter() {
    let cloud = start().await;
    let upper = NODE_POOL_OBJECT.replace("33333333", "3333333A");
    let mut world = World::default();
    world.azure.applications[0].federated_credentials[0].subject = upper.to_lowercase();
    let by_case = MockCloud::start(world).await.unwrap();
    for (cloud, claims, code) in [
        (&cloud, json!({"iss": format!("{}/{TENANT}/v2.0/", cloud.url())}), 700_211),
        (&cloud, json!({"iss": format!("{}/{TENANT}/", cloud.url())}), 700_211),
        (&cloud, json!({"aud": "api://azureadtokenexchange"}), 700_212),
        (&cloud, json!({"aud": "00000003-0000-0000-c000-000000000000"}), 700_212),
        (&cloud, json!({"sub": "33333333-4444-4555-8666-777777777778"}), 700_213),
        (&by_case, json!({"sub": upper}), 7_002_138),
    ] {
        let assertion = assertion_with(cloud, &claims).await;
        assert_eq!(refusal(cloud, &assertion, &[]).await, refused(401, code, "invalid_client"), "{claims}");
    }
    token(&cloud, &assertion_with(&cloud, &json!({"aud": EXCHANGE})).await).await;
    token(&by_case, &assertion_with(&by_case, &json!({"sub": upper.to_lowercase()})).await).await;
}

#[tokio::test]
async fn an_assertion_lives_from_nbf_to_exp_with_five_minutes_of_skew() {
    let cloud = start().await;
    let now = cloud.kit().clock.unix();
    for (claims, accepted) in [
        (json!({"exp": now - 310}), false),
        (json!({"exp": now - 200}), true),
        (json!({"nbf": now + 310}), false),
        (json!({"nbf": now + 200}), true),
    ] {
        let assertion = assertion_with(&cloud, &claims).await;
        let response = ask(&cloud, &assertion, &[]).await;
        assert_eq!(response.status() == 200, accepted, "{claims}");
        if !accepted {
            assert_eq!(json(response).await["error_codes"], json!([700_024]));
        }
    }
    let assertion = assertion(&cloud).await;
    cloud.kit().clock.advance(Duration::from_hours(25));
    assert_eq!(refusal(&cloud, &assertion, &[]).await, refused(401, 700_024, "invalid_client"));
}

#[tokio::test]
async fn the_signature_is_verified_with_the_issuers_published_keys() {
    let cloud = start().await;
    let genuine = assertion(&cloud).await;
    let (signed, _) = genuine.rsplit_once('.').unwrap();
    let claims = json!({
        "iss": format!("{}/{TENANT}/v2.0", cloud.url()),
        "aud": EXCHANGE, "sub": NODE_POOL_OBJECT, "exp": cloud.kit().clock.unix() + 60,
    });
    let forged = SigningKey::generate().sign(Map::new(), &claims);
    for assertion in [format!("{signed}.AAAA"), forged] {
        assert_eq!(refusal(&cloud, &assertion, &[]).await, refused(401, 700_027, "invalid_client"));
    }
    post(&cloud, "/__mock/issuers/azure/rotate", &json!({})).await;
    token(&cloud, &genuine).await;
    post(&cloud, "/__mock/issuers/azure/retire", &json!({})).await;
    assert_eq!(refusal(&cloud, &genuine, &[]).await, refused(401, 700_027, "invalid_client"));
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_no_issuer() {
    let cloud = with_application(|it| it.federated_credentials[0].issuer = "https://127.0.0.1:9".into()).await;
    let assertion = assertion_with(&cloud, &json!({"iss": "https://127.0.0.1:9"})).await;
    assert_eq!(refusal(&cloud, &assertion, &[]).await, refused(400, 90_061, "invalid_request"));
}

#[tokio::test]
async fn an_application_needs_a_credential_and_a_service_principal() {
    let cloud = with_application(|it| it.federated_credentials.clear()).await;
    let proof = assertion(&cloud).await;
    assert_eq!(refusal(&cloud, &proof, &[]).await, refused(401, 70_025, "invalid_client"));
    let cloud = with_application(|it| it.service_principal = None).await;
    let proof = assertion(&cloud).await;
    assert_eq!(refusal(&cloud, &proof, &[]).await, refused(401, 7_000_229, "unauthorized_client"));
}

#[tokio::test]
async fn every_other_refusal_has_its_own_code() {
    let cloud = start().await;
    let proof = assertion(&cloud).await;
    let other = "99999999-0000-4000-8000-000000000000";
    for (change, status, code, error) in [
        (("grant_type", "password"), 400, 70_003, "unsupported_grant_type"),
        (("grant_type", ""), 400, 900_144, "invalid_request"),
        (("client_id", ""), 400, 900_144, "invalid_request"),
        (("scope", ""), 400, 900_144, "invalid_request"),
        (("client_assertion_type", "urn:other"), 400, 900_144, "invalid_request"),
        (("client_id", other), 400, 700_016, "unauthorized_client"),
        (("scope", APPLICATION), 400, 1_002_012, "invalid_scope"),
        (("scope", "a/.default b/.default"), 400, 70_011, "invalid_scope"),
        (("scope", "api://none/.default"), 400, 500_011, "invalid_resource"),
        (("client_assertion", ""), 401, 7_000_216, "invalid_client"),
        (("client_assertion", "a.b.c"), 401, 50_027, "invalid_client"),
    ] {
        assert_eq!(refusal(&cloud, &proof, &[change]).await, refused(status, code, error), "{change:?}");
    }
    let secret = [("client_assertion", ""), ("client_secret", "guess")];
    assert_eq!(refusal(&cloud, &proof, &secret).await, refused(401, 7_000_215, "invalid_client"));
}

#[tokio::test]
async fn a_refusal_has_every_field_and_its_codes_are_numbers() {
    let cloud = start().await;
    let request = client(None).post(format!("{}/{}/oauth2/v2.0/token", cloud.url(), TENANT.replace('1', "7")));
    let body = json(request.header("client-request-id", "mine").send().await.unwrap()).await;
    let text = |name: &str| body[name].as_str().unwrap();
    assert_eq!((text("error"), &body["error_codes"]), ("invalid_tenant", &json!([90_002])));
    assert_eq!(
        (text("correlation_id"), text("error_uri")),
        ("mine", "https://login.microsoftonline.com/error?code=90002")
    );
    let end = format!(" Trace ID: {} Correlation ID: mine Timestamp: {}", text("trace_id"), text("timestamp"));
    assert!(text("error_description").starts_with("AADSTS90002: Tenant '77777777-"), "{body}");
    assert!(text("error_description").ends_with(&end), "{body}");
    let pattern = text("timestamp").replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(pattern, "0000-00-00 00:00:00Z");
}

#[tokio::test]
async fn a_fresh_credential_is_seen_after_some_refusals() {
    let mut world = World::default();
    world.azure.unseen_assertions = 3;
    let cloud = MockCloud::start(world).await.unwrap();
    let proof = assertion(&cloud).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(refusal(&cloud, &proof, &[]).await.1);
    }
    assert_eq!(codes, [700_211, 70_021, 700_213]);
    token(&cloud, &proof).await;
}

#[tokio::test]
async fn the_endpoint_is_told_where_the_document_was_asked_for() {
    let cloud = start().await;
    for (base, trusted) in [(cloud.url(), None), (cloud.tls_url(), Some(cloud.authority().certificate_pem()))] {
        let url = format!("{base}/{TENANT}/v2.0/.well-known/openid-configuration");
        let document = json(client(trusted).get(url).send().await.unwrap()).await;
        assert_eq!(document["token_endpoint"], format!("{base}/{TENANT}/oauth2/v2.0/token"));
        assert_eq!(document["issuer"], format!("{}/{TENANT}/v2.0", cloud.url()));
    }
}

#[tokio::test]
async fn every_token_handed_out_is_a_secret_of_the_world() {
    let cloud = start().await;
    let proof = assertion(&cloud).await;
    let token = token(&cloud, &proof).await;
    assert!(cloud.secrets().contains(&proof) && cloud.secrets().contains(&token));
}
