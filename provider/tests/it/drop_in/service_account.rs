//! The annotations of a pod's service account.

use serde_json::json;

use crate::site::Site;
use crate::workload::{opted_in, pull};

const FOR_PODS: [(&str, &str); 2] = [("azure_app_audience", "artifactory"), ("jfrog_token_audience", "artifactory")];

#[tokio::test]
async fn only_the_word_true_is_an_opt_in() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    for (word, user) in
        [("true", "aws-web-identity-puller"), ("True", "aws-puller"), ("1", "aws-puller"), ("", "aws-puller")]
    {
        let mut annotations = opted_in();
        annotations["JFrogExchange"] = word.into();
        let outcome = pull(&site, "aws", &token, &annotations, &[]).await;
        assert_eq!(outcome.credential(&site.host()).0, user, "{word}");
    }
    let outcome = pull(&site, "aws", &token, &json!({}), &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller", "no annotation is no opt-in");
}

#[tokio::test]
async fn annotations_that_the_entries_ask_for_and_nobody_reads_change_nothing() {
    let site = Site::start().await;
    let token = site.pod_token("app", "artifactory");
    for (cloud, name) in [("azure", "azure.workload.identity/client-id"), ("google", "iam.gke.io/gcp-service-account")]
    {
        for value in ["", "44444444-5555-4666-8777-888888888888", "https://evil.example.com"] {
            let annotations = json!({"JFrogExchange": "true", name: value});
            let outcome = pull(&site, cloud, &token, &annotations, &FOR_PODS).await;
            assert_eq!(outcome.credential(&site.host()).0, "cluster-puller", "{cloud} {value}");
            let outcome = pull(&site, cloud, &token, &json!({name: value}), &FOR_PODS).await;
            assert!(!outcome.stdout.contains("cluster-puller"), "{cloud} {value}: no opt-in");
        }
    }
}
