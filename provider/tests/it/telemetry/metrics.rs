//! What the textfile collector of `node_exporter` finds.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use mock_kit::Fault;
use serde_json::Value;

use super::collector::{Answer, Collector};
use super::delivery::{exporters, kill};
use super::{environment, spool};
use crate::program::run;
use crate::site::Site;

const DASHBOARD: &str = include_str!("../../../../charts/dashboards/artifactory-credential-provider.json");
const PULLS: &str = "credential_provider_pulls_total";
const AZURE: &str = "route=\"1\",identity_source=\"azureManagedIdentity\"";

fn path(site: &Site) -> PathBuf {
    PathBuf::from(site.directory()).join("textfile/pulls.prom")
}

/// The environment of Azure's entry with a file of metrics in a folder that is there.
fn counted(site: &Site, url: &str) -> BTreeMap<String, String> {
    let _ = std::fs::create_dir(path(site).parent().expect("a folder"));
    let mut environment = environment(site, "azure", url);
    environment.insert("ARTIFACTORY_CREDENTIAL_PROVIDER_METRICS_FILE".to_owned(), path(site).display().to_string());
    environment
}

/// Waits until the exporter is gone, which is when it has let go of its lock.
pub(super) async fn settled(site: &Site) {
    let lock = std::fs::File::open(spool(site).join("exporter.lock")).expect("a lock");
    tokio::task::spawn_blocking(move || lock.lock()).await.expect("no panic").expect("the lock");
}

