//! Amazon ECR: authorization tokens for whoever signs and may, and the registries that they open.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mock_cloud::{MockCloud, World};
use serde_json::{Value, json};

use crate::client::{json, start};
use crate::registry::{Registry, basic, bearer};
use crate::signer::{Call, Key, error};

const PRIVATE: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
const PUBLIC: &str = "public.ecr.aws";

fn question(public: bool) -> Call<'static> {
    let (service, target) = if public {
        ("ecr-public", "SpencerFrontendService.GetAuthorizationToken")
    } else {
        ("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")
    };
    Call { service, ..Call::new(target, &json!({})) }
}

async fn key(cloud: &MockCloud) -> Key {
    Key::of_instance(cloud, "artifactory-pull").await
}

/// The user name and the password of a token.
fn login(data: &Value) -> (String, String) {
    let token = BASE64_STANDARD.decode(data["authorizationToken"].as_str().unwrap()).unwrap();
    let token = String::from_utf8(token).unwrap();
    let (username, password) = token.split_once(':').unwrap();
    (username.to_owned(), password.to_owned())
}

async fn private_login(cloud: &MockCloud) -> (String, String) {
    let answer = json(question(false).ask(cloud, &key(cloud).await).await).await;
    login(&answer["authorizationData"][0])
}

#[tokio::test]
async fn a_token_of_twelve_hours_opens_the_registry_of_account_and_region() {
    let cloud = start().await;
    let answer = question(false).ask(&cloud, &key(&cloud).await).await;
    assert_eq!(answer.status(), 200);
    let data = json(answer).await["authorizationData"][0].clone();
    assert_eq!(data["proxyEndpoint"], format!("https://{PRIVATE}"));
    let now = f64::from(u32::try_from(cloud.kit().clock.unix()).unwrap());
    let life = data["expiresAt"].as_f64().unwrap() - now;
    assert!((43_190.0..=43_201.0).contains(&life), "{life}");
    let (username, password) = login(&data);
    assert_eq!(username, "AWS");
    let registry = Registry::at(&cloud, PRIVATE);
    assert_eq!(registry.get("/v2/", Some(&basic("AWS", &password))).await.0, 200);
    assert_eq!(registry.get("/v2/docker-local/hello/manifests/1", Some(&basic("AWS", &password))).await.0, 200);
}

#[tokio::test]
async fn a_forged_password_another_user_and_a_bearer_are_refused_with_the_challenge() {
    let cloud = start().await;
    let (_, password) = private_login(&cloud).await;
    let registry = Registry::at(&cloud, PRIVATE);
    let forged = password.replacen('e', "f", 1);
    for shown in [None, Some(basic("AWS", &forged)), Some(basic("aws", &password)), Some(bearer(&password))] {
        let (status, challenge, _) = registry.get("/v2/", shown.as_deref()).await;
        assert_eq!(status, 401, "{shown:?}");
        assert_eq!(challenge, format!("Basic realm=\"https://{PRIVATE}/\",service=\"ecr.amazonaws.com\""));
    }
}

#[tokio::test]
async fn a_password_is_over_after_twelve_hours() {
    let cloud = start().await;
    let (username, password) = private_login(&cloud).await;
    let registry = Registry::at(&cloud, PRIVATE);
    cloud.kit().clock.advance(Duration::from_hours(12) - Duration::from_mins(1));
    assert_eq!(registry.get("/v2/", Some(&basic(&username, &password))).await.0, 200);
    cloud.kit().clock.advance(Duration::from_mins(2));
    let (status, _, body) = registry.get("/v2/", Some(&basic(&username, &password))).await;
    assert_eq!((status, body["errors"][0]["code"].as_str()), (403, Some("DENIED")));
}

#[tokio::test]
async fn the_public_registry_has_tokens_of_its_own() {
    let cloud = start().await;
    let answer = json(question(true).ask(&cloud, &key(&cloud).await).await).await;
    let (username, password) = login(&answer["authorizationData"]);
    let (_, private) = private_login(&cloud).await;
    let public = Registry::at(&cloud, PUBLIC);
    let (status, _, token) = public.get("/token/", Some(&basic(&username, &password))).await;
    assert_eq!(status, 200);
    let token = bearer(token["token"].as_str().unwrap());
    assert_eq!(public.get("/v2/docker-local/hello/manifests/1", Some(&token)).await.0, 200);
    assert_eq!(public.get("/token/", Some(&basic("AWS", &private))).await.0, 401);
    let private = Registry::at(&cloud, PRIVATE);
    assert_eq!(private.get("/v2/", Some(&basic(&username, &password))).await.0, 401);
    assert_eq!(private.get("/v2/", Some(&token)).await.0, 401);
}

#[tokio::test]
async fn who_may_not_ask_gets_no_token_and_who_may_not_pull_no_image() {
    let mut world = World::default();
    world.aws.roles[0].may_call = vec!["ecr:GetAuthorizationToken".into(), "ecr-public:*".into()];
    let cloud = MockCloud::start(world).await.unwrap();
    let (status, code, message) = error(question(true).ask(&cloud, &key(&cloud).await).await).await;
    assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
    assert!(message.contains("is not authorized to perform: sts:GetServiceBearerToken"), "{message}");
    let (username, password) = private_login(&cloud).await;
    let (status, _, body) = Registry::at(&cloud, PRIVATE).get("/v2/", Some(&basic(&username, &password))).await;
    assert_eq!((status, body["errors"][0]["code"].as_str()), (403, Some("DENIED")));
}

#[tokio::test]
async fn a_signature_that_is_not_the_keys_or_for_another_service_is_refused() {
    let cloud = start().await;
    let key = key(&cloud).await;
    let forged = Key { secret: format!("{}x", key.secret), ..key.clone() };
    let (status, code, _) = error(question(false).ask(&cloud, &forged).await).await;
    assert_eq!((status, code.as_str()), (400, "InvalidSignatureException"));
    let other = Call { service: "ecr-public", ..question(false) };
    let (status, code, _) = error(other.ask(&cloud, &key).await).await;
    assert_eq!((status, code.as_str()), (400, "InvalidSignatureException"));
    let unknown = Call { target: "AmazonEC2ContainerRegistry_V20150921.ListImages", ..question(false) };
    let (status, code, _) = error(unknown.ask(&cloud, &key).await).await;
    assert_eq!((status, code.as_str()), (400, "UnknownOperationException"));
}

#[tokio::test]
async fn a_password_of_another_region_opens_nothing_here() {
    let cloud = start().await;
    let call = Call { region: "eu-west-1", host: Some("api.ecr.eu-west-1.amazonaws.com"), ..question(false) };
    let answer = json(call.ask(&cloud, &key(&cloud).await).await).await;
    let (username, password) = login(&answer["authorizationData"][0]);
    let (status, _, _) = Registry::at(&cloud, PRIVATE).get("/v2/", Some(&basic(&username, &password))).await;
    assert_eq!(status, 401);
}
