//! The conformance binary as a person runs it: the demo with the real provider, and with providers that answer wrongly.

#[cfg(test)]
mod command;

use std::path::Path;
use std::process::Output;

use command::{ONE_OF_EACH, assert_failed, demo, failed, failures, held, kinds, provider, report, response, script};
use serde_json::Value;

#[test]
fn every_identity_pulls_and_nobody_else_does() {
    let output = held();
    let report = report(output);
    assert!(output.status.success(), "{report:#}");
    assert_eq!((&report["verdict"], output.stderr.as_slice()), (&Value::from("held"), &b""[..]));
    let pulls = report["pulls"].as_array().unwrap();
    assert_eq!(pulls.len(), ROWS.len());
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

/// What one identity's pull shows.
struct Row {
    identity: &'static str,
    title: &'static str,
    /// What the provider asks.
    requests: &'static [&'static str],
    /// What the cloud asks to verify a token that it is given.
    cloud_verification: &'static [&'static str],
    /// What Artifactory asks to verify the proof.
    verification: &'static [&'static str],
    /// Who the puller becomes.
    username: &'static str,
}

const ROWS: [Row; 15] = [
    Row {
        identity: "aws-instance-role",
        title: "AWS instance role",
        requests: &["PUT token", "GET credentials", "POST aws/token"],
        cloud_verification: NOBODY,
        verification: AWS,
        username: "aws-puller",
    },
    Row {
        identity: "aws-web-identity",
        title: "AWS web identity",
        requests: &["POST AssumeRoleWithWebIdentity", "POST aws/token"],
        cloud_verification: ISSUER,
        verification: AWS,
        username: "aws-web-identity-puller",
    },
    Row {
        identity: "aws-pod-identity",
        title: "EKS Pod Identity",
        requests: &["GET agent", "POST aws/token"],
        cloud_verification: NOBODY,
        verification: AWS,
        username: "aws-pod-identity-puller",
    },
    Row {
        identity: "aws-cross-account",
        title: "AWS cross-account role",
        requests: &["PUT token", "GET role", "GET credentials", "POST AssumeRole", "POST aws/token"],
        cloud_verification: NOBODY,
        verification: AWS,
        username: "aws-cross-account-puller",
    },
    Row {
        identity: "aws-cognito",
        title: "AWS Cognito",
        requests: &[
            "PUT token",
            "GET credentials",
            "POST DescribeUserPool",
            "POST GetSecretValue",
            "POST ListResourceServers",
            "POST ListUserPools",
            "POST client token",
            "POST oidc/token",
        ],
        cloud_verification: NOBODY,
        verification: ISSUER,
        username: "aws-cognito-puller",
    },
    Row {
        identity: "azure-managed-identity",
        title: "Azure managed identity",
        requests: &["GET managed identity", "POST oidc/token"],
        cloud_verification: NOBODY,
        verification: ISSUER,
        username: "azure-puller",
    },
    Row {
        identity: "azure-federated",
        title: "Azure federated",
        requests: &["GET managed identity", "POST application token", "POST oidc/token"],
        cloud_verification: ISSUER,
        verification: NOBODY,
        username: "azure-federated-puller",
    },
    Row {
        identity: "azure-workload-identity",
        title: "Azure workload identity",
        requests: &["POST application token", "POST oidc/token"],
        cloud_verification: ISSUER,
        verification: NOBODY,
        username: "azure-federated-puller",
    },
    Row {
        identity: "gcp-metadata",
        title: "GCP metadata ID token",
        requests: &["GET ID token", "POST oidc/token"],
        cloud_verification: NOBODY,
        verification: ISSUER,
        username: "mock-cloud/google-node",
    },
    Row {
        identity: "gcp-impersonation",
        title: "GCP impersonation",
        requests: &["GET access token", "POST ID token", "POST oidc/token"],
        cloud_verification: NOBODY,
        verification: NOBODY,
        username: "google-images-puller",
    },
    Row {
        identity: "gcp-workload-identity",
        title: "GCP workload identity",
        requests: &["POST access token", "POST ID token", "POST oidc/token"],
        cloud_verification: ISSUER,
        verification: NOBODY,
        username: "google-images-puller",
    },
    Row {
        identity: "gcp-application-default",
        title: "GCP default credentials",
        requests: &["GET ID token", "POST oidc/token"],
        cloud_verification: NOBODY,
        verification: NOBODY,
        username: "mock-cloud/google-node",
    },
    Row {
        identity: "service-account-token",
        title: "service account token",
        requests: &["POST oidc/token"],
        cloud_verification: NOBODY,
        verification: ISSUER,
        username: "cluster-puller",
    },
    Row {
        identity: "service-account-token-file",
        title: "node's token file",
        requests: &["POST oidc/token"],
        cloud_verification: NOBODY,
        verification: NOBODY,
        username: "cluster-puller",
    },
    Row {
        identity: "static",
        title: "static credential",
        requests: &[],
        cloud_verification: NOBODY,
        verification: NOBODY,
        username: "static-puller",
    },
];

/// What Artifactory asks AWS.
const AWS: &[&str] = &["GET GetCallerIdentity"];

/// What is asked where there is nothing to verify, or Artifactory has the issuer's keys already.
const NOBODY: &[&str] = &[];

/// What an issuer is asked, by Artifactory or by a service of a cloud.
const ISSUER: &[&str] = &["GET discovery", "GET keys"];

/// What the provider asks at the same time, so that its order is nobody's.
const AT_ONCE: [&str; 4] =
    ["POST DescribeUserPool", "POST GetSecretValue", "POST ListResourceServers", "POST ListUserPools"];

