//! Pulls on the pod's own identity: its service account token, sent by the kubelet.

use std::collections::BTreeMap;

use mock_kit::Fault;
use serde_json::{Value, json};

use crate::program::{Outcome, run};
use crate::site::Site;

const ROLE: &str = "arn:aws:iam::111122223333:role/web-identity-pull";

/// The kubelet's request for an image with a pod's token and the annotations of its service account.
pub(crate) fn request(image: &str, token: &str, annotations: &Value) -> Vec<u8> {
    let request = json!({
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": image,
        "serviceAccountToken": token,
        "serviceAccountAnnotations": annotations,
    });
    request.to_string().into_bytes()
}

pub(crate) fn opted_in() -> Value {
    json!({"JFrogExchange": "true", "eks.amazonaws.com/role-arn": ROLE})
}

pub(crate) async fn pull(
    site: &Site,
    cloud: &str,
    token: &str,
    annotations: &Value,
    changes: &[(&str, &str)],
) -> Outcome {
    let outcome = run(&[], &site.environment_with(cloud, changes), &request(&site.image(), token, annotations)).await;
    site.check_leaks(&outcome);
    assert!(!outcome.stderr.contains(token), "the pod's token on stderr");
    outcome
}

async fn pull_by_file(site: &Site, identities: &str, token: &str, annotations: &Value) -> Outcome {
    let config = format!("routes: [{{artifactoryUrl: '{}', {identities}}}]", site.host());
    let config = site.file("config.yaml", config);
    let stdin = request(&site.image(), token, annotations);
    let outcome = run(&["--config", &config], &site.environment("none"), &stdin).await;
    site.check_leaks(&outcome);
    outcome
}

#[tokio::test]
async fn a_pod_that_opts_in_pulls_on_its_own_role() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
    assert_eq!(site.cloud_requests()[0], "POST /", "the region is known, so STS is the first to be asked");
    assert!(!site.cloud_requests().iter().any(|request| request.contains("/latest/")), "no metadata service");
    assert!(!serde_json::to_string(&site.last_exchange()).expect("JSON").contains(&token), "the token is for STS only");
    let sts = &site.cloud.kit().journal.requests()[0];
    assert!(sts.body.contains("RoleSessionName=default.app&"), "the session is named after the service account");
    assert_eq!(sts.header("authorization"), None);
}

#[tokio::test]
async fn a_role_annotation_without_the_opt_in_changes_nothing() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    for annotations in [
        json!({"eks.amazonaws.com/role-arn": ROLE}),
        json!({"eks.amazonaws.com/role-arn": ROLE, "JFrogExchange": "yes"}),
        json!({"JFrogExchange": "true"}),
    ] {
        let outcome = pull(&site, "aws", &token, &annotations, &[]).await;
        assert_eq!(outcome.credential(&site.host()).0, "aws-puller", "{annotations}");
    }
}

#[tokio::test]
async fn the_region_of_a_pods_role_can_come_from_the_metadata_service() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[("AWS_REGION", "")]).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
    assert_eq!(site.cloud_requests()[..2], ["PUT /latest/api/token", "GET /latest/meta-data/placement/region"]);
}

#[tokio::test]
async fn a_role_of_the_route_serves_every_token() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let identities = format!("identity: {{awsWebIdentity: {{roleArn: '{ROLE}'}}}}");
    let outcome = pull_by_file(&site, &identities, &token, &json!({})).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
}

#[tokio::test]
async fn a_token_for_another_audience_is_not_sent_to_sts() {
    let site = Site::start().await;
    let token = site.pod_token("app", "vault");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token is for `vault`, not for `sts.amazonaws.com`
      hint: set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `sts.amazonaws.com`
    ");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_trust_policy_that_does_not_fit_is_explained_with_the_tokens_own_claims() {
    let site = Site::start().await;
    let token = site.pod_token("plain", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: AWS STS refused with `AccessDenied`: Not authorized to perform sts:AssumeRoleWithWebIdentity
      hint: the role's trust policy must allow sts:AssumeRoleWithWebIdentity with "Condition": {"StringEquals": {"http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF:aud": "sts.amazonaws.com", "http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF:sub": "system:serviceaccount:default:plain"}}
    "#);
}

#[tokio::test]
async fn an_annotation_that_is_no_role_is_explained() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let annotations = json!({"JFrogExchange": "true", "eks.amazonaws.com/role-arn": "https://evil.example.com/"});
    let outcome = pull(&site, "aws", &token, &annotations, &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the annotation `eks.amazonaws.com/role-arn` is `https://evil.example.com/`, which is no role's ARN
      hint: annotate the service account with the whole ARN of the role, or remove the annotation
    ");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_pods_failure_never_falls_back_to_the_node() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply("/", 503, "").on("POST"));
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    assert!(outcome.failure(4).contains("AWS STS"), "{}", outcome.stderr);
    assert!(site.artifactory_requests().is_empty());
}

#[tokio::test]
async fn an_associated_pod_pulls_on_its_associations_role() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let outcome = pull_by_agent(&site, &token).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-pod-identity-puller");
    let agent = &site.cloud.kit().journal.requests()[0];
    assert_eq!((agent.path.as_str(), agent.header("authorization")), ("/v1/credentials", Some(token.as_str())));
}

