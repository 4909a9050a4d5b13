//! Reports: their shape, what they do not hold, and what decides the exit code.

use std::collections::BTreeMap;
use std::fs;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use crate::command::{file, ids, plugin, report, run};

const SCHEMA: &str = include_str!("../../report.schema.json");

/// Runs a plugin with reports in a folder, which are given as JSON and as XML.
fn reported(name: &str, filter: &str) -> (Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/reports");
    run(&plugin(name), "command", &["--out", out.to_str().unwrap(), "--filter", filter]);
    let json = fs::read_to_string(out.join("report.json")).unwrap();
    (serde_json::from_str(&json).unwrap(), fs::read_to_string(out.join("junit.xml")).unwrap())
}

#[test]
fn a_report_has_the_shape_of_its_schema() {
    let (report, _) = reported("key-of-image", "cache-scope");
    assert_eq!(misfits(&report), [""; 0]);
    assert_eq!(ids(&report, "fail").len(), 4);
}

#[test]
fn a_report_of_another_shape_is_none() {
    let (report, _) = reported("key-of-image", "cache-scope/covers");
    for (pointer, key, value, misfit) in [
        ("/results/0", "status", serde_json::json!("well"), "/results/0/status: not one of"),
        ("/results/0", "took_ms", serde_json::json!("1"), "/results/0/took_ms: not a number"),
        ("/results/0/pulls/0", "password", serde_json::json!("x"), "/results/0/pulls/0: `password` is no key"),
        ("", "schema_version", serde_json::json!(2), "/schema_version: not 1"),
    ] {
        let mut other = report.clone();
        other.pointer_mut(pointer).unwrap()[key] = value;
        assert_eq!(misfits(&other).len(), 1);
        assert!(misfits(&other)[0].starts_with(misfit), "{:?}", misfits(&other));
    }
    let mut other = report;
    other["plugin"].as_object_mut().unwrap().remove("title");
    assert_eq!(misfits(&other), ["/plugin: no `title`"]);
}

/// What of a report is not as the schema has it.
fn misfits(report: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let mut found = Vec::new();
    fits(&schema, &schema, report, "", &mut found);
    found
}

/// The part of JSON Schema 2020-12 that the schema uses; another keyword in it is an error here.
fn fits(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                fits(root, target, value, at, found);
            }
            "type" if !is_type(rule, value) => found.push(format!("{at}: not a {}", rule.as_str().unwrap_or("type"))),
            "const" if rule != value => found.push(format!("{at}: not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => found.push(format!("{at}: not one of {rule}")),
            "minimum" if value.is_number() && value.as_f64() < rule.as_f64() => {
                found.push(format!("{at}: below {rule}"));
            }
            "minLength" if value == "" => found.push(format!("{at}: empty")),
            "required" => {
                let missing = rule.as_array().unwrap().iter().filter(|key| value.get(key.as_str().unwrap()).is_none());
                found.extend(missing.map(|key| format!("{at}: no `{}`", key.as_str().unwrap())));
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    fits(root, rule, item, &format!("{at}/{index}"), found);
                }
            }
            "properties" | "additionalProperties" => keys(root, schema, keyword, value, at, found),
            "type" | "const" | "enum" | "minimum" | "minLength" | "pattern" => {}
            word if word.starts_with('$') || matches!(word, "title" | "description") => {}
            other => panic!("{other}"),
        }
    }
}

fn keys(root: &Value, schema: &Value, keyword: &str, value: &Value, at: &str, found: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let at_key = format!("{at}/{key}");
        let (named, other) = (&schema["properties"][key], &schema["additionalProperties"]);
        match (keyword, named, other) {
            ("properties", rule @ Value::Object(_), _)
            | ("additionalProperties", Value::Null, rule @ Value::Object(_)) => fits(root, rule, value, &at_key, found),
            ("additionalProperties", Value::Null, Value::Bool(false)) => found.push(format!("{at}: `{key}` is no key")),
            _ => {}
        }
    }
}

fn is_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    match rule {
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        name => is(name.as_str().unwrap()),
    }
}

#[test]
fn a_result_has_what_a_reader_needs() {
    let (report, _) = reported("key-of-image", "cache-scope/covers");
    let result = &report["results"][0];
    assert_eq!(result["rule"], "The auth keys match every image that a kept answer is used for.");
    let reason = result["reasons"][0].as_str().unwrap();
    assert!(reason.contains("kept by `Registry`, but no auth key matches `127.0.0.1:"), "{reason}");
    let pull = &result["pulls"][0];
    assert!(pull["request"].as_str().unwrap().contains("\"kind\":\"CredentialProviderRequest\""), "{pull}");
    assert!(pull["response"].as_str().unwrap().contains("\"password\":\"[secret]\""), "{pull}");
    assert_eq!(pull["exit"], "exit code 0");
}

