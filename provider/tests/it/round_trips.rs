//! How much a pull asks: no more than the protocols need.

use std::time::Duration;

use mock_kit::{Fault, Recorded};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::program::Outcome;
use crate::site::Site;
use crate::workload::{opted_in, pull, pull_by_agent_in};

mod table;

const SESSION: &str = "PUT /latest/api/token";
const REGION: &str = "GET /latest/meta-data/placement/region";
const ROLES: &str = "GET /latest/meta-data/iam/security-credentials/";
const CREDENTIALS: &str = "GET /latest/meta-data/iam/security-credentials/artifactory-pull";
const AGENT: &str = "GET /v1/credentials";
const STS: &str = "POST /";
const EXCHANGE: &str = "POST /access/api/v1/aws/token";

/// How long every answer takes, so that what is asked at once and what is asked in turn can be told apart.
const LATENCY: Duration = Duration::from_millis(400);

pub(crate) async fn distant_site() -> Site {
    let site = Site::start().await;
    move_away(&site);
    site
}

fn move_away(site: &Site) {
    for kit in [site.cloud.kit(), site.artifactory.kit()] {
        kit.faults.add(Fault::latency("*", LATENCY));
    }
}

/// What the provider itself asked the cloud and Artifactory: one list a round trip, each sorted.
pub(crate) fn asked(site: &Site, outcome: &Outcome) -> Vec<Vec<String>> {
    outcome.response();
    let kits = [site.cloud.kit(), site.artifactory.kit()];
    let own = |agent: &str| agent.starts_with("artifactory-credential-provider/") || agent.starts_with("aws-sdk-rust/");
    let requests = kits.into_iter().flat_map(|kit| kit.journal.requests());
    let mut requests: Vec<_> = requests
        .filter(|request| request.header("user-agent").is_some_and(own))
        .map(|request| (OffsetDateTime::parse(&request.at, &Rfc3339).expect("a time"), request))
        .collect();
    requests.sort_by_key(|(at, _)| *at);
    let trips = requests.chunk_by(|(before, _), (after, _)| *after - *before < LATENCY / 2);
    let names = |trip: &[(OffsetDateTime, Recorded)]| {
        let mut names: Vec<_> =
            trip.iter().map(|(_, request)| format!("{} {}", request.method, request.path)).collect();
        names.sort();
        names
    };
    trips.map(names).collect()
}

#[tokio::test]
async fn an_instance_role_asks_for_what_is_not_configured() {
    let (no_region, no_role) = (("AWS_REGION", ""), ("aws_role_name", ""));
    for (changes, expected) in [
        (&[][..], vec![vec![SESSION], vec![CREDENTIALS], vec![EXCHANGE]]),
        (&[no_region][..], vec![vec![SESSION], vec![CREDENTIALS, REGION], vec![EXCHANGE]]),
        (&[no_role][..], vec![vec![SESSION], vec![ROLES], vec![CREDENTIALS], vec![EXCHANGE]]),
        (&[no_region, no_role][..], vec![vec![SESSION], vec![ROLES, REGION], vec![CREDENTIALS], vec![EXCHANGE]]),
    ] {
        let site = distant_site().await;
        let outcome = site.pull_in(&[], &site.environment_with("aws", changes)).await;
        assert_eq!(asked(&site, &outcome), expected, "{changes:?}");
    }
}

#[tokio::test]
async fn a_web_identity_asks_sts_and_for_a_region_that_is_not_known() {
    for (changes, expected) in [
        (&[][..], vec![vec![STS], vec![EXCHANGE]]),
        (&[("AWS_REGION", "")][..], vec![vec![SESSION], vec![REGION], vec![STS], vec![EXCHANGE]]),
    ] {
        let site = distant_site().await;
        let token = site.pod_token("app", "sts.amazonaws.com");
        let outcome = pull(&site, "aws", &token, &opted_in(), changes).await;
        assert_eq!(asked(&site, &outcome), expected, "{changes:?}");
    }
}

#[tokio::test]
async fn a_pod_identity_asks_the_agent_and_for_a_region_that_is_not_known() {
    for (region, expected) in [
        ("us-east-1", vec![vec![AGENT], vec![EXCHANGE]]),
        ("", vec![vec![AGENT, SESSION], vec![REGION], vec![EXCHANGE]]),
    ] {
        let site = distant_site().await;
        let agent = format!("{}/v1/credentials", site.cloud.url());
        let changes = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_REGION", region)];
        let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
        let outcome = pull_by_agent_in(&site, &token, &site.environment_with("none", &changes)).await;
        assert_eq!(asked(&site, &outcome), expected, "{region}");
    }
}

/// A token that says it is of an EKS cluster; here nobody looks at its signature.
#[tokio::test]
async fn the_issuer_of_an_eks_cluster_is_the_region_of_its_pods() {
    let site = Site::start().await;
    let token = Site::token_of_issuer("https://oidc.eks.eu-central-1.amazonaws.com/id/AB", "pods.eks.amazonaws.com");
    let agent = format!("{}/v1/credentials", site.cloud.url());
    let credentials = json!({
        "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "key", "Token": "token", "Expiration": "2100-01-01T00:00:00Z",
    });
    let fault = Fault::reply("/v1/credentials", 200, credentials.to_string());
    site.cloud.kit().faults.add(fault);
    let changes = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_REGION", "")];
    pull_by_agent_in(&site, &token, &site.environment_with("none", &changes)).await;
    assert_eq!(site.last_exchange().query, "region=eu-central-1");
    assert!(!site.cloud_requests().contains(&SESSION.to_owned()), "{:?}", site.cloud_requests());
}
