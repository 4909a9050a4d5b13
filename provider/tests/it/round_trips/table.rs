//! The README's table of identities: what it says a pull asks is what the mocks saw.

use super::{asked, move_away};
use crate::example::Example;
#[cfg(feature = "aws-sdk")]
use crate::external_role::key_of;
use crate::site::Site;

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
    let readme = include_str!("../../../../README.md");
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
    #[cfg(feature = "aws-sdk")]
    let key = if row.known.ends_with("key") { key_of(&site, "eks-node").await.to_vec() } else { Vec::new() };
    #[cfg(feature = "aws-sdk")]
    let changes: Vec<_> = changes.into_iter().chain(key.iter().map(|(name, value)| (*name, value.as_str()))).collect();
    move_away(&site);
    let outcome = example.pull_with(&site, "kubelet.yaml", &changes).await;
    asked(&site, &outcome)
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
