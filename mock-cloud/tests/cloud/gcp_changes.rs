//! Metadata in other forms, and metadata that changes.

use std::time::Duration;

use mock_cloud::MockCloud;
use reqwest::Response;

use crate::client::{client, get, header, json, start};

const KEY: &str = "/computeMetadata/v1/instance/attributes/kubelet-config";

async fn ask(cloud: &MockCloud, target: &str) -> Response {
    get(cloud, target).header("Metadata-Flavor", "Google").send().await.unwrap()
}

async fn set(cloud: &MockCloud, value: &str) {
    let url = format!("{}/__mock/gcp/attributes/kubelet-config", cloud.url());
    let answer = client(None).put(url).body(value.to_owned()).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}

#[tokio::test]
async fn a_value_can_be_had_as_json_and_a_directory_as_text() {
    let cloud = start().await;
    let zone = ask(&cloud, "/computeMetadata/v1/instance/zone?alt=json").await;
    assert_eq!(header(&zone, "content-type"), Some("application/json"));
    assert_eq!(json(zone).await, "projects/123456789012/zones/us-central1-a");
    let project = ask(&cloud, "/computeMetadata/v1/project/?recursive=true&alt=text").await;
    assert_eq!(header(&project, "content-type"), Some("application/text"));
    let text = project.text().await.unwrap();
    assert_eq!(text, "numeric-project-id 123456789012\nproject-id artifactory-demo\n");
}

#[tokio::test]
async fn a_caller_with_an_old_tag_is_answered_at_once() {
    let cloud = start().await;
    set(&cloud, "one").await;
    let answer = ask(&cloud, &format!("{KEY}?wait_for_change=true&last_etag=0000000000000000")).await;
    assert_eq!(answer.text().await.unwrap(), "one");
}

#[tokio::test]
async fn whoever_waits_for_a_change_is_answered_with_it() {
    let cloud = start().await;
    set(&cloud, "one").await;
    let tag = header(&ask(&cloud, KEY).await, "etag").unwrap().to_owned();
    let url = format!("{}{KEY}?wait_for_change=true&last_etag={tag}", cloud.url());
    let waiting = tokio::spawn(client(None).get(url).header("Metadata-Flavor", "Google").send());
    let is_asked = || cloud.kit().journal.requests().iter().any(|request| request.query.contains("wait_for_change"));
    while !is_asked() {
        tokio::task::yield_now().await;
    }
    set(&cloud, "two").await;
    let answer = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap().unwrap();
    assert_ne!(header(&answer, "etag"), Some(tag.as_str()));
    assert_eq!(answer.text().await.unwrap(), "two");
}

#[tokio::test]
async fn a_wait_ends_after_its_time_with_what_is_there() {
    let cloud = start().await;
    set(&cloud, "one").await;
    let answer = ask(&cloud, &format!("{KEY}?wait_for_change=true&timeout_sec=1")).await;
    assert_eq!(answer.text().await.unwrap(), "one");
}
