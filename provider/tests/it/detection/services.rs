//! The metadata services, all asked at once where nothing on the node says which cloud it is.

use std::path::Path;
use std::time::Duration;

use artifactory_credential_provider::cloud::{CloudError, Step, detect};
use artifactory_credential_provider::config::Environment;
use artifactory_credential_provider::endpoints::{Endpoints, InstanceMetadata};
use artifactory_credential_provider::http::HttpError;
use artifactory_credential_provider::time::Deadline;
use mock_kit::Fault;

use super::{AWS, AZURE, GOOGLE, KVM, NOBODY, Node, PROBES, user_of};
use crate::site::CLOUDS;

#[tokio::test]
async fn each_cloud_is_known_by_its_metadata_service_where_the_firmware_says_nothing() {
    for cloud in CLOUDS {
        let node = Node::on(cloud).await;
        node.firmware(&KVM);
        assert_eq!(node.user().await, user_of(cloud));
    }
}

#[tokio::test]
async fn every_service_is_asked_at_once() {
    let node = Node::start().await;
    node.site.cloud.kit().faults.add(Fault::hang("*"));
    node.refused(4, &[]).await;
    let mut expected = PROBES;
    expected.sort_unstable();
    assert_eq!(node.probes(), expected);
}

#[tokio::test]
async fn a_service_that_answers_is_not_kept_waiting_by_those_that_hang() {
    let node = Node::start().await;
    for path in [AWS, AZURE] {
        node.site.cloud.kit().faults.add(Fault::hang(path));
    }
    assert_eq!(node.user().await, user_of("google"));
}

#[tokio::test]
async fn services_that_hang_are_given_up_together() {
    let node = Node::start().await;
    node.site.cloud.kit().faults.add(Fault::hang("*"));
    insta::assert_snapshot!(node.refused(4, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and none was found: DMI says nothing; AWS at http://CLOUD: no answer within 300 ms; Azure at http://CLOUD: no answer within 300 ms; Google Cloud at http://CLOUD: no answer within 300 ms
      hint: set `cloud_provider` to one of: aws, azure, google, or let the node reach its cloud's metadata service
    ");
}

#[tokio::test]
async fn a_metadata_service_that_must_not_be_asked_is_not_looked_for() {
    let node = Node::on("aws").await;
    insta::assert_snapshot!(node.refused(4, &[("AWS_EC2_METADATA_DISABLED", "true")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and none was found: DMI says nothing; AWS must not be asked, by `AWS_EC2_METADATA_DISABLED`; Azure at http://CLOUD: answered 404; Google Cloud at http://CLOUD: answered 404
      hint: set `cloud_provider` to one of: aws, azure, google, or let the node reach its cloud's metadata service
    ");
    assert_eq!(node.probes(), [PROBES[2], PROBES[1]]);
}

#[tokio::test]
async fn what_answers_in_the_place_of_every_service_is_no_cloud() {
    let page = || Fault::reply("*", 200, "<html>sign in</html>").header("content-type", "text/html");
    let node = Node::start().await;
    node.site.cloud.kit().faults.add(page());
    insta::assert_snapshot!(node.refused(4, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and none was found: DMI says nothing; AWS at http://CLOUD: answered without a session token; Azure at http://CLOUD: answered without `azEnvironment`; Google Cloud at http://CLOUD: answered without `Metadata-Flavor: Google`
      hint: set `cloud_provider` to one of: aws, azure, google, or let the node reach its cloud's metadata service
    ");
    for (name, fault) in [
        ("a word", Fault::reply("*", 200, "token")),
        ("the header asked for, and a page", page().header("x-aws-ec2-metadata-token-ttl-seconds", "60")),
        (
            "a life that nobody asked for",
            Fault::reply("*", 200, "token").header("x-aws-ec2-metadata-token-ttl-seconds", "21600"),
        ),
        ("a life and no token", Fault::reply("*", 200, "").header("x-aws-ec2-metadata-token-ttl-seconds", "60")),
        ("another document", Fault::reply("*", 200, r#"{"status":"ok"}"#)),
        ("a document of no cloud", Fault::reply("*", 200, r#"{"azEnvironment":""}"#)),
        ("a listing without the header", Fault::reply("*", 200, "instance/\nproject/\n")),
        ("the header without a listing", Fault::reply("*", 200, "ok").header("metadata-flavor", "Google")),
        ("the wrong flavour", Fault::reply("*", 200, "instance/\n").header("metadata-flavor", "Vanilla")),
        ("a refusal under the header", Fault::reply("*", 503, "instance/\n").header("metadata-flavor", "Google")),
        ("a redirect", Fault::reply("*", 302, "").header("location", "http://127.0.0.1:9/")),
    ] {
        let node = Node::start().await;
        node.site.cloud.kit().faults.add(fault);
        assert!(node.refused(4, &[]).await.contains("none was found"), "{name}");
        assert_eq!(node.probes().len(), 3, "{name}: one attempt each");
    }
}

#[tokio::test]
async fn a_service_that_answers_late_wins_over_a_page_that_comes_at_once() {
    let node = Node::start().await;
    let faults = &node.site.cloud.kit().faults;
    faults.add(Fault::reply(AWS, 200, "<html>"));
    faults.add(Fault::reply(GOOGLE, 200, "<html>"));
    faults.add(Fault::latency(AZURE, Duration::from_millis(100)));
    assert_eq!(node.user().await, user_of("azure"));
}

#[tokio::test]
async fn services_are_never_looked_for_through_a_proxy() {
    let proxy = wiremock::MockServer::start().await;
    let uri = proxy.uri();
    let variables = [("HTTP_PROXY", uri.as_str()), ("http_proxy", &uri), ("HTTPS_PROXY", &uri), ("ALL_PROXY", &uri)];
    for cloud in CLOUDS {
        Node::on(cloud).await.pull(&variables).await.response();
    }
    Node::start().await.refused(4, &[&variables[..], &NOBODY].concat()).await;
    assert_eq!(proxy.received_requests().await.expect("recorded").len(), 0);
}

fn endpoints(node: &Node) -> Endpoints {
    let environment: Environment = node.environment(&[]).into_iter().collect();
    Endpoints::from_environment(&environment).expect("endpoints")
}

#[tokio::test]
async fn both_addresses_of_ec2s_service_are_asked() {
    let node = Node::on("aws").await;
    for addresses in [
        ["http://127.0.0.1:9".to_owned(), node.site.cloud.url()],
        [node.site.cloud.url(), "http://127.0.0.1:9".to_owned()],
    ] {
        let endpoints = Endpoints { aws_metadata: InstanceMetadata::At(addresses.into()), ..endpoints(&node) };
        let found = detect(Path::new(&node.system()), &endpoints, Deadline::after(Duration::from_secs(20))).await;
        assert_eq!(found.expect("a cloud").step, Step::Metadata);
    }
}

#[tokio::test]
async fn a_pull_without_time_looks_for_nothing() {
    let node = Node::start().await;
    let found = detect(Path::new(&node.system()), &endpoints(&node), Deadline::after(Duration::ZERO)).await;
    assert!(matches!(found, Err(CloudError::Metadata(HttpError::Deadline))), "{found:?}");
    assert!(node.site.cloud_requests().is_empty());
}
