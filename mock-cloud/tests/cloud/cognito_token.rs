//! The token endpoint of Cognito, whose tokens are verified from the keys that the pool publishes.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use mock_cloud::aws::cognito::{Flow, ForbiddenFlow, UnknownScope};
use mock_cloud::{MockCloud, World};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::client::{client, header, json, start};
use crate::signer::{Call, Key};
use crate::verifier::keys_of;

const ID: &str = "5artifactorypullclient0001";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

/// The secret of the client as a program gets it, from Secrets Manager.
async fn client_secret(cloud: &MockCloud) -> String {
    let key = Key::of_instance(cloud, "artifactory-pull").await;
    let call = Call::new("secretsmanager.GetSecretValue", &json!({"SecretId": "artifactory/cognito"}));
    let answer = json(call.ask(cloud, &key).await).await;
    let value: Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
    value["client-secret"].as_str().unwrap().to_owned()
}

/// A request to the token endpoint of a domain, over TLS.
fn request(cloud: &MockCloud, domain: &str) -> RequestBuilder {
    let client = client(Some(cloud.authority().certificate_pem()));
    client.post(format!("{}/cognito/{domain}/oauth2/token", cloud.tls_url())).header("content-type", FORM)
}

async fn ask(cloud: &MockCloud, form: &str) -> Response {
    let request = request(cloud, "artifactory-demo").basic_auth(ID, Some(client_secret(cloud).await));
    request.body(form.to_owned()).send().await.unwrap()
}

async fn refusal(response: Response) -> (u16, Value) {
    (response.status().as_u16(), json(response).await)
}

fn refused(error: &str) -> (u16, Value) {
    (400, json!({ "error": error }))
}

/// The claims of a token that the pool's published keys verify.
async fn claims(cloud: &MockCloud, token: &str) -> Value {
    let issuer = format!("{}/us-east-1_Artifacts", cloud.url());
    let keys = keys_of(&issuer).await;
    let key = keys.find(&decode_header(token).unwrap().kid.unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[issuer]);
    rules.validate_aud = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap().claims
}

async fn start_with(change: impl FnOnce(&mut World)) -> MockCloud {
    let mut world = World::default();
    change(&mut world);
    MockCloud::start(world).await.unwrap()
}

#[tokio::test]
async fn a_client_gets_a_token_that_its_pools_keys_verify() {
    let cloud = start().await;
    let answer = ask(&cloud, "grant_type=client_credentials&scope=artifactory%2Fpull").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), Some("application/json;charset=UTF-8"));
    let answer = json(answer).await;
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(answer.as_object().unwrap().len(), 3, "neither an ID token nor a refresh token");
    let token = answer["access_token"].as_str().unwrap();
    let mut claims = claims(&cloud, token).await;
    let now = cloud.kit().clock.unix();
    let issued = claims["iat"].as_i64().unwrap();
    assert!((now - 5..=now).contains(&issued));
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    claims.as_object_mut().unwrap().remove("jti");
    assert_eq!(
        claims,
        json!({
            "sub": ID,
            "token_use": "access",
            "scope": "artifactory/pull",
            "auth_time": issued,
            "iss": format!("{}/us-east-1_Artifacts", cloud.url()),
            "exp": issued + 3600,
            "iat": issued,
            "version": 2,
            "client_id": ID,
        })
    );
    assert!(cloud.secrets().contains(&token.to_owned()));
}

#[tokio::test]
async fn a_client_says_who_it_is_in_the_header_or_in_the_form() {
    let cloud = start().await;
    let secret = client_secret(&cloud).await;
    let form = format!("{GRANT}&client_id={ID}&client_secret={secret}");
    let in_form = request(&cloud, "artifactory-demo").body(form).send().await.unwrap();
    assert_eq!(in_form.status(), 200);
    assert_eq!(ask(&cloud, &format!("{GRANT}&client_id={ID}")).await.status(), 200);
    for form in [format!("{GRANT}&client_id=other"), format!("{GRANT}&client_id={ID}&client_secret={secret}")] {
        assert_eq!(refusal(ask(&cloud, &form).await).await, refused("invalid_request"));
    }
    assert!(cloud.secrets().contains(&secret));
}

