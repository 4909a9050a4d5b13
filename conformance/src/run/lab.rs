//! Cases in labs: this program is started anew for each, in namespaces of its own.
//!
//! ```text
//!  run ──▶ setpriv, unshare ──▶ inside: Place, Node, pulls, judge
//!   ▲ case, adapter, keys: JSON ──▶ │
//!   └────── what became of it: JSON ┘
//! ```
//!
//! # Why a lab for each case
//!
//! A plugin may leave processes that hold its sockets or its output, and a lab has one clock and one set of addresses. So
//! cases run at the same time, and what one leaves ends with its namespaces. The keys of the mocks' issuers are what would
//! take long to make; all labs have those of the process outside.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use mock_cloud::MockCloud;
use mock_kit::SigningKey;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::adapter::{Adapter, AdapterError, Machine, Surroundings};
use super::case::Case;
use super::node::{self, Node};
use super::report::CaseResult;
use super::status::Status;
use super::{Ground, Subject};
use crate::lab::{self, LabError, Place, Plan};

/// The subcommand that [`inside`] is for.
pub const INSIDE: &str = "case-inside";

/// What labs are made with.
pub(super) struct Labs {
    /// The words in front of a program that give it namespaces.
    words: Vec<&'static str>,
    /// This program.
    own: PathBuf,
    /// The mocks' keys by name.
    keys: BTreeMap<String, String>,
}

/// What the process in the namespaces reads.
#[derive(Serialize, Deserialize)]
struct Errand {
    plugin: PathBuf,
    adapter: Text,
    case: Text,
    keys: BTreeMap<String, String>,
}

/// A text by the name that it goes by.
#[derive(Serialize, Deserialize)]
struct Text {
    name: String,
    text: String,
}

/// Why a case was not run in its lab.
#[derive(Debug, Error)]
pub enum InsideError {
    /// Standard input or output do not work.
    #[error("failed to read the case or to write what became of it")]
    Stream(#[from] io::Error),
    /// What is on standard input is no case.
    #[error("standard input holds no case of a run: {0}")]
    Errand(String),
    /// The adapter is none.
    #[error("failed to read the adapter")]
    Adapter(#[from] AdapterError),
    /// There is no lab.
    #[error(transparent)]
    Lab(#[from] LabError),
}

impl InsideError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Lab(error) => error.hint(),
            Self::Stream(_) | Self::Errand(_) | Self::Adapter(_) => {
                "this is for `conformance run`, which starts it for each case of an adapter with `lab`".to_owned()
            }
        }
    }
}

impl Labs {
    /// Finds out how namespaces are made here, and makes the keys.
    ///
    /// # Errors
    ///
    /// This machine has none for this user.
    pub(super) async fn open(own: &Path) -> Result<Self, LabError> {
        let words = lab::prefix().await?;
        drop(SigningKey::named(node::KEY));
        drop(MockCloud::start(mock_cloud::World::default()).await.map_err(LabError::Cloud)?);
        Ok(Self { words, own: own.to_owned(), keys: SigningKey::export_named() })
    }

    /// Runs one case in a lab.
    ///
    /// The process dies with the thread that starts it, which is one of the runtime's and lives as long as that.
    pub(super) async fn case(&self, subject: &Subject, case: &Case, identity: &str) -> CaseResult {
        let ended = async {
            let errand = self.errand(subject, case)?;
            let mut child = self.command().spawn()?;
            let mut stdin = child.stdin.take();
            let written = match stdin.as_mut() {
                Some(stdin) => stdin.write_all(&errand).await,
                None => Ok(()),
            };
            drop(stdin);
            // A process that did not read it says why.
            drop(written);
            child.wait_with_output().await
        };
        let failed = |reason: String| CaseResult::without_run(case, identity, Status::Error, reason);
        match ended.await {
            Ok(output) => result(&output).unwrap_or_else(failed),
            Err(error) => failed(format!("the lab of the case cannot be started: {error}")),
        }
    }

