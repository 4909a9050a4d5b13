//! One pull: what went in, what came out, whom the plugin asked, and how long it took.

use super::super::case::Service;
use super::super::report::{Entry, PullResult};
use super::json::indented;
use super::took;
use crate::html::Html;

/// What fits without scrolling, on a telephone too.
const LINES: usize = 12;
const LONG: usize = 700;

/// Shows a pull, with its number where there are several.
pub(super) fn pull(html: &mut Html, pull: &PullResult, number: Option<usize>) {
    html.element("section", &[("class", "pull")], |html| {
        html.element("h5", &[], |html| {
            html.text(&number.map_or("Pull".to_owned(), |number| format!("Pull {number}")));
            html.leaf("span", &[("class", "outcome")], &outcome(pull));
        });
        output(html, "Request", "nothing on standard input", &indented(&pull.request));
        if pull.exit.is_some() {
            output(html, "Response", "nothing on standard output", &indented(&pull.response));
            output(html, "Standard error", "nothing", &pull.stderr);
            journal(html, &pull.journal);
        }
    });
}

fn outcome(pull: &PullResult) -> String {
    let ran = match &pull.exit {
        Some(exit) => format!("the plugin ran, {exit}, {}", took(pull.took_ms)),
        None => "the kubelet had kept an answer, and the plugin did not run".to_owned(),
    };
    match &pull.after {
        Some(after) => format!("{after} later, {ran}"),
        None => ran,
    }
}

/// A text as it was, or in words that it is not there.
fn output(html: &mut Html, name: &str, absent: &str, text: &str) {
    html.leaf("h6", &[], name);
    if text.is_empty() {
        html.leaf("p", &[("class", "nothing")], absent);
        return;
    }
    // What scrolls must be reachable by key: Web Content Accessibility Guidelines 2.2, 2.1.1.
    let scrolls = [("tabindex", "0"), ("role", "region"), ("aria-label", name)];
    let attributes = if text.lines().count() > LINES || text.len() > LONG { &scrolls[..] } else { &[] };
    html.element("pre", attributes, |html| html.leaf("code", &[], text));
}

fn journal(html: &mut Html, entries: &[Entry]) {
    html.leaf("h6", &[], "Requests");
    if entries.is_empty() {
        html.leaf("p", &[("class", "nothing")], "the plugin asked nobody");
        return;
    }
    html.element("ol", &[("class", "journal")], |html| entries.iter().for_each(|entry| request(html, entry)));
}

fn request(html: &mut Html, entry: &Entry) {
    let query = if entry.query.is_empty() { String::new() } else { format!("?{}", entry.query) };
    let service = match entry.service {
        Service::Cloud => "cloud",
        Service::Artifactory => "artifactory",
    };
    html.element("li", &[], |html| {
        html.leaf("span", &[("class", "service")], service);
        html.leaf("code", &[], &format!("{} {}{query}", entry.method, entry.path));
        html.leaf("span", &[], &entry.status.map_or("no answer".to_owned(), |status| status.to_string()));
    });
}
