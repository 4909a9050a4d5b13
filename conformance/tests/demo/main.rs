//! The conformance binary as a person runs it: the demo with the real provider, and with providers that answer wrongly.

#[cfg(test)]
mod command;

use std::path::Path;
use std::process::Output;

use command::{assert_failed, demo, failed, failures, held, kinds, provider, report, response, script};
use serde_json::Value;

#[test]
fn every_identity_pulls_and_nobody_else_does() {
    let output = held();
    let report = report(output);
    assert!(output.status.success(), "{report:#}");
    assert_eq!((&report["verdict"], output.stderr.as_slice()), (&Value::from("held"), &b""[..]));
    let pulls = report["pulls"].as_array().unwrap();
    let identities: Vec<_> = pulls.iter().map(|pull| pull["identity"].as_str().unwrap()).collect();
    assert_eq!(identities, ["aws-instance-role", "azure-managed-identity", "gcp-metadata", "static"]);
    for pull in pulls {
        let verified = pull["pull"]["verified"].as_array().unwrap();
        assert_eq!(verified.len(), 4, "{pull:#}");
        assert!(verified.iter().all(|part| part["digest"].as_str().unwrap().starts_with("sha256:")));
        assert!(pull["times_ms"]["start"].as_f64().unwrap() > 0.0 && pull["times_ms"]["pull"].as_f64().unwrap() > 0.0);
        assert!(pull["image"].as_str().unwrap().ends_with("/docker-local/hello:1"));
    }
    let refusals = report["refusals"].as_array().unwrap();
    for (refusal, credential) in refusals.iter().zip(["none", "garbage"]) {
        assert_eq!(refusal["credential"], credential);
        assert_eq!(refusal["ending"], "token: answered with 401 Unauthorized");
    }
    assert_eq!(refusals.len(), 2);
}

#[test]
fn each_identity_asks_whom_it_must_and_becomes_whom_it_may() {
    let report = report(held());
    let [aws, azure, google, fixed] = report["pulls"].as_array().unwrap().as_slice() else { panic!("{report:#}") };
    assert_eq!(kinds(&aws["requests"]).first(), Some(&"PUT token"));
    assert_eq!(kinds(&aws["requests"]).last(), Some(&"POST aws/token"));
    assert!(kinds(&aws["requests"]).contains(&"GET credentials"));
    assert_eq!(kinds(&aws["verification"]), ["GET sts"]);
    assert_eq!(kinds(&azure["requests"]), ["GET managed identity", "POST oidc/token"]);
    assert_eq!(kinds(&azure["verification"]), ["GET discovery", "GET keys"]);
    assert_eq!(kinds(&google["requests"]), ["GET ID token", "POST oidc/token"]);
    assert_eq!(kinds(&google["verification"]), ["GET discovery", "GET keys"]);
    assert_eq!(kinds(&fixed["requests"]), [""; 0]);
    let username = |pull: &Value| pull["answer"]["username"].as_str().unwrap().to_owned();
    assert_eq!([aws, azure, fixed].map(username), ["aws-puller", "azure-puller", "static-puller"]);
    assert!(username(google).contains('/'), "{}", username(google));
    for pull in [aws, azure, google] {
        let lifetime = pull["token_lifetime_seconds"].as_i64().unwrap();
        let kept = pull["answer"]["cache_duration_seconds"].as_i64().unwrap();
        assert!(lifetime >= 3600 && kept > lifetime / 2 && kept < lifetime, "{lifetime} {kept}");
        assert!(pull["answer"]["password_characters"].as_i64().unwrap() > 500);
        assert!(
            pull["times_ms"]["identity"].as_f64().unwrap() > 0.0
                && pull["times_ms"]["exchange"].as_f64().unwrap() > 0.0
        );
    }
    assert_eq!(fixed["token_lifetime_seconds"], Value::Null);
    assert_eq!(fixed["times_ms"]["identity"], Value::Null);
}

#[test]
fn no_output_holds_a_secret() {
    for Output { stdout, stderr, .. } in [&demo(&provider(), &[]), held()] {
        let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
        // A JWT, a session token of AWS, and the password of the static account.
        for start in ["eyJ", "IQoJ", "static-password"] {
            assert!(!text.contains(start), "{start} in {text}");
        }
        assert!(text.contains("static-puller"));
    }
    let report = report(held());
    assert_eq!(report["secrets"]["verdict"], "held");
    // Of AWS three, two proofs, four credentials, and the registry's token of each pull.
    assert!(report["secrets"]["known"].as_i64().unwrap() >= 13, "{}", report["secrets"]);
}

