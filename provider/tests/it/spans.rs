//! The five steps are spans, in order and inside one `pull`.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use artifactory_credential_provider::answer::answer;
use artifactory_credential_provider::config::Config;
use artifactory_credential_provider::time::Deadline;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::program::request;
use crate::site::Site;

/// Remembers the values that spans record, by field.
#[derive(Clone, Default)]
struct Fields(Arc<Mutex<BTreeMap<&'static str, String>>>);

struct Reader<'a>(&'a Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).insert(field.name(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Fields {
    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut Reader(self));
    }
}

/// Remembers the path of each span's names.
#[derive(Clone, Default)]
struct Paths(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Paths {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let span = context.span(id).expect("the new span");
        if span.metadata().target().starts_with("artifactory_credential_provider") {
            let names: Vec<_> = span.scope().from_root().map(|span| span.name()).collect();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(names.join("/"));
        }
    }
}

#[tokio::test]
async fn one_pull_is_five_spans_inside_one_and_each_request_is_a_span_inside_its_step() {
    let site = Site::start().await;
    let environment = site.environment("azure").into_iter().collect();
    let config = Config::load(None, &environment).expect("a configuration");
    let paths = Paths::default();
    let subscriber = tracing_subscriber::registry().with(paths.clone());
    let stdin = request(&site.image());
    answer(&stdin, &config, Deadline::after(config.deadline)).with_subscriber(subscriber).await.expect("a response");
    let paths = paths.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let expected = ["pull", "pull/request", "pull/route", "pull/identity", "pull/identity/call"];
    assert_eq!(paths, [&expected[..], &["pull/exchange", "pull/exchange/call", "pull/response"]].concat());
}

#[tokio::test]
async fn the_span_of_the_identity_says_which_cloud_was_found_and_how() {
    let site = Site::start().await;
    let firmware = std::path::Path::new(&site.directory()).join("sys/class/dmi/id");
    std::fs::create_dir_all(&firmware).expect("a directory");
    std::fs::write(firmware.join("product_name"), "Google Compute Engine\n").expect("a file");
    let own = [("cloud_provider", ""), ("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT", &site.directory())];
    let environment = site.environment_with("none", &own).into_iter().collect();
    let config = Config::load(None, &environment).expect("a configuration");
    let fields = Fields::default();
    let subscriber = tracing_subscriber::registry().with(fields.clone());
    let stdin = request(&site.image());
    answer(&stdin, &config, Deadline::after(config.deadline)).with_subscriber(subscriber).await.expect("a response");
    let fields = fields.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let cloud = &fields["credential_provider.cloud"];
    assert_eq!(cloud, "\"Google Cloud: `product_name` is `Google Compute Engine`\"");
}

#[tokio::test]
async fn the_span_of_the_identity_says_who_was_passed_over() {
    let site = Site::start().await;
    let environment = site.environment("aws").into_iter().collect();
    let config = Config::load(None, &environment).expect("a configuration");
    let fields = Fields::default();
    let subscriber = tracing_subscriber::registry().with(fields.clone());
    let token = site.pod_token("app", "sts.amazonaws.com");
    let stdin = crate::workload::request(&site.image(), &token, &serde_json::json!({}));
    answer(&stdin, &config, Deadline::after(config.deadline)).with_subscriber(subscriber).await.expect("a response");
    let fields = fields.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(fields["credential_provider.identity_source"], "\"awsInstanceRole\"");
    let passed_over = &fields["credential_provider.identity_passed_over"];
    assert!(passed_over.contains("awsWebIdentity: the service account lacks the annotation"), "{passed_over}");
}
