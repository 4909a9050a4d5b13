//! The fields of `oidcProvider`: each is sent, and Artifactory does what it says.

use std::time::Duration;

use serde_json::Value;

use crate::program::Outcome;
use crate::site::Site;

/// An Artifactory with two global mappings and one of a project, and tokens of a minute, which is Terraform's default.
const WORLD: &str = r"
service_id: jfac@01jfxq2c7s9r4m1v8n3b6k5h0d
users:
  - {name: first, repositories: [docker-local]}
  - {name: second, repositories: [docker-local]}
  - {name: theirs, repositories: [docker-local]}
groups: [{name: pullers, repositories: [docker-local]}]
repositories: [{key: docker-local}]
images: [{repository: docker-local, name: hello, tag: '1'}]
providers:
  - name: google
    issuer: {trusted: google}
    mappings:
      - {name: first, priority: 1, claims: {aud: artifactory}, token_spec: {username: first, scope: applied-permissions/user, audience: 'jfrt@*', expires_in: 60}}
      - {name: second, priority: 2, claims: {aud: artifactory}, token_spec: {username: second, scope: applied-permissions/user, expires_in: 60}}
      - {name: theirs, priority: 9, project_key: images, token_spec: {username: theirs, scope: applied-permissions/user, expires_in: 60}}
      - {name: groups, priority: 20, token_spec: {scope: 'applied-permissions/groups:pullers', expires_in: 60}}
";

async fn site() -> Site {
    let artifactory = mock_artifactory::World::from_yaml(WORLD).expect("a world");
    Site::with(mock_cloud::World::default(), artifactory).await
}

async fn pull(site: &Site, fields: &str) -> Outcome {
    let config = format!(
        "routes: [{{artifactoryUrl: '{}', identity: {{gcpMetadata: {{audience: artifactory}}}}, oidcProvider: {{name: google{fields}}}}}]",
        site.host()
    );
    let config = site.file("config.yaml", config);
    site.pull_in(&["--config", &config], &site.environment("none")).await
}

fn sent(site: &Site, field: &str) -> Value {
    serde_json::from_str::<Value>(&site.last_exchange().body).expect("JSON")[field].clone()
}

/// The seconds of a `cacheDuration` below a minute.
fn seconds(outcome: &Outcome) -> u64 {
    let response = outcome.response();
    let text = response["cacheDuration"].as_str().expect("a duration");
    text.trim_end_matches('s').parse().unwrap_or_else(|_| panic!("less than a minute: {text}"))
}

#[tokio::test]
async fn the_first_mapping_counts_unless_one_is_named() {
    let site = site().await;
    assert_eq!(pull(&site, "").await.credential(&site.host()).0, "first");
    assert_eq!(sent(&site, "identity_mapping_name"), Value::Null);
    assert_eq!(pull(&site, ", identityMappingName: second").await.credential(&site.host()).0, "second");
    assert_eq!(sent(&site, "identity_mapping_name"), "second");
    let outcome = pull(&site, ", identityMappingName: nobody").await;
    assert!(outcome.failure(5).contains("Artifactory answered 403"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_projects_mapping_counts_when_the_project_is_named() {
    let site = site().await;
    assert_eq!(pull(&site, ", projectKey: images").await.credential(&site.host()).0, "theirs");
    assert_eq!(sent(&site, "project_key"), "images");
    assert_eq!(pull(&site, ", projectKey: other").await.credential(&site.host()).0, "first");
    let outcome = pull(&site, ", identityMappingName: theirs").await;
    assert!(outcome.failure(5).contains("Artifactory answered 403"), "{}", outcome.stderr);
}

#[tokio::test]
async fn the_audience_must_be_one_of_the_mappings() {
    let site = site().await;
    assert_eq!(pull(&site, ", audience: 'jfrt@01'").await.credential(&site.host()).0, "first");
    assert_eq!(sent(&site, "audience"), "jfrt@01");
    let outcome = pull(&site, ", audience: 'jfac@01'").await;
    assert!(outcome.failure(5).contains("Artifactory answered 400: Invalid audience"), "{}", outcome.stderr);
}

#[tokio::test]
async fn the_type_is_sent_as_it_is_written() {
    let site = site().await;
    pull(&site, "").await.response();
    assert_eq!(sent(&site, "provider_type"), "Generic OpenID Connect");
    pull(&site, ", type: Azure").await.response();
    assert_eq!((sent(&site, "provider_type"), sent(&site, "provider_name")), ("Azure".into(), "google".into()));
}

#[tokio::test]
async fn a_token_of_groups_logs_in_with_its_whole_name() {
    let site = site().await;
    let (username, password) = pull(&site, ", identityMappingName: groups").await.credential(&site.host());
    assert_eq!(username, "google/groups");
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
    assert_eq!(site.read_manifest("docker-local", "groups", &password).await, 401, "the last segment alone is nobody");
}

#[tokio::test]
async fn a_token_of_a_minute_is_warned_about_and_never_cached_past_its_end() {
    for form in ["", ", includeReferenceToken: true"] {
        let site = site().await;
        let outcome = pull(&site, form).await;
        let (username, password) = outcome.credential(&site.host());
        assert_eq!(password.len() == 64, !form.is_empty(), "a reference token only when it is asked for");
        let cached = seconds(&outcome);
        assert!((45..=50).contains(&cached), "most of a minute and never the last ten seconds: {cached}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(outcome.stderr.replace(&format!("for {cached} s"), "for N s"), @r"
            warning: the kubelet may keep this credential for N s only
              hint: raise `expires_in` in the token_spec of Artifactory's identity mapping (Terraform's default is 60 s), or take a static token with a longer life
            ");
        }
        let clock = &site.artifactory.kit().clock;
        clock.advance(Duration::from_secs(cached));
        assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200, "at the end of the cache");
        clock.advance(Duration::from_secs(61 - cached));
        assert_eq!(site.read_manifest("docker-local", &username, &password).await, 401, "at the end of the token");
    }
}

#[tokio::test]
async fn a_reference_token_that_is_not_asked_for_does_not_come() {
    let site = site().await;
    let (_, password) = pull(&site, ", includeReferenceToken: false").await.credential(&site.host());
    assert_eq!((sent(&site, "include_reference_token"), password.matches('.').count()), (Value::Null, 2));
}
