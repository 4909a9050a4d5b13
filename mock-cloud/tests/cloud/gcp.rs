//! The metadata server of an instance, and the tokens of its service account.

use std::time::Duration;

use mock_cloud::{MockCloud, World};
use reqwest::Response;
use serde_json::{Value, json};

use crate::client::{client, get, header, json, start};
use crate::verifier::{Expected, keys_of, verify};

const EMAIL: &str = "artifactory-pull@artifactory-demo.iam.gserviceaccount.com";
const UNIQUE_ID: &str = "112233445566778899001";
const ACCOUNTS: &str = "/computeMetadata/v1/instance/service-accounts";

async fn ask(cloud: &MockCloud, target: &str) -> Response {
    get(cloud, target).header("Metadata-Flavor", "Google").send().await.unwrap()
}

async fn text(cloud: &MockCloud, target: &str) -> String {
    let response = ask(cloud, target).await;
    assert_eq!(response.status(), 200, "{target}");
    response.text().await.unwrap()
}

async fn id_token(cloud: &MockCloud, query: &str) -> String {
    text(cloud, &format!("{ACCOUNTS}/default/identity?{query}")).await
}

async fn verified(cloud: &MockCloud, token: &str, audience: &str) -> Result<Value, String> {
    let issuer = format!("{}/google", cloud.url());
    let keys = keys_of(&issuer).await;
    let now = cloud.kit().clock.unix();
    verify(token, &keys, &Expected { issuer: &issuer, audience, now })
}

#[tokio::test]
async fn the_root_answers_without_the_header() {
    let cloud = start().await;
    let response = get(&cloud, "/").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "metadata-flavor"), Some("Google"));
    assert_eq!(response.text().await.unwrap(), "computeMetadata/\n");
}

#[tokio::test]
async fn below_the_root_the_header_must_be_there_and_right() {
    let cloud = start().await;
    let target = format!("{ACCOUNTS}/default/email");
    let bare = get(&cloud, &target).send().await.unwrap();
    let wrong = get(&cloud, &target).header("Metadata-Flavor", "google").send().await.unwrap();
    for response in [bare, wrong] {
        assert_eq!(response.status(), 403);
        assert_eq!(header(&response, "metadata-flavor"), Some("Google"));
        assert_eq!(header(&response, "server"), Some("Metadata Server for VM"));
        assert_eq!(header(&response, "content-type"), Some("text/html; charset=UTF-8"));
        let page = response.text().await.unwrap();
        let expected = format!(
            "Your client does not have permission to get URL <code>{target}</code> from this \
             server. Missing Metadata-Flavor:Google header."
        );
        assert!(page.contains(&expected), "{page}");
    }
}

#[tokio::test]
async fn a_forwarded_request_is_refused() {
    let cloud = start().await;
    for target in ["/", "/computeMetadata/v1/project/project-id"] {
        let request = get(&cloud, target).header("Metadata-Flavor", "Google");
        let response = request.header("X-Forwarded-For", "10.0.0.1").send().await.unwrap();
        assert_eq!(response.status(), 403, "{target}");
    }
}

