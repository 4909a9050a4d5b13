//! The suite: cases of one plugin, each in a world of its own, and what became of them.
//!
//! ```text
//!  case ─┐                  ┌─▶ node: mocks, files ─┐
//!        ├─▶ run, in parallel                        ├─▶ attempt ─▶ judge ─▶ report ─▶ screen, JSON, JUnit, HTML
//!  adapter ┘                └─▶ entry of the kubelet ┘   (the plugin as a program)
//! ```
//!
//! # Layout
//!
//! - `case`: what a file says; a case never knows whose plugin it is for
//! - `adapter`: how one plugin is configured; `facts`: what it may be configured with
//! - `suite`: where both come from, and which cases are chosen
//! - `node`: the world of a case; `attempt`: one pull in it; `lab`: cases that have namespaces of their own
//! - `judge`: what is not as expected
//! - `status`, `report`: what became of it; `screen`, `junit`, `page`: shown; `library`: asked by a Rust test
//!
//! # Why each case has mocks of its own
//!
//! A fault, a clock and a journal belong to one case, so that cases run at the same time and in any order. Keys, which are
//! what takes long, are shared by name.

mod adapter;
mod attempt;
mod case;
mod facts;
mod judge;
mod junit;
#[cfg(target_os = "linux")]
mod lab;
mod library;
mod node;
pub(crate) mod page;
pub(crate) mod report;
mod screen;
mod status;
mod suite;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mock_kit::Clock;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::adapter::Adapter;
pub use self::adapter::AdapterError;
use self::attempt::{AttemptError, Meeting};
use self::case::Case;
pub use self::case::{CaseError, Level};
pub use self::facts::UnknownFact;
#[cfg(target_os = "linux")]
pub use self::lab::{INSIDE, InsideError, inside};
pub use self::library::{Outcome, report};
use self::node::{Node, NodeError};
pub use self::report::Report;
use self::report::{CaseResult, Plugin, PullResult};
use self::screen::Screen;
pub use self::screen::Show;
pub use self::status::Status;
pub use self::suite::SuiteError;
use crate::demo::Verdict;
use crate::demo::timeline::milliseconds;
use crate::kubelet::GoDuration;
use crate::platform::is_executable;

/// How many cases run at the same time unless told; most of them wait most of the time.
pub const JOBS: usize = 8;

/// What is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program `conformance`, which is started for each case of an adapter with a lab; `None` where there is none.
    pub own: Option<PathBuf>,
    /// The plugin.
    pub plugin: PathBuf,
    /// The name of an adapter, or its file.
    pub adapter: String,
    /// Cases in place of the program's own.
    pub cases: Option<PathBuf>,
    /// Which cases; empty: all.
    pub filters: Vec<String>,
    /// How many at the same time.
    pub jobs: usize,
    /// Where the reports are written to.
    pub out: Option<PathBuf>,
}

/// Why nothing was run, or not reported.
#[derive(Debug, Error)]
pub enum RunError {
    /// Cases or adapter cannot be used.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// There is no such program.
    #[error("`{}` is no program that can be run", .0.display())]
    Plugin(PathBuf),
    /// The filters leave nothing.
    #[error("no case is called `{0}`")]
    NoCase(String),
    /// The reports cannot be written.
    #[error("failed to write the report")]
    Write(#[from] io::Error),
    /// The adapter is for a lab, and there is none.
    #[cfg(target_os = "linux")]
    #[error("failed to make labs, which the adapter asks for")]
    Lab(#[from] crate::lab::LabError),
    /// The adapter is for a lab, which only the program on Linux has.
    #[error("the adapter asks for labs, which only the program `conformance` on Linux has")]
    NoLab,
}

impl RunError {
    /// What to do about it, where its words do not say so.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Lab(error) => Some(error.hint()),
            _ => None,
        }
    }
}

/// A plugin, its adapter, and where its cases are run.
struct Subject {
    program: PathBuf,
    adapter: Adapter,
    ground: Ground,
}

/// Where cases are run.
enum Ground {
    /// Here, with mocks on free ports.
    Ports,
    /// Each in namespaces of its own.
    #[cfg(target_os = "linux")]
    Labs(lab::Labs),
}

/// Runs the chosen cases. The verdict is about the level core alone.
///
/// # Errors
///
/// There is nothing to run, or the report cannot be written. What fails in a case is no error.
pub async fn run(options: &Options, show: Show, out: &mut dyn Write) -> Result<Verdict, RunError> {
    let report = reported(options, show, out).await?;
    Ok(if report.holds() { Verdict::Held } else { Verdict::Failed })
}

async fn reported(options: &Options, show: Show, out: &mut dyn Write) -> Result<Report, RunError> {
    let adapter = suite::adapter(&options.adapter)?;
    let cases = chosen(options)?;
    let program = program(&options.plugin)?;
    let ground = ground(&adapter, options).await?;
    let subject = Arc::new(Subject { program, adapter, ground });
    let clock = Clock::system();
    let (started_at, mut results) = (clock.rfc3339(), Vec::new());
    let mut screen = Screen::new(show, out, cases.len());
    let mut running = start(cases, &subject, options.jobs);
    while let Some(result) = running.join_next().await {
        let result = result.map_err(io::Error::other)?;
        screen.case(&result)?;
        results.push(result);
    }
    let report = Report::of(subject.plugin(), started_at, milliseconds(Duration::ZERO, clock.uptime()), results);
    if let Some(folder) = &options.out {
        write(folder, &report)?;
    }
    screen.end(&report)?;
    Ok(report)
}

