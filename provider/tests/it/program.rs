//! One run of the shipped program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// Runs the program with exactly this environment.
pub(crate) async fn run(arguments: &[&str], environment: &BTreeMap<String, String>, stdin: &[u8]) -> Outcome {
    let program = Path::new(env!("CARGO_BIN_EXE_artifactory-credential-provider"));
    run_program(program, arguments, environment, stdin).await
}

/// Runs the program by another name.
pub(crate) async fn run_program(
    program: &Path,
    arguments: &[&str],
    environment: &BTreeMap<String, String>,
    stdin: &[u8],
) -> Outcome {
    let started = now();
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // A program that has refused its configuration is gone before it reads; the kubelet does not mind either.
    let _ = pipe.write_all(stdin).await;
    drop(pipe);
    let output = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()).await;
    let output = output.expect("the program ends within the kubelet's minute").expect("an output");
    Outcome {
        code: output.status.code().expect("an exit code and no signal"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        took: started.elapsed(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test measures how long the program took")]
fn now() -> Instant {
    Instant::now()
}

/// The kubelet's request for an image, as `v1` writes it.
pub(crate) fn request(image: &str) -> Vec<u8> {
    request_of("v1", image)
}

/// The kubelet's request in a version.
pub(crate) fn request_of(version: &str, image: &str) -> Vec<u8> {
    let api_version = format!("credentialprovider.kubelet.k8s.io/{version}");
    format!("{{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"{api_version}\",\"image\":\"{image}\"}}\n")
        .into_bytes()
}

impl Outcome {
    /// The response of a run that succeeded; fails with the program's own explanation otherwise.
    pub(crate) fn response(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        assert_eq!(self.stdout.matches('\n').count(), 1, "one line: {}", self.stdout);
        let response: Value = serde_json::from_str(&self.stdout).expect("one JSON value");
        let keys: Vec<_> = response.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["apiVersion", "auth", "cacheDuration", "cacheKeyType", "kind"]);
        let kept = response["cacheDuration"].as_str().expect("a duration");
        let is_short = response["auth"] != serde_json::json!({}) && !kept.contains(['m', 'h']);
        let warning = "warning: the kubelet may keep this credential for ";
        let rest = self.stderr.strip_prefix(self.note()).expect("the note is a part of it");
        assert_eq!(rest.starts_with(warning), is_short, "{}", self.stderr);
        assert!(is_short || rest.is_empty(), "nothing else on stderr beside a response: {}", self.stderr);
        response
    }

    /// What is said beside an answer about who was passed over, up to its hint; empty when nothing is.
    pub(crate) fn note(&self) -> &str {
        if !self.stderr.starts_with("note: the pod's pull got ") {
            return "";
        }
        let hint = self.stderr.find("  hint: ").expect("a note has a hint");
        let end = self.stderr[hint..].find('\n').expect("a line") + 1;
        &self.stderr[..hint + end]
    }

    /// The user name and password for a registry or for one image of it, and for no other.
    pub(crate) fn credential(&self, registry: &str) -> (String, String) {
        let response = self.response();
        let auth = response["auth"].as_object().expect("an object");
        let [key] = auth.keys().collect::<Vec<_>>()[..] else { panic!("one key: {:?}", auth.keys()) };
        assert_eq!(key.split('/').next(), Some(registry), "the image's registry");
        assert_eq!(key.contains('/'), response["cacheKeyType"] == "Image", "the key has the scope of the cache: {key}");
        let text = |name: &str| auth[key][name].as_str().expect("a text").to_owned();
        (text("username"), text("password"))
    }

    /// The explanation of a run that failed with this code, with nothing on stdout.
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "stdout {} stderr {}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "", "nothing on stdout beside a failure");
        assert!(self.stderr.starts_with("error: failed to "), "{}", self.stderr);
        assert_eq!(self.stderr.matches("\n  hint: ").count(), 1, "{}", self.stderr);
        &self.stderr
    }
}
