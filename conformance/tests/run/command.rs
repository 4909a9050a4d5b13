//! Runs the suite, and reads what it reports.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");

/// A file of this crate.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A plugin of the tests.
pub(crate) fn plugin(name: &str) -> PathBuf {
    file(&format!("tests/run/plugins/{name}.sh"))
}

pub(crate) fn run(plugin: &Path, adapter: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(CONFORMANCE);
    command.args(["run", "--adapter", adapter, "--plugin"]).arg(plugin).args(arguments);
    command.output().unwrap()
}

pub(crate) fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The ids of the cases with a status.
pub(crate) fn ids(report: &Value, status: &str) -> Vec<String> {
    let results = report["results"].as_array().unwrap().iter();
    let chosen = results.filter(|result| result["status"] == status);
    chosen.map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}
