//! The metadata service of a virtual machine, and the tokens of its managed identities.

use std::time::Duration;

use mock_cloud::azure::{SystemAssigned, UserAssigned};
use mock_cloud::{MockCloud, World};
use mock_kit::Fault;
use reqwest::Response;
use serde_json::{Value, json};

use crate::client::{client, get, header, json, start};
use crate::verifier::{Expected, keys_of, verify};

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const NODE_POOL: &str = "22222222-3333-4444-8555-666666666666";
const NODE_POOL_OBJECT: &str = "33333333-4444-4555-8666-777777777777";
const APPLICATION: &str = "44444444-5555-4666-8777-888888888888";
const TOKEN: &str = "/metadata/identity/oauth2/token?api-version=2018-02-01";

async fn ask(cloud: &MockCloud, target: &str) -> Response {
    get(cloud, target).header("Metadata", "true").send().await.unwrap()
}

async fn token(cloud: &MockCloud, rest: &str) -> Value {
    let response = ask(cloud, &format!("{TOKEN}{rest}")).await;
    assert_eq!(response.status(), 200, "{rest}");
    json(response).await
}

async fn refusal(cloud: &MockCloud, target: &str) -> (u16, Value) {
    let response = ask(cloud, target).await;
    (response.status().as_u16(), json(response).await)
}

fn described(error: &str, description: &str) -> Value {
    json!({"error": error, "error_description": description})
}

fn seconds(reply: &Value, name: &str) -> i64 {
    reply[name].as_str().unwrap_or_else(|| panic!("{name} is no string")).parse().unwrap()
}

#[tokio::test]
async fn a_token_reply_has_strings_only_and_the_times_of_a_recorded_one() {
    let cloud = start().await;
    let now = cloud.kit().clock.unix();
    let resource = format!("api://{APPLICATION}");
    let reply = token(&cloud, &format!("&resource={resource}&client_id={NODE_POOL}")).await;
    let names: Vec<_> = reply.as_object().unwrap().keys().collect();
    let expected = [
        "access_token",
        "client_id",
        "expires_in",
        "expires_on",
        "ext_expires_in",
        "not_before",
        "resource",
        "token_type",
    ];
    assert_eq!(names, expected);
    assert!(reply.as_object().unwrap().values().all(Value::is_string));
    assert_eq!(reply["client_id"], NODE_POOL);
    assert_eq!(reply["resource"], resource);
    assert_eq!(reply["token_type"], "Bearer");
    assert_eq!(seconds(&reply, "expires_on") - seconds(&reply, "not_before"), 86_700);
    assert!((86_395..=86_400).contains(&seconds(&reply, "expires_in")));
    assert!((seconds(&reply, "expires_on") - now - 86_400).abs() < 5);
}

#[tokio::test]
async fn a_token_for_an_application_that_asks_for_v2_verifies_as_v2() {
    let cloud = start().await;
    let reply = token(&cloud, &format!("&resource=api%3A%2F%2F{APPLICATION}")).await;
    let issuer = format!("{}/{TENANT}/v2.0", cloud.url());
    let keys = keys_of(&issuer).await;
    let now = cloud.kit().clock.unix();
    let expected = Expected { issuer: &issuer, audience: APPLICATION, now };
    let claims = verify(reply["access_token"].as_str().unwrap(), &keys, &expected).unwrap();
    assert_eq!(claims["ver"], "2.0");
    assert_eq!(claims["azp"], NODE_POOL);
    assert_eq!(claims["appid"], Value::Null);
    assert_eq!(claims["oid"], NODE_POOL_OBJECT);
    assert_eq!(claims["sub"], NODE_POOL_OBJECT);
    assert_eq!(claims["tid"], TENANT);
    assert_eq!(claims["nbf"], claims["iat"]);
    assert_eq!(claims["exp"].as_i64().unwrap(), seconds(&reply, "expires_on"));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 86_700);
}

