//! The GitHub Action: its scripts run as the runner runs them, with what its expressions make of the inputs.

mod metadata;
mod runner;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use self::metadata::Action;
use self::runner::{Job, Runner, is_empty};
use crate::{RIGHT, WRONG, file};

/// The names of the inputs that a caller must give, and of all.
pub(crate) fn inputs() -> (Vec<String>, Vec<String>) {
    let inputs = Action::read().inputs;
    let required = inputs.iter().filter(|(_, input)| input.required).map(|(name, _)| name.clone());
    (required.collect(), inputs.keys().cloned().collect())
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_conformance");

/// Runs a plugin of this crate under some cases.
fn run(plugin: &str, filter: &str) -> (Runner, Job) {
    let runner = Runner::new();
    let plugin = file(plugin);
    let job = runner.run(&[("plugin", plugin.to_str().unwrap()), ("filter", filter), ("program", PROGRAM)]);
    (runner, job)
}

fn counts(job: &Job) -> [&str; 3] {
    ["passed", "failed", "skipped"].map(|name| job.outputs[name].as_str())
}

#[test]
fn a_right_plugin_passes_and_its_counts_and_report_are_put_out() {
    let (runner, job) = run(RIGHT, "wire/version\n\nlifetime/worth-it\n");
    assert!(job.succeeded, "{job:?}");
    assert_eq!(counts(&job), ["3", "0", "2"]);
    assert_eq!(job.outputs["report"], "conformance-report/report.json");
    let report = fs::read_to_string(runner.workspace().join(&job.outputs["report"])).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["results"].as_array().unwrap().len(), 5);
    let summary = "### Credential provider conformance\n\n    not declared: exchange (2 skipped)\n    \
                   not declared: short-lived (2 skipped)\n    3 passed, 0 failed, 2 skipped\n";
    assert_eq!(job.summary, summary);
    assert!(job.called.is_empty());
}

#[test]
fn a_wrong_plugin_fails_the_job_and_the_summary_says_why() {
    let (_runner, job) = run(WRONG, "wire/version");
    assert!(!job.succeeded, "{job:?}");
    assert_eq!(counts(&job), ["1", "2", "0"]);
    assert!(job.summary.contains("\n    fail  core     wire/version[v1beta1]\n          "), "{}", job.summary);
    assert!(job.summary.ends_with("\n    1 passed, 2 failed, 0 skipped\n"), "{}", job.summary);
    assert!(!job.summary.contains("wire/version[v1]"), "{}", job.summary);
}

#[test]
fn a_failure_of_the_level_extended_is_counted_and_does_not_fail_the_job() {
    let (_runner, job) = run("tests/run/plugins/duration-tiny.sh", "lifetime/useful");
    assert!(job.succeeded, "{job:?}");
    assert_eq!(counts(&job), ["0", "1", "0"]);
}

#[test]
fn what_cannot_be_run_fails_the_job_without_counts() {
    let (_runner, job) = run("nowhere", "wire");
    assert!(!job.succeeded && job.log.contains("is no program that can be run"), "{job:?}");
    assert_eq!(counts(&job), [""; 3]);
    assert_eq!(job.summary, "");
}

#[test]
fn an_input_is_a_value_and_never_code_or_an_option() {
    let code = "'\"; touch pwned; $(touch pwned) `touch pwned` ${PATH} * \\ é\n--help\n";
    for name in ["plugin", "adapter", "filter", "out", "program"] {
        for value in [code, "--help"] {
            let runner = Runner::new();
            let right = file(RIGHT);
            let mut inputs =
                vec![("plugin", right.to_str().unwrap()), ("filter", "wire/no-request"), ("program", PROGRAM)];
            inputs.retain(|(other, _)| *other != name);
            let job = runner.run(&[&inputs[..], &[(name, value)]].concat());
            assert!(!runner.workspace().join("pwned").exists() && !job.log.contains("Usage:"), "{name}: {job:?}");
            if name == "out" {
                assert!(job.succeeded && runner.workspace().join(value).join("report.json").is_file(), "{job:?}");
                assert_eq!(job.outputs["report"], format!("{value}/report.json"));
            } else {
                assert!(!job.succeeded && is_empty(&runner.workspace()), "{name}: {job:?}");
            }
        }
    }
}

#[test]
fn no_name_or_value_of_a_caller_is_put_out_as_another() {
    let runner = Runner::new();
    let right = file(RIGHT);
    let out = "out\nfailed=0\nreport<<x";
    let inputs =
        [("plugin", right.to_str().unwrap()), ("filter", "wire/no-request"), ("program", PROGRAM), ("out", out)];
    let job = runner.run(&inputs);
    assert_eq!(job.outputs["report"], format!("{out}/report.json"));
    assert_eq!(job.outputs.len(), 4);
}

