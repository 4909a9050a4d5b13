//! The issuers, and the control paths by which other programs trust and use them.

use mock_cloud::{MockCloud, World};
use serde_json::{Map, Value, json};

use crate::client::{get, header, json, post, start};
use crate::verifier::{Expected, keys_of, verify};

const NAMES: [&str; 5] = ["azure", "azure-v1", "cognito", "google", "kubernetes"];

async fn trust(cloud: &MockCloud) -> Value {
    json(get(cloud, "/__mock/trust").send().await.unwrap()).await
}

async fn issuer(cloud: &MockCloud, name: &str) -> String {
    trust(cloud).await["issuers"][name].as_str().unwrap().to_owned()
}

async fn mint(cloud: &MockCloud, name: &str, claims: &Value) -> String {
    let response = post(cloud, &format!("/__mock/issuers/{name}/tokens"), claims).await;
    assert_eq!(response.status(), 200);
    json(response).await["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn trust_names_sts_every_issuer_and_the_authority() {
    let cloud = start().await;
    let url = cloud.url();
    let tenant = "11111111-2222-4333-8444-555555555555";
    let hosts = mock_cloud::World::default().registry_hosts();
    let registries: Map<_, _> = hosts.into_iter().map(|host| (host, json!(url))).collect();
    let expected = json!({
        "sts": url,
        "pod_identity": format!("{url}/v1/credentials"),
        "cognito": format!("{}/cognito", cloud.tls_url()),
        "issuers": {
            "azure": format!("{url}/{tenant}/v2.0"),
            "azure-v1": format!("{url}/{tenant}/"),
            "cognito": format!("{url}/us-east-1_Artifacts"),
            "google": format!("{url}/google"),
            "kubernetes": format!("{url}/id/0123456789ABCDEF0123456789ABCDEF"),
        },
        "registries": registries,
        "ca": cloud.authority().certificate_pem(),
    });
    assert_eq!(trust(&cloud).await, expected);
}

#[tokio::test]
async fn a_token_of_any_issuer_verifies_with_the_keys_that_it_publishes() {
    let cloud = start().await;
    for name in NAMES {
        let issuer = issuer(&cloud, name).await;
        let token = mint(&cloud, name, &json!({"aud": "a", "sub": "b"})).await;
        let keys = keys_of(&issuer).await;
        let now = cloud.kit().clock.unix();
        let expected = Expected { issuer: &issuer, audience: "a", now };
        let claims = verify(&token, &keys, &expected).unwrap();
        assert_eq!(claims["sub"], "b", "{name}");
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert_eq!(claims["nbf"], claims["iat"]);
    }
}

#[tokio::test]
async fn a_token_of_one_cloud_does_not_verify_with_the_keys_of_another() {
    let cloud = start().await;
    let token = mint(&cloud, "google", &json!({"aud": "a"})).await;
    let google = issuer(&cloud, "google").await;
    let now = cloud.kit().clock.unix();
    let expected = Expected { issuer: &google, audience: "a", now };
    for other in ["azure", "kubernetes"] {
        let keys = keys_of(&issuer(&cloud, other).await).await;
        assert_eq!(verify(&token, &keys, &expected), Err("no such key".into()));
    }
}

#[tokio::test]
async fn claims_that_are_given_are_not_replaced() {
    let cloud = start().await;
    let claims = json!({"aud": "a", "iss": "https://other.test", "iat": 5, "nbf": 6, "exp": 7});
    let token = mint(&cloud, "google", &claims).await;
    let keys = keys_of(&issuer(&cloud, "google").await).await;
    let expected = Expected { issuer: "https://other.test", audience: "a", now: 6 };
    assert_eq!(verify(&token, &keys, &expected), Ok(claims));
}

#[tokio::test]
async fn a_token_from_after_a_rotation_needs_the_new_keys_and_older_ones_verify_until_retired() {
    let cloud = start().await;
    let google = issuer(&cloud, "google").await;
    let (before, old) = (keys_of(&google).await, mint(&cloud, "google", &json!({"aud": "a"})).await);
    assert_eq!(post(&cloud, "/__mock/issuers/google/rotate", &json!({})).await.status(), 200);
    let new = mint(&cloud, "google", &json!({"aud": "a"})).await;
    let now = cloud.kit().clock.unix();
    let expected = Expected { issuer: &google, audience: "a", now };
    assert_eq!(verify(&new, &before, &expected), Err("no such key".into()));
    let after = keys_of(&google).await;
    assert!(verify(&new, &after, &expected).is_ok());
    assert!(verify(&old, &after, &expected).is_ok());
    assert_eq!(post(&cloud, "/__mock/issuers/google/retire", &json!({})).await.status(), 200);
    let retired = keys_of(&google).await;
    assert!(verify(&new, &retired, &expected).is_ok());
    assert_eq!(verify(&old, &retired, &expected), Err("no such key".into()));
}

#[tokio::test]
async fn both_issuers_of_a_tenant_rotate_together_and_another_world_does_not() {
    let (cloud, other) = (start().await, start().await);
    let key_id = |keys: jsonwebtoken::jwk::JwkSet| keys.keys[0].common.key_id.clone();
    let before = key_id(keys_of(&issuer(&cloud, "azure").await).await);
    post(&cloud, "/__mock/issuers/azure/rotate", &json!({})).await;
    let v2 = key_id(keys_of(&issuer(&cloud, "azure").await).await);
    let v1 = key_id(keys_of(&issuer(&cloud, "azure-v1").await).await);
    assert_ne!(v2, before);
    assert_eq!(v1, v2);
    assert_eq!(key_id(keys_of(&issuer(&other, "azure").await).await), before);
}

#[tokio::test]
async fn an_unknown_issuer_is_not_found() {
    let cloud = start().await;
    for action in ["tokens", "rotate", "retire"] {
        let response = post(&cloud, &format!("/__mock/issuers/none/{action}"), &json!({})).await;
        assert_eq!(response.status(), 404);
        let error = json(response).await["error"].to_string();
        assert!(error.contains("none") && error.contains("kubernetes"), "{error}");
    }
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    let cloud = start().await;
    let response = post(&cloud, "/__mock/issuers/google/tokens", &json!([1])).await;
    assert_eq!(response.status(), 400);
    assert!(json(response).await["error"].is_string());
}

#[tokio::test]
async fn a_world_can_name_its_issuers() {
    let mut world = World::default();
    world.azure.issuer_v1 = Some("https://sts.windows.net/t/".into());
    world.azure.issuer_v2 = Some("https://login.microsoftonline.com/t/v2.0".into());
    world.gcp.issuer = Some("https://accounts.google.com".into());
    world.kubernetes.issuer = Some("https://oidc.eks.us-east-1.amazonaws.com/id/AB".into());
    let cloud = MockCloud::start(world).await.unwrap();
    let tenant = "/11111111-2222-4333-8444-555555555555";
    for (name, iss, published_at) in [
        ("azure-v1", "https://sts.windows.net/t/", tenant.to_owned()),
        ("azure", "https://login.microsoftonline.com/t/v2.0", format!("{tenant}/v2.0")),
        ("google", "https://accounts.google.com", "/google".into()),
        ("kubernetes", "https://oidc.eks.us-east-1.amazonaws.com/id/AB", "/id/0123456789ABCDEF0123456789ABCDEF".into()),
    ] {
        assert_eq!(issuer(&cloud, name).await, iss);
        let document = get(&cloud, &format!("{published_at}/.well-known/openid-configuration"));
        let document = json(document.send().await.unwrap()).await;
        assert_eq!(document["issuer"], iss);
        let keys = document["jwks_uri"].as_str().unwrap();
        assert!(keys.starts_with(&cloud.url()), "{keys}");
    }
}

#[tokio::test]
async fn an_unknown_tenant_is_refused_by_its_error_code() {
    let cloud = start().await;
    let tenant = "/99999999-2222-4333-8444-555555555555";
    for path in [
        "/v2.0/.well-known/openid-configuration",
        "/.well-known/openid-configuration",
        "/discovery/v2.0/keys",
        "/discovery/keys",
    ] {
        let response = get(&cloud, &format!("{tenant}{path}")).send().await.unwrap();
        assert_eq!(response.status(), 400, "{path}");
        let body = json(response).await;
        assert_eq!(body["error"], "invalid_tenant");
        assert_eq!(body["error_codes"], json!([90002]));
    }
}

#[tokio::test]
async fn the_keys_of_a_tenant_name_no_algorithm_and_the_others_do() {
    let cloud = start().await;
    let tenant = "/11111111-2222-4333-8444-555555555555/discovery/v2.0/keys";
    let keys = json(get(&cloud, tenant).send().await.unwrap()).await;
    assert_eq!(keys["keys"][0]["alg"], Value::Null);
    assert_eq!(keys["keys"][0]["x5t"], keys["keys"][0]["kid"]);
    let keys = json(get(&cloud, "/google/oauth2/v3/certs").send().await.unwrap()).await;
    assert_eq!(keys["keys"][0]["alg"], "RS256");
}

#[tokio::test]
async fn a_cluster_publishes_what_the_api_server_does() {
    let cloud = start().await;
    let base = "/id/0123456789ABCDEF0123456789ABCDEF";
    let response = get(&cloud, &format!("{base}/.well-known/openid-configuration"));
    let response = response.send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert_eq!(header(&response, "cache-control"), Some("public, max-age=3600"));
    let expected = json!({
        "issuer": format!("{}{base}", cloud.url()),
        "jwks_uri": format!("{}{base}/keys", cloud.url()),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    assert_eq!(json(response).await, expected);
    let keys = get(&cloud, &format!("{base}/keys")).send().await.unwrap();
    assert_eq!(header(&keys, "content-type"), Some("application/jwk-set+json"));
    let other = get(&cloud, "/id/FF/keys").send().await.unwrap();
    assert_eq!(other.status(), 404);
}