#[tokio::test]
async fn only_get_is_served() {
    let cloud = start().await;
    let url = format!("{}/computeMetadata/v1/project/project-id", cloud.url());
    let request = client(None).post(url).header("Metadata-Flavor", "Google");
    assert_eq!(request.send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn an_unknown_path_is_a_page() {
    let cloud = start().await;
    for target in [
        "/computeMetadata/v1/none",
        "/computeMetadata/v2/project/project-id",
        "/computeMetadata/v1/project/project-id/",
        &format!("{ACCOUNTS}/other@example.com/email"),
    ] {
        let response = ask(&cloud, target).await;
        assert_eq!(response.status(), 404, "{target}");
        assert_eq!(header(&response, "metadata-flavor"), Some("Google"));
        let page = response.text().await.unwrap();
        assert!(page.contains("Error 404 (Not Found)!!1"), "{page}");
        assert!(page.contains("was not found on this server."), "{page}");
    }
}

#[tokio::test]
async fn a_directory_without_its_slash_has_moved() {
    let cloud = start().await;
    for target in [ACCOUNTS, "/computeMetadata/v1", "/computeMetadata"] {
        let response = ask(&cloud, target).await;
        assert_eq!(response.status(), 301, "{target}");
        let location = format!("{}{target}/", cloud.url());
        assert_eq!(header(&response, "location"), Some(location.as_str()));
        assert_eq!(response.text().await.unwrap(), format!("{target}/\n"));
    }
    let response = ask(&cloud, &format!("{ACCOUNTS}?recursive=true")).await;
    let location = format!("{}{ACCOUNTS}/?recursive=true", cloud.url());
    assert_eq!(header(&response, "location"), Some(location.as_str()));
}

#[tokio::test]
async fn directories_list_their_entries() {
    let cloud = start().await;
    assert_eq!(text(&cloud, "/computeMetadata/").await, "v1/\n");
    assert_eq!(text(&cloud, "/computeMetadata/v1/").await, "instance/\nproject/\nuniverse/\n");
    assert_eq!(text(&cloud, &format!("{ACCOUNTS}/")).await, format!("default/\n{EMAIL}/\n"));
    for account in ["default", EMAIL] {
        let listing = text(&cloud, &format!("{ACCOUNTS}/{account}/")).await;
        assert_eq!(listing, "aliases\nemail\nidentity\nscopes\ntoken\n");
    }
}

#[tokio::test]
async fn values_are_text_without_a_final_newline() {
    let cloud = start().await;
    for (path, value) in [
        ("project/project-id", "artifactory-demo"),
        ("project/numeric-project-id", "123456789012"),
        ("instance/zone", "projects/123456789012/zones/us-central1-a"),
        ("instance/id", "4520031799277581759"),
        ("instance/name", "gke-artifactory-demo-pool-1-0a1b2c3d-xyz1"),
        ("instance/service-accounts/default/email", EMAIL),
        ("instance/service-accounts/default/aliases", "default\n"),
        ("instance/service-accounts/default/scopes", "https://www.googleapis.com/auth/cloud-platform\n"),
        ("universe/universe-domain", "googleapis.com"),
    ] {
        assert_eq!(text(&cloud, &format!("/computeMetadata/v1/{path}")).await, value, "{path}");
    }
}

#[tokio::test]
async fn a_value_has_the_headers_of_a_recorded_one() {
    let cloud = start().await;
    let response = ask(&cloud, "/computeMetadata/v1/project/project-id").await;
    assert_eq!(header(&response, "content-type"), Some("application/text"));
    assert_eq!(header(&response, "metadata-flavor"), Some("Google"));
    assert_eq!(header(&response, "server"), Some("Metadata Server for VM"));
    assert_eq!(header(&response, "x-xss-protection"), Some("0"));
    assert_eq!(header(&response, "x-frame-options"), Some("SAMEORIGIN"));
    let tag = header(&response, "etag").unwrap();
    assert_eq!(tag.len(), 16);
    assert!(tag.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it)), "{tag}");
}

#[tokio::test]
async fn recursive_answers_are_json_without_tokens() {
    let cloud = start().await;
    let account = json!({
        "aliases": ["default"],
        "email": EMAIL,
        "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
    });
    let response = ask(&cloud, &format!("{ACCOUNTS}/default/?recursive=true")).await;
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert!(header(&response, "etag").is_some());
    assert_eq!(json(response).await, account);
    let instance = json(ask(&cloud, "/computeMetadata/v1/instance/?recursive=true").await).await;
    assert_eq!(instance["serviceAccounts"], json!({"default": account, EMAIL: account}));
    assert_eq!(instance["id"], json!(4_520_031_799_277_581_759_u64));
    let project = json(ask(&cloud, "/computeMetadata/v1/project/?recursive=true").await).await;
    let expected = json!({"numericProjectId": 123_456_789_012_u64, "projectId": "artifactory-demo"});
    assert_eq!(project, expected);
}

#[tokio::test]
async fn an_access_token_is_handed_out_again_until_near_its_end() {
    let cloud = start().await;
    let target = format!("{ACCOUNTS}/default/token");
    let response = ask(&cloud, &target).await;
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    assert_eq!(header(&response, "etag"), None);
    let first = json(response).await;
    assert_eq!(first["token_type"], "Bearer");
    assert!((3590..=3599).contains(&first["expires_in"].as_i64().unwrap()));
    cloud.kit().clock.advance(Duration::from_mins(55));
    let second = json(ask(&cloud, &target).await).await;
    assert_eq!(first["access_token"], second["access_token"]);
    assert!((290..=299).contains(&second["expires_in"].as_i64().unwrap()));
    cloud.kit().clock.advance(Duration::from_mins(1));
    let third = json(ask(&cloud, &target).await).await;
    assert_ne!(second["access_token"], third["access_token"]);
    assert!(third["expires_in"].as_i64().unwrap() > 3500);
}

