//! Pulls that succeed, and pulls that are not ours.

use serde_json::Value;

use crate::program::{request_of, run};
use crate::site::{CLOUDS, Site};

/// What is left of an hour after the margin, and after the margin and the greatest jitter, in seconds.
const HOUR_CACHED: std::ops::RangeInclusive<u64> = 3_240..=3_300;

fn whole_seconds(duration: &Value) -> u64 {
    let text = duration.as_str().expect("a Go duration");
    let mut rest = text;
    let mut seconds = 0;
    for (unit, length) in [("h", 3_600), ("m", 60), ("s", 1)] {
        if let Some((number, behind)) = rest.split_once(unit) {
            seconds += number.parse::<u64>().unwrap_or_else(|_| panic!("a whole number in {text}")) * length;
            rest = behind;
        }
    }
    assert_eq!(rest, "", "{text}");
    seconds
}

#[tokio::test]
async fn an_instance_role_becomes_a_credential() {
    let site = Site::start().await;
    let outcome =
        site.pull_in(&[], &site.environment_with("aws", &[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")])).await;
    let response = outcome.response();
    assert_eq!(response["apiVersion"], "credentialprovider.kubelet.k8s.io/v1");
    assert_eq!(response["cacheKeyType"], "Registry");
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
    let mut asked = site.cloud_requests();
    asked[1..3].sort_unstable();
    assert_eq!(
        asked,
        [
            "PUT /latest/api/token",
            "GET /latest/meta-data/iam/security-credentials/artifactory-pull",
            "GET /latest/meta-data/placement/region",
            "GET /",
        ],
        "one session, credentials and region; then the STS call that Artifactory makes"
    );
    assert_eq!(site.artifactory_requests(), ["POST /access/api/v1/aws/token"]);
}

#[tokio::test]
async fn the_signed_host_is_named_by_region_and_not_forwarded() {
    let site = Site::start().await;
    site.pull("aws").await.response();
    let exchange = site.last_exchange();
    assert_eq!(exchange.query, "region=us-east-1");
    assert_eq!(exchange.header("host"), Some(site.host().as_str()), "the host is Artifactory's own");
    assert_eq!(exchange.header("x-amz-region-set"), Some("us-east-1"));
    let authorization = exchange.header("authorization").expect("a signature");
    assert!(authorization.starts_with("AWS4-ECDSA-P256-SHA256 Credential=ASIA"), "the algorithm and a temporary key");
    assert!(
        authorization.contains("SignedHeaders=host;x-amz-date;x-amz-region-set;x-amz-security-token,"),
        "{authorization}"
    );
    assert_eq!(exchange.body, r#"{"expires_in":18000}"#);
}

#[tokio::test]
async fn a_managed_identity_becomes_a_credential() {
    let site = Site::start().await;
    let outcome = site.pull("azure").await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-puller");
    assert!(HOUR_CACHED.contains(&whole_seconds(&outcome.response()["cacheDuration"])), "{}", outcome.stdout);
    let asked = site.cloud_requests();
    assert_eq!(asked.first().map(String::as_str), Some("GET /metadata/identity/oauth2/token"));
    let exchange: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
    assert_eq!(exchange["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(exchange["subject_token_type"], "urn:ietf:params:oauth:token-type:id_token");
    assert_eq!(exchange["provider_name"], "mock-cloud");
    assert_eq!(exchange["provider_type"], "Generic OpenID Connect");
    assert_eq!(exchange["audience"], "*@*");
}

#[tokio::test]
async fn a_google_service_account_becomes_a_user_name_with_a_slash() {
    let site = Site::start().await;
    let outcome = site.pull("google").await;
    let (username, _) = outcome.credential(&site.host());
    assert!(username.contains('/'), "{username}");
    assert!(HOUR_CACHED.contains(&whole_seconds(&outcome.response()["cacheDuration"])), "{}", outcome.stdout);
    let asked = site.cloud.kit().journal.requests();
    let identity = asked.iter().find(|request| request.path.ends_with("/identity")).expect("an identity request");
    assert_eq!(identity.query, "audience=artifactory&format=full");
    assert_eq!(identity.header("metadata-flavor"), Some("Google"));
}

#[tokio::test]
async fn a_static_credential_is_answered_without_a_request() {
    let site = Site::start().await;
    let password = site.file("password", "static-password\n");
    let config = format!(
        "routes: [{{matchImages: ['{}'], static: {{username: static-puller, passwordFile: '{password}'}}}}]",
        site.host()
    );
    let config = site.file("config.yaml", config);
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    assert_eq!(outcome.credential(&site.host()), ("static-puller".to_owned(), "static-password".to_owned()));
    assert_eq!(outcome.response()["cacheDuration"], "5m0s");
    assert!(site.cloud_requests().is_empty() && site.artifactory_requests().is_empty());
}

#[tokio::test]
async fn the_credential_opens_the_repository_and_nothing_else() {
    let site = Site::start().await;
    for cloud in CLOUDS {
        let (username, password) = site.pull(cloud).await.credential(&site.host());
        for (repository, allowed) in [("docker-local", true), ("docker-private", false)] {
            let status = site.read_manifest(repository, &username, &password).await;
            assert_eq!(status == 200, allowed, "{cloud} {repository} {status}");
        }
    }
}

#[tokio::test]
async fn each_version_is_answered_in_itself() {
    let site = Site::start().await;
    for version in ["v1", "v1beta1", "v1alpha1"] {
        let outcome = run(&[], &site.environment("azure"), &request_of(version, &site.image())).await;
        assert_eq!(outcome.response()["apiVersion"], format!("credentialprovider.kubelet.k8s.io/{version}"));
    }
}

#[tokio::test]
async fn a_pods_token_and_annotations_change_nothing_for_a_node_identity() {
    let site = Site::start().await;
    let stdin = format!(
        r#"{{"kind":"CredentialProviderRequest","apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"{}",
            "serviceAccountToken":"pod-token-pod-token","serviceAccountAnnotations":{{"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/other"}},"novel":[1]}}"#,
        site.image()
    );
    let outcome = run(&[], &site.environment("aws"), stdin.as_bytes()).await;
    site.check_leaks(&outcome);
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
    let sent = serde_json::to_string(&site.last_exchange()).expect("JSON");
    assert!(!sent.contains("pod-token-pod-token"));
}

#[tokio::test]
async fn an_image_of_another_registry_is_declined_without_a_request() {
    let site = Site::start().await;
    let port: u16 = site.host().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let images = [
        "evil.example.com/docker-local/hello".to_owned(),
        "127.0.0.1/docker-local/hello".to_owned(),
        format!("127.0.0.1:{}/docker-local/hello", port ^ 1),
        format!("127.0.0.1.evil.example.com:{port}/docker-local/hello"),
        format!("evil.127.0.0.1:{port}/docker-local/hello"),
    ];
    for image in images {
        let outcome = run(&[], &site.environment("aws"), &request_of("v1", &image)).await;
        let response = outcome.response();
        assert_eq!(response["auth"], serde_json::json!({}), "{image}");
        assert_eq!(response["cacheDuration"], "0s");
    }
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn the_first_route_that_matches_serves_the_image() {
    let site = Site::start().await;
    let host = site.host();
    let config = format!(
        "routes:
  - {{matchImages: ['{host}/docker-private'], static: {{username: first, token: t1}}}}
  - {{matchImages: ['{host}'], static: {{username: second, token: t2}}}}"
    );
    let config = site.file("config.yaml", config);
    for (repository, username) in [("docker-private", "first"), ("docker-local", "second")] {
        let stdin = request_of("v1", &format!("{host}/{repository}/hello"));
        let outcome = run(&["--config", &config], &site.environment("none"), &stdin).await;
        assert_eq!(outcome.credential(&host).0, username);
        assert_eq!(outcome.response()["cacheKeyType"], "Image", "one registry, two answers");
    }
}

#[tokio::test]
async fn a_reference_token_is_answered_when_it_is_asked_for() {
    let site = Site::start().await;
    let host = site.host();
    let config = format!(
        "routes:
  - artifactoryUrl: '{host}'
    identity: {{gcpMetadata: {{audience: artifactory}}}}
    oidcProvider: {{name: google, includeReferenceToken: true, identityMappingName: google-node}}"
    );
    let config = site.file("config.yaml", config);
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    let (username, password) = outcome.credential(&host);
    assert_eq!((password.len(), &password[..5]), (64, "cmVmd"));
    assert!(HOUR_CACHED.contains(&whole_seconds(&outcome.response()["cacheDuration"])), "{}", outcome.stdout);
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
}
