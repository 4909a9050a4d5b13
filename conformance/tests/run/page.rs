//! The report for a person: it holds what `report.json` holds, and nothing that acts.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::command::{ids, plugin, run};
use crate::elements::elements;

/// Runs a plugin; its report as JSON and as a page.
fn reported(name: &str, filters: &[&str]) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let filters: Vec<_> = filters.iter().map(|filter| format!("--filter={filter}")).collect();
    let out = format!("--out={}", folder.path().display());
    let arguments: Vec<_> = [out.as_str()].into_iter().chain(filters.iter().map(String::as_str)).collect();
    run(&plugin(name), "command", &arguments);
    let json = fs::read_to_string(folder.path().join("report.json")).unwrap();
    (serde_json::from_str(&json).unwrap(), fs::read_to_string(folder.path().join("report.html")).unwrap())
}

#[test]
fn a_page_counts_as_the_report_does() {
    let (report, page) = reported("key-of-image", &["cache-scope", "lifetime", "matching/pull"]);
    let summary = &report["summary"];
    let mut expected: BTreeMap<_, _> = summary["areas"].as_object().unwrap().iter().collect();
    let (core, extended, all) = ("core".to_owned(), "extended".to_owned(), "all".to_owned());
    expected.extend([(&core, &summary["core"]), (&extended, &summary["extended"]), (&all, &summary["total"])]);
    let found = elements(&page);
    let rows = found.iter().filter(|element| element.tag == "tr" && !element.attribute("data-row").is_empty());
    let rows: BTreeMap<_, _> = rows.map(|row| (row.attribute("data-row"), row.text.as_str())).collect();
    assert_eq!(rows.len(), expected.len());
    for (name, counts) in expected {
        let of = |key: &str| counts[key].as_u64().unwrap();
        let (failed, skipped) = (of("failed") + of("errors"), of("skipped") + of("disabled"));
        assert_eq!(rows[name.as_str()].trim(), format!("{name}{}{failed}{skipped}", of("passed")));
    }
    assert!(summary["total"]["failed"] != 0 && summary["total"]["skipped"] != 0, "{summary}");
}

#[test]
fn what_failed_and_what_was_missing_is_said_first() {
    let (report, page) = reported("key-of-image", &["cache-scope", "lifetime/worth-it"]);
    let found = elements(&page);
    let list = |class| found.iter().find(|element| element.is(class)).unwrap().text.as_str();
    for id in ids(&report, "fail") {
        assert!(list("failures").contains(&format!("fail {id}core")), "{id}: {}", list("failures"));
    }
    assert_eq!(list("failures").matches('✗').count(), 4);
    assert_eq!(list("missing"), "exchange 2short-lived 2");
    let features = report["plugin"]["features"].as_array().unwrap().iter();
    assert_eq!(list("declared"), features.map(|feature| feature.as_str().unwrap()).collect::<String>());
    let verdict = found.iter().find(|element| element.is("verdict")).unwrap();
    assert_eq!(verdict.text, "✗ Fails the level core: 4 of 10 cases that apply.");
    let shares = found.iter().filter(|element| element.tag == "rect" && element.is("fail"));
    let shares: Vec<_> = shares.map(|share| (share.attribute("x"), share.attribute("width"))).collect();
    assert_eq!(shares, [("6", "4"), ("7", "4"), ("7", "4")]);
}

#[test]
fn each_case_is_there_once_with_what_filters_ask_for() {
    let (report, page) = reported("key-of-image", &["cache-scope", "lifetime"]);
    let found = elements(&page);
    let cases: Vec<_> = found.iter().filter(|element| element.is("case")).collect();
    let insides: Vec<_> = found.iter().filter(|element| element.is("inside")).collect();
    let results = report["results"].as_array().unwrap();
    assert_eq!((cases.len(), insides.len()), (results.len(), results.len()));
    for ((case, inside), result) in cases.into_iter().zip(insides).zip(results) {
        for key in ["status", "level", "area"] {
            assert_eq!(case.attribute(&format!("data-{key}")), result[key]);
        }
        assert_eq!(inside.attribute("id"), result["id"].as_str().unwrap().replace(' ', "_"));
        for reason in result["reasons"].as_array().unwrap() {
            let reason = reason.as_str().unwrap().replace('`', "");
            assert!(inside.text.contains(&reason), "{} without {reason}", inside.text);
        }
    }
}

