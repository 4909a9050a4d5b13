//! What a pull tells a collector, and that the pull does not wait for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::program::{Outcome, request, run};
use crate::site::Site;

mod collector;
mod delivery;
mod grpc;
mod log;
mod metrics;
mod tree;
mod trees;

use collector::{Answer, Collector, Export};

/// The environment of a cloud's entry with this collector, and a spool of the test's own.
fn environment(site: &Site, cloud: &str, url: &str) -> BTreeMap<String, String> {
    let root = site.directory();
    let _ = std::fs::create_dir(PathBuf::from(&root).join("run"));
    let own = [("OTEL_EXPORTER_OTLP_ENDPOINT", url), ("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT", &root)];
    site.environment_with(cloud, &own)
}

fn spool(site: &Site) -> PathBuf {
    PathBuf::from(site.directory()).join("run/artifactory-credential-provider/telemetry")
}

/// One pull, and what the collector is told of it, with the leak check over that and the spool.
async fn told(site: &Site, cloud: &str, collector: &mut Collector) -> (Outcome, Export) {
    let outcome = site.pull_in(&[], &environment(site, cloud, &collector.url())).await;
    let export = collector.next().await;
    site.check_telemetry(&outcome, &export.body, &spool(site));
    (outcome, export)
}

#[tokio::test]
async fn nothing_is_recorded_unless_somebody_asks_for_it() {
    let site = Site::start().await;
    let mut environment = environment(&site, "azure", "");
    site.pull_in(&[], &environment).await.response();
    environment.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), "http://127.0.0.1:9".to_owned());
    environment.insert("OTEL_SDK_DISABLED".to_owned(), "true".to_owned());
    site.pull_in(&[], &environment).await.response();
    assert!(!spool(&site).exists());
    let requests = site.artifactory.kit().journal.requests();
    assert!(requests.iter().all(|request| request.header("traceparent").is_none()));
}

#[tokio::test]
async fn an_answer_is_the_same_with_telemetry_and_without() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let without = site.pull_in(&[], &environment(&site, "azure", "")).await;
    let (with, _) = told(&site, "azure", &mut collector).await;
    let known = |outcome: &Outcome| {
        let mut response = outcome.response();
        // Whole seconds, of which one may have ended in between.
        drop(response["cacheDuration"].take());
        response["auth"]
            .as_object_mut()
            .expect("an object")
            .values_mut()
            .for_each(|entry| drop(entry["password"].take()));
        response
    };
    assert_eq!((with.code, &with.stderr), (without.code, &without.stderr));
    assert_eq!(known(&with), known(&without));
}

#[tokio::test]
async fn a_collector_that_hangs_holds_nobody() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    collector.answers([Answer::Silence]);
    let environment = environment(&site, "azure", &collector.url());
    site.pull_in(&[], &environment).await.response();
    collector.next().await;
    // While the exporter waits for the answer the next pull is recorded, and both of its pipes are closed at once.
    let outcome = site.pull_in(&[], &environment).await;
    outcome.response();
    assert!(outcome.took < std::time::Duration::from_secs(5), "{:?}", outcome.took);
    assert!(std::fs::metadata(spool(&site).join("pulls")).expect("a spool").len() > 1000);
}

#[tokio::test]
async fn services_are_told_the_trace_and_metadata_services_are_not() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let (_, export) = told(&site, "google", &mut collector).await;
    let trace = hex::encode(&export.pulls()[0].trace_id);
    let told = site.last_exchange().header("traceparent").expect("a header").to_owned();
    let call =
        export.spans().into_iter().find(|span| tree::of(span, "url.path").is_some_and(|path| path.contains("/oidc/")));
    assert_eq!(told, format!("00-{trace}-{}-01", hex::encode(&call.expect("a call").span_id)));
    let metadata = site.cloud.kit().journal.requests();
    assert!(!metadata.is_empty() && metadata.iter().all(|request| request.header("traceparent").is_none()));
}

