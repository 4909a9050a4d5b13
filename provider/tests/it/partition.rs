//! Partitions of AWS: which STS is asked, and that nothing of one partition goes to another.

use mock_kit::Fault;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::program::run;
use crate::site::Site;
use crate::workload::{opted_in, pull, request};

/// Without the mock's addresses, so that AWS's own hosts are called.
const OWN_HOSTS: [(&str, &str); 4] = [
    ("AWS_ENDPOINT_URL_STS", ""),
    ("AWS_ENDPOINT_URL_SECRETS_MANAGER", ""),
    ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", ""),
    ("ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL", ""),
];

const CHINESE: &str = "arn:aws-cn:iam::111122223333:role/web-identity-pull";

fn with_role(arn: &str) -> Value {
    json!({"JFrogExchange": "true", "eks.amazonaws.com/role-arn": arn})
}

/// A node whose metadata service knows no region.
async fn without_region() -> Site {
    let site = Site::start().await;
    for path in ["/latest/meta-data/placement/region", "/latest/dynamic/instance-identity/document"] {
        site.cloud.kit().faults.add(Fault::reply(path, 404, ""));
    }
    site
}

fn asks_sts(site: &Site) -> bool {
    site.cloud_requests().contains(&"POST /".to_owned())
}

#[tokio::test]
async fn a_role_of_another_partition_is_refused_before_any_call() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &with_role(CHINESE), &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the role `arn:aws-cn:iam::111122223333:role/web-identity-pull` is of the partition `aws-cn`, the region `us-east-1` of `aws`
      hint: set `aws_region` (`region`) to a region of the partition `aws-cn`, or correct the role's ARN
    ");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn without_any_region_a_role_of_aws_is_assumed_at_the_global_sts() {
    let site = without_region().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[("AWS_REGION", "")]).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
    let exchange = site.last_exchange();
    assert_eq!((exchange.query.as_str(), exchange.header("x-amz-region-set")), ("", Some("*")));
}

#[tokio::test]
async fn without_any_region_a_role_of_another_partition_never_meets_the_global_sts() {
    let site = without_region().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &with_role(CHINESE), &[("AWS_REGION", "")]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no AWS region of the partition `aws-cn` is known to assume the role in
      hint: set `aws_region` (`region`) to a region of the partition `aws-cn`
    ");
    assert!(!asks_sts(&site), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_pods_role_needs_no_metadata_service_that_must_not_be_asked() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let changes = [("AWS_REGION", ""), ("AWS_EC2_METADATA_DISABLED", "true")];
    let outcome = pull(&site, "aws", &token, &opted_in(), &changes).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
    assert!(!site.cloud_requests().iter().any(|request| request.contains("/latest/")), "{:?}", site.cloud_requests());
    let outcome = pull(&site, "aws", &token, &with_role(CHINESE), &changes).await;
    assert!(outcome.failure(4).contains("set `aws_region` (`region`) to a region of the partition `aws-cn`"));
}

/// The host that a pod's token would go to, as a proxy that refuses every connection gets to know it.
async fn host_asked(region: &str, arn: &str, variables: &[(&str, &str)]) -> String {
    let site = Site::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let seen = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        let mut line = String::new();
        BufReader::new(&mut connection).read_line(&mut line).await.expect("a line");
        connection.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.expect("an answer");
        line
    });
    let changes = [&OWN_HOSTS[..], &[("AWS_REGION", region), ("HTTPS_PROXY", &proxy)], variables].concat();
    let token = site.pod_token("app", "sts.amazonaws.com");
    let stdin = request(&site.image(), &token, &with_role(arn));
    let outcome = run(&[], &site.environment_with("aws", &changes), &stdin).await;
    site.check_leaks(&outcome);
    let line = seen.await.expect("a line");
    let host =
        line.trim_end().strip_prefix("CONNECT ").and_then(|rest| rest.strip_suffix(":443 HTTP/1.1")).expect(&line);
    assert!(outcome.failure(4).contains(&format!("cannot reach AWS STS at `{host}`")), "{}", outcome.stderr);
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
    host.to_owned()
}

#[tokio::test]
async fn a_pods_token_goes_to_the_sts_that_the_variables_choose() {
    let commercial = "arn:aws:iam::111122223333:role/pull";
    let government = "arn:aws-us-gov:iam::111122223333:role/pull";
    let (fips, dual_stack) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    for (region, arn, variables, host) in [
        ("eu-central-1", commercial, &[][..], "sts.eu-central-1.amazonaws.com"),
        ("cn-north-1", CHINESE, &[][..], "sts.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", commercial, &[fips][..], "sts-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", government, &[fips][..], "sts.us-gov-west-1.amazonaws.com"),
        ("eu-central-1", commercial, &[dual_stack][..], "sts.eu-central-1.api.aws"),
        ("us-east-1", commercial, &[fips, dual_stack][..], "sts-fips.us-east-1.api.aws"),
    ] {
        assert_eq!(host_asked(region, arn, variables).await, host);
    }
}

#[tokio::test]
async fn what_artifactory_calls_is_the_plain_host_whatever_the_provider_calls() {
    let site = Site::start().await;
    let variant = [("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")];
    let changes = [&OWN_HOSTS[..], &variant].concat();
    let outcome = site.pull_in(&[], &site.environment_with("aws", &changes)).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller", "the signature fits the host that Artifactory makes");
}
