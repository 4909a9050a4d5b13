//! How much a pull asks: no more than the protocols need, and what the README says.

use std::time::Duration;

use mock_kit::{Fault, Recorded};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::example::Example;
use crate::program::Outcome;
use crate::site::Site;
use crate::workload::{opted_in, pull, pull_by_agent_in};

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

/// A row of the README's table.
struct Row<'a> {
    identity: &'a str,
    /// What the configuration or the environment says of what would have to be asked.
    known: &'a str,
    requests: usize,
    round_trips: usize,
    exchange: Option<&'a str>,
}

fn rows() -> Vec<Row<'static>> {
    let readme = include_str!("../../../README.md");
    let section =
        readme.split("\n## Identities\n").nth(1).expect("a section").split("\n### ").next().expect("its text");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.map(|row| {
        let cells: Vec<_> = row.split(" | ").map(|cell| cell.trim_matches('`')).collect();
        let &[identity, _, known, requests, round_trips, exchange] = cells.as_slice() else { panic!("{row}") };
        let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{row}"));
        let exchange = exchange.starts_with('/').then_some(exchange);
        Row { identity, known, requests: number(requests), round_trips: number(round_trips), exchange }
    })
    .collect()
}

/// An example, one of its entries, and the variables that make the row's case of it.
struct Flow {
    example: Example,
    changes: Vec<(&'static str, &'static str)>,
}

const UNNAMED: (&str, &str) = ("aws_role_name", "");
const IN_A_REGION: (&str, &str) = ("aws_region", "us-east-1");
const ELSEWHERE: (&str, &str) = ("oidc.eks.us-east-1.amazonaws.com", "oidc.example.org");

fn flow(row: &Row<'_>) -> Flow {
    let of = |folder, changes: &[_]| Flow { example: Example::of(folder), changes: changes.to_vec() };
    let outside_eks =
        |folder| Flow { example: Example::of(folder).with_all(ELSEWHERE.0, ELSEWHERE.1), changes: Vec::new() };
    match (row.identity, row.known) {
        ("awsInstanceRole", "role, region") => of("aws-instance-role", &[IN_A_REGION]),
        ("awsInstanceRole", "role") => of("aws-instance-role", &[]),
        ("awsInstanceRole", "region") => of("aws-instance-role", &[UNNAMED, IN_A_REGION]),
        ("awsInstanceRole", "") => of("aws-instance-role", &[UNNAMED]),
        ("awsWebIdentity", "region") => of("aws-web-identity", &[]),
        ("awsWebIdentity", "") => outside_eks("aws-web-identity"),
        ("awsPodIdentity", "region") => of("aws-pod-identity", &[]),
        ("awsPodIdentity", "") => outside_eks("aws-pod-identity"),
        ("awsExternalRole", "region" | "region, key") => of("aws-external-role", &[]),
        ("awsCognito", "role, region") => of("aws-cognito", &[("aws_role_name", "artifactory-pull"), IN_A_REGION]),
        ("awsCognito", "") => of("aws-cognito", &[]),
        ("azureManagedIdentity", "") => of("azure-managed-identity", &[]),
        ("azureFederated", "cloud") => {
            of("azure-federated", &[("azure_app_audience", ""), ("azure_cloud_name", "AzureCloud")])
        }
        ("azureFederated", "") => of("azure-federated", &[("azure_app_audience", "")]),
        ("azureWorkloadIdentity", "") => of("azure-workload-identity", &[]),
        ("gcpMetadata", "") => of("google-metadata", &[]),
        ("gcpImpersonation", "") => of("google-impersonation", &[]),
        ("gcpWorkloadIdentity", "") => of("google-workload-identity", &[]),
        ("gcpApplicationDefault", "file") => of("google-application-default", &[]),
        ("serviceAccountToken", "") => of("service-account-token", &[]),
        ("serviceAccountTokenFile", "") => {
            let (asked, unasked) = ("serviceAccountTokenAudience:", "unknown:");
            Flow {
                example: Example::of("service-account-token").with("kubelet.yaml", asked, unasked),
                changes: Vec::new(),
            }
        }
        (identity, known) => panic!("the README counts requests of `{identity}` with `{known}`, and no test does"),
    }
}

