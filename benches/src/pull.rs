//! The report: what each kind of pull costs beside doing nothing and beside a plain client.

use std::io::Write;
use std::path::Path;

use crate::Failure;
use crate::machine;
use crate::programs::Programs;
use crate::rounds::{self, Plan};
use crate::series::{Series, megabytes};
use crate::site::Site;
use crate::start::Cost;
use crate::subject::{AZURE, Configuration, PLAIN_CLIENT, Subject, TRUE, WITH_AND_WITHOUT_SDK};
use crate::table::Table;
use crate::tool::{Count, Tools};

/// Runs under the counting tools, for each subject.
const COUNTED_RUNS: usize = 5;

/// One subject's measurement.
struct Measured {
    name: &'static str,
    wall: Series,
    processor: Series,
    waiting: Series,
    /// In MB; `None` when only the measuring program's own peak could be seen.
    peak_memory: Option<f64>,
}

/// Measures everything and writes Markdown.
pub(crate) fn report(
    programs: &Programs,
    without_sdk: &Path,
    plan: Plan,
    tools: &Tools,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (site, file) = (Site::start(programs)?, Configuration::fixed()?);
    let mut subjects = vec![Subject::nothing(), Subject::plain_client(programs, &site)?];
    subjects.extend(Subject::clouds(programs, &site)?);
    subjects.extend([Subject::fixed(programs, &file), Subject::declined(programs)]);
    let role = Configuration::external_role(&site)?;
    subjects.push(Subject::external_role(programs, &site, &role)?);
    let same = subjects.iter().filter_map(|subject| subject.in_build_without_sdk(without_sdk));
    subjects.extend(same.collect::<Vec<_>>());
    writeln!(out, "{}\n", machine::description())?;
    writeln!(out, "Profile {}, {} rounds after {}.\n", programs.profile.name(), plan.rounds, plan.warm_up)?;
    let costs = rounds::run(&subjects, plan)?;
    let measured = subjects.iter().zip(&costs).map(|(subject, costs)| Measured::of(subject, costs, tools));
    let measured = measured.collect::<Result<Vec<_>, _>>()?;
    absolute(&measured).write(out)?;
    ratios(&measured)?.write(out)?;
    if busy(named(&measured, TRUE)?) {
        writeln!(
            out,
            "The machine was busy: {TRUE} waited longer than it ran, so medians of wall time compare queues.\n"
        )?;
    }
    counts(&subjects, tools)?.write(out)?;
    let [with, without] =
        [&programs.provider(), without_sdk].map(|path| std::fs::metadata(path).map(|file| file.len()));
    let (with, without) = (megabytes(with?), megabytes(without?));
    writeln!(out, "Binary: {with:.2} MB; without the AWS SDK {without:.2} MB, ratio {:.2}", with / without)?;
    Ok(())
}

impl Measured {
    fn of(subject: &Subject, costs: &[Cost], tools: &Tools) -> Result<Self, Failure> {
        Ok(Self {
            name: subject.name,
            wall: Series::wall(costs),
            processor: Series::processor(costs),
            waiting: Series::waiting(costs),
            peak_memory: peak_memory(subject, costs, tools)?,
        })
    }
}

/// The median peak in MB, unless it is that of the measuring program; then the tool's reading, if there is the tool.
fn peak_memory(subject: &Subject, costs: &[Cost], tools: &Tools) -> Result<Option<f64>, Failure> {
    let own = own_peak().ok_or("/proc/self/status names no peak of memory")?;
    let median = Series::peak_memory(costs).median();
    if median > megabytes(own) { Ok(Some(median)) } else { Ok(tools.peak_memory(subject)?.median().map(megabytes)) }
}

fn own_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))?;
    kilobytes.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

fn absolute(measured: &[Measured]) -> Table {
    let mut table =
        Table::new(&["ms, MB", "wall min", "p50", "p95", "CPU min", "p50", "p95", "waiting p50", "peak memory"]);
    for Measured { name, wall, processor, waiting, peak_memory } in measured {
        let times = [wall, processor].map(|series| [series.least(), series.median(), series.percentile_95()]);
        let times = times.into_iter().flatten().chain([waiting.median()]).map(two_places);
        table.row(name, times.chain([memory(*peak_memory)]));
    }
    table
}

