//! `report.html`: a report for a person, in one file.
//!
//! It is made from the report alone, from which every secret is gone. Filters are a script's; everything else works
//! without one: a case opens by a press, or by its address, `report.html#AREA/NAME`, as its inside carries the id
//! (HTML Living Standard, "ancestor revealing algorithm").

mod case;
pub(crate) mod filters;
mod json;
mod pull;
mod summary;

use self::filters::Choices;
pub(crate) use self::summary::bar;
use super::report::{Report, Summary};
use super::status::Status;
use crate::html::{Html, document};

/// Writes a report as a page.
pub(super) fn page(report: &Report) -> String {
    document(&format!("{}: {}", report.plugin.title, report.last_line()), |html| {
        html.leaf("a", &[("class", "jump"), ("href", "#page-cases")], "Skip to the cases");
        html.element("header", &[], |html| head(html, report));
        html.element("main", &[], |html| {
            html.element("div", &[("class", "overview")], |html| {
                summary::counts(html, report);
                summary::beside(html, report);
            });
            html.element("section", &[("id", "page-cases"), ("aria-labelledby", "page-cases-title")], |html| {
                html.leaf("h2", &[("id", "page-cases-title")], "Cases");
                filters::filters(html, &Choices::of(report));
                case::areas(html, report);
            });
        });
        foot(html, report);
    })
}

fn head(html: &mut Html, report: &Report) {
    let (status, words) = verdict(&report.summary);
    html.leaf("p", &[("class", "kind")], "Conformance of a kubelet credential provider");
    html.leaf("h1", &[], &report.plugin.title);
    html.element("p", &[("class", "verdict")], |html| {
        mark(html, status);
        html.text(" ");
        html.text(&words);
    });
    html.leaf("p", &[("class", "counts")], &report.last_line());
    html.element("dl", &[("class", "facts")], |html| {
        fact(html, "Program", &report.plugin.program);
        fact(html, "Adapter", &report.plugin.adapter);
        fact(html, "Begun", &moment(&report.started_at));
        fact(html, "Took", &took(report.took_ms));
    });
}

/// Whether a plugin does what it must, in words.
pub(crate) fn verdict(summary: &Summary) -> (Status, String) {
    match (summary.core.passed, summary.core.bad()) {
        (0, 0) => (Status::Skip, "No case of the level core was judged.".to_owned()),
        (passed, 0) => (Status::Pass, format!("Holds the level core: all {passed} cases that apply.")),
        (passed, bad) => (Status::Fail, format!("Fails the level core: {bad} of {} cases that apply.", passed + bad)),
    }
}

fn foot(html: &mut Html, report: &Report) {
    html.element("footer", &[], |html| {
        html.text(&format!("conformance {}. The same as data: ", report.suite.version));
        html.leaf("a", &[("class", "file"), ("href", "report.json")], "report.json");
        html.text(", ");
        html.leaf("a", &[("class", "file"), ("href", "junit.xml")], "junit.xml");
        html.text(".");
    });
}

/// A word with its meaning.
pub(crate) fn fact(html: &mut Html, name: &str, value: &str) {
    html.element("div", &[], |html| {
        html.leaf("dt", &[], name);
        html.leaf("dd", &[], value);
    });
}

/// A status as a sign, for beside a word that says the same.
pub(crate) fn mark(html: &mut Html, status: Status) {
    html.leaf("span", &[("class", class(status)), ("aria-hidden", "true")], sign(status));
}

/// A status as a sign and its word, so that colour says nothing alone.
pub(crate) fn badge(html: &mut Html, status: Status) {
    html.element("span", &[("class", class(status))], |html| {
        html.leaf("span", &[("aria-hidden", "true")], sign(status));
        html.text(" ");
        html.text(status.as_str());
    });
}

fn class(status: Status) -> &'static str {
    match status {
        Status::Disabled => "status disabled",
        Status::Skip => "status skip",
        Status::Pass => "status pass",
        Status::Fail => "status fail",
        Status::Error => "status error",
    }
}

fn sign(status: Status) -> &'static str {
    match status {
        Status::Disabled => "○",
        Status::Skip => "–",
        Status::Pass => "✓",
        Status::Fail => "✗",
        Status::Error => "!",
    }
}

/// Milliseconds for a person.
pub(crate) fn took(milliseconds: f64) -> String {
    if milliseconds < 999.5 { format!("{milliseconds:.0} ms") } else { format!("{:.1} s", milliseconds / 1000.0) }
}

/// A moment in RFC 3339 for a person, to the second.
pub(crate) fn moment(text: &str) -> String {
    match text.strip_suffix('Z').and_then(|text| text.split_once('T')) {
        Some((day, time)) => format!("{day} {} UTC", time.split('.').next().unwrap_or(time)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Counts;
    use super::*;

    #[test]
    fn a_verdict_is_about_the_level_core() {
        let of = |passed, failed, errors| {
            let core = Counts { passed, failed, errors, skipped: 9, ..Counts::default() };
            let extended = Counts { failed: 1, ..Counts::default() };
            verdict(&Summary { core, extended, ..Summary::default() })
        };
        assert_eq!(of(3, 0, 0), (Status::Pass, "Holds the level core: all 3 cases that apply.".to_owned()));
        assert_eq!(of(3, 1, 1), (Status::Fail, "Fails the level core: 2 of 5 cases that apply.".to_owned()));
        assert_eq!(of(0, 1, 0).0, Status::Fail);
        assert_eq!(of(0, 0, 0), (Status::Skip, "No case of the level core was judged.".to_owned()));
    }

    #[test]
    fn times_are_for_a_person() {
        assert_eq!([0.4, 12.5, 999.4, 999.6, 61_250.0].map(took), ["0 ms", "12 ms", "999 ms", "1.0 s", "61.2 s"]);
        assert_eq!(moment("2026-11-22T02:35:47.123Z"), "2026-11-22 02:35:47 UTC");
        assert_eq!(moment("2026-11-22T02:35:47Z"), "2026-11-22 02:35:47 UTC");
        assert_eq!(moment("yesterday"), "yesterday");
    }
}