/// The pull of a row from far away, and what it asked.
async fn measure(row: &Row<'_>) -> Vec<Vec<String>> {
    let Flow { example, changes } = flow(row);
    let site = example.site().await;
    let audience = if row.identity == "gcpApplicationDefault" { "google-sts" } else { "artifactory" };
    site.file("token", site.pod_token("app", audience));
    let key = key(row, &site).await;
    move_away(&site);
    let key = key.iter().map(|(name, value)| (*name, value.as_str()));
    let changes: Vec<_> = changes.into_iter().chain(key).collect();
    let outcome = example.pull_with(&site, "kubelet.yaml", &changes).await;
    asked(&site, &outcome)
}

#[cfg(feature = "aws-sdk")]
async fn key(row: &Row<'_>, site: &Site) -> Vec<(&'static str, String)> {
    if row.known.ends_with("key") { crate::external_role::key_of(site, "eks-node").await.into() } else { Vec::new() }
}

#[cfg(not(feature = "aws-sdk"))]
async fn key(_: &Row<'_>, _: &Site) -> Vec<(&'static str, String)> {
    Vec::new()
}

async fn assert_counted(begins: &[&str]) {
    let rows = rows().into_iter().filter(|row| begins.iter().any(|beginning| row.identity.starts_with(beginning)));
    let mut count = 0;
    for row in rows.filter(|row| cfg!(feature = "aws-sdk") || row.identity != "awsExternalRole") {
        let trips = measure(&row).await;
        let requests = trips.iter().flatten().count() - 1;
        let exchange = row.exchange.map(|path| vec![format!("POST {path}")]);
        assert_eq!(
            (requests, trips.len()),
            (row.requests, row.round_trips),
            "{} {}: {trips:?}",
            row.identity,
            row.known
        );
        assert_eq!(trips.last(), exchange.as_ref(), "{}", row.identity);
        count += 1;
    }
    assert!(count > 0, "no row of {begins:?}");
}

#[tokio::test]
async fn the_readme_counts_the_requests_of_the_nodes_aws_identities() {
    assert_counted(&["awsInstanceRole", "awsCognito", "awsExternalRole"]).await;
}

#[tokio::test]
async fn the_readme_counts_the_requests_of_the_pods_aws_identities() {
    assert_counted(&["awsWebIdentity", "awsPodIdentity"]).await;
}

#[tokio::test]
async fn the_readme_counts_the_requests_of_azures_identities() {
    assert_counted(&["azure"]).await;
}

#[tokio::test]
async fn the_readme_counts_the_requests_of_googles_identities_and_the_clusters() {
    assert_counted(&["gcp", "serviceAccount"]).await;
}

#[tokio::test]
async fn a_static_credential_asks_nobody() {
    let rows = rows();
    let row = rows.iter().find(|row| row.identity == "static").expect("a row");
    assert_eq!((row.requests, row.round_trips, row.exchange), (0, 0, None));
    let site = Site::start().await;
    let mut environment = site.environment("none");
    environment.remove("cloud_provider");
    for (name, value) in [("KSCP_REGISTRY_USERNAME", "hub"), ("KSCP_REGISTRY_PASSWORD", "the-password")] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let outcome = site.pull_in(&[], &environment).await;
    assert!(asked(&site, &outcome).is_empty());
}

#[test]
fn the_readme_counts_the_requests_of_every_identity() {
    let mut identities = crate::documents::identities();
    identities.push("static".to_owned());
    for identity in identities {
        assert!(rows().iter().any(|row| row.identity == identity), "no row of `{identity}`");
    }
}