#[test]
fn the_table_has_a_row_for_each_pull_and_no_colour_in_a_pipe() {
    let output = demo(&provider(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for row in [
        "AWS instance role",
        "Azure managed identity",
        "GCP metadata ID token",
        "static credential",
        "no credential",
        "garbage credential",
    ] {
        assert_eq!(
            text.lines().filter(|line| line.starts_with(row) && line.ends_with("  held")).count(),
            1,
            "{row}\n{text}"
        );
    }
    assert!(text.contains("All held: 4 pulls, 2 refusals.") && !text.contains('\u{1b}'), "{text}");
    assert!(text.lines().skip(1).all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn a_provider_that_answers_wrongly_fails_the_demo_with_the_reason() {
    let empty = response("v1", r#""cacheDuration":"0s","auth":{}"#);
    let version = response("v1beta1", r#""auth":{}"#);
    let failed = failures([&empty, &version, "exit 1", "echo garbage"]);
    assert_failed(&failed[0], "auth names the image's registry and no other", "an empty auth");
    assert_failed(&failed[0], "the image is pulled, each digest as announced", "no credential to pull with");
    let got =
        "apiVersion is `credentialprovider.kubelet.k8s.io/v1beta1` and not `credentialprovider.kubelet.k8s.io/v1`";
    assert_failed(&failed[1], "the kubelet takes the answer", got);
    assert_failed(&failed[2], "the provider ends well", "exit code 1");
    assert_failed(&failed[3], "the kubelet takes the answer", "stdout is not one JSON object: line 1, column 1");
}

#[test]
fn a_provider_that_answers_for_another_or_too_much_fails_the_demo_with_the_reason() {
    let unknown = response("v1", r#""auth":{},"metadata":{}"#);
    let other = response("v1", r#""auth":{"other.example":{"username":"u","password":"password"}}"#);
    let unusable = response("v1", r#""auth":{}"#).replace("Registry", "registry");
    let failed = failures([&unknown, &other, "kill -9 $$", &unusable]);
    assert_failed(&failed[0], "the kubelet takes the answer", "unknown field `metadata`");
    assert_failed(&failed[1], "auth names the image's registry and no other", "other.example");
    assert_failed(&failed[1], "the answer is kept for less than the token lives", "none");
    assert_failed(&failed[1], "the image is pulled, each digest as announced", "no credential to pull with");
    assert_failed(&failed[2], "the provider ends well", "signal 9");
    assert_failed(&failed[3], "the kubelet takes the answer", "cacheKeyType is `registry`");
}

#[test]
fn a_credential_that_the_registry_refuses_is_shown_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let answer = r#""cacheDuration":"5m","auth":{"'"$host"'":{"username":"nobody","password":"wrong-password"}}"#;
    let json = format!(
        r#"{{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Image",{answer}}}"#
    );
    let host = r#"host=$(sed -e 's/.*"image":"//' -e 's/\/.*//')"#;
    let report = report(&demo(&script(folder.path(), &format!("{host}\necho '{json}'")), &["--json"]));
    let failed = failed(&report["pulls"][3]["checks"]);
    assert_eq!(failed, [("the image is pulled, each digest as announced", "token: answered with 401 Unauthorized")]);
}

#[test]
fn standard_error_of_a_failed_run_is_shown_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let body = "echo disk on fire >&2\n[ -n \"$2\" ] && cat \"$(dirname \"$2\")/password\" >&2\nexit 7";
    let output = demo(&script(folder.path(), body), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("disk on fire") && text.contains("exit code 7") && text.contains("[secret]"), "{text}");
    assert!(text.contains("standard error holds no secret") && !text.contains("static-password"), "{text}");
    assert!(text.contains("Not all held"), "{text}");
}

#[test]
fn the_provider_gets_a_clean_environment_and_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(&demo(&script(folder.path(), "env >&2; exit 1"), &["--json"]));
    let variables: Vec<Vec<&str>> = report["pulls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pull| {
            let names = pull["stderr"].as_str().unwrap().lines().filter_map(|line| line.split_once('='));
            names.map(|(name, _)| name).collect()
        })
        .collect();
    for names in &variables[..3] {
        for expected in ["cloud_provider", "artifactory_url", "SSL_CERT_FILE", "GCE_METADATA_HOST"] {
            assert!(names.contains(&expected), "{expected} in {names:?}");
        }
    }
    for unexpected in ["HTTPS_PROXY", "HTTP_PROXY", "HOME", "CARGO"] {
        assert!(variables.iter().all(|names| !names.contains(&unexpected)), "{unexpected}");
    }
    assert!(!variables[3].contains(&"cloud_provider"));
}

#[test]
fn a_provider_that_is_not_there_fails_every_pull_with_the_reason() {
    let report = report(&demo(Path::new("/nowhere/provider"), &["--json"]));
    for pull in report["pulls"].as_array().unwrap() {
        assert!(failed(&pull["checks"])[0].1.starts_with("no run: No such file"), "{pull:#}");
    }
}