/// The names of requests, those asked at the same time by name.
fn in_order(requests: &Value) -> Vec<&str> {
    let mut kinds = kinds(requests);
    for run in kinds.chunk_by_mut(|a, b| AT_ONCE.contains(a) && AT_ONCE.contains(b)) {
        run.sort_unstable();
    }
    kinds
}

#[test]
fn each_identity_asks_whom_it_must_and_becomes_whom_it_may() {
    let report = report(held());
    for (pull, row) in report["pulls"].as_array().unwrap().iter().zip(&ROWS) {
        let Row { identity, requests, cloud_verification, verification, username, .. } = row;
        assert_eq!(pull["identity"], *identity);
        assert_eq!(in_order(&pull["requests"]), *requests, "{identity}");
        assert_eq!(kinds(&pull["cloud_verification"]), *cloud_verification, "{identity}");
        assert_eq!(kinds(&pull["verification"]), *verification, "{identity}");
        assert_eq!(pull["answer"]["username"], *username, "{identity}");
        assert_eq!(pull["times_ms"]["identity"].is_null(), requests.len() < 2, "{identity}");
        assert_eq!(pull["times_ms"]["exchange"].is_null(), requests.is_empty(), "{identity}");
        let kept = pull["answer"]["cache_duration_seconds"].as_i64().unwrap();
        match pull["token_lifetime_seconds"].as_i64() {
            Some(lifetime) => assert!(lifetime >= 3600 && kept > lifetime / 2 && kept < lifetime, "{lifetime} {kept}"),
            None => assert_eq!((*identity, kept), ("static", 300)),
        }
        assert!(*identity == "static" || pull["answer"]["password_characters"].as_i64().unwrap() > 500, "{identity}");
    }
}

#[test]
fn one_identity_can_be_shown_alone_and_an_unknown_one_is_refused() {
    let alone = report(&demo(&provider(), &["--json", "--only", "azure-federated"]));
    let pulls = alone["pulls"].as_array().unwrap();
    assert_eq!((pulls.len(), &pulls[0]["identity"]), (1, &Value::from("azure-federated")));
    // Whoever is shown alone has an issuer whose keys Artifactory does not have yet.
    assert_eq!((&alone["verdict"], kinds(&pulls[0]["verification"])), (&Value::from("held"), ISSUER.to_vec()));
    let unknown = demo(&provider(), &["--only", "aws"]);
    let stderr = String::from_utf8_lossy(&unknown.stderr);
    assert!(!unknown.status.success() && stderr.contains("possible values: aws-instance-role, "), "{stderr}");
}

#[test]
fn no_output_holds_a_secret() {
    for Output { stdout, stderr, .. } in [&demo(&provider(), &[]), held()] {
        let text = [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
        // A JWT, a session token of AWS, an access token of Google, and the password of the static account.
        for start in ["eyJ", "IQoJ", "ya29.", "static-password"] {
            assert!(!text.contains(start), "{start} in {text}");
        }
        assert!(text.contains("static-puller"));
    }
    let report = report(held());
    assert_eq!(report["secrets"]["verdict"], "held");
    // A credential and a token of the registry for each pull, beside what the clouds drew and what was proven.
    assert!(report["secrets"]["known"].as_u64().unwrap() > 2 * ROWS.len() as u64, "{}", report["secrets"]);
}

#[test]
fn the_table_has_a_row_for_each_pull_and_no_colour_in_a_pipe() {
    let output = demo(&provider(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for row in ROWS.map(|row| row.title).into_iter().chain(["no credential", "garbage credential"]) {
        assert_eq!(
            text.lines().filter(|line| line.starts_with(row) && line.ends_with("  held")).count(),
            1,
            "{row}\n{text}"
        );
    }
    assert!(text.contains("All held: 15 pulls, 2 refusals.") && !text.contains('\u{1b}'), "{text}");
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
    assert_failed(&failed[0], "the kubelet takes the answer", "unknown field \"metadata\"");
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
    let report = report(&demo(&script(folder.path(), &format!("{host}\necho '{json}'")), &["--json", "--only=static"]));
    let failed = failed(&report["pulls"][0]["checks"]);
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
    let report = report(&demo(&script(folder.path(), "env >&2; exit 1"), &[&ONE_OF_EACH[..], &["--json"]].concat()));
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

/// The steps of a pull without those below them, and whether the registry's side of the exchange is there.
fn drawn<'t>(output: &'t str, title: &str) -> (Vec<&'t str>, Vec<&'t str>) {
    let (_, trace) = output.split_once(&format!("\n\n{title}\npull ")).unwrap_or_else(|| panic!("{title}: {output}"));
    let lines: Vec<_> = trace.lines().skip(1).take_while(|line| line.starts_with("  ")).collect();
    let (steps, calls): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| !line.starts_with("   "));
    (steps.into_iter().filter_map(|line| line.split_whitespace().next()).collect(), calls)
}

#[test]
fn traces_are_drawn_with_what_the_services_did() {
    let only = ["--only", "aws-web-identity", "--only", "azure-federated", "--only", "static"];
    let output = demo(&provider(), &[&["--trace"], &only[..]].concat());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for (title, requests) in [("AWS web identity", 2), ("Azure federated", 3)] {
        let (steps, calls) = drawn(&text, title);
        assert_eq!(steps, ["request", "route", "identity", "exchange", "response"], "{text}");
        let asked = calls.iter().filter(|line| line.starts_with("    ") && !line.starts_with("     ")).count();
        assert_eq!(asked, requests, "{text}");
        for service in ["      [mock-cloud] ", "      [mock-artifactory] POST", "        [mock-cloud] GET"] {
            assert!(calls.iter().any(|line| line.starts_with(service)), "{service}: {text}");
        }
    }
    let (steps, calls) = drawn(&text, "static credential");
    assert_eq!((steps, calls.len()), (vec!["request", "route", "identity", "response"], 0), "{text}");
}