#[test]
fn no_report_holds_a_secret_and_what_was_logged_is_redacted() {
    let (report, junit) = reported("password-on-stderr", "identity-static");
    assert_eq!(report["results"][0]["pulls"][0]["stderr"], "using [secret]\n");
    for text in [report.to_string(), junit] {
        assert!(!text.contains("static-password"), "{text}");
    }
    let output = run(
        &plugin("by-curl"),
        file("tests/run/adapters/exchange.toml").to_str().unwrap(),
        &["--filter=wire/version", "--json"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("/access/api/v1/oidc/token") && !text.contains("eyJ"), "{text}");
}

#[test]
fn junit_has_the_common_shape() {
    let (report, junit) = reported("right", "*e*");
    assert_eq!(shape(&junit), expected(&report));
    let (report, junit) = reported("unknown-field", "versions");
    assert_eq!(shape(&junit), expected(&report));
}

/// Elements by what they are, with the attributes that each must have.
fn shape(xml: &str) -> BTreeMap<&'static str, usize> {
    let (mut reader, mut found, mut parents) = (Reader::from_str(xml), BTreeMap::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                parents.push(known(&element, parents.last().copied(), &mut found));
            }
            Event::Empty(element) => drop(known(&element, parents.last().copied(), &mut found)),
            Event::End(_) => drop(parents.pop()),
            Event::Eof => return found,
            _ => {}
        }
    }
}

fn known(element: &BytesStart<'_>, parent: Option<&str>, found: &mut BTreeMap<&'static str, usize>) -> &'static str {
    const COUNTS: &[&str] = &["name", "tests", "failures", "errors", "skipped", "time"];
    let (name, above, attributes) = match element.name().as_ref() {
        "testsuites" => ("testsuites", None, COUNTS),
        "testsuite" => ("testsuite", Some("testsuites"), COUNTS),
        "testcase" => ("testcase", Some("testsuite"), &["classname", "name", "time"][..]),
        "failure" => ("failure", Some("testcase"), &["message"][..]),
        "error" => ("error", Some("testcase"), &["message"][..]),
        "skipped" => ("skipped", Some("testcase"), &["message"][..]),
        other => panic!("{other}"),
    };
    assert_eq!(parent, above);
    let own: Vec<_> = element.attributes().map(|it| it.unwrap().key.as_ref().to_owned()).collect();
    assert_eq!(own, attributes);
    *found.entry(name).or_default() += 1;
    name
}

fn expected(report: &Value) -> BTreeMap<&'static str, usize> {
    let areas = report["summary"]["areas"].as_object().unwrap().len();
    let counts = [
        ("testsuites", 1),
        ("testsuite", areas),
        ("testcase", report["results"].as_array().unwrap().len()),
        ("failure", ids(report, "fail").len()),
        ("error", ids(report, "error").len()),
        ("skipped", ids(report, "skip").len()),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).collect()
}

#[test]
fn only_a_failure_of_the_level_core_fails_a_run() {
    let last = |output: &std::process::Output| {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().last().unwrap_or_default().to_owned()
    };
    let extended = run(&plugin("duration-tiny"), "command", &["--filter=lifetime"]);
    assert_eq!((extended.status.code(), last(&extended).as_str()), (Some(0), "1 passed, 1 failed, 12 skipped"));
    let core = run(&plugin("version-fixed"), "command", &["--filter=wire/version", "--jobs=1"]);
    assert_eq!((core.status.code(), last(&core).as_str()), (Some(1), "1 passed, 2 failed, 0 skipped"));
}

#[test]
fn what_an_adapter_does_not_declare_is_listed() {
    let output = run(&plugin("right"), "command", &["--filter=lifetime"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("not declared: short-lived (12 skipped)"), "{text}");
    let report = report(&run(&plugin("right"), "command", &["--filter=lifetime/worth-it", "--json"]));
    assert_eq!(report["missing_features"], serde_json::json!({"exchange": 2, "short-lived": 2}));
    assert_eq!(report["results"][0]["reasons"][0], "the adapter does not declare short-lived, exchange");
}

#[test]
fn what_cannot_be_run_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let cases = folder.path().join("wire");
    fs::create_dir(&cases).unwrap();
    fs::write(cases.join("x.toml"), "rule = \"x.\"\nsource = \"s\"\nlevel = \"core\"\ncolour = 1\n").unwrap();
    let own = format!("--cases={}", folder.path().display());
    for (adapter, arguments, words) in [
        (
            "nobody",
            &[][..],
            "there is no adapter `nobody`: use acr, auth-provider-gcp, command, ecr, gcp, jfrog, kubelet-static, ours-lab, ours, or a file",
        ),
        ("command", &["--filter=unheard-of"][..], "no case is called `unheard-of`"),
        ("command", &[own.as_str()][..], "`wire/x.toml`: TOML parse error at line 4, column 1"),
    ] {
        let output = run(&plugin("right"), adapter, arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && text.contains(words), "{text}");
    }
    let output = run(&plugin("unheard-of"), "command", &[]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("is no program that can be run"));
}

#[test]
fn a_case_of_ones_own_is_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("mine")).unwrap();
    let case = "rule = \"It answers.\"\nsource = \"ourselves\"\nlevel = \"core\"\n";
    fs::write(folder.path().join("mine/answers.toml"), case).unwrap();
    fs::write(folder.path().join("mine/later.toml"), format!("{case}disabled = \"not yet\"\n")).unwrap();
    let report = report(&run(&plugin("right"), "command", &["--json", "--cases", folder.path().to_str().unwrap()]));
    assert_eq!(
        (ids(&report, "pass"), ids(&report, "disabled")),
        (vec!["mine/answers".into()], vec!["mine/later".into()])
    );
}