async fn ground(adapter: &Adapter, options: &Options) -> Result<Ground, RunError> {
    if adapter.surroundings(&adapter.default).is_none() {
        return Ok(Ground::Ports);
    }
    #[cfg(target_os = "linux")]
    if let Some(own) = &options.own {
        return Ok(Ground::Labs(lab::Labs::open(own).await?));
    }
    Err(RunError::NoLab)
}

fn chosen(options: &Options) -> Result<Vec<Case>, RunError> {
    let mut cases = suite::cases(options.cases.as_deref())?;
    let unused = |filter: &&String| !cases.iter().any(|case| suite::is_chosen(filter, &case.id));
    if let Some(filter) = options.filters.iter().find(unused) {
        return Err(RunError::NoCase(filter.clone()));
    }
    let is_chosen = |case: &Case| options.filters.iter().any(|filter| suite::is_chosen(filter, &case.id));
    cases.retain(|case| options.filters.is_empty() || is_chosen(case));
    // What may take long begins first, so that the end does not wait for it alone.
    cases.sort_by_key(|case| std::cmp::Reverse(case.expect.within.map(GoDuration::as_nanos)));
    Ok(cases)
}

fn program(path: &Path) -> Result<PathBuf, RunError> {
    let failed = || RunError::Plugin(path.to_owned());
    let found = std::fs::canonicalize(path).map_err(|_absent| failed())?;
    let file = std::fs::metadata(&found).map_err(|_absent| failed())?;
    if file.is_file() && is_executable(&file) { Ok(found) } else { Err(failed()) }
}

fn start(cases: Vec<Case>, subject: &Arc<Subject>, jobs: usize) -> JoinSet<CaseResult> {
    let permits = Arc::new(Semaphore::new(jobs.max(1)));
    let mut running = JoinSet::new();
    for case in cases {
        let (permits, subject) = (Arc::clone(&permits), Arc::clone(subject));
        running.spawn(async move {
            let _permit = permits.acquire().await;
            subject.case(&case).await
        });
    }
    running
}

fn write(folder: &Path, report: &Report) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let json = serde_json::to_string_pretty(report).map_err(io::Error::from)?;
    std::fs::write(folder.join("report.json"), json + "\n")?;
    std::fs::write(folder.join("junit.xml"), junit::junit(report))?;
    std::fs::write(folder.join("report.html"), page::page(report))
}

impl Subject {
    fn plugin(&self) -> Plugin {
        Plugin {
            program: self.program.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            adapter: self.adapter.name.clone(),
            title: self.adapter.title.clone(),
            features: self.adapter.declared(),
        }
    }

    /// Runs one case.
    async fn case(&self, case: &Case) -> CaseResult {
        let identity = self.identity(case);
        if let Some(reason) = &case.disabled {
            return CaseResult::without_run(case, identity, Status::Disabled, reason.clone());
        }
        let missing: Vec<_> = case.needs().filter(|feature| !self.adapter.has(feature)).collect();
        if !missing.is_empty() {
            let reason = format!("the adapter does not declare {}", missing.join(", "));
            return CaseResult::without_run(case, identity, Status::Skip, reason);
        }
        match &self.ground {
            Ground::Ports => self.judged(Node::start(&case.world, &self.program).await, case, identity).await,
            #[cfg(target_os = "linux")]
            Ground::Labs(labs) => labs.case(self, case, identity).await,
        }
    }

    /// The identity that a case is run with.
    fn identity<'a>(&'a self, case: &'a Case) -> &'a str {
        case.identity.as_deref().unwrap_or(&self.adapter.default)
    }

    /// Makes the pulls of a case in its world, and judges them.
    async fn judged(&self, node: Result<Node, NodeError>, case: &Case, identity: &str) -> CaseResult {
        let mut result = CaseResult::begun(case, identity);
        let pulled = match &node {
            Ok(node) => self.pulls(node, case, identity, &mut result).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(reason) = pulled {
            result.status.rise(Status::Error);
            result.reasons.push(reason);
        }
        result
    }

    async fn pulls(
        &self,
        node: &Node,
        case: &Case,
        identity: &str,
        result: &mut CaseResult,
    ) -> Result<(), AttemptError> {
        let entry = self.adapter.entry(identity, &case.settings, &node.facts)?;
        for (name, content) in &entry.files {
            node.write(name, content)?;
        }
        let token = self.adapter.identity(identity).and_then(|identity| identity.token.as_ref());
        let mut meeting = Meeting::new(node, &self.program, entry, token, identity);
        let (mut tokens, mut answered) = (Vec::new(), Vec::new());
        for (after, pull, expect) in attempt::pulls(case) {
            if let Some(by) = after.and_then(|text| GoDuration::parse(text).ok()) {
                node.advance(Duration::from_nanos(by.as_nanos().unsigned_abs()));
            }
            let attempt = meeting.pull(pull).await?;
            tokens.extend(attempt.token.clone());
            answered.extend(attempt.passwords());
            let secrets = node.secrets(tokens.clone(), answered.clone());
            let now = node.artifactory.kit().clock.unix();
            let mut reasons = judge::judge(&attempt, expect, &node.facts, &secrets, now)?;
            if expect.pulls {
                reasons.extend(judge::pulled(node, &attempt).await);
            }
            result.status.rise(if reasons.is_empty() { Status::Pass } else { Status::Fail });
            result.reasons.extend(reasons.iter().map(|reason| secrets.redacted(reason)));
            result.took_ms += milliseconds(Duration::ZERO, attempt.took);
            result.pulls.push(PullResult::of(after, &attempt, &secrets));
        }
        Ok(())
    }
}
