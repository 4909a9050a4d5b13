//! The whole tree of each flow: names, parents and what is said, without what varies.

use insta::assert_snapshot;
use mock_kit::Fault;

use super::collector::Collector;
use super::{environment, told};
use crate::program::{request, run};
use crate::site::Site;

#[tokio::test]
async fn a_pull_on_aws() {
    let site = Site::start().await;
    let (_, export) = told(&site, "aws", &mut Collector::start().await).await;
    assert_snapshot!(export.tree(), @r#"
    pull attempts=3 exit_code=0 outcome=answered
      request kubelet_api_version=v1 registry repository=docker-local/hello
      route access=exchange route=1
      identity identity_passed_over=awsWebIdentity: the service account lacks the annotation `JFrogExchange: "true"` identity_source=awsInstanceRole
        PUT http.request.method=PUT http.response.status_code=200 server.address server.port url.path=/latest/api/token url.scheme=http
        GET http.request.method=GET http.response.status_code=200 server.address server.port url.path=/latest/meta-data/iam/security-credentials/artifactory-pull url.scheme=http
      exchange artifactory token_lifetime
        POST http.request.method=POST http.response.status_code=200 server.address server.port url.path=/access/api/v1/aws/token url.scheme=https
      response cache_duration cache_key_type=Registry deadline_left outcome=answered
    "#);
}

#[tokio::test]
async fn a_pull_on_azure() {
    let site = Site::start().await;
    let (_, export) = told(&site, "azure", &mut Collector::start().await).await;
    assert_snapshot!(export.tree(), @r#"
    pull attempts=2 exit_code=0 outcome=answered
      request kubelet_api_version=v1 registry repository=docker-local/hello
      route access=exchange route=1
      identity identity_passed_over=serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"` identity_source=azureManagedIdentity
        GET http.request.method=GET http.response.status_code=200 server.address server.port url.path=/metadata/identity/oauth2/token url.scheme=http
      exchange artifactory token_lifetime
        POST http.request.method=POST http.response.status_code=200 server.address server.port url.path=/access/api/v1/oidc/token url.scheme=https
      response cache_duration cache_key_type=Registry deadline_left outcome=answered
    "#);
}

#[tokio::test]
async fn a_pull_on_google() {
    let site = Site::start().await;
    let (_, export) = told(&site, "google", &mut Collector::start().await).await;
    assert_snapshot!(export.tree(), @r#"
    pull attempts=2 exit_code=0 outcome=answered
      request kubelet_api_version=v1 registry repository=docker-local/hello
      route access=exchange route=1
      identity identity_passed_over=serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"` identity_source=gcpMetadata
        GET http.request.method=GET http.response.status_code=200 server.address server.port url.path=/computeMetadata/v1/instance/service-accounts/artifactory-pull@artifactory-demo.iam.gserviceaccount.com/identity url.scheme=http
      exchange artifactory token_lifetime
        POST http.request.method=POST http.response.status_code=200 server.address server.port url.path=/access/api/v1/oidc/token url.scheme=https
      response cache_duration cache_key_type=Registry deadline_left outcome=answered
    "#);
}

#[tokio::test]
async fn a_pull_with_an_attempt_in_vain() {
    let site = Site::start().await;
    site.artifactory.kit().faults.add(Fault::reply("/access/api/v1/oidc/token", 503, "").times(1));
    let (_, export) = told(&site, "azure", &mut Collector::start().await).await;
    assert_snapshot!(export.tree(), @r#"
    pull attempts=3 exit_code=0 outcome=answered
      request kubelet_api_version=v1 registry repository=docker-local/hello
      route access=exchange route=1
      identity identity_passed_over=serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"` identity_source=azureManagedIdentity
        GET http.request.method=GET http.response.status_code=200 server.address server.port url.path=/metadata/identity/oauth2/token url.scheme=http
      exchange artifactory token_lifetime
        POST FAILED error.type=503 http.request.method=POST http.response.status_code=503 server.address server.port url.path=/access/api/v1/oidc/token url.scheme=https
        POST http.request.method=POST http.request.resend_count=1 http.response.status_code=200 server.address server.port url.path=/access/api/v1/oidc/token url.scheme=https
      response cache_duration cache_key_type=Registry deadline_left outcome=answered
    "#);
}

#[tokio::test]
async fn a_pull_that_artifactory_refuses() {
    let site = Site::start().await;
    site.artifactory.kit().faults.add(Fault::reply("/access/api/v1/oidc/token", 403, "{}"));
    let (outcome, export) = told(&site, "azure", &mut Collector::start().await).await;
    let explanation = outcome.failure(5);
    assert_snapshot!(export.tree(), @r#"
    pull FAILED attempts=2 exit_code=5 outcome=failed error.type=exchange
      ! exception causes hint exception.message exception.type=exchange
      request kubelet_api_version=v1 registry repository=docker-local/hello
      route access=exchange route=1
      identity identity_passed_over=serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"` identity_source=azureManagedIdentity
        GET http.request.method=GET http.response.status_code=200 server.address server.port url.path=/metadata/identity/oauth2/token url.scheme=http
      exchange FAILED artifactory error.type=exchange
        ! exception causes hint exception.message exception.type=exchange
        POST FAILED error.type=403 http.request.method=POST http.response.status_code=403 server.address server.port url.path=/access/api/v1/oidc/token url.scheme=https
    "#);
    let exchange = export.spans().into_iter().find(|span| span.name == "exchange").expect("the exchange");
    let event = &exchange.events[0];
    let said = |key: &str| super::tree::value_in(&event.attributes, key).expect("said");
    for line in [said("exception.message"), said("credential_provider.causes"), said("credential_provider.hint")] {
        assert!(explanation.contains(&line), "what the kubelet's journal says: {line}");
    }
}

#[tokio::test]
async fn a_pull_without_a_configuration() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let mut environment = environment(&site, "azure", &collector.url());
    environment.remove("artifactory_url");
    site.pull_in(&[], &environment).await.failure(3);
    assert_snapshot!(collector.next().await.tree(), @r"
    pull FAILED attempts=0 exit_code=3 outcome=failed error.type=configuration
      ! exception causes hint exception.message exception.type=configuration
    ");
}

#[tokio::test]
async fn a_pull_that_is_declined() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let environment = environment(&site, "azure", &collector.url());
    run(&[], &environment, &request("quay.io/other/image")).await.response();
    assert_snapshot!(collector.next().await.tree(), @r"
    pull attempts=0 exit_code=0 outcome=declined
      request kubelet_api_version=v1 registry repository=other/image
      route
      response cache_duration cache_key_type=Image deadline_left outcome=declined
    ");
}

#[tokio::test]
async fn a_pull_of_a_pod_names_its_service_account() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let environment = environment(&site, "azure", &collector.url());
    let token = site.pod_token("app", "artifactory");
    let stdin = crate::workload::request(&site.image(), &token, &serde_json::json!({}));
    let outcome = run(&[], &environment, &stdin).await;
    let export = collector.next().await;
    site.check_telemetry(&outcome, &export.body, &super::spool(&site));
    assert_snapshot!(export.tree(), @r#"
    pull attempts=2 exit_code=0 outcome=answered
      request kubelet_api_version=v1 registry repository=docker-local/hello service_account=app k8s.namespace.name=default
      route access=exchange route=1
      identity identity_passed_over=serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"` identity_source=azureManagedIdentity
        GET http.request.method=GET http.response.status_code=200 server.address server.port url.path=/metadata/identity/oauth2/token url.scheme=http
      exchange artifactory token_lifetime
        POST http.request.method=POST http.response.status_code=200 server.address server.port url.path=/access/api/v1/oidc/token url.scheme=https
      response cache_duration cache_key_type=Registry deadline_left outcome=answered
    "#);
}
