//! Files that are no reports, and reports of another program.

use serde_json::json;

use crate::{OURS, compare, report};

/// What is said of a file beside a report.
fn said(name: &str, content: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let good = report("ours", "p", OURS).to_string();
    let output = compare(folder.path(), &[("good.json", &good), (name, content)], &["--out=new"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{output:?}");
    assert!(!folder.path().join("new").exists());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_file_of_another_kind_is_refused() {
    insta::assert_snapshot!(said("junit.xml", "<testsuites/>"), @r"
    error: `junit.xml` is no report of the suite
      caused by: expected value at line 1 column 1
      hint: name a `report.json` that `conformance run --plugin PATH --adapter NAME --out DIR` wrote
    ");
}

#[test]
fn json_of_another_kind_is_refused() {
    insta::assert_snapshot!(said("package.json", "{\"version\": 1}"), @r"
    error: `package.json` is no report of the suite
      hint: name a `report.json` that `conformance run --plugin PATH --adapter NAME --out DIR` wrote
    ");
}

#[test]
fn a_report_of_another_version_is_refused() {
    let mut other = report("theirs", "q", OURS);
    other["schema_version"] = json!(2);
    other["results"] = json!("elsewhere");
    insta::assert_snapshot!(said("newer.json", &other.to_string()), @r"
    error: `newer.json` has the `schema_version` 2, and this program reads 1
      hint: run the suite again with this program, `conformance run --plugin PATH --adapter NAME --out DIR`, or compare with the program that wrote the file
    ");
}

#[test]
fn a_report_that_is_broken_is_refused() {
    let mut other = report("theirs", "q", OURS);
    other["results"][0]["status"] = json!("well");
    insta::assert_snapshot!(said("broken.json", &other.to_string()), @r"
    error: `broken.json` is no report of the suite
      caused by: unknown variant `well`, expected one of `disabled`, `skip`, `pass`, `fail`, `error`
      hint: name a `report.json` that `conformance run --plugin PATH --adapter NAME --out DIR` wrote
    ");
}

#[test]
fn a_file_that_is_absent_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = compare(folder.path(), &[], &["absent.json", "other.json"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r"
    error: failed to read the report `absent.json`
      caused by: No such file or directory (os error 2)
      hint: name a `report.json` that `conformance run --plugin PATH --adapter NAME --out DIR` wrote
    ");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let good = report("ours", "p", OURS).to_string();
    let output = compare(folder.path(), &[("a.json", &good), ("b.json", &good)], &["--out=a.json"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r"
    error: failed to write the comparison
      caused by: File exists (os error 17)
      hint: check that `--out` names a folder that this user may write to, and that there is space
    ");
}

#[test]
fn one_report_is_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let good = report("ours", "p", OURS).to_string();
    let output = compare(folder.path(), &[("good.json", &good)], &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("2 values required"), "{text}");
}
