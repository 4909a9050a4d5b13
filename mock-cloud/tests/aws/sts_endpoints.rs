//! Which region a host stands for, and which signatures it takes.

use mock_cloud::aws::AwsWorld;

use crate::instance::Instance;
use crate::question::{For, Question, error};

const OUT_OF_REGION: &str = "Credential should be scoped to a valid region. ";

async fn in_region(region: &str) -> Instance {
    Instance::start(AwsWorld { region: region.into(), ..AwsWorld::default() }).await
}

fn verdict(instance: &Instance, host: &str, signed_for: For<'_>) -> String {
    let question = Question { host, signed_for, ..Question::default() };
    let answer = question.ask(instance);
    match answer.status {
        200 => "accepted".into(),
        _ => error(&answer).2.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scope_must_fit_the_endpoint() {
    let instance = in_region("eu-central-1").await;
    for (host, region, accepted) in [
        ("sts.amazonaws.com", "us-east-1", true),
        ("sts.amazonaws.com", "us-west-2", false),
        ("sts.us-west-2.amazonaws.com", "us-west-2", true),
        ("sts.us-west-2.amazonaws.com", "us-east-1", false),
        ("sts.us-west-2.amazonaws.com:443", "us-west-2", true),
        ("sts-fips.us-east-2.amazonaws.com", "us-east-2", true),
        ("sts.eu-west-1.api.aws", "eu-west-1", true),
        ("sts.eu-west-1.api.aws", "us-east-1", false),
        ("127.0.0.1:4566", "eu-central-1", true),
        ("127.0.0.1:4566", "us-east-1", false),
        ("sts.example.com", "eu-central-1", true),
    ] {
        let expected = if accepted { "accepted" } else { OUT_OF_REGION };
        for signed_for in [For::Region(region), For::Regions(region)] {
            assert_eq!(verdict(&instance, host, signed_for), expected, "{host} {region}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_set_may_hold_globs() {
    let instance = in_region("us-east-1").await;
    let host = "sts.us-west-2.amazonaws.com";
    for (set, expected) in [
        ("*", "accepted"),
        ("us-west-*", "accepted"),
        ("eu-west-1,us-west-2", "accepted"),
        ("eu-*", OUT_OF_REGION),
        ("us-east-1,us-west-1", OUT_OF_REGION),
        ("US-WEST-2", OUT_OF_REGION),
    ] {
        assert_eq!(verdict(&instance, host, For::Regions(set)), expected, "{set}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_known_in_their_own_partition_only() {
    let unknown = "The security token included in the request is invalid.";
    for (home, host, region, expected) in [
        ("cn-north-1", "sts.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1", "accepted"),
        ("us-gov-west-1", "sts.us-gov-east-1.amazonaws.com", "us-gov-east-1", "accepted"),
        ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "accepted"),
        ("us-east-1", "sts.cn-north-1.amazonaws.com.cn", "cn-north-1", unknown),
        ("us-gov-west-1", "sts.amazonaws.com", "us-east-1", unknown),
    ] {
        let instance = in_region(home).await;
        assert_eq!(verdict(&instance, host, For::Region(region)), expected, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arn_names_the_partition_of_the_world() {
    let instance = in_region("us-gov-west-1").await;
    let question = Question { host: "sts.us-gov-west-1.amazonaws.com", ..Question::default() };
    let answer = question.ask(&instance);
    assert!(answer.body.contains("<Arn>arn:aws-us-gov:sts::111122223333:assumed-role/"), "{}", answer.body);
}
