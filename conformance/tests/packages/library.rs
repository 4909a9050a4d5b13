//! The suite as a library.

use conformance::run::{Level, Options, Outcome, RunError, Status, report};

use crate::{RIGHT, WRONG, file};

fn options(plugin: &str, filters: &[&str]) -> Options {
    let filters = filters.iter().map(|&filter| filter.into()).collect();
    Options { filters, ..Options::new(file(plugin), "command") }
}

#[tokio::test]
async fn a_right_plugin_holds() {
    let report = report(&options(RIGHT, &["wire", "lifetime/worth-it"])).await.unwrap();
    assert!(report.holds() && report.failures().next().is_none(), "{report}");
    assert!(report.outcomes().any(|outcome| outcome.area() == "wire" && outcome.status() == Status::Pass));
    let skipped: Vec<_> = report.outcomes().filter(|outcome| outcome.status() == Status::Skip).collect();
    assert_eq!(skipped.len(), report.count(Status::Skip));
    assert!(skipped.iter().all(|outcome| outcome.area() == "lifetime" && outcome.level() == Level::Extended));
    assert_eq!(report.to_string(), report.last_line());
}

#[tokio::test]
async fn a_wrong_plugin_does_not_hold_and_each_failure_has_its_rule_and_reason() {
    let report = report(&options(WRONG, &["wire/version"])).await.unwrap();
    assert!(!report.holds());
    assert_eq!([Status::Pass, Status::Fail, Status::Error].map(|status| report.count(status)), [1, 2, 0]);
    assert_eq!(report.last_line(), "1 passed, 2 failed, 0 skipped");
    let failures: Vec<_> = report.failures().map(Outcome::id).collect();
    assert_eq!(failures, ["wire/version[v1alpha1]", "wire/version[v1beta1]"]);
    let failure = report.failures().next().unwrap();
    assert_eq!((failure.level(), failure.status()), (Level::Core, Status::Fail));
    assert!(failure.rule().ends_with('.') && failure.source().contains("plugin.go"), "{failure:?}");
    let told = report.to_string();
    let line = format!("fail core {}\n  {}\n", failure.id(), failure.reasons()[0]);
    assert!(told.starts_with(&line) && told.ends_with("\n1 passed, 2 failed, 0 skipped"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_run_is_an_error() {
    let error = report(&options("nowhere", &[])).await.unwrap_err();
    assert!(matches!(error, RunError::Plugin(_)), "{error}");
    let error = report(&Options::new(file(RIGHT), "nobody")).await.unwrap_err();
    assert!(matches!(error, RunError::Suite(_)), "{error}");
}
