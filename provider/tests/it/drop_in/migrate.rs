//! What differs on purpose is in the document, a line each, and each line names tests that there are.

use super::{is_a_test, repository};

/// The defects that are not carried over.
const ON_PURPOSE: [&str; 18] = [
    "which registry gets the credential",
    "proxies",
    "`eks.amazonaws.com/role-arn` without `JFrogExchange`",
    "how long a credential is cached",
    "a reply without a token or user name",
    "`http_timeout_seconds`",
    "Cognito that hangs",
    "no `cloud_provider`",
    "a pod's role and the metadata service",
    "a region that nobody knows",
    "AWS beyond the commercial partition",
    "Azure beyond the public cloud",
    "what the exchange says of the OIDC provider",
    "a service that is busy",
    "`artifactory_url` and TLS",
    "failures",
    "versions of the kubelet's API",
    "`cacheKeyType`",
];

#[test]
fn the_migration_names_each_difference_and_the_tests_that_show_it() {
    let document = std::fs::read_to_string(repository("docs/migrate.md")).expect("a document");
    let section = document.split("\n## What differs on purpose\n").nth(1).expect("a section");
    let rows: Vec<Vec<_>> = section.lines().filter(|line| line.starts_with("| ")).skip(1).map(cells).collect();
    assert_eq!(rows.iter().map(|cells| cells[0]).collect::<Vec<_>>(), ON_PURPOSE);
    for cells in rows {
        let [what, there, here, change, tests] = cells[..] else { panic!("five cells: {cells:?}") };
        assert!(![there, here, change, tests].contains(&""), "{what}: an empty cell");
        for test in tests.split(", ") {
            assert!(is_a_test(test.trim_matches('`')), "{what}: {test} is no test");
        }
    }
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}