#[tokio::test]
async fn a_client_that_is_none_or_has_another_secret_is_invalid() {
    let cloud = start().await;
    let secret = client_secret(&cloud).await;
    for (id, secret) in [(ID, "guess"), (ID, ""), ("5artifactorypullclient0002", &*secret)] {
        let basic = request(&cloud, "artifactory-demo").basic_auth(id, Some(secret)).body(GRANT).send().await.unwrap();
        assert_eq!(refusal(basic).await, refused("invalid_client"));
        let form = format!("{GRANT}&client_id={id}&client_secret={secret}");
        let form = request(&cloud, "artifactory-demo").body(form).send().await.unwrap();
        assert_eq!(refusal(form).await, refused("invalid_client"));
    }
    let bearer = request(&cloud, "artifactory-demo").bearer_auth(&secret).body(GRANT).send().await.unwrap();
    assert_eq!(refusal(bearer).await, refused("invalid_client"));
    let nobody = request(&cloud, "artifactory-demo").body(GRANT).send().await.unwrap();
    assert_eq!(refusal(nobody).await, refused("invalid_request"));
}

#[tokio::test]
async fn the_secret_of_another_world_is_none_of_this_one() {
    let (cloud, other) = (start().await, start().await);
    let secret = client_secret(&other).await;
    let answer = request(&cloud, "artifactory-demo").basic_auth(ID, Some(secret)).body(GRANT).send().await.unwrap();
    assert_eq!(refusal(answer).await, refused("invalid_client"));
}

