//! A comparison in markdown, for a terminal, a README or a pull request: GitHub Flavored Markdown, tables.

use std::fmt::Write as _;

use super::table::{Comparison, Difference, Kind, Row};
use crate::run::report::{CaseResult, Counts};

/// Writes a comparison.
pub(super) fn markdown(comparison: &Comparison<'_>) -> String {
    let mut out = String::from("# Credential providers compared\n\n");
    for column in &comparison.columns {
        let (label, title) = (cell(&column.label), cell(&column.report.plugin.title));
        let _ = writeln!(out, "- **{label}**: {title} ({})", cell(&column.origin()));
    }
    out.push_str("\nCases passed / failed / skipped.\n\n");
    scores(&mut out, comparison);
    differences(&mut out, comparison, Kind::Judged, "Judged differently");
    differences(&mut out, comparison, Kind::Applies, "Judged for some only");
    out
}

fn scores(out: &mut String, comparison: &Comparison<'_>) {
    let labels = comparison.columns.iter().map(|column| cell(&column.label));
    row(out, "", labels);
    row(out, "---", comparison.columns.iter().map(|_| "---:".to_owned()));
    let counts = |row: &Row<'_>| row.counts.iter().map(|counts| score(*counts)).collect::<Vec<_>>();
    for level in &comparison.levels {
        row(out, &format!("**{}**", level.name), counts(level).into_iter());
    }
    for area in &comparison.areas {
        row(out, &cell(area.name), counts(area).into_iter());
    }
}

fn score(counts: Option<Counts>) -> String {
    let Some(counts) = counts else { return "–".to_owned() };
    let bad = counts.bad();
    let failed = if bad == 0 { "0".to_owned() } else { format!("**{bad}**") };
    format!("{} / {failed} / {}", counts.passed, counts.unjudged())
}

fn differences(out: &mut String, comparison: &Comparison<'_>, kind: Kind, title: &str) {
    let found = comparison.differ(kind);
    let _ = write!(out, "\n## {title}\n\n");
    if found.is_empty() {
        out.push_str("No case.\n");
        return;
    }
    let labels = comparison.columns.iter().map(|column| cell(&column.label));
    row(out, "case", ["level".to_owned()].into_iter().chain(labels));
    row(out, "---", ["---".to_owned()].into_iter().chain(comparison.columns.iter().map(|_| "---".to_owned())));
    for Difference { case, results } in found {
        let statuses = results.iter().map(|result| status(*result));
        let cells = [case.level.as_str().to_owned()].into_iter().chain(statuses);
        row(out, &format!("`{}`", cell(&case.id.replace('`', "'"))), cells);
    }
}

fn status(result: Option<&CaseResult>) -> String {
    match result.map(|result| result.status) {
        None => "–".to_owned(),
        Some(status) if status.is_bad() => format!("**{}**", status.as_str()),
        Some(status) => status.as_str().to_owned(),
    }
}

fn row(out: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let _ = writeln!(out, "| {first} | {} |", cells.collect::<Vec<_>>().join(" | "));
}

/// A text that stays within its cell and is no markup.
fn cell(text: &str) -> String {
    let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    line.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_within_its_cell() {
        assert_eq!(cell("a|b\n<img>&"), "a\\|b &lt;img>&amp;");
    }

    #[test]
    fn failures_stand_out() {
        assert_eq!(score(Some(Counts { passed: 3, failed: 1, errors: 1, skipped: 4, disabled: 1 })), "3 / **2** / 5");
        assert_eq!(score(Some(Counts { passed: 3, ..Counts::default() })), "3 / 0 / 0");
        assert_eq!(score(None), "–");
    }
}
