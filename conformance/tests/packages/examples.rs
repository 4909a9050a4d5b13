//! What other projects copy.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

use crate::action::inputs;
use crate::{RIGHT, WRONG, file};

/// The shell example, with this crate's program on its path.
fn shell(folder: &Path, plugin: Option<&str>) -> Output {
    let programs = Path::new(env!("CARGO_BIN_EXE_conformance")).parent().unwrap();
    let mut command = Command::new(file("examples/suite.sh"));
    command.args(plugin.map(file)).args(plugin.map(|_| "--filter=wire")).current_dir(folder);
    command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display())).output().unwrap()
}

#[test]
fn a_shell_puts_a_plugin_under_the_suite_in_ten_lines() {
    let text = fs::read_to_string(file("examples/suite.sh")).unwrap();
    assert!(text.lines().filter(|line| !line.starts_with('#')).count() <= 10);
    let folder = tempfile::tempdir().unwrap();
    let output = shell(folder.path(), Some(RIGHT));
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(" passed, 0 failed, "));
    let report = fs::read_to_string(folder.path().join("report/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["plugin"]["title"], "my plugin");
}

#[test]
fn the_shell_fails_for_a_wrong_plugin_and_for_none() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(shell(folder.path(), Some(WRONG)).status.code(), Some(1));
    let output = shell(folder.path(), None);
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("the path of the plugin"));
}

#[derive(Deserialize)]
struct Workflow {
    jobs: std::collections::BTreeMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    uses: Option<String>,
    #[serde(default)]
    with: std::collections::BTreeMap<String, String>,
}

#[test]
fn the_workflow_gives_the_action_inputs_that_it_has() {
    let text = fs::read_to_string(file("examples/workflow.yml")).unwrap();
    let workflow: Workflow = serde_saphyr::from_str(&text).unwrap();
    let steps: Vec<_> = workflow.jobs.values().flat_map(|job| &job.steps).collect();
    let is_ours = |step: &&&Step| step.uses.as_deref().is_some_and(|uses| uses.contains("/conformance@"));
    let step = steps.iter().find(is_ours).unwrap();
    let (required, all) = inputs();
    assert!(required.iter().all(|name| step.with.contains_key(name)));
    assert!(step.with.keys().all(|name| all.contains(name)), "{:?}", step.with);
}

#[test]
fn the_page_for_other_projects_shows_the_examples_as_they_are() {
    let page = fs::read_to_string(file("examples/README.md")).unwrap();
    for (language, name) in [("bash", "suite.sh"), ("yaml", "workflow.yml"), ("dockerfile", "Dockerfile")] {
        let text = fs::read_to_string(file("examples").join(name)).unwrap();
        assert!(page.contains(&format!("```{language}\n{text}```\n")), "README.md differs from {name}");
    }
    let documented = fs::read_to_string(file("src/lib.rs")).unwrap();
    let shown = page.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    for line in shown.lines().filter(|line| !line.is_empty()) {
        assert!(documented.contains(&format!("//! {line}\n")), "{line}");
    }
}

#[test]
fn the_recipe_of_an_image_is_for_this_version() {
    let recipe = fs::read_to_string(file("examples/Dockerfile")).unwrap();
    assert!(recipe.contains(concat!("\nFROM conformance:", env!("CARGO_PKG_VERSION"), "\n")), "{recipe}");
}

#[test]
fn the_plugin_of_the_examples_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("plugin");
    let mut rustc = Command::new("rustc");
    let built = rustc.args(["--edition", "2024", "-o"]).arg(&plugin).arg(file("examples/plugin.rs")).output().unwrap();
    assert!(built.status.success(), "{built:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
    command.args(["run", "--adapter", "command", "--filter", "wire", "--filter", "declining", "--plugin"]);
    let output = command.arg(&plugin).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(" passed, 0 failed, "));
}
