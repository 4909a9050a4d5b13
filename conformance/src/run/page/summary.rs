//! The overview: counts by level and area, what failed, and what the adapter declares and does not.

use super::super::report::{Counts, Report};
use super::badge;
use crate::html::{Html, fragment};

/// The counts, a row for each level and each area.
pub(super) fn counts(html: &mut Html, report: &Report) {
    html.element("section", &[("aria-labelledby", "page-summary")], |html| {
        html.leaf("h2", &[("id", "page-summary")], "Summary");
        html.element("table", &[("class", "summary")], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    html.element("td", &[], |_| {});
                    html.element("td", &[("class", "wide")], |_| {});
                    for name in ["passed", "failed", "skipped"] {
                        html.leaf("th", &[("scope", "col")], name);
                    }
                });
            });
            html.element("tbody", &[("class", "levels")], |html| {
                row(html, "core", None, report.summary.core);
                row(html, "extended", None, report.summary.extended);
                row(html, "all", None, report.summary.total);
            });
            html.element("tbody", &[], |html| {
                for (area, counts) in &report.summary.areas {
                    row(html, area, Some(&fragment(area)), *counts);
                }
            });
        });
        if report.summary.total.errors > 0 {
            let errors = report.summary.total.errors;
            html.leaf("p", &[("class", "note")], &format!("{errors} of the failed could not be judged: error."));
        }
    });
}

fn row(html: &mut Html, name: &str, href: Option<&str>, counts: Counts) {
    html.line();
    html.element("tr", &[("data-row", name)], |html| {
        html.element("th", &[("scope", "row")], |html| match href {
            Some(href) => html.leaf("a", &[("href", href)], name),
            None => html.text(name),
        });
        html.element("td", &[("class", "wide")], |html| bar(html, counts));
        number(html, "pass", counts.passed);
        number(html, "fail", counts.bad());
        number(html, "skip", counts.unjudged());
    });
}

/// A number, quiet where it is none.
fn number(html: &mut Html, class: &'static str, count: usize) {
    html.leaf("td", &[("class", if count == 0 { "none" } else { class })], &count.to_string());
}

/// The shares of passed, failed and skipped, for the eye alone.
pub(crate) fn bar(html: &mut Html, counts: Counts) {
    let shares = [("pass", counts.passed), ("fail", counts.bad()), ("skip", counts.unjudged())];
    let all = counts.all().to_string();
    let view = format!("0 0 {} 1", counts.all().max(1));
    let frame =
        [("class", "bar"), ("viewBox", view.as_str()), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
    html.element("svg", &frame, |html| {
        html.void("rect", &[("class", "skip"), ("width", &all), ("height", "1")]);
        let mut at = 0;
        for (class, count) in shares.into_iter().filter(|(_, count)| *count > 0) {
            let (x, width) = (at.to_string(), count.to_string());
            html.void("rect", &[("class", class), ("x", &x), ("width", &width), ("height", "1")]);
            at += count;
        }
    });
}

/// What is beside the counts: what failed and why, what was missing, and what was not.
pub(super) fn beside(html: &mut Html, report: &Report) {
    html.element("div", &[("class", "beside")], |html| {
        failures(html, report);
        missing(html, report);
        declared(html, report);
    });
}

fn failures(html: &mut Html, report: &Report) {
    html.element("section", &[("aria-labelledby", "page-failures")], |html| {
        html.leaf("h2", &[("id", "page-failures")], "What failed");
        if report.summary.total.bad() == 0 {
            html.leaf("p", &[("class", "nothing")], "Nothing.");
            return;
        }
        html.element("ul", &[("class", "failures")], |html| {
            for result in report.results.iter().filter(|result| result.status.is_bad()) {
                html.line();
                html.element("li", &[], |html| {
                    badge(html, result.status);
                    html.text(" ");
                    html.leaf("a", &[("href", &fragment(&result.id))], &result.id);
                    html.leaf("span", &[("class", "level")], result.level.as_str());
                    let reason = result.reasons.first().map_or("", String::as_str);
                    html.element("p", &[], |html| html.coded(reason));
                });
            }
        });
    });
}

fn missing(html: &mut Html, report: &Report) {
    if report.missing_features.is_empty() {
        return;
    }
    html.element("section", &[("aria-labelledby", "page-missing")], |html| {
        html.leaf("h2", &[("id", "page-missing")], "Not declared");
        let note = "Features that the adapter does not declare, and how many cases were skipped for each.";
        html.leaf("p", &[("class", "note")], note);
        html.element("ul", &[("class", "missing")], |html| {
            for (feature, count) in &report.missing_features {
                html.element("li", &[], |html| {
                    html.leaf("code", &[], feature);
                    html.text(" ");
                    html.leaf("span", &[], &count.to_string());
                });
            }
        });
    });
}

fn declared(html: &mut Html, report: &Report) {
    html.element("section", &[("aria-labelledby", "page-declared")], |html| {
        html.leaf("h2", &[("id", "page-declared")], "Declared");
        html.element("ul", &[("class", "declared")], |html| {
            for feature in &report.plugin.features {
                html.element("li", &[], |html| html.leaf("code", &[], feature));
            }
        });
    });
}
