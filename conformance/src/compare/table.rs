//! What is compared: a column for each report, a row for each level and area, and each case on which they differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::page::moment;
use crate::run::report::{CaseResult, Counts};
use crate::run::{Level, Report, Status};

/// Several reports beside each other.
pub(super) struct Comparison<'a> {
    pub(super) columns: Vec<Column<'a>>,
    /// Core, extended, and all of them.
    pub(super) levels: Vec<Row<'a>>,
    pub(super) areas: Vec<Row<'a>>,
    /// By id.
    pub(super) differences: Vec<Difference<'a>>,
}

/// A report.
pub(super) struct Column<'a> {
    pub(super) report: &'a Report,
    /// One short word for it, which no other column has.
    pub(super) label: String,
}

/// The counts of one level or area.
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    /// None where a report has no case of it.
    pub(super) counts: Vec<Option<Counts>>,
}

/// A case that has not the same status in every report.
pub(super) struct Difference<'a> {
    /// The case as the first report has it that has it.
    pub(super) case: &'a CaseResult,
    /// None where a report does not have the case.
    pub(super) results: Vec<Option<&'a CaseResult>>,
}

/// What a difference says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One passes what another fails.
    Judged,
    /// Some were not judged: their adapters lack a feature, or their reports the case.
    Applies,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(reports: &'a [Report]) -> Self {
        let labels = labels(reports);
        let columns = reports.iter().zip(labels).map(|(report, label)| Column { report, label }).collect();
        Self { columns, levels: levels(reports), areas: areas(reports), differences: differences(reports) }
    }

    /// The differences of a kind.
    pub(super) fn differ(&self, kind: Kind) -> Vec<&Difference<'a>> {
        self.differences.iter().filter(|difference| difference.kind() == kind).collect()
    }
}

impl Column<'_> {
    /// Where the report is from, in a line.
    pub(super) fn origin(&self) -> String {
        let report = self.report;
        let (program, adapter) = (&report.plugin.program, &report.plugin.adapter);
        format!("{program}, adapter {adapter}, {}, suite {}", moment(&report.started_at), report.suite.version)
    }
}

impl Difference<'_> {
    /// Each status that the case has, the greatest first.
    pub(super) fn statuses(&self) -> Vec<Status> {
        let statuses: BTreeSet<_> = self.results.iter().flatten().map(|result| result.status).collect();
        statuses.into_iter().rev().collect()
    }

    fn is_one(&self) -> bool {
        self.statuses().len() > 1 || self.results.iter().any(Option::is_none)
    }

    pub(super) fn kind(&self) -> Kind {
        let judged = self.statuses().into_iter().filter(|status| *status >= Status::Pass);
        if judged.count() > 1 { Kind::Judged } else { Kind::Applies }
    }
}

/// The adapter if no other column has it, else the program; numbers where that does not tell the reports apart.
fn labels(reports: &[Report]) -> Vec<String> {
    let shared = |adapter: &str| reports.iter().filter(|report| report.plugin.adapter == adapter).count() > 1;
    let plugins = reports.iter().map(|report| &report.plugin);
    let names = plugins.map(|plugin| if shared(&plugin.adapter) { &plugin.program } else { &plugin.adapter });
    let names: Vec<_> = names.cloned().collect();
    let are_unique = names.iter().collect::<BTreeSet<_>>().len() == names.len();
    if are_unique { names } else { (1..=reports.len()).map(|number| number.to_string()).collect() }
}

fn levels(reports: &[Report]) -> Vec<Row<'_>> {
    let row =
        |name, counts: fn(&Report) -> Counts| Row { name, counts: reports.iter().map(counts).map(Some).collect() };
    vec![
        row(Level::Core.as_str(), |report| report.summary.core),
        row(Level::Extended.as_str(), |report| report.summary.extended),
        row("all", |report| report.summary.total),
    ]
}

fn areas(reports: &[Report]) -> Vec<Row<'_>> {
    let names: BTreeSet<_> = reports.iter().flat_map(|report| report.summary.areas.keys()).collect();
    let counts = |name| reports.iter().map(|report| report.summary.areas.get(name).copied()).collect();
    names.into_iter().map(|name| Row { name, counts: counts(name) }).collect()
}

fn differences(reports: &[Report]) -> Vec<Difference<'_>> {
    let mut cases: BTreeMap<&str, Difference<'_>> = BTreeMap::new();
    for (column, report) in reports.iter().enumerate() {
        for case in &report.results {
            let found =
                cases.entry(&case.id).or_insert_with(|| Difference { case, results: vec![None; reports.len()] });
            found.results[column] = Some(case);
        }
    }
    cases.into_values().filter(Difference::is_one).collect()
}
