//! Pulls with a cluster's service account tokens: what is found out before a token is sent, and the node's own in a file.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::program::{Outcome, request, run};
use crate::site::Site;

const PROVIDER: &str = "oidcProvider: {name: kubernetes, audience: artifactory}";

/// The issuer of the built-in cluster, as snapshots have it.
const ISSUER: &str = "http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF";

fn issuer(site: &Site) -> String {
    ISSUER.replace("http://CLOUD", &site.cloud.url())
}

/// A pull by a route of one identity, with a pod's token if there is one.
async fn pull(site: &Site, identity: &str, token: Option<&str>) -> Outcome {
    let config = format!("routes: [{{artifactoryUrl: '{}', identity: {identity}, {PROVIDER}}}]", site.host());
    let config = site.file("config.yaml", config);
    let stdin = match token {
        None => request(&site.image()),
        Some(token) => json!({
            "kind": "CredentialProviderRequest",
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "image": site.image(),
            "serviceAccountToken": token,
        })
        .to_string()
        .into_bytes(),
    };
    let outcome = run(&["--config", &config], &site.environment("none"), &stdin).await;
    site.check_leaks(&outcome);
    outcome
}

/// The explanation of a pull that fails before Artifactory or the issuer is asked anything.
fn refused(site: &Site, outcome: &Outcome) -> String {
    let explanation = site.named(outcome.failure(4));
    assert!(site.artifactory_requests().is_empty() && site.cloud_requests().is_empty());
    explanation
}

fn pods(site: &Site) -> String {
    format!("{{serviceAccountToken: {{audience: artifactory, issuer: '{}'}}}}", issuer(site))
}

fn nodes(site: &Site, path: &str) -> String {
    format!("{{serviceAccountTokenFile: {{path: '{path}', audience: artifactory, issuer: '{}'}}}}", issuer(site))
}

/// A token that nobody signed.
fn unsigned(site: &Site, claims: &Value) -> String {
    let segment = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    site.plant(&format!("{}.{}.c2lnbmF0dXJl", segment(&json!({"alg": "RS256"})), segment(claims)))
}

#[tokio::test]
async fn a_pods_token_of_the_right_issuer_is_exchanged_in_one_request() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let outcome = pull(&site, &pods(&site), Some(&token)).await;
    let (username, password) = outcome.credential(&site.host());
    assert_eq!(username, "cluster-puller");
    assert_eq!(site.artifactory_requests(), ["POST /access/api/v1/oidc/token"]);
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
    assert_eq!(site.read_manifest("docker-private", &username, &password).await, 403);
}