#[tokio::test]
async fn a_token_for_a_service_of_microsoft_verifies_as_v1() {
    let cloud = start().await;
    let reply = token(&cloud, "&resource=https://management.azure.com/").await;
    let issuer = format!("{}/{TENANT}/", cloud.url());
    let keys = keys_of(&issuer).await;
    let now = cloud.kit().clock.unix();
    let audience = "https://management.azure.com/";
    let expected = Expected { issuer: &issuer, audience, now };
    let claims = verify(reply["access_token"].as_str().unwrap(), &keys, &expected).unwrap();
    assert_eq!(claims["ver"], "1.0");
    assert_eq!(claims["appid"], NODE_POOL);
    assert_eq!(claims["appidacr"], "2");
    assert_eq!(claims["idp"], issuer);
    assert_eq!(claims["azp"], Value::Null);
    let id = "/subscriptions/99999999-8888-4777-8666-555555555555/resourcegroups/\
              MC_artifactory-demo_eastus/providers/Microsoft.ManagedIdentity/\
              userAssignedIdentities/artifactory-demo-agentpool";
    assert_eq!(claims["xms_mirid"], id);
}

#[tokio::test]
async fn a_token_is_not_for_another_audience_or_issuer() {
    let cloud = start().await;
    let reply = token(&cloud, &format!("&resource=api://{APPLICATION}")).await;
    let token = reply["access_token"].as_str().unwrap();
    let (v1, v2) = (format!("{}/{TENANT}/", cloud.url()), format!("{}/{TENANT}/v2.0", cloud.url()));
    let (keys, now) = (keys_of(&v2).await, cloud.kit().clock.unix());
    let other = Expected { issuer: &v2, audience: "other", now };
    assert!(verify(token, &keys, &other).is_err());
    let other = Expected { issuer: &v1, audience: APPLICATION, now };
    assert!(verify(token, &keys, &other).is_err());
}

#[tokio::test]
async fn a_token_is_handed_out_again_with_the_rest_of_its_life_until_it_expires() {
    let cloud = start().await;
    let rest = format!("&resource=api://{APPLICATION}");
    let first = token(&cloud, &rest).await;
    cloud.kit().clock.advance(Duration::from_secs(83));
    let second = token(&cloud, &rest).await;
    assert_eq!(first["access_token"], second["access_token"]);
    assert_eq!(first["expires_on"], second["expires_on"]);
    let aged = seconds(&first, "expires_in") - seconds(&second, "expires_in");
    assert!((83..=86).contains(&aged), "{aged}");
    cloud.kit().clock.advance(Duration::from_hours(24));
    let third = token(&cloud, &rest).await;
    assert_ne!(second["access_token"], third["access_token"]);
    let issuer = format!("{}/{TENANT}/v2.0", cloud.url());
    let keys = keys_of(&issuer).await;
    let now = cloud.kit().clock.unix();
    let expected = Expected { issuer: &issuer, audience: APPLICATION, now };
    let old = second["access_token"].as_str().unwrap();
    assert_eq!(verify(old, &keys, &expected), Err("expired".into()));
    assert!(verify(third["access_token"].as_str().unwrap(), &keys, &expected).is_ok());
}

#[tokio::test]
async fn each_resource_has_its_own_token() {
    let cloud = start().await;
    let one = token(&cloud, "&resource=https://management.azure.com/").await;
    let two = token(&cloud, "&resource=https://vault.azure.net").await;
    assert_ne!(one["access_token"], two["access_token"]);
}

#[tokio::test]
async fn each_way_to_choose_an_identity_chooses_it() {
    let mut world = World::default();
    world.azure.user_assigned.push(UserAssigned {
        name: "second".into(),
        client_id: "second-client".into(),
        object_id: "second-object".into(),
    });
    let cloud = MockCloud::start(world).await.unwrap();
    let id = "%2Fsubscriptions%2F99999999-8888-4777-8666-555555555555%2FresourceGroups%2F\
              MC_artifactory-demo_eastus%2Fproviders%2FMicrosoft.ManagedIdentity%2F\
              userAssignedIdentities%2Fsecond";
    for choice in ["client_id=second-client", "object_id=second-object", &format!("msi_res_id={id}")] {
        let reply = token(&cloud, &format!("&resource=https://vault.azure.net&{choice}")).await;
        assert_eq!(reply["client_id"], "second-client", "{choice}");
    }
}

