//! Which of a route's identities proves a pull, and that nobody gets another one's rights unsaid.

use mock_kit::Fault;
use serde_json::{Value, json};

use crate::program::{Outcome, run};
use crate::site::Site;
use crate::workload::request;

const CHOICE: &str = "artifactory-credential-provider/identity";
const POD_THEN_NODE: &str = "[{awsPodIdentity: {}}, {awsInstanceRole: {}}]";

async fn pull(site: &Site, identities: &str, order: &str, stdin: &[u8]) -> Outcome {
    let host = site.host();
    let order = if order.is_empty() { String::new() } else { format!("identityOrder: {order}, ") };
    let provider = if identities.contains("serviceAccountToken") { ", oidcProvider: {name: kubernetes}" } else { "" };
    let config = format!("routes: [{{artifactoryUrl: '{host}', {order}identities: {identities}{provider}}}]");
    let config = site.file("config.yaml", config);
    let mut environment = site.environment("none");
    let agent = format!("{}/v1/credentials", site.cloud.url());
    environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), agent);
    let outcome = run(&["--config", &config], &environment, stdin).await;
    site.check_leaks(&outcome);
    outcome
}

async fn pull_for_pod(site: &Site, identities: &str, order: &str, token: &str, annotations: &Value) -> Outcome {
    pull(site, identities, order, &request(&site.image(), token, annotations)).await
}

#[tokio::test]
async fn the_pods_own_identity_comes_first_and_nothing_is_said() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    for order in ["", "strict", "firstThatApplies", "firstThatWorks"] {
        let outcome = pull_for_pod(&site, POD_THEN_NODE, order, &token, &json!({})).await;
        assert_eq!(outcome.credential(&site.host()).0, "aws-pod-identity-puller", "{order}");
        assert_eq!(outcome.stderr, "", "{order}");
    }
}

#[tokio::test]
async fn a_strict_route_has_the_nodes_identity_for_pulls_without_a_pod_only() {
    let site = Site::start().await;
    let nodes = "[{serviceAccountToken: {audience: artifactory, optIn: annotated}}, {awsInstanceRole: {}}]";
    let without_a_pod = crate::program::request(&site.image());
    let outcome = pull(&site, nodes, "strict", &without_a_pod).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
    assert_eq!(outcome.stderr, "", "no pod is served with the node's rights");
    let token = site.pod_token("app", "artifactory");
    let outcome = pull_for_pod(&site, nodes, "strict", &token, &json!({})).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the route has no identity for this pull: serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"`; awsInstanceRole: it is the node's, which `identityOrder: strict` keeps from pods
      hint: add `tokenAttributes` to the provider's entry, annotate the service account, or add a node identity to the route
    "#);
}

#[tokio::test]
async fn a_pod_with_the_nodes_rights_is_spoken_of() {
    let site = Site::start().await;
    let nodes = "[{serviceAccountToken: {audience: artifactory, optIn: annotated}}, {awsInstanceRole: {}}]";
    let token = site.pod_token("app", "artifactory");
    for order in ["", "firstThatApplies", "firstThatWorks"] {
        let outcome = pull_for_pod(&site, nodes, order, &token, &json!({})).await;
        assert_eq!(outcome.credential(&site.host()).0, "aws-puller", "{order}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(outcome.note(), @r#"
            note: the pod's pull got the node's `awsInstanceRole`
              passed over serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"`
              hint: `identityOrder: strict` keeps the node's identities from pods
            "#);
        }
    }
}

#[tokio::test]
async fn the_first_that_works_is_found_behind_one_that_fails() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "vault");
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "firstThatApplies", &token, &json!({})).await;
    assert!(outcome.failure(4).contains("is for `vault`, not for"), "{}", outcome.stderr);
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "firstThatWorks", &token, &json!({})).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
    insta::assert_snapshot!(outcome.note(), @r"
    note: the pod's pull got the node's `awsInstanceRole`
      passed over awsPodIdentity: the service account token is for `vault`, not for `pods.eks.amazonaws.com`
      hint: `identityOrder: strict` keeps the node's identities from pods
    ");
}

