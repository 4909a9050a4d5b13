//! The gate: counts and ratios of this build beside the committed ones. No absolute time.

use std::io::Write;
use std::process::ExitCode;

use crate::Failure;
use crate::programs::Programs;
use crate::rounds::{self, Plan};
use crate::series::Series;
use crate::site::Site;
use crate::subject::{AZURE, Configuration, Subject};
use crate::table::Table;
use crate::tool::{Count, Tools};

mod file;

use file::Budget;

/// Runs under a counting tool; their median counts.
const RUNS: usize = 5;
/// Starts for the ratio of peaks of memory.
const PLAN: Plan = Plan { rounds: 20, warm_up: 2 };

/// What is done with the measured values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are compared with the budget.
    Compare,
    /// They become the budget.
    Write,
}

/// What is counted; a name in the budget file stands below one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bytes,
    Instructions,
    Percent,
    SystemCalls,
}

impl Kind {
    fn key(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Instructions => "instructions",
            Self::Percent => "percent",
            Self::SystemCalls => "system_calls",
        }
    }
}

/// One measured value, or why there is none.
struct Measure {
    kind: Kind,
    name: &'static str,
    count: Count,
}

/// What came of one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Skipped,
}

/// Measures, then compares and prints, or writes the budget.
pub(crate) fn run(programs: &Programs, mode: Mode, tools: &Tools, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let profile = programs.profile.name();
    let mut budget = Budget::read()?;
    let measures = measure(programs, tools)?;
    match mode {
        Mode::Compare => compare(&measures, &budget, profile, out),
        Mode::Write => {
            for Measure { kind, name, count } in &measures {
                if let Some(value) = count.median() {
                    budget.set(profile, kind.key(), name, value);
                }
            }
            budget.write()?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn measure(programs: &Programs, tools: &Tools) -> Result<Vec<Measure>, Failure> {
    let (site, file) = (Site::start(programs)?, Configuration::fixed()?);
    let (fixed, declined) = (Subject::fixed(programs, &file), Subject::declined(programs));
    let clouds = Subject::clouds(programs, &site)?;
    let mut measures = vec![Measure { kind: Kind::Bytes, name: "binary", count: binary(programs)? }];
    for (name, subject) in [("declined", &declined), ("static", &fixed)] {
        measures.push(Measure { kind: Kind::Instructions, name, count: tools.instructions(subject, RUNS)? });
    }
    for (name, subject) in
        ["aws", "azure", "google", "static", "declined"].into_iter().zip(clouds.iter().chain([&fixed, &declined]))
    {
        measures.push(Measure { kind: Kind::SystemCalls, name, count: tools.system_calls(subject, RUNS)? });
    }
    let azure = clouds.into_iter().find(|subject| subject.name == AZURE).ok_or("no Azure pull")?;
    let count = memory_ratio(azure, Subject::plain_client(programs, &site)?)?;
    measures.push(Measure { kind: Kind::Percent, name: "peak_memory_azure_to_plain_client", count });
    Ok(measures)
}

fn binary(programs: &Programs) -> Result<Count, Failure> {
    Ok(Count::Counted(vec![std::fs::metadata(programs.provider())?.len()]))
}

/// The peak of an Azure pull in percent of the peak of a plain client with the same requests.
fn memory_ratio(azure: Subject, plain: Subject) -> Result<Count, Failure> {
    let costs = rounds::run(&[azure, plain], PLAN)?;
    let [azure, plain] = [0, 1].map(|index| Series::peak_memory(&costs[index]).median());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a ratio of sizes is positive and small"
    )]
    let percent = (100.0 * azure / plain).round() as u64;
    Ok(Count::Counted(vec![percent]))
}

fn compare(measures: &[Measure], budget: &Budget, profile: &str, out: &mut impl Write) -> Result<ExitCode, Failure> {
    let mut table = Table::new(&["what", "measured", "budget", "limit", "verdict"]);
    let mut verdicts = Vec::new();
    for Measure { kind, name, count } in measures {
        let (committed, limit) = (budget.committed(profile, kind.key(), name), budget.limit(profile, kind.key(), name));
        let verdict = judge(count, limit);
        let text = |value: Option<u64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
        table.row(
            &format!("{} {name}", kind.key()),
            [count.to_string(), text(committed), text(limit), format!("{verdict:?}").to_lowercase()],
        );
        verdicts.push(verdict);
    }
    table.write(out)?;
    let number = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let failed = number(Verdict::Failed);
    writeln!(out, "{} passed, {failed} failed, {} skipped", number(Verdict::Passed), number(Verdict::Skipped))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A value without a budget fails: somebody must decide what it may be.
fn judge(count: &Count, limit: Option<u64>) -> Verdict {
    match (count.median(), limit) {
        (None, _) => Verdict::Skipped,
        (Some(value), Some(limit)) if value <= limit => Verdict::Passed,
        _ => Verdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(count: Count, text: &str) -> (String, ExitCode) {
        let measures = [Measure { kind: Kind::SystemCalls, name: "aws", count }];
        let mut out = Vec::new();
        let code = compare(&measures, &Budget::parse(text).unwrap(), "release", &mut out).unwrap();
        (String::from_utf8(out).unwrap().lines().last().unwrap().to_owned(), code)
    }

    const BUDGET: &str = "[most]\n[release.system_calls]\naws = 100\n";

    #[test]
    fn ten_in_a_hundred_more_are_allowed_and_not_one_further() {
        assert_eq!(
            gate(Count::Counted(vec![110]), BUDGET),
            ("1 passed, 0 failed, 0 skipped".to_owned(), ExitCode::SUCCESS)
        );
        assert_eq!(
            gate(Count::Counted(vec![111]), BUDGET),
            ("0 passed, 1 failed, 0 skipped".to_owned(), ExitCode::FAILURE)
        );
    }

    #[test]
    fn the_most_holds_whatever_was_committed() {
        let budget = "[most]\nsystem_calls = 105\n[release.system_calls]\naws = 100\n";
        assert_eq!(gate(Count::Counted(vec![106]), budget).1, ExitCode::FAILURE);
    }

    #[test]
    fn a_missing_tool_is_skipped_and_a_missing_budget_fails() {
        let skipped = gate(Count::NotMeasured { tool: "strace" }, BUDGET);
        assert_eq!(skipped, ("0 passed, 0 failed, 1 skipped".to_owned(), ExitCode::SUCCESS));
        assert_eq!(gate(Count::Counted(vec![1]), "[most]\n").1, ExitCode::FAILURE);
    }
}
