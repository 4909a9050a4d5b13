//! The facts of a run, without any secret: `report.json`, whose schema is `conformance/report.schema.json`.

use std::collections::BTreeMap;

use mock_kit::Recorded;
use serde::{Deserialize, Serialize};

use super::attempt::Attempt;
use super::case::{Case, Level, Service};
use super::status::Status;
use crate::demo::secrets::Secrets;
use crate::demo::timeline::milliseconds;

/// Rises when a reader of older reports would misread a new one.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// What a report keeps of an output; a plugin may write without end.
const LONGEST: usize = 16 << 10;

/// A run of the suite against one plugin.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    schema_version: u32,
    pub(crate) suite: Suite,
    pub(crate) plugin: Plugin,
    pub(crate) started_at: String,
    pub(crate) took_ms: f64,
    pub(crate) summary: Summary,
    /// What the adapter does not have, and how many cases were skipped for it.
    pub(crate) missing_features: BTreeMap<String, usize>,
    pub(crate) results: Vec<CaseResult>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Suite {
    name: String,
    pub(crate) version: String,
}

/// Whose run it is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plugin {
    pub(crate) program: String,
    pub(crate) adapter: String,
    pub(crate) title: String,
    pub(crate) features: Vec<String>,
}

/// How many cases have which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) disabled: usize,
    pub(crate) skipped: usize,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) errors: usize,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) total: Counts,
    pub(crate) core: Counts,
    pub(crate) extended: Counts,
    pub(crate) areas: BTreeMap<String, Counts>,
}

/// What became of one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CaseResult {
    pub(crate) id: String,
    pub(crate) area: String,
    pub(crate) level: Level,
    pub(crate) status: Status,
    pub(crate) rule: String,
    pub(crate) source: String,
    pub(crate) identity: String,
    pub(crate) features: Vec<String>,
    /// Why it failed, was skipped or is disabled, in words.
    pub(crate) reasons: Vec<String>,
    pub(crate) took_ms: f64,
    pub(crate) pulls: Vec<PullResult>,
}

/// One pull of a case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PullResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
    /// `run`, or `cache` where the kubelet had an answer.
    pub(crate) from: String,
    pub(crate) request: String,
    pub(crate) exit: Option<String>,
    pub(crate) response: String,
    pub(crate) stderr: String,
    pub(crate) took_ms: f64,
    pub(crate) journal: Vec<Entry>,
}

/// One request of the plugin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) service: Service,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) status: Option<u16>,
}

impl Report {
    /// Counts and sorts what became of the cases.
    pub(super) fn of(plugin: Plugin, started_at: String, took_ms: f64, mut results: Vec<CaseResult>) -> Self {
        results.sort_by(|a, b| a.id.cmp(&b.id));
        let (mut summary, mut missing_features) = (Summary::default(), BTreeMap::new());
        for result in &results {
            summary.count(result);
            if result.status == Status::Skip {
                let missing = plugin.lacks(&result.features);
                missing.for_each(|feature| *missing_features.entry(feature.to_owned()).or_default() += 1);
            }
        }
        let suite = Suite { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let schema_version = SCHEMA_VERSION;
        Self { schema_version, suite, plugin, started_at, took_ms, summary, missing_features, results }
    }

    /// Whether the plugin does what it must: no case of the level core failed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.summary.core.failed + self.summary.core.errors == 0
    }

    /// The last line of a run.
    #[must_use]
    pub fn last_line(&self) -> String {
        self.summary.total.line()
    }
}

impl Plugin {
    /// Which of these features its adapter does not declare.
    pub(crate) fn lacks<'a>(&'a self, features: &'a [String]) -> impl Iterator<Item = &'a str> {
        features.iter().filter(|feature| !self.features.contains(feature)).map(String::as_str)
    }
}

impl Counts {
    /// Counts one more.
    pub(crate) fn add(&mut self, status: Status) {
        let count = match status {
            Status::Disabled => &mut self.disabled,
            Status::Skip => &mut self.skipped,
            Status::Pass => &mut self.passed,
            Status::Fail => &mut self.failed,
            Status::Error => &mut self.errors,
        };
        *count += 1;
    }

