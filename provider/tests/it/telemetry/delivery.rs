//! Nothing is lost while the collector is away, what is dropped is counted, and whoever is killed leaves no mess.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::collector::{Answer, Collector, Export, free_port};
use super::{environment, spool};
use crate::program::{request, run};
use crate::site::Site;

fn traces(export: &Export) -> BTreeSet<String> {
    export.pulls().into_iter().map(|pull| hex::encode(&pull.trace_id)).collect()
}

/// The exporters of this test's spool that run.
pub(super) fn exporters(site: &Site) -> Vec<u32> {
    let directory = site.directory();
    let processes = std::fs::read_dir("/proc").expect("processes").filter_map(|entry| {
        let process = entry.ok()?.path();
        let id: u32 = process.file_name()?.to_str()?.parse().ok()?;
        let arguments = std::fs::read_to_string(process.join("cmdline")).ok()?;
        let environment = String::from_utf8_lossy(&std::fs::read(process.join("environ")).ok()?).into_owned();
        let is_exporter = arguments.split('\0').nth(1) == Some("export") && environment.contains(&directory);
        is_exporter.then_some(id)
    });
    processes.collect()
}

pub(super) fn kill(process: u32) {
    let killed = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(killed.expect("kill runs").success());
}

#[tokio::test]
async fn a_collector_that_is_busy_is_asked_again_when_it_says() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    collector.answers([Answer::Status(429, Some(1)), Answer::Status(503, None)]);
    site.pull_in(&[], &environment(&site, "azure", &collector.url())).await.response();
    let first = collector.next().await;
    assert_eq!(traces(&collector.next().await), traces(&first));
    assert_eq!(traces(&collector.next().await), traces(&first));
}

#[tokio::test]
async fn a_way_without_tls_needs_no_authorities() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let environment = environment(&site, "azure", &collector.url());
    let authorities = environment.get("SSL_CERT_FILE").expect("authorities");
    collector.answers([Answer::Status(503, None)]);
    site.pull_in(&[], &environment).await.response();
    let first = collector.next().await;
    std::fs::remove_file(authorities).expect("the file is there");
    assert_eq!(traces(&collector.next().await), traces(&first));
}

#[tokio::test]
async fn a_collector_that_starts_later_is_told_what_was_before() {
    let site = Site::start().await;
    let port = free_port().await;
    let environment = environment(&site, "azure", &format!("http://127.0.0.1:{port}"));
    for _ in 0..2 {
        site.pull_in(&[], &environment).await.response();
    }
    let mut collector = Collector::at(port).await;
    let mut known = traces(&collector.next().await);
    while known.len() < 2 {
        known.extend(traces(&collector.next().await));
    }
}

#[tokio::test]
async fn what_the_collector_refuses_is_dropped_and_counted() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    collector.answers([Answer::Status(401, None), Answer::Partly(3)]);
    let environment = environment(&site, "azure", &collector.url());
    let mut exports = Vec::new();
    for _ in 0..4 {
        site.pull_in(&[], &environment).await.response();
        exports.push(collector.next().await);
    }
    let counted = |key: &str| -> Vec<_> {
        let key = format!("credential_provider.telemetry.{key}");
        exports.iter().map(|export| export.of_pull(&key)).collect()
    };
    assert_eq!(counted("dropped_pulls"), [None, Some("1".to_owned()), None, None]);
    assert_eq!(counted("rejected_spans"), [None, None, Some("3".to_owned()), None]);
    assert!(exports.iter().all(|export| export.pulls().len() == 1));
}

#[tokio::test]
async fn an_exporter_that_is_killed_leaves_everything_to_the_next() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    collector.answers([Answer::Silence]);
    let environment = environment(&site, "azure", &collector.url());
    site.pull_in(&[], &environment).await.response();
    let first = traces(&collector.next().await);
    let [exporter] = exporters(&site)[..] else { panic!("one exporter: {:?}", exporters(&site)) };
    kill(exporter);
    site.pull_in(&[], &environment).await.response();
    let again = traces(&collector.next().await);
    assert_eq!(again, first, "what was taken goes first");
    assert!(traces(&collector.next().await).is_disjoint(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_pulls_has_one_exporter_and_loses_nothing() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let environment = environment(&site, "azure", &collector.url());
    let stdin = request(&site.image());
    let pulls = (0..12).map(|_| {
        let (environment, stdin) = (environment.clone(), stdin.clone());
        tokio::spawn(async move { run(&[], &environment, &stdin).await.response() })
    });
    for pull in pulls.collect::<Vec<_>>() {
        pull.await.expect("a pull");
    }
    assert_eq!(exporters(&site).len(), 1);
    let mut known = BTreeSet::new();
    while known.len() < 12 {
        known.extend(traces(&collector.next().await));
    }
}

#[tokio::test]
async fn a_spoiled_line_is_counted_and_the_pull_behind_it_is_told() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let environment = environment(&site, "azure", &collector.url());
    site.pull_in(&[], &environment).await.response();
    collector.next().await;
    std::fs::write(spool(&site).join("pulls"), b"\n{\"resourceSpans\":[{\xff").expect("a file");
    site.pull_in(&[], &environment).await.response();
    let export = collector.next().await;
    assert_eq!(export.pulls().len(), 1);
    assert_eq!(export.of_pull("credential_provider.telemetry.dropped_pulls").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_spool_that_cannot_be_is_no_reason_to_fail() {
    let site = Site::start().await;
    let environment = environment(&site, "azure", "http://127.0.0.1:9");
    let folder = PathBuf::from(site.directory()).join("run/artifactory-credential-provider");
    std::fs::write(&folder, "").expect("a file in the folder's place");
    let outcome = site.pull_in(&[], &environment).await;
    outcome.response();
    assert!(exporters(&site).is_empty());
}

#[tokio::test]
async fn the_variables_say_how_a_collector_is_told() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let mut environment = environment(&site, "azure", &collector.url());
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=hunter2"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    let key = site.plant("hunter2");
    let outcome = site.pull_in(&[], &environment).await;
    let export = collector.next().await;
    assert_eq!(export.headers["x-api-key"], key.as_str());
    assert_eq!(
        (&export.headers["content-type"], &export.headers["content-encoding"]),
        (&"application/json".parse().expect("a value"), &"gzip".parse().expect("a value"))
    );
    assert_eq!(export.pulls().len(), 1);
    site.check_telemetry(&outcome, &export.body, &spool(&site));
}