#[tokio::test]
async fn several_identities_and_none_chosen_is_refused() {
    let mut world = World::default();
    let mut second = world.azure.user_assigned[0].clone();
    second.client_id = "second".into();
    world.azure.user_assigned.push(second);
    let cloud = MockCloud::start(world).await.unwrap();
    let refused = refusal(&cloud, &format!("{TOKEN}&resource=https://vault.azure.net")).await;
    let text = "Multiple user assigned identities exist, please specify the clientId / resourceId \
                of the identity in the token request";
    assert_eq!(refused, (400, described("invalid_request", text)));
}

#[tokio::test]
async fn the_system_identity_is_chosen_before_user_identities() {
    let mut world = World::default();
    world.azure.system_assigned =
        Some(SystemAssigned { client_id: "system-client".into(), object_id: "system-object".into() });
    let cloud = MockCloud::start(world).await.unwrap();
    let reply = token(&cloud, "&resource=https://vault.azure.net").await;
    assert_eq!(reply["client_id"], "system-client");
}

#[tokio::test]
async fn an_identity_that_the_machine_lacks_is_refused() {
    let cloud = start().await;
    let target = format!("{TOKEN}&resource=https://vault.azure.net&client_id={APPLICATION}");
    let refused = refusal(&cloud, &target).await;
    assert_eq!(refused, (400, described("invalid_request", "Identity not found")));
    assert_eq!(refused.1.to_string().len(), 68);
    let mut world = World::default();
    world.azure.user_assigned.clear();
    let cloud = MockCloud::start(world).await.unwrap();
    let refused = refusal(&cloud, &format!("{TOKEN}&resource=https://vault.azure.net")).await;
    assert_eq!(refused, (400, described("invalid_request", "Identity not found")));
}

#[tokio::test]
async fn an_unknown_resource_is_refused() {
    let cloud = start().await;
    let (status, body) = refusal(&cloud, &format!("{TOKEN}&resource=api://none")).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_resource")));
    let description = body["error_description"].as_str().unwrap();
    let start =
        format!("AADSTS500011: The resource principal named api://none was not found in the tenant named {TENANT}.");
    assert!(description.starts_with(&start), "{description}");
}

#[tokio::test]
async fn a_missing_or_empty_resource_is_refused() {
    let cloud = start().await;
    for target in [TOKEN.to_owned(), format!("{TOKEN}&resource=")] {
        let refused = refusal(&cloud, &target).await;
        let text = "Required query variable 'resource' is missing";
        assert_eq!(refused, (400, described("invalid_request", text)));
    }
}

#[tokio::test]
async fn a_version_that_is_missing_malformed_or_too_old_is_refused() {
    let cloud = start().await;
    let expected = json!({
        "error": "Bad request. api-version is invalid or was not specified in the request. \
                  For more information refer to aka.ms/azureimds",
        "newest-versions": ["2025-04-07", "2024-07-17", "2024-03-15"],
    });
    for target in [
        "/metadata/identity/oauth2/token?resource=https://vault.azure.net",
        "/metadata/identity/oauth2/token?resource=https://vault.azure.net&api-version=latest",
        "/metadata/identity/oauth2/token?resource=https://vault.azure.net&api-version=2017-12-01",
        "/metadata/instance",
        "/metadata/instance?api-version=2018-02-02",
    ] {
        assert_eq!(refusal(&cloud, target).await, (400, expected.clone()), "{target}");
    }
}

#[tokio::test]
async fn the_metadata_header_must_be_there_and_true() {
    let cloud = start().await;
    let target = format!("{TOKEN}&resource=https://vault.azure.net");
    let bare = get(&cloud, &target).send().await.unwrap();
    let wrong = get(&cloud, &target).header("Metadata", "yes").send().await.unwrap();
    for response in [bare, wrong] {
        assert_eq!(response.status(), 400);
        let text = "Required metadata header not specified";
        assert_eq!(json(response).await, described("invalid_request", text));
    }
}