#[test]
fn a_case_shows_all_that_the_report_has_of_it() {
    let (report, page) = reported("key-of-image", &["cache-scope/covers", "lifetime/ends-in-time"]);
    let found = elements(&page);
    let [covers, ends] = [0, 1].map(|index| &report["results"][index]);
    let inside = |id: &Value| {
        let id = id.as_str().unwrap().replace(' ', "_");
        found.iter().find(|element| element.is("inside") && element.attribute("id") == id).unwrap()
    };
    let text = &inside(&covers["id"]).text;
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    for key in ["request", "response"] {
        assert!(bare(text).contains(&bare(covers["pulls"][0][key].as_str().unwrap())), "no {key}: {text}");
    }
    assert!(text.contains("the plugin ran, exit code 0") && text.contains("the plugin asked nobody"), "{text}");
    assert!(inside(&ends["id"]).text.contains("Missingshort-lived"), "{}", inside(&ends["id"]).text);
    // Other members of a family may be between a case and its rule.
    assert!(inside(&ends["id"]).text.contains(ends["rule"].as_str().unwrap()));
    assert!(!inside(&covers["id"]).text.contains(covers["rule"].as_str().unwrap()));
    let rules: Vec<_> = found.iter().filter(|element| element.is("rule")).collect();
    for (rule, result) in rules.iter().zip([covers, ends]) {
        let (said, source) = (result["rule"].as_str().unwrap(), result["source"].as_str().unwrap());
        assert!(rule.text.contains(said) && rule.text.contains(source), "{}", rule.text);
    }
    assert_eq!(rules.len(), 2);
}

#[test]
fn requests_of_a_plugin_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = crate::command::file("tests/run/adapters/exchange.toml");
    let out = format!("--out={}", folder.path().display());
    run(&plugin("by-curl"), adapter.to_str().unwrap(), &["--filter=wire/version[v1]", &out]);
    let found = elements(&fs::read_to_string(folder.path().join("report.html")).unwrap());
    let journal: Vec<_> = found.iter().filter(|element| element.is("journal")).collect();
    let [journal] = journal[..] else { panic!("{journal:?}") };
    assert!(journal.text.contains("cloudGET /metadata/identity/oauth2/token?api-version=2018-02-01"), "{journal:?}");
    assert!(journal.text.ends_with("artifactoryPOST /access/api/v1/oidc/token200"), "{journal:?}");
}

#[test]
fn what_a_plugin_writes_is_shown_and_does_not_act() {
    let (report, page) = reported("markup-on-stderr", &["wire/version"]);
    assert_eq!(ids(&report, "fail").len(), 3);
    let found = elements(&page);
    assert_eq!(found.iter().filter(|element| matches!(element.tag.as_str(), "img" | "script" | "b")).count(), 0);
    assert_eq!(page.matches("<script>").count(), 1);
    let shown = found.iter().filter(|element| element.tag == "pre" && element.text.contains("</script><script>"));
    let shown: Vec<_> = shown.map(|element| element.text.as_str()).collect();
    assert_eq!(shown.len(), 3);
    let written = "</pre></script><script>document.title=\"taken\"</script><img src=\"x\" onerror=\"document.title=1\">␛[31m & `<b>`";
    assert!(shown[0].contains(written), "{}", shown[0]);
}

#[test]
fn a_page_asks_nobody_and_links_to_sources_only() {
    let (_, page) = reported("right", &["lifetime", "wire/version"]);
    let found = elements(&page);
    for element in &found {
        assert_eq!(element.attribute("src"), "", "{element:?}");
        assert!(element.attributes.keys().all(|name| !name.starts_with("on") && name != "style"), "{element:?}");
        let href = element.attribute("href");
        let is_known = href.starts_with('#') || element.is("file") || href.starts_with("data:image/svg+xml,");
        assert!(href.is_empty() || is_known || (element.tag == "a" && element.text == href), "{element:?}");
    }
    let policy = found.iter().find(|element| element.attribute("http-equiv") == "Content-Security-Policy").unwrap();
    assert!(policy.attribute("content").starts_with("default-src 'none'; "), "{policy:?}");
    let links = found.iter().filter(|element| element.attribute("href").starts_with("https://"));
    assert!(links.count() > 0);
}

#[test]
fn each_link_within_a_page_leads_somewhere() {
    let (_, page) = reported("key-of-image", &["cache-scope", "wire/version"]);
    let found = elements(&page);
    let ids: Vec<_> = found.iter().map(|element| element.attribute("id")).filter(|id| !id.is_empty()).collect();
    let links: Vec<_> = found.iter().filter_map(|element| element.attribute("href").strip_prefix('#')).collect();
    for link in &links {
        let id = percent_encoding::percent_decode_str(link).decode_utf8().unwrap();
        assert_eq!(ids.iter().filter(|one| **one == id).count(), 1, "{link}");
    }
    assert!(links.len() > ids.len() / 2, "{} links", links.len());
}
