//! The cases: by area, then by rule, as the members of a family share one.

use super::super::report::{CaseResult, Plugin, Report};
use super::{badge, fact, pull, took};
use crate::html::{Html, fragment, id};

/// Every area with its cases.
pub(super) fn areas(html: &mut Html, report: &Report) {
    for area in report.results.chunk_by(|a, b| a.area == b.area) {
        let name = &area[0].area;
        html.line();
        html.element("section", &[("class", "area"), ("data-group", ""), ("id", &id(name))], |html| {
            html.element("h3", &[], |html| html.leaf("a", &[("href", &fragment(name))], name));
            for members in area.chunk_by(|a, b| a.family() == b.family()) {
                rule(html, members, &report.plugin);
            }
        });
    }
}

fn rule(html: &mut Html, members: &[CaseResult], plugin: &Plugin) {
    html.line();
    html.element("div", &[("class", "rule"), ("data-group", "")], |html| {
        html.element("h4", &[], |html| html.coded(&members[0].rule));
        html.element("p", &[("class", "source")], |html| html.linked(&members[0].source));
        for result in members {
            let common = if members.len() > 1 { Common::Far } else { Common::Near };
            case(html, result, plugin, common);
        }
    });
}

/// Where the rule of a case is: just above it, or above other members of its family.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Common {
    Near,
    Far,
}

fn case(html: &mut Html, result: &CaseResult, plugin: &Plugin, common: Common) {
    let (status, level) = (result.status.as_str(), result.level.as_str());
    let data = [("class", "case"), ("data-status", status), ("data-level", level), ("data-area", &result.area)];
    html.line();
    html.element("details", &data, |html| {
        html.element("summary", &[], |html| heading(html, result));
        html.element("div", &[("class", "inside"), ("id", &id(&result.id))], |html| {
            inside(html, result, plugin, common);
        });
    });
}

/// The line that a case is while it is closed.
fn heading(html: &mut Html, result: &CaseResult) {
    badge(html, result.status);
    html.element("span", &[("class", "name")], |html| {
        let (_area, name) = result.id.split_once('/').unwrap_or(("", &result.id));
        let at = name.find('[').unwrap_or(name.len());
        html.text(&name[..at]);
        html.leaf("span", &[], &name[at..]);
    });
    html.leaf("span", &[("class", "level")], result.level.as_str());
    html.leaf(
        "span",
        &[("class", "took")],
        &if result.pulls.is_empty() { String::new() } else { took(result.took_ms) },
    );
    if result.status.is_bad() {
        let reason = result.reasons.first().map_or("", String::as_str);
        html.element("span", &[("class", "why")], |html| html.coded(reason));
    }
}

fn inside(html: &mut Html, result: &CaseResult, plugin: &Plugin, common: Common) {
    if !result.reasons.is_empty() {
        html.element("ul", &[("class", "reasons")], |html| {
            result.reasons.iter().for_each(|reason| html.element("li", &[], |html| html.coded(reason)));
        });
    }
    html.element("dl", &[("class", "facts")], |html| {
        if common == Common::Far {
            fact(html, "Rule", &result.rule);
            html.element("div", &[], |html| {
                html.leaf("dt", &[], "Source");
                html.element("dd", &[], |html| html.linked(&result.source));
            });
        }
        fact(html, "Identity", &result.identity);
        fact(
            html,
            "Needs",
            &if result.features.is_empty() { "nothing".to_owned() } else { result.features.join(", ") },
        );
        let missing: Vec<_> = plugin.lacks(&result.features).collect();
        if !missing.is_empty() {
            fact(html, "Missing", &missing.join(", "));
        }
        html.element("div", &[], |html| {
            html.leaf("dt", &[], "Address");
            html.element("dd", &[], |html| html.leaf("a", &[("href", &fragment(&result.id))], &result.id));
        });
    });
    for (index, one) in result.pulls.iter().enumerate() {
        pull::pull(html, one, (result.pulls.len() > 1).then_some(index + 1));
    }
}