#[tokio::test]
async fn what_the_agent_refuses_is_explained() {
    let site = Site::start().await;
    let token = site.pod_token("plain", "pods.eks.amazonaws.com");
    let outcome = pull_by_agent(&site, &token).await;
    let explanation = site.named(outcome.failure(4));
    assert!(explanation.contains("the EKS Pod Identity agent answered 404"), "{explanation}");
    assert!(explanation.contains("hint: create a Pod Identity association"), "{explanation}");
}

#[tokio::test]
async fn a_token_for_another_audience_is_not_shown_to_the_agent() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "sts.amazonaws.com");
    let outcome = pull_by_agent(&site, &token).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token is for `sts.amazonaws.com`, not for `pods.eks.amazonaws.com`
      hint: set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `pods.eks.amazonaws.com`
    ");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn an_absent_agent_is_explained() {
    let site = Site::start().await;
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let mut environment = site.environment("none");
    environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), "http://127.0.0.1:9/v1/credentials".to_owned());
    let outcome = pull_by_agent_in(&site, &token, &environment).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get credentials from the EKS Pod Identity agent
      caused by: cannot connect: Connection refused
      hint: check that the add-on eks-pod-identity-agent runs on the node (kubectl -n kube-system get pods)
    ");
    assert!((2..5).contains(&outcome.took.as_secs()), "it may be starting, and not for ever: {:?}", outcome.took);
}

pub(crate) async fn pull_by_agent(site: &Site, token: &str) -> Outcome {
    let mut environment = site.environment("none");
    let agent = format!("{}/v1/credentials", site.cloud.url());
    environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), agent);
    pull_by_agent_in(site, token, &environment).await
}

pub(crate) async fn pull_by_agent_in(site: &Site, token: &str, environment: &BTreeMap<String, String>) -> Outcome {
    let config = format!("routes: [{{artifactoryUrl: '{}', identity: {{awsPodIdentity: {{}}}}}}]", site.host());
    let config = site.file("config.yaml", config);
    let outcome = run(&["--config", &config], environment, &request(&site.image(), token, &json!({}))).await;
    site.check_leaks(&outcome);
    outcome
}

#[tokio::test]
async fn a_clusters_token_is_exchanged_as_it_is() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let identities = "identity: {serviceAccountToken: {audience: artifactory}}, oidcProvider: {name: kubernetes, audience: artifactory}";
    let outcome = pull_by_file(&site, identities, &token, &json!({})).await;
    assert_eq!(outcome.credential(&site.host()).0, "cluster-puller");
    let asked = site.cloud_requests();
    assert!(
        asked.iter().all(|request| request.starts_with("GET /id/")),
        "Artifactory asks the issuer, nobody else: {asked:?}"
    );
    let sent: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
    assert_eq!(sent["subject_token"], token);
}

#[tokio::test]
async fn a_clusters_token_for_another_audience_says_which_one_is_needed() {
    let site = Site::start().await;
    let token = site.pod_token("app", "vault");
    let identities = "identity: {serviceAccountToken: {audience: artifactory}}, oidcProvider: {name: kubernetes}";
    let outcome = pull_by_file(&site, identities, &token, &json!({})).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token is for `vault`, not for `artifactory`
      hint: set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `artifactory`
    ");
    assert!(site.artifactory_requests().is_empty());
}

#[tokio::test]
async fn a_pod_that_opts_in_on_azure_or_google_sends_its_token() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let changes = [("azure_app_audience", "artifactory"), ("jfrog_token_audience", "artifactory")];
    for cloud in ["azure", "google"] {
        let outcome = pull(&site, cloud, &token, &json!({"JFrogExchange": "true"}), &changes).await;
        assert_eq!(outcome.credential(&site.host()).0, "cluster-puller", "{cloud}");
    }
    let outcome = pull(&site, "google", &token, &json!({}), &changes).await;
    assert_ne!(outcome.credential(&site.host()).0, "cluster-puller", "not without the opt-in");
}

#[tokio::test]
async fn identities_are_tried_in_their_order_and_each_reason_is_told() {
    let site = Site::start().await;
    let identities = "identities: [{awsWebIdentity: {}}, {awsPodIdentity: {}}]";
    let config = site.file("config.yaml", format!("routes: [{{artifactoryUrl: '{}', {identities}}}]", site.host()));
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the route has no identity for this pull: awsWebIdentity: the service account lacks the annotation `JFrogExchange: "true"`; awsPodIdentity: the request carries no service account token
      hint: add `tokenAttributes` to the provider's entry, annotate the service account, or add a node identity to the route
    "#);
}