#[test]
fn what_a_plugin_writes_is_no_command_to_the_runner_and_no_markdown() {
    let runner = Runner::new();
    let (plugin, program) = (runner.temporary().join("plugin"), runner.temporary().join("program"));
    let lines = "fail  core     a/b\n      ::error::x\n```\n# heading\r# heading\n<b>";
    for (path, text) in
        [(&plugin, ""), (&program, &format!("printf '%s\\n' '{lines}' '0 passed, 1 failed, 0 skipped'"))]
    {
        script(path, text);
    }
    let job = runner.run(&[("plugin", plugin.to_str().unwrap()), ("program", program.to_str().unwrap())]);
    let (first, rest) = job.log.split_once('\n').unwrap();
    let token = first.strip_prefix("::stop-commands::").unwrap();
    assert!(token.len() == 32 && token.chars().all(|digit| digit.is_ascii_hexdigit()), "{token}");
    assert!(rest.contains("::error::x") && rest.ends_with(&format!("0 skipped\n::{token}::\n")), "{rest}");
    assert!(!runner.run(&[("plugin", ""), ("program", program.to_str().unwrap())]).log.contains(token));
    let shown = job.summary.strip_prefix("### Credential provider conformance\n\n").unwrap();
    assert!(shown.lines().all(|line| line.starts_with("    ")) && !shown.contains('\r'), "{shown}");
}

/// Makes a script of bash.
fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/bash\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A checkout of the action, and a cargo in whose place a script writes down how it was called.
fn checkout(folder: &Path) {
    for name in ["conformance/src", "mock-cloud", "mock-artifactory", ".cargo", "bin"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for name in ["Cargo.toml", "Cargo.lock", "conformance/src/main.rs", "mock-cloud/a b"] {
        fs::write(folder.join(name), name).unwrap();
    }
    script(&folder.join("bin/rustc"), "echo rustc");
    let build = format!(
        "echo \"$PWD: $*\" >>calls\nwhile [[ $1 != --target-dir ]]; do shift; done\n\
                         mkdir -p \"$2/release\"\ncp {PROGRAM} \"$2/release\""
    );
    script(&folder.join("bin/cargo"), &build);
}

/// Runs the action from a checkout, with no program given.
fn built(checkout: &Path, cache_hit: &'static str) -> (Runner, Job) {
    let runner = Runner::new().with_checkout(checkout.join("conformance"), checkout.join("bin"), cache_hit);
    if cache_hit == "true" {
        fs::create_dir(runner.temporary().join("conformance-program")).unwrap();
        fs::copy(PROGRAM, runner.temporary().join("conformance-program/conformance")).unwrap();
    }
    let plugin = file(RIGHT);
    let job = runner.run(&[("plugin", plugin.to_str().unwrap()), ("filter", "wire/no-request")]);
    (runner, job)
}

#[test]
fn without_a_program_one_is_built_in_the_checkout_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    let (runner, job) = built(folder.path(), "");
    assert!(job.succeeded, "{job:?}");
    let target = runner.temporary().join("conformance-target");
    let call = format!(
        "{}: build --release --locked --package conformance --target-dir {}\n",
        fs::canonicalize(folder.path()).unwrap().display(),
        target.display()
    );
    assert_eq!(fs::read_to_string(folder.path().join("calls")).unwrap(), call);
    assert_eq!(job.called[0]["path"], runner.temporary().join("conformance-program").to_str().unwrap());
    assert!(runner.temporary().join("conformance-program/conformance").is_file());
}

#[test]
fn what_is_in_the_cache_is_not_built() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    let (_runner, job) = built(folder.path(), "true");
    assert!(job.succeeded && !folder.path().join("calls").exists(), "{job:?}");
}

#[test]
fn the_cache_is_named_by_content_names_and_compiler() {
    let folder = tempfile::tempdir().unwrap();
    checkout(folder.path());
    let key = || built(folder.path(), "").1.called[0]["key"].clone();
    let first = key();
    assert!(first.starts_with("Linux-X64-conformance-") && first.len() == 62, "{first}");
    assert_eq!(key(), first);
    fs::write(folder.path().join("conformance/src/main.rs"), "other").unwrap();
    let second = key();
    fs::rename(folder.path().join("mock-cloud/a b"), folder.path().join("mock-cloud/a c")).unwrap();
    let third = key();
    script(&folder.path().join("bin/rustc"), "echo newer");
    let mut keys = vec![first, second, third, key()];
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 4, "{keys:?}");
}

#[test]
fn scripts_hold_no_expression_and_foreign_actions_are_pinned() {
    let action = Action::read();
    assert_eq!(action.runs.using, "composite");
    for step in &action.runs.steps {
        assert!(!step.name.is_empty() && step.run.is_some() != step.uses.is_some());
        assert!(!step.run.as_ref().is_some_and(|script| script.contains("${{")), "{}", step.name);
        let pinned = |uses: &str| uses.split_once('@').map(|(name, commit)| (name.to_owned(), commit.len()));
        assert!(step.uses.iter().all(|uses| pinned(uses) == Some(("actions/cache".to_owned(), 40))), "{}", step.name);
    }
}

#[test]
fn every_input_and_output_is_described_and_an_input_is_required_or_has_a_default() {
    let action = Action::read();
    assert!(!action.name.is_empty() && !action.description.is_empty());
    assert!(action.inputs.values().all(|it| !it.description.is_empty() && it.required == it.default.is_none()));
    assert!(action.outputs.values().all(|it| !it.description.is_empty()));
}