    fn errand(&self, subject: &Subject, case: &Case) -> io::Result<Vec<u8>> {
        let Adapter { name, text, .. } = &subject.adapter;
        let errand = Errand {
            plugin: subject.program.clone(),
            adapter: Text { name: name.clone(), text: text.clone() },
            case: Text { name: case.id.clone(), text: case.text.clone() },
            keys: self.keys.clone(),
        };
        serde_json::to_vec(&errand).map_err(io::Error::from)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.words[0]);
        command.args(&self.words[1..]).arg(&self.own).arg(INSIDE).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// What the process in the namespaces answered, or what it said when it did not.
fn result(output: &Output) -> Result<CaseResult, String> {
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the lab of the case ended with {}: {}", output.status, said.trim()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("the lab of the case answered nothing: {error}"))
}

/// Makes a lab in the namespaces of this process and runs the case there that the input holds.
///
/// # Errors
///
/// The input holds none, or there is no lab. What fails in the case is no error.
pub fn inside(input: &mut dyn Read, output: &mut dyn Write) -> Result<(), InsideError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let errand: Errand = serde_json::from_slice(&text).map_err(|error| InsideError::Errand(error.to_string()))?;
    SigningKey::import_named(&errand.keys).map_err(|error| InsideError::Errand(error.to_string()))?;
    let case = Case::member(errand.case.name, errand.case.text).map_err(InsideError::Errand)?;
    let adapter = Adapter::parse(&errand.adapter.name, &errand.adapter.text)?;
    let subject = Subject { program: errand.plugin, adapter, ground: Ground::Ports };
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(subject.in_lab(&case))?;
    Ok(serde_json::to_writer(output, &result).map_err(io::Error::from)?)
}

impl Subject {
    /// Runs one case in the lab that this process makes.
    async fn in_lab(&self, case: &Case) -> Result<CaseResult, InsideError> {
        let identity = self.identity(case);
        let surroundings = self.adapter.surroundings(identity);
        let surroundings = surroundings.ok_or_else(|| InsideError::Errand("the adapter has no lab".to_owned()))?;
        let Surroundings { machine, registry, hosts } = &surroundings;
        let plan =
            Plan { machine: Some((*machine).into()), hosts, artifactory: registry, round_trips: &[], faults: &[] };
        let place = Place::make(plan, node::cloud_world(), node::artifactory_world(&case.world)).await?;
        let node = Node::in_place(place, registry, &case.world, &self.program);
        Ok(self.judged(node, case, identity).await)
    }
}

impl From<Machine> for lab::Machine {
    fn from(word: Machine) -> Self {
        match word {
            Machine::Aws => Self::Aws,
            Machine::Azure => Self::Azure,
            Machine::Google => Self::Google,
            Machine::None => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn reason(status: i32, stdout: &str, stderr: &str) -> String {
        let status = ExitStatus::from_raw(status);
        result(&Output { status, stdout: stdout.into(), stderr: stderr.into() }).unwrap_err()
    }

    #[test]
    fn a_process_that_dies_is_told_with_what_it_said() {
        assert_eq!(reason(1 << 8, "", "error: x\n"), "the lab of the case ended with exit status: 1: error: x");
        assert_eq!(reason(9, "{}", ""), "the lab of the case ended with signal: 9 (SIGKILL): ");
        assert!(reason(0, "", "").starts_with("the lab of the case answered nothing: EOF"));
    }

    #[test]
    fn what_became_of_a_case_is_the_same_on_both_sides() {
        let text = "rule = 'r.'\nsource = 's'\nlevel = 'core'\n".to_owned();
        let case = Case::member("wire/x".to_owned(), text).unwrap();
        let sent = CaseResult::without_run(&case, "static", Status::Fail, "a reason".to_owned());
        let stdout = serde_json::to_vec(&sent).unwrap();
        let read = result(&Output { status: ExitStatus::from_raw(0), stdout, stderr: Vec::new() }).unwrap();
        assert_eq!((read.id.as_str(), read.status, read.reasons), ("wire/x", Status::Fail, sent.reasons));
    }

    #[test]
    fn what_is_no_errand_is_refused_before_anything_is_made() {
        let errand = |adapter: &str, case: &str| {
            let text = |name: &str, text: &str| Text { name: name.to_owned(), text: text.to_owned() };
            let (adapter, case) = (text("x.toml", adapter), text("wire/x", case));
            let errand = Errand { plugin: PathBuf::new(), adapter, case, keys: BTreeMap::new() };
            inside(&mut &*serde_json::to_vec(&errand).unwrap(), &mut Vec::new()).unwrap_err().to_string()
        };
        let (adapter, case) =
            ("title = 't'\ndefault = 'a'\n[identity.a]\n", "rule = 'r.'\nsource = 's'\nlevel = 'core'\n");
        assert_eq!(errand(adapter, case), "standard input holds no case of a run: the adapter has no lab");
        assert!(errand(adapter, "colour = 1").contains("colour"));
        assert_eq!(errand("colour = 1", case), "failed to read the adapter");
    }
}