    /// How many were judged and are bad: an error is a failure here.
    pub(crate) fn bad(self) -> usize {
        self.failed + self.errors
    }

    /// How many were not judged: what is disabled is skipped.
    pub(crate) fn unjudged(self) -> usize {
        self.skipped + self.disabled
    }

    /// How many there are.
    pub(crate) fn all(self) -> usize {
        self.passed + self.bad() + self.unjudged()
    }

    /// How many have a status.
    pub(crate) fn of(self, status: Status) -> usize {
        match status {
            Status::Disabled => self.disabled,
            Status::Skip => self.skipped,
            Status::Pass => self.passed,
            Status::Fail => self.failed,
            Status::Error => self.errors,
        }
    }

    /// `N passed, N failed, N skipped`.
    pub(crate) fn line(self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.bad(), self.unjudged())
    }
}

impl Summary {
    fn count(&mut self, result: &CaseResult) {
        let of_level = match result.level {
            Level::Core => &mut self.core,
            Level::Extended => &mut self.extended,
        };
        let of_area = self.areas.entry(result.area.clone()).or_default();
        for counts in [&mut self.total, of_level, of_area] {
            counts.add(result.status);
        }
    }
}

impl CaseResult {
    /// A case that was not judged, for a reason.
    pub(super) fn without_run(case: &Case, identity: &str, status: Status, reason: String) -> Self {
        Self { status, reasons: vec![reason], ..Self::begun(case, identity) }
    }

    /// A case before its first pull.
    pub(super) fn begun(case: &Case, identity: &str) -> Self {
        Self {
            id: case.id.clone(),
            area: case.area().to_owned(),
            level: case.level,
            status: Status::Disabled,
            rule: case.rule.clone(),
            source: case.source.clone(),
            identity: identity.to_owned(),
            features: case.needs().map(str::to_owned).collect(),
            reasons: Vec::new(),
            took_ms: 0.0,
            pulls: Vec::new(),
        }
    }
}

impl CaseResult {
    /// What members of a family have in common: the name, the rule and its source.
    pub(crate) fn family(&self) -> (&str, &str, &str) {
        (self.id.split('[').next().unwrap_or(&self.id), &self.rule, &self.source)
    }
}

impl PullResult {
    /// What may be shown of a pull.
    pub(super) fn of(after: Option<&str>, attempt: &Attempt, secrets: &Secrets) -> Self {
        let shown = |text: &str| secrets.redacted(shortened(text));
        Self {
            after: after.map(str::to_owned),
            from: String::from(if attempt.run.is_some() { "run" } else { "cache" }),
            request: shown(&attempt.stdin),
            exit: attempt.run.as_ref().map(|run| run.ending.to_string()),
            response: shown(&String::from_utf8_lossy(attempt.stdout())),
            stderr: shown(&attempt.stderr()),
            took_ms: milliseconds(std::time::Duration::ZERO, attempt.took),
            journal: attempt.asked.iter().map(|(service, request)| Entry::of(*service, request, secrets)).collect(),
        }
    }
}

impl Entry {
    fn of(service: Service, request: &Recorded, secrets: &Secrets) -> Self {
        let Recorded { method, path, query, status, .. } = request;
        let (path, query) = (secrets.redacted(path), secrets.redacted(query));
        Self { service, method: method.clone(), path, query, status: *status }
    }
}

/// The start of a long text. A secret that is cut in two is cut away as a whole word.
fn shortened(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let start = &text[..end];
    start.rfind(|character: char| !character.is_ascii_graphic() || character == '"').map_or("", |at| &start[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_errors_as_failures_and_the_disabled_as_skipped() {
        let mut counts = Counts::default();
        for status in Status::ALL {
            counts.add(status);
        }
        assert_eq!(counts.line(), "1 passed, 2 failed, 2 skipped");
    }

    #[test]
    fn a_long_text_ends_before_the_word_that_is_cut() {
        let text = format!("{} secret", "x ".repeat(LONGEST / 2 - 1));
        assert!(!shortened(&text).contains("sec"), "{}", &shortened(&text)[LONGEST - 20..]);
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"x".repeat(LONGEST + 1)), "");
    }
}