#[tokio::test]
async fn when_none_works_each_is_named_with_its_reason() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "vault");
    site.cloud.kit().faults.add(Fault::reply("/latest/api/token", 403, ""));
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "firstThatWorks", &token, &json!({})).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no identity of the route works for this pull: awsPodIdentity: the service account token is for `vault`, not for `pods.eks.amazonaws.com`; and awsInstanceRole
      caused by: the instance metadata service is switched off (status 403)
      hint: enable it: aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-tokens required
    ");
    assert!(site.artifactory_requests().is_empty());
}

#[tokio::test]
async fn a_silent_identity_leaves_time_for_the_next() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::hang("/v1/credentials"));
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "firstThatWorks", &token, &json!({})).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
}

#[tokio::test]
async fn a_pod_chooses_among_the_routes_identities() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let chosen = |name| json!({CHOICE: name});
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "", &token, &chosen("awsInstanceRole")).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
    assert!(outcome.note().contains("passed over awsPodIdentity: the service account has chosen another identity"));
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "strict", &token, &chosen("awsInstanceRole")).await;
    assert!(outcome.failure(4).contains("`identityOrder: strict` keeps from pods"), "{}", outcome.stderr);
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "", &token, &chosen("gcpMetadata")).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account asks for the identity `gcpMetadata`, which the route does not have
      hint: set the annotation `artifactory-credential-provider/identity` to one of: awsPodIdentity, awsInstanceRole; or add the identity to the route
    ");
}

#[tokio::test]
async fn no_annotation_names_a_host_an_artifactory_or_a_file() {
    let site = Site::start().await;
    let elsewhere = wiremock::MockServer::start().await;
    let secret = site.file("secret", site.plant("s3cret-of-the-node"));
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let (address, host) = (elsewhere.uri(), elsewhere.address().to_string());
    let annotations = json!({
        "artifactory_url": host, "artifactoryUrl": host, "AWS_CONTAINER_CREDENTIALS_FULL_URI": address,
        "AWS_ENDPOINT_URL": address, "HTTPS_PROXY": address, "azure_app_client_id": host, "caFile": secret,
        "GOOGLE_APPLICATION_CREDENTIALS": secret, "passwordFile": secret, "tokenFile": secret,
        "azure.workload.identity/client-id": host, "azure.workload.identity/tenant-id": host,
        "iam.gke.io/gcp-service-account": address, "eks.amazonaws.com/role-arn": address,
        "eks.amazonaws.com/sts-regional-endpoints": address, "eks.amazonaws.com/audience": host,
    });
    let outcome = pull_for_pod(&site, POD_THEN_NODE, "", &token, &annotations).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-pod-identity-puller");
    assert_eq!(elsewhere.received_requests().await.expect("requests").len(), 0);
}

#[tokio::test]
async fn the_environment_can_be_strict_too() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let order = "ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER";
    let strict = crate::workload::pull(&site, "aws", &token, &json!({}), &[(order, "strict")]).await;
    assert!(strict.failure(4).contains("`identityOrder: strict` keeps from pods"), "{}", strict.stderr);
    let usual = crate::workload::pull(&site, "aws", &token, &json!({}), &[]).await;
    assert_eq!(usual.credential(&site.host()).0, "aws-puller");
    let misspelt = crate::workload::pull(&site, "aws", &token, &json!({}), &[(order, "Strict")]).await;
    insta::assert_snapshot!(misspelt.failure(3), @r"
    error: failed to read the configuration
      caused by: `ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER` is `Strict`, which is not one of: strict, firstThatApplies, firstThatWorks
      hint: set `ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER` to one of: strict, firstThatApplies, firstThatWorks (did you mean `strict`?)
    ");
}