#[tokio::test]
async fn a_request_needs_a_form_with_a_grant_type_that_is_known() {
    let cloud = start().await;
    for (form, error) in [
        ("", "invalid_request"),
        ("scope=artifactory/pull", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=", "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
    ] {
        assert_eq!(refusal(ask(&cloud, form).await).await, refused(error), "{form}");
    }
    let client = client(Some(cloud.authority().certificate_pem()));
    let url = format!("{}/cognito/artifactory-demo/oauth2/token", cloud.tls_url());
    let secret = client_secret(&cloud).await;
    for content_type in ["application/json", "text/plain"] {
        let request = client.post(&url).basic_auth(ID, Some(&secret)).header("content-type", content_type).body(GRANT);
        assert_eq!(refusal(request.send().await.unwrap()).await, refused("invalid_request"), "{content_type}");
    }
    assert_eq!(client.get(&url).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn without_a_scope_a_client_gets_all_of_its_own_and_never_anothers() {
    let cloud = start_with(|world| {
        world.aws.cognito.user_pools[1].clients[0].scopes.push("billing/read".into());
    })
    .await;
    for (asked, granted) in [
        ("", "artifactory/pull billing/read"),
        ("&scope=billing/read", "billing/read"),
        ("&scope=billing/read+artifactory/pull", "billing/read artifactory/pull"),
    ] {
        let answer = json(ask(&cloud, &format!("{GRANT}{asked}")).await).await;
        assert_eq!(claims(&cloud, answer["access_token"].as_str().unwrap()).await["scope"], granted);
    }
    let cloud = start().await;
    for asked in ["billing/read", "artifactory/push", "pull", "artifactory/pull+billing/read", "openid"] {
        let answer = ask(&cloud, &format!("{GRANT}&scope={asked}")).await;
        assert_eq!(refusal(answer).await, refused("invalid_scope"), "{asked}");
    }
}

#[tokio::test]
async fn a_scope_that_no_resource_server_has_is_nobodys() {
    let cloud = start_with(|world| world.aws.cognito.user_pools[1].resource_servers.clear()).await;
    assert_eq!(refusal(ask(&cloud, GRANT).await).await, refused("invalid_scope"));
}

#[tokio::test]
async fn a_world_may_pass_over_scopes_that_are_unknown() {
    let cloud = start_with(|world| world.aws.cognito.unknown_scope = UnknownScope::Ignored).await;
    let answer = json(ask(&cloud, &format!("{GRANT}&scope=x/y+artifactory/pull")).await).await;
    assert_eq!(claims(&cloud, answer["access_token"].as_str().unwrap()).await["scope"], "artifactory/pull");
}

#[tokio::test]
async fn a_client_without_the_flow_gets_no_token() {
    for (answer, error) in
        [(ForbiddenFlow::UnauthorizedClient, "unauthorized_client"), (ForbiddenFlow::InvalidGrant, "invalid_grant")]
    {
        let cloud = start_with(|world| {
            world.aws.cognito.forbidden_flow = answer;
            world.aws.cognito.user_pools[1].clients[0].flows = vec![Flow::Code];
        })
        .await;
        assert_eq!(refusal(ask(&cloud, GRANT).await).await, refused(error));
    }
}

#[tokio::test]
async fn a_token_lives_as_long_as_its_client_says_and_may_have_an_audience() {
    let cloud = start_with(|world| {
        let client = &mut world.aws.cognito.user_pools[1].clients[0];
        client.access_token_seconds = 300;
        client.audience = Some("https://artifactory.example".into());
    })
    .await;
    let answer = json(ask(&cloud, GRANT).await).await;
    assert_eq!(answer["expires_in"], 300);
    let claims = claims(&cloud, answer["access_token"].as_str().unwrap()).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    assert_eq!(claims["aud"], "https://artifactory.example");
}

#[tokio::test]
async fn tokens_are_to_be_had_over_tls_only() {
    let cloud = start().await;
    let secret = client_secret(&cloud).await;
    for (path, host) in [
        ("/cognito/artifactory-demo/oauth2/token", None),
        ("/oauth2/token", Some("artifactory-demo.auth.us-east-1.amazoncognito.com")),
    ] {
        let request = client(None).post(format!("{}{path}", cloud.url())).header("content-type", FORM);
        let request = host.iter().fold(request, |request, host| request.header("host", *host));
        let answer = request.basic_auth(ID, Some(&secret)).body(GRANT).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
        assert!(answer.text().await.unwrap().contains("TLS only"));
    }
}

#[tokio::test]
async fn a_domain_leads_to_its_own_pool_by_host_and_by_path() {
    let cloud =
        start_with(|world| world.aws.cognito.user_pools[1].custom_domain = Some("auth.example.com".into())).await;
    let secret = client_secret(&cloud).await;
    let client = client(Some(cloud.authority().certificate_pem()));
    let at = |url: String, host: Option<&'static str>| {
        let request = client.post(url).header("content-type", FORM).basic_auth(ID, Some(&secret)).body(GRANT);
        host.into_iter().fold(request, |request, host| request.header("host", host)).send()
    };
    let root = format!("{}/oauth2/token", cloud.tls_url());
    for (host, status) in [
        ("artifactory-demo.auth.us-east-1.amazoncognito.com", 200),
        ("artifactory-demo.auth.us-east-1.amazoncognito.com:443", 200),
        ("auth.example.com", 200),
        ("artifactory-demo.auth.eu-west-1.amazoncognito.com", 404),
        ("nobody.auth.us-east-1.amazoncognito.com", 404),
    ] {
        assert_eq!(at(root.clone(), Some(host)).await.unwrap().status(), status, "{host}");
    }
    for (domain, status) in [("artifactory-demo", 200), ("auth.example.com", 200), ("nobody", 404)] {
        let url = format!("{}/cognito/{domain}/oauth2/token", cloud.tls_url());
        assert_eq!(at(url, None).await.unwrap().status(), status, "{domain}");
    }
}

#[tokio::test]
async fn a_world_can_name_the_issuer_of_its_pools() {
    let base = "https://cognito-idp.us-east-1.amazonaws.com";
    let cloud = start_with(|world| world.aws.cognito.issuer = Some(base.into())).await;
    let answer = json(ask(&cloud, GRANT).await).await;
    let keys = crate::client::get(&cloud, "/us-east-1_Artifacts/.well-known/jwks.json").send().await.unwrap();
    let keys: jsonwebtoken::jwk::JwkSet = serde_json::from_value(json(keys).await).unwrap();
    let expected = crate::verifier::Expected {
        issuer: &format!("{base}/us-east-1_Artifacts"),
        audience: "",
        now: cloud.kit().clock.unix(),
    };
    let token = answer["access_token"].as_str().unwrap();
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&[expected.issuer]);
    assert!(decode::<Value>(token, &key, &rules).is_ok());
}

#[tokio::test]
async fn a_token_from_before_a_rotation_verifies_until_the_key_is_retired() {
    let cloud = start().await;
    let issuer = format!("{}/us-east-1_Artifacts", cloud.url());
    let token = json(ask(&cloud, GRANT).await).await["access_token"].as_str().unwrap().to_owned();
    let kid = decode_header(&token).unwrap().kid.unwrap();
    for (action, stays) in [("rotate", true), ("retire", false)] {
        let answer = crate::client::post(&cloud, &format!("/__mock/issuers/cognito/{action}"), &json!({})).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(keys_of(&issuer).await.find(&kid).is_some(), stays, "{action}");
    }
    cloud.kit().clock.advance(Duration::from_secs(1));
    let fresh = json(ask(&cloud, GRANT).await).await["access_token"].as_str().unwrap().to_owned();
    assert!(keys_of(&issuer).await.find(&decode_header(&fresh).unwrap().kid.unwrap()).is_some());
}