/// Each provider row against doing nothing; the Azure row also against the plain client, whose requests it makes.
fn ratios(measured: &[Measured]) -> Result<Table, Failure> {
    let (nothing, plain) = (named(measured, TRUE)?, named(measured, PLAIN_CLIENT)?);
    let mut table = Table::new(&["ratio", "wall min", "wall p50", "CPU p50", "peak memory"]);
    for row in measured.iter().filter(|row| row.name != TRUE) {
        table.row(&format!("{} / {TRUE}", row.name), compare(row, nothing));
    }
    table.row(&format!("{AZURE} / {PLAIN_CLIENT}"), compare(named(measured, AZURE)?, plain));
    for (with, without) in WITH_AND_WITHOUT_SDK {
        table.row(&format!("{with} / {without}"), compare(named(measured, with)?, named(measured, without)?));
    }
    Ok(table)
}

fn named<'m>(measured: &'m [Measured], name: &str) -> Result<&'m Measured, Failure> {
    measured.iter().find(|row| row.name == name).ok_or_else(|| format!("{name} was not measured").into())
}

/// A program that waits for nothing but a processor waits longer than it runs.
fn busy(nothing: &Measured) -> bool {
    nothing.waiting.median() > nothing.processor.median()
}

fn compare(row: &Measured, base: &Measured) -> [String; 4] {
    let memory = row.peak_memory.zip(base.peak_memory).map(|(row, base)| row / base);
    [
        two_places(row.wall.least() / base.wall.least()),
        two_places(row.wall.median() / base.wall.median()),
        two_places(row.processor.median() / base.processor.median()),
        memory.map_or_else(|| "not measured".to_owned(), two_places),
    ]
}

fn counts(subjects: &[Subject], tools: &Tools) -> Result<Table, Failure> {
    let mut table = Table::new(&["median of runs", "system calls", "spread", "instructions", "spread"]);
    for subject in subjects {
        let calls = tools.system_calls(subject, COUNTED_RUNS)?;
        let instructions = tools.instructions(subject, COUNTED_RUNS)?;
        table.row(subject.name, [calls.to_string(), spread(&calls), instructions.to_string(), spread(&instructions)]);
    }
    Ok(table)
}

/// The least and the greatest of the runs.
fn spread(count: &Count) -> String {
    let Count::Counted(runs) = count else { return String::new() };
    let ends = runs.iter().min().zip(runs.iter().max());
    ends.map_or_else(String::new, |(least, greatest)| format!("{least} to {greatest}"))
}

fn memory(megabytes: Option<f64>) -> String {
    megabytes.map_or_else(|| "not measured: strace is not installed".to_owned(), two_places)
}

fn two_places(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn measured(wall: u64, processor: u64, peak_memory: Option<f64>) -> Measured {
        let [wall, processor] = [wall, processor].map(Duration::from_micros);
        let costs = [Cost { wall, processor, peak_memory: 0 }];
        let (wall, processor, waiting) = (Series::wall(&costs), Series::processor(&costs), Series::waiting(&costs));
        Measured { name: TRUE, wall, processor, waiting, peak_memory }
    }

    #[test]
    fn a_program_that_mostly_queued_shows_a_busy_machine() {
        assert!(busy(&measured(900, 400, None)));
        assert!(!busy(&measured(500, 400, None)));
    }

    #[test]
    fn a_ratio_is_of_the_base_and_is_not_made_up_without_one() {
        let base = measured(500, 400, Some(1.0));
        assert_eq!(compare(&measured(4_000, 1_000, Some(5.0)), &base), ["8.00", "8.00", "2.50", "5.00"]);
        assert_eq!(compare(&measured(4_000, 1_000, Some(5.0)), &measured(500, 400, None))[3], "not measured");
    }
}
