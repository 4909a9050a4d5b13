//! A node's files, and runs of the conformance binary on it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

pub(crate) const RESPONSE: &str =
    r#""kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1""#;

/// A configuration, programs, and other files.
pub(crate) struct Node {
    folder: tempfile::TempDir,
    config: String,
}

/// What a run left.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    home: String,
}

pub(crate) fn conformance(arguments: &[&str]) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments), "")
}

fn run(command: &mut Command, home: &str) -> Output {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        home: home.to_owned(),
    }
}

/// A service account of the mock cluster that has an annotation, which comes first.
pub(crate) fn account() -> (String, String) {
    let world = mock_cloud::World::default();
    let mut accounts = world.kubernetes.service_accounts.into_iter();
    let account = accounts.find(|it| it.namespace == "default" && !it.annotations.is_empty()).unwrap();
    (account.annotations.into_keys().next().unwrap(), account.name)
}

impl Node {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        let config = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n".to_owned();
        Self { folder, config }
    }

    /// Adds an entry to the configuration.
    pub(crate) fn entry(mut self, name: &str, match_images: &str, rest: &str) -> Self {
        let version = "credentialprovider.kubelet.k8s.io/v1";
        let entry = format!(
            "- name: {name}\n  apiVersion: {version}\n  matchImages: {match_images}\n  defaultCacheDuration: 5m\n{rest}"
        );
        self.config.push_str(&entry);
        self
    }

    /// Adds a program, which counts its runs.
    pub(crate) fn program(self, name: &str, body: &str) -> Self {
        let path = self.folder.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\necho run >>{}.runs\n{body}\n", path.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Writes a file and answers its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_string_lossy().into_owned()
    }

    pub(crate) fn pull(&self, arguments: &[&str]) -> Output {
        self.pull_with(&self.file("config.yaml", &self.config), arguments)
    }

    pub(crate) fn pull_with(&self, config: &str, arguments: &[&str]) -> Output {
        let home = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_conformance"));
        command.args(["pull", "--config", config, "--bin-dir"]).arg(home.join("bin")).args(arguments);
        run(command.env("REQUEST", home.join("request")), &home.to_string_lossy())
    }

    pub(crate) fn runs(&self, program: &str) -> usize {
        let path = self.folder.path().join("bin").join(format!("{program}.runs"));
        fs::read_to_string(path).unwrap_or_default().lines().count()
    }

    /// The last request of a program that keeps it.
    pub(crate) fn request(&self) -> String {
        fs::read_to_string(self.folder.path().join("request")).unwrap()
    }
}

impl Output {
    /// Standard output without what differs from run to run.
    pub(crate) fn shown(&self) -> String {
        let words = self.stdout.replace(&self.home, "NODE");
        words.lines().map(steady).collect::<Vec<_>>().join("\n")
    }

    /// Standard error of a run that found nothing to show.
    pub(crate) fn complaint(&self) -> String {
        assert_ne!(self.code, Some(0));
        assert_eq!(self.stdout, "");
        self.stderr.replace(&self.home, "NODE")
    }

    pub(crate) fn holds_no(&self, secret: &str) {
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// A line with its times replaced.
fn steady(line: &str) -> String {
    if let Some((start, _)) = line.split_once(", until 2") {
        return format!("{start}, until TIME");
    }
    match line.strip_prefix("    ran           ").and_then(|rest| rest.split_once(" ms")) {
        Some((_time, rest)) => format!("    ran           TIME ms{rest}"),
        None => line.to_owned(),
    }
}