#[tokio::test]
async fn an_access_token_of_other_scopes_is_another_one() {
    let cloud = start().await;
    let usual = json(ask(&cloud, &format!("{ACCOUNTS}/default/token")).await).await;
    let scopes = "scopes=https://www.googleapis.com/auth/iam";
    let other = json(ask(&cloud, &format!("{ACCOUNTS}/default/token?{scopes}")).await).await;
    assert_ne!(usual["access_token"], other["access_token"]);
}

#[tokio::test]
async fn a_short_id_token_names_the_subject_only() {
    let cloud = start().await;
    let token = id_token(&cloud, "audience=artifactory").await;
    let claims = verified(&cloud, &token, "artifactory").await.unwrap();
    let names: Vec<_> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["aud", "azp", "exp", "iat", "iss", "sub"]);
    assert_eq!(claims["sub"], UNIQUE_ID);
    assert_eq!(claims["azp"], UNIQUE_ID);
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life, 3600);
}

#[tokio::test]
async fn a_full_id_token_names_the_address_and_the_instance() {
    let cloud = start().await;
    let token = id_token(&cloud, "audience=artifactory&format=full").await;
    let claims = verified(&cloud, &token, "artifactory").await.unwrap();
    assert_eq!(claims["email"], EMAIL);
    assert_eq!(claims["email_verified"], true);
    let expected = json!({
        "instance_creation_timestamp": 1_767_225_600,
        "instance_id": "4520031799277581759",
        "instance_name": "gke-artifactory-demo-pool-1-0a1b2c3d-xyz1",
        "project_id": "artifactory-demo",
        "project_number": 123_456_789_012_u64,
        "zone": "us-central1-a",
    });
    assert_eq!(claims["google"]["compute_engine"], expected);
}

#[tokio::test]
async fn licenses_are_named_when_asked_for() {
    let cloud = start().await;
    let token = id_token(&cloud, "audience=artifactory&format=full&licenses=TRUE").await;
    let claims = verified(&cloud, &token, "artifactory").await.unwrap();
    assert_eq!(claims["google"]["compute_engine"]["license_id"], json!(["1001000"]));
}

#[tokio::test]
async fn an_id_token_is_text_and_for_its_audience_only() {
    let cloud = start().await;
    let audience = "https%3A%2F%2Facme.jfrog.io%2F%3Fa%3Db";
    let response = ask(&cloud, &format!("{ACCOUNTS}/{EMAIL}/identity?audience={audience}")).await;
    assert!(header(&response, "content-type").unwrap().starts_with("text/html"));
    let token = response.text().await.unwrap();
    assert!(verified(&cloud, &token, "https://acme.jfrog.io/?a=b").await.is_ok());
    assert!(verified(&cloud, &token, "artifactory").await.is_err());
}

#[tokio::test]
async fn an_id_token_needs_an_audience() {
    let cloud = start().await;
    for query in ["", "audience=", "format=full"] {
        let response = ask(&cloud, &format!("{ACCOUNTS}/default/identity?{query}")).await;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(response.text().await.unwrap(), "non-empty audience parameter required");
    }
}

#[tokio::test]
async fn an_id_token_expires_after_an_hour_of_the_worlds_time() {
    let cloud = start().await;
    let token = id_token(&cloud, "audience=artifactory").await;
    cloud.kit().clock.advance(Duration::from_mins(59));
    assert!(verified(&cloud, &token, "artifactory").await.is_ok());
    cloud.kit().clock.advance(Duration::from_mins(1));
    assert_eq!(verified(&cloud, &token, "artifactory").await, Err("expired".into()));
    let fresh = id_token(&cloud, "audience=artifactory").await;
    assert!(verified(&cloud, &fresh, "artifactory").await.is_ok());
}

#[tokio::test]
async fn an_instance_without_a_service_account_lists_none_and_has_no_tokens() {
    let mut world = World::default();
    world.gcp.service_account = None;
    let cloud = MockCloud::start(world).await.unwrap();
    assert_eq!(text(&cloud, &format!("{ACCOUNTS}/")).await, "");
    for file in ["email", "token", "identity?audience=artifactory"] {
        let response = ask(&cloud, &format!("{ACCOUNTS}/default/{file}")).await;
        assert_eq!(response.status(), 404, "{file}");
    }
    let all = json(ask(&cloud, "/computeMetadata/v1/instance/?recursive=true").await).await;
    assert_eq!(all["serviceAccounts"], json!({}));
}
