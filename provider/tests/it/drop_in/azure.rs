//! The variables of Azure.

use mock_kit::Recorded;
use serde_json::{Value, json};

use crate::program::Outcome;
use crate::site::Site;
use crate::workload;

const APPLICATION: &str = "44444444-5555-4666-8777-888888888888";
const NODE_POOL: &str = "22222222-3333-4444-8555-666666666666";
/// A managed identity's own token, and the federated application's.
const DIRECT: &str = "imds_direct";
const FEDERATED: &str = "";

async fn pull(site: &Site, method: &str, changes: &[(&str, &str)]) -> Outcome {
    let changes = [&[("azure_auth_method", method)], changes].concat();
    site.pull_in(&[], &site.environment_with("azure", &changes)).await
}

/// The last request to a path of the cloud that ends like this.
fn last(site: &Site, path: &str) -> Recorded {
    let requests = site.cloud.kit().journal.requests();
    requests.into_iter().rfind(|request| request.path.ends_with(path)).expect(path)
}

fn metadata(site: &Site) -> String {
    let query = last(site, "/metadata/identity/oauth2/token").query;
    percent_encoding::percent_decode_str(&query).decode_utf8_lossy().into_owned()
}

fn missing(outcome: &Outcome, name: &str) {
    assert!(outcome.failure(3).contains(&format!("`{name}` is not set")), "{}", outcome.stderr);
}

#[tokio::test]
async fn azure_auth_method_chooses_between_the_application_and_the_managed_identity() {
    let site = Site::start().await;
    for (method, user) in [(FEDERATED, "azure-federated-puller"), (DIRECT, "azure-puller")] {
        assert_eq!(pull(&site, method, &[]).await.credential(&site.host()).0, user, "{method}");
    }
    assert!(pull(&site, "IMDS_DIRECT", &[]).await.failure(3).contains("imds_direct (or leave it unset"));
}

#[tokio::test]
async fn the_variables_of_azure_name_the_application() {
    let site = Site::start().await;
    pull(&site, FEDERATED, &[]).await.response();
    let entra = last(&site, "/oauth2/v2.0/token");
    assert_eq!(entra.path, "/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token", "azure_tenant_id");
    assert!(entra.body.contains(&format!("client_id={APPLICATION}")), "azure_app_client_id");
    assert!(entra.body.contains(&format!("scope={APPLICATION}%2F.default")), "azure_app_client_id");
    for name in ["azure_app_client_id", "azure_tenant_id"] {
        missing(&pull(&site, FEDERATED, &[(name, "")]).await, name);
    }
    missing(&pull(&site, DIRECT, &[("azure_app_client_id", "")]).await, "azure_app_client_id");
    pull(&site, DIRECT, &[("azure_tenant_id", "")]).await.response();
}

#[tokio::test]
async fn azure_nodepool_client_id_names_the_managed_identity() {
    let site = Site::start().await;
    for method in [FEDERATED, DIRECT] {
        pull(&site, method, &[]).await.response();
        assert!(metadata(&site).contains(&format!("client_id={NODE_POOL}")), "{}", metadata(&site));
        missing(&pull(&site, method, &[("azure_nodepool_client_id", "")]).await, "azure_nodepool_client_id");
    }
}

#[tokio::test]
async fn azure_app_audience_is_the_assertions_and_the_pods() {
    let site = Site::start().await;
    for value in ["api://AzureADTokenExchange", ""] {
        pull(&site, FEDERATED, &[("azure_app_audience", value)]).await.response();
        assert!(metadata(&site).contains("resource=api://AzureADTokenExchange"), "{}", metadata(&site));
    }
    let token = site.pod_token("app", "artifactory");
    let pod = |audience: &'static str| {
        let changes = [("azure_app_audience", audience), ("jfrog_token_audience", "artifactory")];
        let (site, token) = (&site, &token);
        async move { workload::pull(site, "azure", token, &json!({"JFrogExchange": "true"}), &changes).await }
    };
    for accepted in ["artifactory", ""] {
        assert_eq!(pod(accepted).await.credential(&site.host()).0, "cluster-puller");
    }
    assert!(pod("elsewhere").await.failure(4).contains("is for `artifactory`, not for `elsewhere`"));
}

/// As the chart renders it where only pods have an identity; `*@*` is what its documents say for the application.
#[tokio::test]
async fn an_entry_for_pods_alone_names_no_identity_of_the_node() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    let variables = |application| {
        [
            ("azure_auth_method", ""),
            ("azure_tenant_id", ""),
            ("azure_nodepool_client_id", ""),
            ("azure_app_client_id", application),
            ("azure_app_audience", "artifactory"),
            ("jfrog_token_audience", "artifactory"),
        ]
    };
    for application in ["", "*@*"] {
        let opted_in = json!({"JFrogExchange": "true"});
        let outcome = workload::pull(&site, "azure", &token, &opted_in, &variables(application)).await;
        assert_eq!(outcome.credential(&site.host()).0, "cluster-puller", "{application}");
    }
    let outcome = workload::pull(&site, "azure", &token, &json!({}), &variables("")).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the route has no identity for this pull: serviceAccountToken: the service account lacks the annotation `JFrogExchange: "true"`
      hint: add `tokenAttributes` to the provider's entry, annotate the service account, or add a node identity to the route
    "#);
}

#[tokio::test]
async fn azure_app_uri_is_the_resource_of_the_managed_identitys_token() {
    let site = Site::start().await;
    pull(&site, DIRECT, &[]).await.response();
    assert!(metadata(&site).contains(&format!("resource=api://{APPLICATION}")), "{}", metadata(&site));
    let outcome = pull(&site, DIRECT, &[("azure_app_uri", "api://other"), ("azure_app_client_id", "")]).await;
    assert!(metadata(&site).contains("resource=api://other"), "{}", metadata(&site));
    assert!(outcome.failure(4).contains("api://other"), "{}", outcome.stderr);
}

#[tokio::test]
async fn jfrog_token_audience_is_asked_of_artifactory_on_azure() {
    let site = Site::start().await;
    for (value, asked) in [("", "*@*"), ("artifactory", "artifactory")] {
        pull(&site, DIRECT, &[("jfrog_token_audience", value)]).await;
        let body: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
        assert_eq!(body["audience"], asked);
    }
}