#[tokio::test]
async fn a_forwarded_request_is_refused() {
    let cloud = start().await;
    let target = format!("{TOKEN}&resource=https://vault.azure.net");
    let request = get(&cloud, &target).header("Metadata", "true");
    let response = request.header("X-Forwarded-For", "10.0.0.1").send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(json(response).await["error"], "invalid_request");
}

#[tokio::test]
async fn only_get_is_served() {
    let cloud = start().await;
    let url = format!("{}{TOKEN}&resource=https://vault.azure.net", cloud.url());
    for method in [reqwest::Method::POST, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let request = client(None).request(method, &url).header("Metadata", "true");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 405);
        assert_eq!(header(&response, "allow"), Some("GET"));
    }
}

#[tokio::test]
async fn a_parameter_given_twice_is_refused() {
    let cloud = start().await;
    let target = format!("{TOKEN}&resource=https://vault.azure.net&resource=https://vault.azure.net");
    let (status, body) = refusal(&cloud, &target).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    assert!(body["error_description"].as_str().unwrap().contains("resource"), "{body}");
}

#[tokio::test]
async fn two_ways_to_choose_an_identity_at_once_are_refused() {
    let cloud = start().await;
    let target = format!("{TOKEN}&resource=https://vault.azure.net&client_id={NODE_POOL}&object_id={NODE_POOL_OBJECT}");
    let (status, body) = refusal(&cloud, &target).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn an_unknown_element_is_not_found() {
    let cloud = start().await;
    for path in ["/metadata/none", "/metadata/instances", "/metadata/identity", "/metadata"] {
        let (status, body) = refusal(&cloud, &format!("{path}?api-version=2021-02-01")).await;
        assert_eq!((status, body), (404, json!({"error": "Not found"})), "{path}");
    }
}

#[tokio::test]
async fn the_instance_document_has_strings_and_its_leaves_are_text() {
    let cloud = start().await;
    let whole = json(ask(&cloud, "/metadata/instance?api-version=2021-02-01").await).await;
    assert_eq!(whole["compute"]["azEnvironment"], "AzurePublicCloud");
    assert_eq!(whole["compute"]["subscriptionId"], "99999999-8888-4777-8666-555555555555");
    assert!(whole["compute"].as_object().unwrap().values().all(Value::is_string));
    let leaf = "/metadata/instance/compute/location?api-version=2021-02-01";
    let response = ask(&cloud, &format!("{leaf}&format=text")).await;
    assert_eq!(header(&response, "content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(response.text().await.unwrap(), "eastus");
    assert_eq!(refusal(&cloud, leaf).await.0, 400);
}

#[tokio::test]
async fn the_versions_are_listed_without_a_version() {
    let cloud = start().await;
    let versions = json(ask(&cloud, "/metadata/versions").await).await;
    assert!(versions["apiVersions"].as_array().unwrap().contains(&json!("2021-02-01")));
}

#[tokio::test]
async fn every_answer_says_that_it_is_from_imds() {
    let cloud = start().await;
    for target in [&format!("{TOKEN}&resource=https://vault.azure.net"), "/metadata/none"] {
        let response = ask(&cloud, target).await;
        assert!(header(&response, "server").unwrap().starts_with("IMDS/"));
        assert!(header(&response, "content-type").unwrap().starts_with("application/json"));
    }
}

#[tokio::test]
async fn a_fault_and_the_journal_cover_the_token_endpoint() {
    let cloud = start().await;
    let fault = Fault::reply("/metadata/identity/*", 429, r#"{"error":"too_many_requests"}"#);
    cloud.kit().faults.add(fault.times(1));
    let target = format!("{TOKEN}&resource=https://vault.azure.net");
    assert_eq!(ask(&cloud, &target).await.status(), 429);
    assert_eq!(ask(&cloud, &target).await.status(), 200);
    let requests = cloud.kit().journal.requests();
    let statuses: Vec<_> = requests.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [Some(429), Some(200)]);
    assert_eq!(requests[0].path, "/metadata/identity/oauth2/token");
    assert_eq!(requests[0].header("metadata"), Some("true"));
}
