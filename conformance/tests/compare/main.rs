//! Reports beside each other, by the program: scores, differences, and files that are no reports.

#![expect(clippy::unwrap_used, reason = "a test ends where it is not as expected")]

#[path = "../run/elements.rs"]
mod elements;
mod refusals;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use elements::{Element, elements};
use serde_json::{Value, json};

const CONFORMANCE: &str = env!("CARGO_BIN_EXE_conformance");

/// Id, level and status of a case.
type Case = (&'static str, &'static str, &'static str);

/// Compares files of a folder, given by name and content.
fn compare(folder: &Path, files: &[(&str, &str)], arguments: &[&str]) -> Output {
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    let mut command = Command::new(CONFORMANCE);
    command.current_dir(folder).arg("compare").args(files.iter().map(|(name, _)| name)).args(arguments);
    command.output().unwrap()
}

/// What is printed for reports.
fn compared(reports: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> =
        reports.iter().enumerate().map(|(index, report)| (format!("{index}.json"), report.to_string())).collect();
    let files: Vec<_> = files.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    let output = compare(folder.path(), &files, &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A report of some cases.
fn report(adapter: &str, program: &str, cases: &[Case]) -> Value {
    let results: Vec<_> = cases.iter().map(|case| result(*case)).collect();
    let counts = |is_counted: &dyn Fn(&Case) -> bool| {
        let of = |status| cases.iter().filter(|case| is_counted(case) && case.2 == status).count();
        json!({
            "disabled": of("disabled"), "skipped": of("skip"), "passed": of("pass"), "failed": of("fail"),
            "errors": of("error"),
        })
    };
    let areas = cases.iter().map(|case| area(case.0));
    let areas: serde_json::Map<_, _> =
        areas.map(|name| (name.to_owned(), counts(&|case| area(case.0) == name))).collect();
    json!({
        "schema_version": 1,
        "suite": {"name": "conformance", "version": "0.1.0"},
        "plugin": {"program": program, "adapter": adapter, "title": format!("The {adapter} provider"), "features": []},
        "started_at": "2026-11-22T02:35:47.123Z",
        "took_ms": 12.5,
        "summary": {
            "total": counts(&|_| true),
            "core": counts(&|case| case.1 == "core"),
            "extended": counts(&|case| case.1 == "extended"),
            "areas": areas,
        },
        "missing_features": {},
        "results": results,
    })
}

fn area(id: &str) -> &str {
    id.split('/').next().unwrap()
}

fn result((id, level, status): Case) -> Value {
    let reasons = if status == "pass" { json!([]) } else { json!([format!("`{id}` is {status}")]) };
    json!({
        "id": id, "area": area(id), "level": level, "status": status, "rule": "It answers.", "source": "ourselves",
        "identity": "static", "features": [], "reasons": reasons, "took_ms": 1.0, "pulls": [],
    })
}

const OURS: &[Case] = &[
    ("lifetime/stated", "extended", "pass"),
    ("wire/a[x y]", "core", "pass"),
    ("wire/a[z]", "core", "pass"),
    ("wire/b", "core", "pass"),
    ("wire/c", "core", "fail"),
];

const THEIRS: &[Case] = &[
    ("lifetime/stated", "extended", "skip"),
    ("wire/a[x y]", "core", "fail"),
    ("wire/a[z]", "core", "pass"),
    ("wire/b", "core", "error"),
    ("wire/c", "core", "fail"),
    ("words/d", "extended", "disabled"),
];

#[test]
fn scores_and_differences_are_told() {
    let printed = compared(&[report("ours", "p", OURS), report("theirs", "q", THEIRS)]);
    insta::assert_snapshot!(printed, @r"
    # Credential providers compared

    - **ours**: The ours provider (p, adapter ours, 2026-11-22 02:35:47 UTC, suite 0.1.0)
    - **theirs**: The theirs provider (q, adapter theirs, 2026-11-22 02:35:47 UTC, suite 0.1.0)

    Cases passed / failed / skipped.

    |  | ours | theirs |
    | --- | ---: | ---: |
    | **core** | 3 / **1** / 0 | 1 / **3** / 0 |
    | **extended** | 1 / 0 / 0 | 0 / 0 / 2 |
    | **all** | 4 / **1** / 0 | 1 / **3** / 2 |
    | lifetime | 1 / 0 / 0 | 0 / 0 / 1 |
    | wire | 3 / **1** / 0 | 1 / **3** / 0 |
    | words | – | 0 / 0 / 1 |

    ## Judged differently

    | case | level | ours | theirs |
    | --- | --- | --- | --- |
    | `wire/a[x y]` | core | pass | **fail** |
    | `wire/b` | core | pass | **error** |

    ## Judged for some only

    | case | level | ours | theirs |
    | --- | --- | --- | --- |
    | `lifetime/stated` | extended | pass | skip |
    | `words/d` | extended | – | disabled |
    ");
}

#[test]
fn reports_that_agree_differ_on_no_case() {
    let printed = compared(&[report("ours", "p", OURS), report("theirs", "q", OURS), report("others", "r", OURS)]);
    assert_eq!(printed.matches("\nNo case.\n").count(), 2, "{printed}");
    assert!(printed.contains("\n| **core** | 3 / **1** / 0 | 3 / **1** / 0 | 3 / **1** / 0 |\n"), "{printed}");
}

#[test]
fn columns_have_names_that_tell_them_apart() {
    let of = |names: &[(&str, &str)]| {
        let reports: Vec<_> = names.iter().map(|(adapter, program)| report(adapter, program, OURS)).collect();
        compared(&reports).lines().find(|line| line.starts_with("|  |")).unwrap().to_owned()
    };
    assert_eq!(of(&[("a", "x"), ("b", "x")]), "|  | a | b |");
    assert_eq!(of(&[("a", "x"), ("b", "y"), ("b", "z")]), "|  | a | y | z |");
    assert_eq!(of(&[("a", "x"), ("a", "x")]), "|  | 1 | 2 |");
}

#[test]
fn the_page_has_what_is_printed() {
    let (folder, found, printed) = written(&[report("ours", "p", OURS), report("theirs", "q", THEIRS)]);
    assert_eq!(fs::read_to_string(folder.path().join("new/compare.md")).unwrap(), printed);
    let text = |element: &Element| element.text.clone();
    let scores = found.iter().filter(|element| element.tag == "tr" && !element.attribute("data-row").is_empty());
    let scores: Vec<_> = scores.map(text).collect();
    let rows = ["core3 / 1 / 01 / 3 / 0", "extended1 / 0 / 00 / 0 / 2", "all4 / 1 / 01 / 3 / 2"];
    assert_eq!(scores[..3], rows);
    assert_eq!(scores[3..], ["lifetime1 / 0 / 00 / 0 / 1", "wire3 / 1 / 01 / 3 / 0", "words–0 / 0 / 1"]);
    let cases = found.iter().filter(|element| element.is("difference"));
    let cases: Vec<_> = cases.map(|case| (case.attribute("data-status"), case.attribute("data-area"))).collect();
    assert_eq!(
        cases,
        [("fail pass", "wire"), ("error pass", "wire"), ("pass skip", "lifetime"), ("disabled", "words")]
    );
    let insides: Vec<_> = found.iter().filter(|element| element.is("inside")).collect();
    assert_eq!(insides[0].attribute("id"), "wire/a[x_y]");
    assert!(insides[0].text.contains("theirs ✗ failwire/a[x y] is fail"), "{:?}", insides[0]);
    assert!(insides[3].text.contains("ours absent"), "{:?}", insides[3]);
}

/// The folder with the files, the elements of the page, and what was printed.
fn written(reports: &[Value; 2]) -> (tempfile::TempDir, Vec<Element>, String) {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = reports.each_ref().map(Value::to_string);
    let output = compare(folder.path(), &[("a.json", &a), ("b.json", &b)], &["--out=new"]);
    assert!(output.status.success(), "{output:?}");
    let page = fs::read_to_string(folder.path().join("new/compare.html")).unwrap();
    (folder, elements(&page), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_a_report_says_is_shown_and_does_not_act() {
    let mut attack = report("theirs", "<script>|", THEIRS);
    attack["plugin"]["title"] = json!("</title><img src=x onerror=alert(1)>|\n# x");
    attack["results"][1]["reasons"] = json!(["</li><img src=x onerror=alert(1)>"]);
    let (_folder, found, printed) = written(&[report("ours", "p", OURS), attack]);
    assert_eq!(found.iter().filter(|element| matches!(element.tag.as_str(), "img" | "script")).count(), 0);
    assert!(found.iter().any(|element| element.is("title") && element.text.starts_with("</title><img")));
    assert!(found.iter().any(|element| element.tag == "li" && element.text.starts_with("</li><img")));
    assert!(!printed.contains("<img") && !printed.contains("<script") && !printed.contains("\n# x"), "{printed}");
}
