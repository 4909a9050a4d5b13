//! Runs the conformance binary, and reads what it reports.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;

const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");
const PROVIDER: &str = "artifactory-credential-provider";

/// The provider of this build, built if it is not there yet.
pub(crate) fn provider() -> PathBuf {
    let path = Path::new(CONFORMANCE).with_file_name(PROVIDER);
    if !path.is_file() {
        let profile = if cfg!(debug_assertions) { &[][..] } else { &["--release"] };
        let build = Command::new(env!("CARGO")).args(["build", "--package", PROVIDER]).args(profile).status();
        assert!(build.is_ok_and(|status| status.success()), "{PROVIDER} does not build");
    }
    path
}

pub(crate) fn demo(provider: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(CONFORMANCE);
    command.arg("demo").arg("--provider").arg(provider).args(arguments);
    // A proxy of the developer must reach neither the provider nor the pull.
    command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
    command.output().unwrap()
}

/// The real provider's output as JSON, run once for the tests that only read it.
pub(crate) fn held() -> &'static Output {
    static HELD: LazyLock<Output> = LazyLock::new(|| demo(&provider(), &["--json"]));
    &HELD
}

pub(crate) fn report(output: &Output) -> Value {
    let report = serde_json::from_slice(&output.stdout);
    report.unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// A provider that is a shell script.
pub(crate) fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("provider.sh");
    let mut file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o755).open(&path).unwrap();
    write!(file, "#!/bin/sh\n{body}\n").unwrap();
    path
}

pub(crate) fn response(version: &str, rest: &str) -> String {
    let start =
        format!(r#""kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/{version}""#);
    format!("cat >/dev/null\ncat <<'END'\n{{{start},\"cacheKeyType\":\"Registry\",{rest}}}\nEND")
}

pub(crate) fn kinds(requests: &Value) -> Vec<&str> {
    requests.as_array().unwrap().iter().map(|request| request["kind"].as_str().unwrap()).collect()
}

pub(crate) fn failed(checks: &Value) -> Vec<(&str, &str)> {
    let checks = checks.as_array().unwrap().iter().filter(|check| check["verdict"] == "failed");
    checks.map(|check| (check["check"].as_str().unwrap(), check["got"].as_str().unwrap())).collect()
}

/// One identity of each cloud, and the static one.
pub(crate) const ONE_OF_EACH: [&str; 4] =
    ["--only=aws-instance-role", "--only=azure-managed-identity", "--only=gcp-metadata", "--only=static"];

/// Runs a provider that answers one identity of each cloud differently, and gives for each the checks that failed.
pub(crate) fn failures(answers: [&str; 4]) -> Vec<Vec<(String, String)>> {
    let folder = tempfile::tempdir().unwrap();
    let [aws, azure, google, fixed] = answers;
    let body = format!(
        "case \"$cloud_provider\" in\naws)\n{aws}\n;;\nazure)\n{azure}\n;;\ngoogle)\n{google}\n;;\n*)\n{fixed}\n;;\nesac"
    );
    let output = demo(&script(folder.path(), &body), &[&ONE_OF_EACH[..], &["--json"]].concat());
    let report = report(&output);
    assert_eq!((output.status.code(), &report["verdict"]), (Some(1), &Value::from("failed")), "{report:#}");
    // What does not depend on the provider still holds.
    assert_eq!(report["refusals"][0]["verdict"], "held");
    let owned = |(check, got): (&str, &str)| (check.to_owned(), got.to_owned());
    let pulls = report["pulls"].as_array().unwrap().iter();
    pulls.map(|pull| failed(&pull["checks"]).into_iter().map(owned).collect()).collect()
}

pub(crate) fn assert_failed(failed: &[(String, String)], check: &str, got: &str) {
    assert!(
        failed.iter().any(|(name, text)| name == check && text.starts_with(got)),
        "{check}: {got} not in {failed:#?}"
    );
}
