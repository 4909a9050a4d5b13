//! `compare.html`: the comparison for a person, as `report.html` looks.

use super::table::{Column, Comparison, Difference, Kind, Row};
use crate::html::{Html, document, fragment, id};
use crate::run::Status;
use crate::run::page::filters::{Choices, filters};
use crate::run::page::{badge, bar, mark, verdict};
use crate::run::report::{CaseResult, Counts};

/// Writes a comparison as a page.
pub(super) fn page(comparison: &Comparison<'_>) -> String {
    let titles: Vec<_> = comparison.columns.iter().map(|column| column.report.plugin.title.as_str()).collect();
    document(&format!("Compared: {}", titles.join(", ")), |html| {
        html.leaf("a", &[("class", "jump"), ("href", "#page-cases")], "Skip to the cases");
        html.element("header", &[], |html| head(html, comparison));
        html.element("main", &[], |html| {
            scores(html, comparison);
            html.element("section", &[("id", "page-cases"), ("aria-labelledby", "page-cases-title")], |html| {
                html.leaf("h2", &[("id", "page-cases-title")], "Cases on which they differ");
                differences(html, comparison);
            });
        });
    })
}

fn head(html: &mut Html, comparison: &Comparison<'_>) {
    html.leaf("p", &[("class", "kind")], "Conformance of kubelet credential providers");
    html.leaf("h1", &[], &format!("{} providers compared", comparison.columns.len()));
    html.element("ul", &[("class", "columns")], |html| {
        for column in &comparison.columns {
            html.element("li", &[], |html| provider(html, column));
        }
    });
}

fn provider(html: &mut Html, column: &Column<'_>) {
    let (status, words) = verdict(&column.report.summary);
    html.leaf("strong", &[], &column.label);
    html.leaf("span", &[("class", "title")], &column.report.plugin.title);
    html.element("span", &[], |html| {
        mark(html, status);
        html.text(" ");
        html.text(&words);
    });
    html.leaf("span", &[("class", "note")], &column.origin());
}

fn scores(html: &mut Html, comparison: &Comparison<'_>) {
    html.element("section", &[("aria-labelledby", "page-scores")], |html| {
        html.leaf("h2", &[("id", "page-scores")], "Scores");
        html.leaf("p", &[("class", "note")], "Cases passed / failed / skipped.");
        // What scrolls by itself must be reachable by key.
        let frame = [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-labelledby", "page-scores")];
        html.element("div", &frame, |html| {
            html.element("table", &[("class", "scores")], |html| {
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| {
                        html.element("td", &[], |_| {});
                        for column in &comparison.columns {
                            html.leaf("th", &[("scope", "col")], &column.label);
                        }
                    });
                });
                html.element("tbody", &[("class", "levels")], |html| rows(html, &comparison.levels));
                html.element("tbody", &[], |html| rows(html, &comparison.areas));
            });
        });
    });
}

fn rows(html: &mut Html, rows: &[Row<'_>]) {
    for row in rows {
        html.line();
        html.element("tr", &[("data-row", row.name)], |html| {
            html.leaf("th", &[("scope", "row")], row.name);
            row.counts.iter().for_each(|counts| html.element("td", &[], |html| score(html, *counts)));
        });
    }
}

fn score(html: &mut Html, counts: Option<Counts>) {
    let Some(counts) = counts else { return html.text("–") };
    bar(html, counts);
    html.text(&format!("{} / ", counts.passed));
    let (bad, failed) = (counts.bad(), counts.bad().to_string());
    match bad {
        0 => html.text(&failed),
        _ => html.leaf("strong", &[("class", "fail")], &failed),
    }
    html.text(&format!(" / {}", counts.unjudged()));
}

fn differences(html: &mut Html, comparison: &Comparison<'_>) {
    if comparison.differences.is_empty() {
        html.leaf("p", &[("class", "nothing")], "None.");
        return;
    }
    filters(html, &choices(comparison));
    for (kind, title, note) in [
        (Kind::Judged, "Judged differently", "One passes what another fails."),
        (Kind::Applies, "Judged for some only", "The others do not declare what the case needs, or have no such case."),
    ] {
        let found = comparison.differ(kind);
        if !found.is_empty() {
            html.element("section", &[("class", "area"), ("data-group", "")], |html| {
                html.leaf("h3", &[], title);
                html.leaf("p", &[("class", "note")], note);
                for members in found.chunk_by(|a, b| a.case.family() == b.case.family()) {
                    rule(html, members, &comparison.columns);
                }
            });
        }
    }
}

/// How many cases have a status in some report.
fn choices<'a>(comparison: &Comparison<'a>) -> Choices<'a> {
    let mut counts = Counts::default();
    let statuses = comparison.differences.iter().flat_map(Difference::statuses);
    statuses.for_each(|status| counts.add(status));
    let mut areas: Vec<_> = comparison.differences.iter().map(|difference| difference.case.area.as_str()).collect();
    areas.dedup();
    Choices { counts, areas }
}

fn rule(html: &mut Html, members: &[&Difference<'_>], columns: &[Column<'_>]) {
    html.line();
    html.element("div", &[("class", "rule"), ("data-group", "")], |html| {
        html.element("h4", &[], |html| html.coded(&members[0].case.rule));
        html.element("p", &[("class", "source")], |html| html.linked(&members[0].case.source));
        for difference in members {
            case(html, difference, columns);
        }
    });
}

fn case(html: &mut Html, difference: &Difference<'_>, columns: &[Column<'_>]) {
    let case = difference.case;
    let statuses: Vec<_> = difference.statuses().into_iter().map(Status::as_str).collect();
    let statuses = statuses.join(" ");
    let data = [
        ("class", "case difference"),
        ("data-status", statuses.as_str()),
        ("data-level", case.level.as_str()),
        ("data-area", &case.area),
    ];
    html.line();
    html.element("details", &data, |html| {
        html.element("summary", &[], |html| {
            html.leaf("span", &[("class", "name")], &case.id);
            html.leaf("span", &[("class", "level")], case.level.as_str());
            html.element("span", &[("class", "statuses")], |html| {
                for (column, result) in columns.iter().zip(&difference.results) {
                    html.element("span", &[], |html| {
                        html.leaf("span", &[("class", "label")], &column.label);
                        status(html, *result);
                    });
                }
            });
        });
        html.element("div", &[("class", "inside"), ("id", &id(&case.id))], |html| inside(html, difference, columns));
    });
}

fn status(html: &mut Html, result: Option<&CaseResult>) {
    match result {
        Some(result) => badge(html, result.status),
        None => html.leaf("span", &[("class", "status skip")], "absent"),
    }
}

fn inside(html: &mut Html, difference: &Difference<'_>, columns: &[Column<'_>]) {
    for (column, result) in columns.iter().zip(&difference.results) {
        let class = match result.map(|result| result.status) {
            Some(Status::Fail) => "pull fail",
            Some(Status::Error) => "pull error",
            _ => "pull",
        };
        html.element("section", &[("class", class)], |html| {
            html.element("h5", &[], |html| {
                html.text(&column.label);
                html.text(" ");
                status(html, *result);
            });
            let reasons = result.map(|result| result.reasons.as_slice()).unwrap_or_default();
            if !reasons.is_empty() {
                html.element("ul", &[("class", "reasons")], |html| {
                    for reason in reasons {
                        html.element("li", &[], |html| html.coded(reason));
                    }
                });
            }
        });
    }
    html.leaf("a", &[("class", "note"), ("href", &fragment(&difference.case.id))], "address of this case");
}