#[tokio::test]
async fn a_callers_trace_goes_on_and_its_decision_counts_unless_the_pull_fails() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let mut environment = environment(&site, "azure", &collector.url());
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    environment.insert("TRACEPARENT".to_owned(), format!("00-{trace}-00f067aa0ba902b7-00"));
    site.pull_in(&[], &environment).await.response();
    assert!(site.last_exchange().header("traceparent").expect("a header").ends_with("-00"));
    environment.insert("artifactory_url".to_owned(), "127.0.0.1:9".to_owned());
    let outcome = run(&[], &environment, &request("127.0.0.1:9/docker-local/hello")).await;
    outcome.failure(5);
    // The first pull was not taken, so that the second one is the first that is told of.
    let export = collector.next().await;
    assert_eq!(export.of_pull("credential_provider.outcome").as_deref(), Some("failed"));
    assert_eq!(export.pulls().len(), 1);
    let root = export.pulls()[0];
    assert_eq!(
        (hex::encode(&root.trace_id), hex::encode(&root.parent_span_id)),
        (trace.to_owned(), "00f067aa0ba902b7".to_owned())
    );
}

#[tokio::test]
async fn the_resource_says_who_and_where() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let mut environment = environment(&site, "google", &collector.url());
    environment
        .insert("OTEL_RESOURCE_ATTRIBUTES".to_owned(), "k8s.node.name=node-7,deployment.environment=test".to_owned());
    site.pull_in(&[], &environment).await.response();
    let resource = collector.next().await.resource();
    let known = |name: &str| resource.get(name).map(String::as_str);
    assert_eq!(known("service.name"), Some("artifactory-credential-provider"));
    assert_eq!(known("service.version"), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(known("k8s.node.name"), Some("node-7"));
    assert_eq!(known("deployment.environment"), Some("test"));
    assert_eq!(known("cloud.provider"), Some("gcp"));
    assert!(known("host.name").is_some());
}

#[tokio::test]
async fn the_last_pull_is_drawn_in_the_terminal() {
    let site = Site::start().await;
    let environment = environment(&site, "azure", "http://127.0.0.1:9");
    let explain = || run(&["explain", "--last"], &environment, b"");
    assert!(explain().await.stdout.starts_with("no pull is recorded in `"));
    site.artifactory.kit().faults.add(mock_kit::Fault::reply("/access/api/v1/oidc/token", 403, "{}"));
    let pull = site.pull_in(&[], &environment).await;
    let drawn = explain().await;
    site.check_leaks(&drawn);
    assert!(drawn.stdout.starts_with("pull failed, trace "), "{}", drawn.stdout);
    assert!(drawn.stdout.contains("(403)  ") && drawn.stdout.contains("\n  exchange "), "{}", drawn.stdout);
    assert!(drawn.stdout.ends_with(pull.failure(5)), "{}", drawn.stdout);
    let off = run(&["explain", "--last"], &site.environment("azure"), b"").await;
    assert!(off.stdout.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{}", off.stdout);
}

/// The names of our own in a text.
fn own_names(text: &str) -> std::collections::BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    words.filter(|word| word.starts_with("credential_provider.")).map(|word| word.trim_end_matches('.')).collect()
}

#[test]
fn the_document_names_what_is_told_and_nothing_else() {
    let source = concat!(
        include_str!("../../src/telemetry/step.rs"),
        include_str!("../../src/telemetry/failure.rs"),
        include_str!("../../src/telemetry/export.rs"),
    );
    let told: std::collections::BTreeSet<_> =
        own_names(source).into_iter().filter(|name| *name != "credential_provider").collect();
    assert!(told.len() > 15, "{told:?}");
    assert_eq!(own_names(include_str!("../../../docs/telemetry.md")), told);
}

#[tokio::test]
async fn a_file_names_the_collector_and_says_whether_account_numbers_are_told() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let mut environment = environment(&site, "azure", "");
    environment.remove("OTEL_EXPORTER_OTLP_ENDPOINT");
    let image = format!("{}/111122223333/app", site.host());
    for (says, repository) in [("", "000000000000/app"), (", accountIds: true", "111122223333/app")] {
        let endpoint = collector.url();
        let text = format!("telemetry: {{endpoint: '{endpoint}', protocol: http/json{says}}}\nroutes: [{{}}]\n");
        let outcome = run(&["--config", &site.file("telemetry.yaml", text)], &environment, &request(&image)).await;
        outcome.response();
        let export = collector.next().await;
        site.check_telemetry(&outcome, &export.body, &spool(&site));
        assert_eq!(export.headers["content-type"], "application/json");
        let told = export.spans().into_iter().find_map(|span| tree::of(span, "credential_provider.repository"));
        assert_eq!(told.as_deref(), Some(repository));
    }
}