#[tokio::test]
async fn a_pods_token_of_another_issuer_says_which_one_artifactory_would_need() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let identity = "{serviceAccountToken: {audience: artifactory, issuer: 'https://kubernetes.default.svc'}}";
    insta::assert_snapshot!(refused(&site, &pull(&site, identity, Some(&token)).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token is from the issuer `http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF`, not from `https://kubernetes.default.svc`
      hint: if this is the right cluster, set `issuer` to `http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF`, and the same as issuer (`token_issuer` or `issuer_url`) of Artifactory's OIDC provider
    ");
}

#[tokio::test]
async fn a_pods_token_from_the_future_is_not_sent() {
    let site = Site::start().await;
    let claims =
        json!({"iss": issuer(&site), "aud": ["artifactory"], "nbf": 32_503_680_000_u64, "exp": 32_503_683_600_u64});
    let explanation = refused(&site, &pull(&site, &pods(&site), Some(&unsigned(&site, &claims))).await);
    assert!(explanation.contains("caused by: the service account token is not valid for another "), "{explanation}");
    assert!(explanation.contains("hint: check the clocks of the node and of the control plane"), "{explanation}");
}

#[tokio::test]
async fn a_nodes_token_file_is_exchanged_and_read_again_at_each_pull() {
    let site = Site::start().await;
    let path = site.file("token", format!("{}\n", site.pod_token("app", "artifactory")));
    let outcome = pull(&site, &nodes(&site, &path), None).await;
    assert_eq!(outcome.credential(&site.host()).0, "cluster-puller");
    assert_eq!(site.artifactory_requests(), ["POST /access/api/v1/oidc/token"]);
    assert!(
        site.cloud_requests().iter().all(|request| request.starts_with("GET /id/")),
        "only Artifactory asks the issuer"
    );
    site.file("token", site.pod_token("plain", "artifactory"));
    let outcome = pull(&site, &nodes(&site, &path), None).await;
    assert!(outcome.failure(5).contains("Artifactory answered 403"), "another service account: {}", outcome.stderr);
}

#[tokio::test]
async fn a_service_account_without_a_mapping_says_which_claims_it_would_need() {
    let site = Site::start().await;
    let token = site.pod_token("plain", "artifactory");
    let outcome = pull(&site, &pods(&site), Some(&token)).await;
    insta::assert_snapshot!(site.named(outcome.failure(5)), @r#"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 403: No identity mapping matches the token's claims
      hint: an identity mapping of Artifactory's OIDC provider must fit "claims": {"iss": "http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF", "sub": "system:serviceaccount:default:plain", "aud": "artifactory"}
    "#);
}

#[tokio::test]
async fn a_provider_of_another_issuer_says_which_one_it_would_need() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let config = site.file(
        "config.yaml",
        format!(
            "routes: [{{artifactoryUrl: '{}', identity: {{serviceAccountTokenFile: {{path: '{}'}}}}, oidcProvider: {{name: google}}}}]",
            site.host(),
            site.file("token", token)
        ),
    );
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    insta::assert_snapshot!(site.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 401: Invalid token, issuer
      hint: Artifactory's OIDC provider must have the issuer `http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF` (`token_issuer`, or `issuer_url` where none is set) and the keys of this cluster; check the clocks too
    ");
}

#[tokio::test]
async fn a_nodes_identity_is_not_a_pods() {
    let site = Site::start().await;
    let path = site.file("token", site.pod_token("app", "artifactory"));
    let pods_own = site.pod_token("plain", "artifactory");
    let outcome = pull(&site, &nodes(&site, &path), Some(&pods_own)).await;
    assert_eq!(outcome.credential(&site.host()).0, "cluster-puller");
}

#[tokio::test]
async fn a_token_file_that_has_expired_is_named() {
    let site = Site::start().await;
    let path = site.file("token", unsigned(&site, &json!({"exp": 1})));
    let explanation = refused(&site, &pull(&site, &nodes(&site, &path), None).await);
    let (before, rest) = explanation.split_once("expired ").expect("a time");
    let (_, after) = rest.split_once(" s ago").expect("a time");
    insta::assert_snapshot!(format!("{before}expired N s ago{after}"), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token in `DIRECTORY/token` is of no use
      caused by: the service account token expired N s ago
      hint: check that what writes `DIRECTORY/token` still runs, as a projected volume needs its pod, and the node's clock
    ");
}

#[tokio::test]
async fn a_token_file_for_another_audience_or_from_another_issuer_says_what_is_needed() {
    let site = Site::start().await;
    let path = site.file("token", site.pod_token("app", "vault"));
    insta::assert_snapshot!(refused(&site, &pull(&site, &nodes(&site, &path), None).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token in `DIRECTORY/token` is of no use
      caused by: the service account token is for `vault`, not for `artifactory`
      hint: set `audience` of the `serviceAccountToken` projection that writes `DIRECTORY/token` to `artifactory`
    ");
    let path = site.file("token", unsigned(&site, &json!({"iss": "https://old.example.com", "aud": "artifactory"})));
    insta::assert_snapshot!(refused(&site, &pull(&site, &nodes(&site, &path), None).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token in `DIRECTORY/token` is of no use
      caused by: the service account token is from the issuer `https://old.example.com`, not from `http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF`
      hint: if this is the right cluster, set `issuer` to `https://old.example.com`, and the same as issuer (`token_issuer` or `issuer_url`) of Artifactory's OIDC provider
    ");
}

#[tokio::test]
async fn a_file_that_holds_no_token_is_named() {
    let site = Site::start().await;
    for content in ["", "not-a-token", "a.b.c"] {
        let path = site.file("token", content);
        let explanation = refused(&site, &pull(&site, &nodes(&site, &path), None).await);
        insta::allow_duplicates! {
            insta::assert_snapshot!(explanation, @r"
            error: failed to prove an identity to `ARTIFACTORY`
              caused by: the service account token in `DIRECTORY/token` is of no use
              caused by: the service account token is no JWT
              hint: write a service account token and nothing else into `DIRECTORY/token`
            ");
        }
    }
    let path = site.file("token", vec![b'x'; 70_000]);
    insta::assert_snapshot!(refused(&site, &pull(&site, &nodes(&site, &path), None).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no service account token could be read
      caused by: cannot read `DIRECTORY/token`: it is larger than 65536 bytes
      hint: check that something on the node writes `DIRECTORY/token`, or correct `serviceAccountTokenFile.path`
    ");
}

#[tokio::test]
async fn a_file_that_is_gone_is_named() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &pull(&site, &nodes(&site, "/nowhere/token"), None).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no service account token could be read
      caused by: cannot read `/nowhere/token`: No such file or directory (os error 2)
      hint: check that something on the node writes `/nowhere/token`, or correct `serviceAccountTokenFile.path`
    ");
}

#[tokio::test]
async fn a_clock_that_is_a_little_behind_the_control_planes_is_no_obstacle() {
    let site = Site::start().await;
    site.cloud.kit().clock.advance(Duration::from_secs(30));
    let token = site.pod_token("app", "artifactory");
    assert_eq!(pull(&site, &pods(&site), Some(&token)).await.credential(&site.host()).0, "cluster-puller");
}
