//! What is said of each pull, in a file of lines of JSON or in the journal.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::record::Pull;
use super::summary::Summary;
use crate::platform::private_file;

pub(super) mod journald;

/// The most that a file holds, in bytes.
const LIMIT: u64 = 10 * 1024 * 1024;
/// How many full ones are kept, `.1` the youngest.
const KEPT: u32 = 3;

/// What is said of a pull. What is not known is left out.
#[derive(Serialize)]
struct Line<'p> {
    time: String,
    trace_id: String,
    outcome: Option<&'p str>,
    exit_code: Option<i64>,
    duration_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_source: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'p str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'p str>,
}

/// How many pulls the file does not know, in a line of its own.
#[derive(Serialize)]
struct Missing {
    unlogged_pulls: u64,
}

/// Adds pulls to a file, behind the number of those that it does not know.
///
/// # Errors
/// When they cannot be written; the file is then as it was.
pub(super) fn add(path: &Path, pulls: &[Pull], missing: u64) -> io::Result<()> {
    let mut lines = Vec::new();
    if missing > 0 {
        line(&mut lines, &Missing { unlogged_pulls: missing })?;
    }
    for pull in pulls {
        line(&mut lines, &of(pull))?;
    }
    write(path, &lines)
}

fn line(lines: &mut Vec<u8>, said: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, said)?;
    lines.push(b'\n');
    Ok(())
}

fn of(pull: &Pull) -> Line<'_> {
    let summary = Summary::of(pull);
    let trace = pull.root().map(|root| root.trace_id.as_slice()).unwrap_or_default();
    Line {
        time: rfc3339(pull.began()),
        trace_id: hex::encode(trace),
        outcome: summary.outcome(),
        exit_code: summary.exit_code(),
        duration_seconds: summary.length().as_secs_f64(),
        registry: summary.text("credential_provider.registry"),
        repository: summary.text("credential_provider.repository"),
        namespace: summary.text("k8s.namespace.name"),
        service_account: summary.text("credential_provider.service_account"),
        route: summary.route(),
        identity_source: summary.text("credential_provider.identity_source"),
        attempts: summary.attempts(),
        error: summary.of_failure("exception.message").next(),
        causes: summary.of_failure("credential_provider.causes").collect(),
        hint: summary.of_failure("credential_provider.hint").next(),
    }
}

fn rfc3339(nanoseconds: u64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds.into());
    at.ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

/// One write, undone where there was no space for the whole.
fn write(path: &Path, lines: &[u8]) -> io::Result<()> {
    let (file, length) = with_space(path, lines.len() as u64)?;
    (&file).write_all(lines).inspect_err(|_| drop(file.set_len(length)))
}

/// The file and its length, once there is space for so much.
fn with_space(path: &Path, more: u64) -> io::Result<(File, u64)> {
    // A pipe that nobody reads would hold whoever opens it.
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = private_file(path)?;
    let length = file.metadata()?.len();
    if length == 0 || length + more <= LIMIT {
        return Ok((file, length));
    }
    for old in (1..KEPT).rev() {
        let _ = fs::rename(numbered(path, old), numbered(path, old + 1));
    }
    fs::rename(path, numbered(path, 1))?;
    Ok((private_file(path)?, 0))
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(all(test, unix, not(portable)))]
mod tests {
    use super::*;

    const PULL: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
        {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"0000000000000001","name":"pull",
         "startTimeUnixNano":"1700000000250000000","endTimeUnixNano":"1700000000500000000","attributes":[
         {"key":"credential_provider.outcome","value":{"stringValue":"failed"}},
         {"key":"credential_provider.exit_code","value":{"intValue":"5"}}],"events":[
         {"name":"exception","attributes":[
          {"key":"exception.message","value":{"stringValue":"failed\nto \"exchange\""}},
          {"key":"credential_provider.causes","value":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}},
          {"key":"credential_provider.hint","value":{"stringValue":"wait"}}]}]}
        ]}]}]}"#;

    fn file() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pulls.log");
        (directory, path)
    }

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_pull_is_one_line_with_its_trace_and_its_remedy() {
        let (_directory, path) = file();
        let pull = Pull::parse(PULL.as_bytes()).expect("a pull");
        add(&path, &[pull], 2).expect("added");
        let expected = concat!(
            "{\"unlogged_pulls\":2}\n",
            "{\"time\":\"2023-11-14T22:13:20.25Z\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"outcome\":\"failed\",",
            "\"exit_code\":5,\"duration_seconds\":0.25,\"error\":\"failed\\nto \\\"exchange\\\"\",\"causes\":[\"a\",\"b\"],",
            "\"hint\":\"wait\"}\n",
        );
        assert_eq!(content(&path), expected);
    }

    #[test]
    fn a_full_file_makes_room_and_three_old_ones_are_kept() {
        let (_directory, path) = file();
        for round in 0..6_u8 {
            write(&path, &[b'0' + round]).expect("written");
            private_file(&path).expect("a file").set_len(LIMIT).expect("a length");
        }
        write(&path, b"last").expect("written");
        assert_eq!(content(&path), "last");
        let first = |number| content(&numbered(&path, number)).chars().next();
        assert_eq!([1, 2, 3, 4].map(first), [Some('5'), Some('4'), Some('3'), None]);
    }

    #[test]
    fn what_fits_is_added_to_what_is_there() {
        let (_directory, path) = file();
        write(&path, b"one").expect("written");
        write(&path, b"two").expect("written");
        assert_eq!(content(&path), "onetwo");
        let taken = u64::try_from("onetwo".len()).expect("a length");
        assert_eq!(with_space(&path, LIMIT - taken).expect("a file").1, taken);
        assert!(!numbered(&path, 1).exists());
        assert_eq!(with_space(&path, LIMIT - taken + 1).expect("a file").1, 0);
        assert!(numbered(&path, 1).exists());
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let (directory, _) = file();
        assert!(write(directory.path(), b"x").is_err());
        assert!(write(Path::new("/dev/null"), b"x").is_err());
    }
}