/// The value of a series.
fn value(site: &Site, series: &str) -> Option<f64> {
    let text = std::fs::read_to_string(path(site)).ok()?;
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

fn pulls(site: &Site, labels: &str, outcome: &str) -> Option<f64> {
    value(site, &format!("{PULLS}{{{labels},outcome=\"{outcome}\"}}"))
}

#[tokio::test]
async fn pulls_are_counted_without_a_collector_and_counting_goes_on_where_it_was() {
    let site = Site::start().await;
    let environment = counted(&site, "");
    let outcome = site.pull_in(&[], &environment).await;
    outcome.response();
    settled(&site).await;
    assert_eq!(pulls(&site, AZURE, "answered"), Some(1.0));
    let file = std::fs::read(path(&site)).expect("a file");
    site.check_telemetry(&outcome, &file, &spool(&site));
    assert_eq!(std::fs::metadata(path(&site)).expect("a file").permissions().mode() & 0o777, 0o644);
    // A node that has started anew has an empty spool.
    std::fs::remove_dir_all(spool(&site)).expect("removed");
    site.pull_in(&[], &environment).await.response();
    settled(&site).await;
    assert_eq!(pulls(&site, AZURE, "answered"), Some(2.0));
    assert_eq!(value(&site, "credential_provider_duration_seconds_count{step=\"exchange\"}"), Some(2.0));
    assert_eq!(value(&site, "credential_provider_token_lifetime_seconds_count"), Some(2.0));
    let files = std::fs::read_dir(path(&site).parent().expect("a folder")).expect("files");
    assert_eq!(files.count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn failures_and_retries_are_counted() {
    let site = Site::start().await;
    let environment = counted(&site, "");
    site.artifactory.kit().faults.add(Fault::reply("/access/api/v1/oidc/token", 503, "{}").times(1));
    site.pull_in(&[], &environment).await.response();
    site.artifactory.kit().faults.add(Fault::reply("/access/api/v1/oidc/token", 403, "{}"));
    site.pull_in(&[], &environment).await.failure(5);
    run(&[], &environment, b"{}").await.failure(2);
    settled(&site).await;
    assert_eq!((pulls(&site, AZURE, "answered"), pulls(&site, AZURE, "failed")), (Some(1.0), Some(1.0)));
    assert_eq!(pulls(&site, "route=\"none\",identity_source=\"none\"", "failed"), Some(1.0));
    assert_eq!(value(&site, "credential_provider_retries_total{step=\"exchange\"}"), Some(1.0));
    assert_eq!(value(&site, "credential_provider_retries_total{step=\"identity\"}"), Some(0.0));
}

#[tokio::test]
async fn every_pull_is_counted_whatever_the_sampler_says() {
    let site = Site::start().await;
    let collector = Collector::start().await;
    let mut environment = counted(&site, &collector.url());
    environment.insert("OTEL_TRACES_SAMPLER".to_owned(), "always_off".to_owned());
    site.pull_in(&[], &environment).await.response();
    settled(&site).await;
    assert_eq!(pulls(&site, AZURE, "answered"), Some(1.0));
    assert!(collector.is_at_rest(), "the collector is told of sampled pulls only");
}

#[tokio::test]
async fn pulls_are_counted_while_the_collector_is_away() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    collector.answers([Answer::Status(503, Some(600))]);
    let environment = counted(&site, &collector.url());
    site.pull_in(&[], &environment).await.response();
    collector.next().await;
    site.pull_in(&[], &environment).await.response();
    let mut look = tokio::time::interval(Duration::from_millis(50));
    let counted = async {
        while pulls(&site, AZURE, "answered") != Some(2.0) {
            look.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), counted).await.expect("counted long before the next attempt");
}

#[tokio::test]
async fn a_pull_is_counted_once_though_its_exporter_is_killed() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    collector.answers([Answer::Silence]);
    let environment = counted(&site, &collector.url());
    site.pull_in(&[], &environment).await.response();
    collector.next().await;
    let [exporter] = exporters(&site)[..] else { panic!("one exporter") };
    kill(exporter);
    site.pull_in(&[], &environment).await.response();
    settled(&site).await;
    assert_eq!(pulls(&site, AZURE, "answered"), Some(2.0));
    assert_eq!(value(&site, "credential_provider_uncounted_pulls_total"), Some(0.0));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_survived_and_says_later_what_it_does_not_know() {
    let site = Site::start().await;
    let environment = counted(&site, "");
    let folder = path(&site).parent().expect("a folder").to_owned();
    std::fs::remove_dir(&folder).expect("removed");
    let outcome = site.pull_in(&[], &environment).await;
    outcome.response();
    assert_eq!(outcome.stderr, "");
    settled(&site).await;
    std::fs::create_dir(&folder).expect("a folder");
    site.pull_in(&[], &environment).await.response();
    settled(&site).await;
    assert_eq!(value(&site, "credential_provider_uncounted_pulls_total"), Some(1.0));
    assert_eq!(pulls(&site, AZURE, "answered"), Some(1.0));
}

/// The families that a text names: a histogram has three names.
fn families(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names = words.filter(|word| word.starts_with("credential_provider_"));
    let parts = ["_bucket", "_sum", "_count"];
    names.map(|name| parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name)).collect()
}

#[tokio::test]
async fn the_dashboard_shows_each_family_of_a_pull_and_no_other() {
    let site = Site::start().await;
    site.pull_in(&[], &counted(&site, "")).await.response();
    settled(&site).await;
    let file = std::fs::read_to_string(path(&site)).expect("a file");
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("queries"));
    let queries: Vec<_> = targets.map(|target| target["expr"].as_str().expect("a query")).collect();
    assert_eq!(families(&queries.join("\n")), families(&file));
}

#[tokio::test]
async fn a_file_that_nobody_would_read_is_refused() {
    let site = Site::start().await;
    let config = site.file("config.yaml", "telemetry: {metricsFile: /var/lib/pulls.txt}\nroutes: [{}]\n");
    let outcome = site.pull_in(&["--config", &config], &site.environment("azure")).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to read the configuration
      caused by: `telemetry.metricsFile` is not an absolute path that ends in `.prom`, such as `/var/lib/node_exporter/pulls.prom`
      hint: set `telemetry.metricsFile` to an absolute path that ends in `.prom`, such as `/var/lib/node_exporter/pulls.prom`, or leave it out
    ");
}
