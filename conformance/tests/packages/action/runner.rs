//! As much of GitHub's runner as the action needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::metadata::{Action, Step};

/// What expressions may name.
#[derive(Debug, Default)]
pub(super) struct Contexts(BTreeMap<String, String>);

impl Contexts {
    pub(super) fn set(&mut self, name: String, value: &str) {
        self.0.insert(name, value.to_owned());
    }

    /// An input or a fact of the runner must be there; an output of a step that did not run is empty.
    pub(super) fn value(&self, name: &str) -> &str {
        let value = self.0.get(name).map(String::as_str);
        value.unwrap_or_else(|| if name.starts_with("steps.") { "" } else { panic!("no `{name}` in {self:?}") })
    }

    /// A text with its expressions evaluated; each is a name.
    pub(super) fn rendered(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut rendered = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").unwrap();
            rendered.push_str(self.value(name.trim()));
            rendered.push_str(rest);
        }
        rendered
    }
}

/// What became of a job with the action as its one step.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) succeeded: bool,
    pub(super) log: String,
    pub(super) summary: String,
    pub(super) outputs: BTreeMap<String, String>,
    /// With what each action of others was called.
    pub(super) called: Vec<BTreeMap<String, String>>,
}

/// A machine with a workspace, on which jobs run.
pub(super) struct Runner {
    folder: TempDir,
    /// Where the action is checked out.
    checkout: PathBuf,
    /// Searched for programs before all else.
    path: Option<PathBuf>,
    /// What the actions of others put out: each has `cache-hit`.
    cache_hit: &'static str,
}

impl Runner {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workspace", "temporary"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, checkout: crate::file(""), path: None, cache_hit: "" }
    }

    pub(super) fn with_checkout(self, checkout: PathBuf, path: PathBuf, cache_hit: &'static str) -> Self {
        Self { checkout, path: Some(path), cache_hit, ..self }
    }

    pub(super) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.folder.path().join("temporary")
    }

    /// Runs the action with inputs; those that are absent have their defaults.
    pub(super) fn run(&self, inputs: &[(&str, &str)]) -> Job {
        let action = Action::read();
        let mut contexts = self.contexts(&action, inputs);
        let (mut log, mut called, mut succeeded) = (String::new(), Vec::new(), true);
        fs::write(self.file("summary"), "").unwrap();
        for step in &action.runs.steps {
            if !succeeded || !step.applies(&contexts) {
                continue;
            }
            if step.uses.is_some() {
                called.push(step.with.iter().map(|(key, value)| (key.clone(), contexts.rendered(value))).collect());
                contexts.set(output(step, "cache-hit"), self.cache_hit);
                continue;
            }
            let (ended_well, lines) = self.script(step, &contexts);
            (succeeded, log) = (ended_well, log + &lines);
            for (name, value) in outputs(&fs::read_to_string(self.file("output")).unwrap()) {
                contexts.set(output(step, &name), &value);
            }
        }
        let outputs = action.outputs.iter().map(|(name, it)| (name.clone(), contexts.rendered(&it.value))).collect();
        Job { succeeded, log, summary: fs::read_to_string(self.file("summary")).unwrap(), outputs, called }
    }

    fn contexts(&self, action: &Action, inputs: &[(&str, &str)]) -> Contexts {
        let mut contexts = Contexts::default();
        for (name, input) in &action.inputs {
            contexts.set(format!("inputs.{name}"), input.default.as_deref().unwrap_or_default());
        }
        for (name, value) in inputs {
            assert!(action.inputs.contains_key(*name), "no input `{name}`");
            contexts.set(format!("inputs.{name}"), value);
        }
        contexts.set("runner.os".to_owned(), "Linux");
        contexts.set("runner.arch".to_owned(), "X64");
        contexts.set("runner.temp".to_owned(), self.temporary().to_str().unwrap());
        contexts
    }

    /// A script as the runner starts one for `shell: bash`:
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell>.
    fn script(&self, step: &Step, contexts: &Contexts) -> (bool, String) {
        assert_eq!(step.shell.as_deref(), Some("bash"), "{}", step.name);
        fs::write(self.file("output"), "").unwrap();
        fs::write(self.file("script.sh"), contexts.rendered(step.run.as_ref().unwrap())).unwrap();
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(self.file("script.sh"));
        command.current_dir(self.workspace()).stdin(Stdio::null());
        command.envs(step.env.iter().map(|(name, value)| (name, contexts.rendered(value))));
        command.env("GITHUB_ACTION_PATH", &self.checkout).env("RUNNER_TEMP", self.temporary());
        command.env("GITHUB_OUTPUT", self.file("output")).env("GITHUB_STEP_SUMMARY", self.file("summary"));
        if let Some(path) = &self.path {
            command.env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", path.display()));
        }
        let output = command.output().unwrap();
        let lines = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.success(), lines.concat())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn output(step: &Step, name: &str) -> String {
    format!("steps.{}.outputs.{name}", step.id.as_deref().unwrap_or(&step.name))
}

/// The file behind `GITHUB_OUTPUT`, lines of `NAME=VALUE`, or `NAME<<DELIMITER` and lines up to it:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#multiline-strings>.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let (mut found, mut lines) = (BTreeMap::new(), text.lines());
    while let Some(line) = lines.next() {
        let (name, value) = match (line.split_once("<<"), line.split_once('=')) {
            (Some((name, delimiter)), other) if other.is_none_or(|(before, _)| before.len() > name.len()) => {
                let value: Vec<_> = lines.by_ref().take_while(|line| *line != delimiter).collect();
                (name, value.join("\n"))
            }
            (_, other) => other.map(|(name, value)| (name, value.to_owned())).unwrap(),
        };
        found.insert(name.to_owned(), value);
    }
    found
}

/// Whether a job left anything in a folder.
pub(super) fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}
