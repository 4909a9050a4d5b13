//! Requests that are none: exit code 2, before anything is asked of anybody.

use std::collections::BTreeMap;

use crate::program::{Outcome, request, run};

fn environment() -> BTreeMap<String, String> {
    let variables = [
        ("artifactory_url", "acme.jfrog.io"),
        ("cloud_provider", "aws"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn refused(stdin: impl AsRef<[u8]>) -> Outcome {
    let outcome = run(&[], &environment(), stdin.as_ref()).await;
    outcome.failure(2);
    outcome
}

const V1: &str = r#""apiVersion":"credentialprovider.kubelet.k8s.io/v1""#;
const KIND: &str = r#""kind":"CredentialProviderRequest""#;

#[tokio::test]
async fn empty_stdin_is_refused() {
    insta::assert_snapshot!(refused("").await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: stdin is empty
      hint: the kubelet writes a CredentialProviderRequest to stdin; by hand, pipe one in
    ");
}

#[tokio::test]
async fn a_truncated_request_is_refused() {
    let whole = request("acme.jfrog.io/x");
    insta::assert_snapshot!(refused(&whole[..whole.len() - 5]).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: stdin ends within the JSON value
      hint: send one JSON document of kind CredentialProviderRequest, as the kubelet does
    ");
}

#[tokio::test]
async fn a_huge_request_is_refused() {
    let huge = format!(r#"{{{KIND},{V1},"image":"acme.jfrog.io/x","padding":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
    insta::assert_snapshot!(refused(huge).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: stdin holds more than 1048576 bytes
      hint: send one JSON document of kind CredentialProviderRequest, as the kubelet does
    ");
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    insta::assert_snapshot!(refused("apiVersion: v1\n").await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: stdin is not JSON at line 1, column 1
      hint: send one JSON document of kind CredentialProviderRequest, as the kubelet does
    ");
}

#[tokio::test]
async fn two_requests_are_refused() {
    let two = [request("acme.jfrog.io/x"), request("acme.jfrog.io/y")].concat();
    insta::assert_snapshot!(refused(two).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: stdin holds more than one JSON value
      hint: send one JSON document of kind CredentialProviderRequest, as the kubelet does
    ");
}

#[tokio::test]
async fn another_kind_is_refused() {
    insta::assert_snapshot!(refused(format!(r#"{{"kind":"CredentialProviderResponse",{V1},"image":"a/b"}}"#)).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: the kind is `CredentialProviderResponse`, not `CredentialProviderRequest`
      hint: send one JSON document of kind CredentialProviderRequest, as the kubelet does
    ");
}

#[tokio::test]
async fn an_unknown_version_is_refused() {
    let unknown = format!(r#"{{{KIND},"apiVersion":"credentialprovider.kubelet.k8s.io/v2","image":"a/b"}}"#);
    insta::assert_snapshot!(refused(unknown).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: the apiVersion `credentialprovider.kubelet.k8s.io/v2` is not one of v1, v1beta1, v1alpha1 of `credentialprovider.kubelet.k8s.io`
      hint: set `apiVersion` of the provider's entry to credentialprovider.kubelet.k8s.io/v1
    ");
}

#[tokio::test]
async fn a_request_without_an_image_is_refused() {
    insta::assert_snapshot!(refused(format!("{{{KIND},{V1}}}")).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: the request names no image
      hint: send one JSON document of kind CredentialProviderRequest, as the kubelet does
    ");
}

#[tokio::test]
async fn an_image_without_a_registry_is_refused() {
    insta::assert_snapshot!(refused(request("hello")).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: image `hello` names no registry before a `/`
      hint: the kubelet sends `registry[:port]/path`; check the image name in the pod
    ");
}

#[tokio::test]
async fn a_registry_that_is_none_is_refused() {
    insta::assert_snapshot!(refused(request("user@acme.jfrog.io/x")).await.stderr, @r"
    error: failed to read the kubelet's request
      caused by: image `user@acme.jfrog.io/x` begins with `user@acme.jfrog.io`, which is no registry
      hint: the kubelet sends `registry[:port]/path`; check the image name in the pod
    ");
}

#[tokio::test]
async fn a_token_in_a_broken_request_is_not_repeated() {
    let broken = format!(r#"{{{KIND},{V1},"image":"acme.jfrog.io/x","serviceAccountToken":"pod-secret"#);
    assert!(!refused(broken).await.stderr.contains("pod-secret"));
    let wrong = format!(r#"{{{KIND},{V1},"image":["pod-secret"],"serviceAccountToken":"pod-secret"}}"#);
    assert!(!refused(wrong).await.stderr.contains("pod-secret"));
}

#[tokio::test]
async fn ports_upper_case_and_ipv6_are_images_of_registries() {
    for image in ["acme.jfrog.io:443/x", "ACME.jfrog.io/x", "[::1]:5000/x", "[2001:db8::1]/x"] {
        let outcome = run(&[], &environment(), &request(image)).await;
        assert_eq!(outcome.response()["auth"], serde_json::json!({}), "{image} is another registry");
    }
}

#[tokio::test]
async fn an_ipv6_registry_with_a_port_is_matched() {
    let mut environment = environment();
    environment.insert("artifactory_url".to_owned(), "[::1]:5000".to_owned());
    let outcome = run(&[], &environment, &request("[::1]:5000/docker-local/hello")).await;
    assert!(outcome.failure(4).contains("`[::1]:5000`"), "the route was taken: {}", outcome.stderr);
}
