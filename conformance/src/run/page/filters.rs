//! Which cases are shown: a form that the script brings to life, and a sentence in its place without one.

use super::super::case::Level;
use super::super::report::{Counts, Report};
use super::super::status::Status;
use super::mark;
use crate::html::Html;

/// What can be chosen.
pub(crate) struct Choices<'a> {
    /// How many cases there are of each status.
    pub(crate) counts: Counts,
    /// The areas.
    pub(crate) areas: Vec<&'a str>,
}

impl<'a> Choices<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        Self { counts: report.summary.total, areas: report.summary.areas.keys().map(String::as_str).collect() }
    }
}

/// The form. Nothing chosen is everything.
pub(crate) fn filters(html: &mut Html, choices: &Choices<'_>) {
    let without = "Search and filters need JavaScript; each case opens without it.";
    html.leaf("p", &[("class", "note"), ("id", "scriptless")], without);
    html.element("form", &[("id", "filters"), ("aria-label", "Which cases are shown"), ("hidden", "")], |html| {
        let search = [("type", "search"), ("name", "search"), ("placeholder", "Search names, rules, output")];
        html.void("input", &[&search[..], &[("aria-label", "Search"), ("autocomplete", "off")]].concat());
        statuses(html, choices.counts);
        let levels = [Level::Core, Level::Extended].map(Level::as_str);
        select(html, "level", "all levels", &levels);
        select(html, "area", "all areas", &choices.areas);
        html.element("p", &[("class", "shown")], |html| {
            html.element("output", &[("id", "shown")], |_| {});
            html.leaf("button", &[("type", "button"), ("id", "open")], "Open all");
            html.leaf("button", &[("type", "button"), ("id", "clear")], "Reset");
        });
    });
}

fn statuses(html: &mut Html, counts: Counts) {
    html.element("fieldset", &[("aria-label", "Status")], |html| {
        for status in Status::ALL.into_iter().rev().filter(|status| counts.of(*status) > 0) {
            html.element("label", &[], |html| {
                html.void("input", &[("type", "checkbox"), ("name", "status"), ("value", status.as_str())]);
                mark(html, status);
                html.text(status.as_str());
                html.leaf("span", &[("class", "count")], &counts.of(status).to_string());
            });
        }
    });
}

fn select(html: &mut Html, name: &'static str, all: &str, choices: &[&str]) {
    html.element("select", &[("name", name), ("aria-label", name)], |html| {
        html.leaf("option", &[("value", "")], all);
        for choice in choices {
            html.leaf("option", &[("value", choice)], choice);
        }
    });
}
