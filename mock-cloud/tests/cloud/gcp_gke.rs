//! GKE's metadata server: the same tree with other refusals, and the identity of a pod.

use mock_cloud::gcp::{GkeWorkload, MetadataServer};
use mock_cloud::{MockCloud, World};
use reqwest::Response;

use crate::client::{get, header, json};

const IMAGES: &str = "images@artifactory-demo.iam.gserviceaccount.com";
const ACCOUNTS: &str = "/computeMetadata/v1/instance/service-accounts";

async fn start(annotation: Option<&str>, is_bound: bool) -> MockCloud {
    let mut world = World::default();
    world.gcp.metadata_server = MetadataServer::Gke(GkeWorkload {
        namespace: "default".into(),
        service_account: "app".into(),
        annotation: annotation.map(str::to_owned),
    });
    if is_bound {
        let member = "serviceAccount:artifactory-demo.svc.id.goog[default/app]".to_owned();
        world.gcp.service_accounts[0].policy.bindings[1].members.push(member);
    }
    MockCloud::start(world).await.unwrap()
}

async fn ask(cloud: &MockCloud, target: &str) -> Response {
    get(cloud, target).header("Metadata-Flavor", "Google").send().await.unwrap()
}

async fn refusal(cloud: &MockCloud, target: &str) -> (u16, String) {
    let answer = ask(cloud, target).await;
    assert_eq!(header(&answer, "server"), Some("GKE Metadata Server"));
    assert_eq!(header(&answer, "metadata-flavor"), Some("Google"));
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let words = text.strip_prefix("GKE Metadata Server encountered an error: ").expect(&text);
    (status, words.trim_end().to_owned())
}

#[tokio::test]
async fn a_bound_pod_gets_the_tokens_of_its_account() {
    let cloud = start(Some(IMAGES), true).await;
    let listing = ask(&cloud, &format!("{ACCOUNTS}/")).await.text().await.unwrap();
    assert_eq!(listing, format!("default/\n{IMAGES}/\n"));
    let token = ask(&cloud, &format!("{ACCOUNTS}/default/token")).await;
    assert!(json(token).await["access_token"].as_str().unwrap().starts_with("ya29."));
    let token = ask(&cloud, &format!("{ACCOUNTS}/default/identity?audience=x&format=full")).await;
    assert_eq!(token.text().await.unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn a_pod_without_an_annotation_or_a_binding_is_refused_in_other_words() {
    let identity = format!("{ACCOUNTS}/default/identity?audience=x");
    let (status, words) = refusal(&start(None, true).await, &identity).await;
    assert_eq!(status, 404);
    assert!(words.contains("(default/app) is not annotated with a target Google service account"), "{words}");
    let (status, words) = refusal(&start(Some("nobody@demo.iam"), true).await, &identity).await;
    assert_eq!(status, 404);
    assert!(
        words.ends_with("IAM returned 404 Not Found: Not found; Gaia id not found for email nobody@demo.iam"),
        "{words}"
    );
    let (status, words) = refusal(&start(Some(IMAGES), false).await, &identity).await;
    assert_eq!(status, 403);
    assert!(words.contains("Permission 'iam.serviceAccounts.getAccessToken' denied"), "{words}");
}

#[tokio::test]
async fn a_request_without_the_header_is_refused_in_gkes_words() {
    let cloud = start(Some(IMAGES), true).await;
    let answer = get(&cloud, &format!("{ACCOUNTS}/default/email")).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let text = answer.text().await.unwrap();
    assert!(text.contains("Missing required header \"Metadata-Flavor\": \"Google\""), "{text}");
}
