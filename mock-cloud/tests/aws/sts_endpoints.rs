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
async fn a_path_stands_for_the_endpoint_of_a_region_whatever_the_host() {
    for (home, path, region, expected) in [
        ("us-east-1", "/sts/eu-west-1/", "eu-west-1", "accepted"),
        ("us-east-1", "/sts/eu-west-1", "eu-west-1", "accepted"),
        ("us-east-1", "/sts/eu-west-1/", "us-east-1", OUT_OF_REGION),
        ("us-gov-west-1", "/sts/us-gov-east-1/", "us-gov-east-1", "accepted"),
        ("us-east-1", "/sts/cn-north-1/", "cn-north-1", "The security token included in the request is invalid."),
    ] {
        let instance = in_region(home).await;
        for host in ["127.0.0.1:4566", "sts.us-west-2.amazonaws.com"] {
            for signed_for in [For::Region(region), For::Regions(region)] {
                let answer = Question { host, signed_for, path, ..Question::default() }.ask(&instance);
                let verdict = if answer.status == 200 { "accepted" } else { error(&answer).2 };
                assert_eq!(verdict, expected, "{path} {region}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_aws_has_not_got_answers_nothing() {
    let instance = in_region("us-east-1").await;
    let hosts = ["sts.mars-north-1.amazonaws.com", "sts.amazonaws.com.cn", "sts-fips.us-gov-west-1.amazonaws.com"];
    let at_host = hosts.map(|host| Question { host, ..Question::default() });
    let paths = ["/sts/mars-north-1/", "/sts/*/", "/sts/aws-global/"];
    let at_path = paths.map(|path| Question { path, ..Question::default() });
    for question in at_host.iter().chain(&at_path) {
        let answer = question.ask(&instance);
        assert_eq!((answer.status, answer.body.as_str()), (421, ""), "{} {}", question.host, question.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_endpoints_for_fips_and_for_ipv6_have_names_of_their_own() {
    for (home, host) in [
        ("us-east-1", "sts-fips.us-east-1.api.aws"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("us-gov-west-1", "sts-fips.us-gov-west-1.api.aws"),
        ("cn-north-1", "sts.cn-north-1.api.amazonwebservices.com.cn"),
        ("eusc-de-east-1", "sts.eusc-de-east-1.api.amazonwebservices.eu"),
        ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov"),
    ] {
        let instance = in_region(home).await;
        assert_eq!(verdict(&instance, host, For::Region(home)), "accepted", "{host}");
        assert_eq!(verdict(&instance, host, For::Region("us-west-2")), OUT_OF_REGION, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arn_names_the_partition_of_the_world() {
    let instance = in_region("us-gov-west-1").await;
    let question = Question { host: "sts.us-gov-west-1.amazonaws.com", ..Question::default() };
    let answer = question.ask(&instance);
    assert!(answer.body.contains("<Arn>arn:aws-us-gov:sts::111122223333:assumed-role/"), "{}", answer.body);
}
