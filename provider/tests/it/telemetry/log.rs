//! The log: one line of JSON a pull.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use mock_kit::Fault;
use serde_json::Value;

use super::collector::Collector;
use super::metrics::settled;
use super::{environment, spool};
use crate::site::Site;

fn path(site: &Site) -> PathBuf {
    PathBuf::from(site.directory()).join("log/pulls.log")
}

/// The environment of Azure's entry with a log in a folder that is there.
fn logged(site: &Site, url: &str) -> BTreeMap<String, String> {
    let _ = std::fs::create_dir(path(site).parent().expect("a folder"));
    let mut environment = environment(site, "azure", url);
    environment.insert("ARTIFACTORY_CREDENTIAL_PROVIDER_LOG_FILE".to_owned(), path(site).display().to_string());
    environment
}

fn lines(site: &Site) -> Vec<Value> {
    let text = std::fs::read_to_string(path(site)).expect("a log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn a_pull_is_one_line_that_names_its_trace() {
    let site = Site::start().await;
    let mut collector = Collector::start().await;
    let outcome = site.pull_in(&[], &logged(&site, &collector.url())).await;
    outcome.response();
    let export = collector.next().await;
    settled(&site).await;
    let [line] = &lines(&site)[..] else { panic!("one line: {:?}", lines(&site)) };
    assert_eq!(line["trace_id"], hex::encode(&export.pulls()[0].trace_id));
    assert_eq!((&line["outcome"], &line["exit_code"]), (&Value::from("answered"), &Value::from(0)));
    assert_eq!((&line["registry"], &line["repository"]), (&site.host().into(), &"docker-local/hello".into()));
    assert_eq!((&line["identity_source"], &line["route"]), (&"azureManagedIdentity".into(), &Value::from(1)));
    let length = line["duration_seconds"].as_f64().expect("a number");
    assert!(length > 0.0 && length <= outcome.took.as_secs_f64(), "{length}");
    assert!(line["time"].as_str().is_some_and(|time| time.starts_with("20") && time.ends_with('Z')), "{line}");
    assert!(line.get("error").is_none() && line.get("hint").is_none(), "{line}");
    let file = std::fs::read(path(&site)).expect("a log");
    site.check_telemetry(&outcome, &file, &spool(&site));
    assert_eq!(std::fs::metadata(path(&site)).expect("a log").permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_pull_that_fails_says_what_the_kubelets_journal_says() {
    let site = Site::start().await;
    site.artifactory.kit().faults.add(Fault::reply("/access/api/v1/oidc/token", 403, "{}"));
    let outcome = site.pull_in(&[], &logged(&site, "")).await;
    let stderr = outcome.failure(5);
    settled(&site).await;
    let line = lines(&site).remove(0);
    assert_eq!((&line["outcome"], &line["exit_code"]), (&Value::from("failed"), &Value::from(5)));
    for key in ["error", "hint"] {
        assert!(stderr.contains(&format!("{key}: {}\n", line[key].as_str().expect(key))), "{key}: {line}");
    }
    let causes = line["causes"].as_array().expect("causes");
    assert_eq!(stderr.matches("caused by: ").count(), causes.len());
    assert!(causes.iter().all(|cause| stderr.contains(cause.as_str().expect("a text"))), "{line}");
    let file = std::fs::read(path(&site)).expect("a log");
    site.check_telemetry(&outcome, &file, &spool(&site));
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_survived_and_says_later_what_it_does_not_know() {
    let site = Site::start().await;
    let environment = logged(&site, "");
    let folder = path(&site).parent().expect("a folder").to_owned();
    std::fs::remove_dir(&folder).expect("removed");
    let outcome = site.pull_in(&[], &environment).await;
    outcome.response();
    assert_eq!(outcome.stderr, "");
    settled(&site).await;
    std::fs::create_dir(&folder).expect("a folder");
    site.pull_in(&[], &environment).await.response();
    settled(&site).await;
    let lines = lines(&site);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], serde_json::json!({"unlogged_pulls": 1}));
    assert_eq!(lines[1]["outcome"], "answered");
}

#[tokio::test]
async fn a_log_in_no_certain_place_is_refused() {
    let site = Site::start().await;
    let config = site.file("config.yaml", "telemetry: {logFile: pulls.log}\nroutes: [{}]\n");
    let outcome = site.pull_in(&["--config", &config], &site.environment("azure")).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to read the configuration
      caused by: `telemetry.logFile` is not an absolute path such as `/var/log/artifactory-credential-provider.log`, or `journald`
      hint: set `telemetry.logFile` to an absolute path such as `/var/log/artifactory-credential-provider.log`, or `journald`, or leave it out
    ");
}

/// The fields of an entry of the journal, all of them in the form with a length.
fn fields(mut entry: &[u8]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    while !entry.is_empty() {
        let end = entry.iter().position(|byte| *byte == b'\n').expect("the end of a name");
        let (name, rest) = entry.split_at(end);
        let (length, rest) = rest[1..].split_first_chunk().expect("a length");
        let (value, rest) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).expect("a length"));
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        fields.push((text(name), text(value)));
        entry = rest.strip_prefix(b"\n").expect("the end of a value");
    }
    fields
}

#[tokio::test]
async fn a_pull_is_an_entry_of_the_journal() {
    let site = Site::start().await;
    let mut environment = logged(&site, "");
    environment.insert("ARTIFACTORY_CREDENTIAL_PROVIDER_LOG_FILE".to_owned(), "journald".to_owned());
    site.pull_in(&[], &environment).await.response();
    settled(&site).await;
    let folder = PathBuf::from(site.directory()).join("run/systemd/journal");
    std::fs::create_dir_all(&folder).expect("a folder");
    let journal = std::os::unix::net::UnixDatagram::bind(folder.join("socket")).expect("a socket");
    journal.set_nonblocking(true).expect("a socket that does not wait");
    site.artifactory.kit().faults.add(Fault::reply("/access/api/v1/oidc/token", 403, "{}"));
    let outcome = site.pull_in(&[], &environment).await;
    settled(&site).await;
    let mut entries = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length) = journal.recv(&mut buffer) {
        site.check_telemetry(&outcome, &buffer[..length], &spool(&site));
        entries.push(fields(&buffer[..length]));
    }
    let [missing, failed] = &entries[..] else { panic!("two entries: {entries:?}") };
    let value = |entry: &[(String, String)], name: &str| {
        entry.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(value(missing, "CREDENTIAL_PROVIDER_UNLOGGED_PULLS"), "1", "there was no journal before");
    assert_eq!(value(failed, "PRIORITY"), "3");
    assert_eq!(value(failed, "SYSLOG_IDENTIFIER"), "artifactory-credential-provider");
    assert!(value(failed, "MESSAGE").starts_with(&format!("pull of {}/docker-local/hello failed: ", site.host())));
    assert_eq!(value(failed, "CREDENTIAL_PROVIDER_TRACE_ID").len(), 32);
    assert!(outcome.failure(5).ends_with(&format!("  hint: {}\n", value(failed, "CREDENTIAL_PROVIDER_HINT"))));
}
