//! Settings that are none: exit code 3, with nobody asked.

use crate::program::{request, run};

async fn refused(tls: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.yaml");
    let route = format!("artifactoryUrl: acme.jfrog.io, identity: {{awsInstanceRole: {{}}}}, tls: {{{tls}}}");
    std::fs::write(&path, format!("routes: [{{{route}}}]")).expect("a file");
    let outcome = run(&["--config", path.to_str().expect("a name")], &[].into(), &request("acme.jfrog.io/x")).await;
    outcome.failure(3).to_owned()
}

#[tokio::test]
async fn a_key_that_needs_another_names_it() {
    insta::assert_snapshot!(refused("caMode: add").await, @r"
    error: failed to read the configuration
      caused by: route 1: `tls.caMode` needs `tls.caFile` beside it
      hint: add `tls.caFile` to the route, or leave `tls.caMode` out
    ");
    insta::assert_snapshot!(refused("clientCertificateFile: /client.pem").await, @r"
    error: failed to read the configuration
      caused by: route 1: `tls.clientCertificateFile` needs `tls.clientKeyFile` beside it
      hint: add `tls.clientKeyFile` to the route, or leave `tls.clientCertificateFile` out
    ");
    insta::assert_snapshot!(refused("clientKeyFile: /client.key").await, @r"
    error: failed to read the configuration
      caused by: route 1: `tls.clientKeyFile` needs `tls.clientCertificateFile` beside it
      hint: add `tls.clientCertificateFile` to the route, or leave `tls.clientKeyFile` out
    ");
}

#[tokio::test]
async fn a_word_that_is_none_is_named() {
    insta::assert_snapshot!(refused("caFile: /ca.pem, caMode: merge").await, @r"
    error: failed to read the configuration
      caused by: `merge` in line 1 of the configuration file is not known, expected one of: replace, add
      hint: compare the file with the configuration section of the README
    ");
    insta::assert_snapshot!(refused("minimumVersion: '1.1'").await, @r"
    error: failed to read the configuration
      caused by: `tls.minimumVersion` is `1.1`, which is not one of: 1.2, 1.3
      hint: set `tls.minimumVersion` to one of: 1.2, 1.3 (did you mean `1.2`?)
    ");
    insta::assert_snapshot!(refused("cafile: /ca.pem").await, @r"
    error: failed to read the configuration
      caused by: `cafile` in line 1 of the configuration file is not known, expected one of: caFile, caMode, clientCertificateFile, clientKeyFile, minimumVersion, serverName, pins
      hint: did you mean `caFile`?
    ");
}

#[tokio::test]
async fn a_server_name_is_a_host_name() {
    insta::assert_snapshot!(refused("serverName: 10.0.0.1").await, @r"
    error: failed to read the configuration
      caused by: `tls.serverName` is not a host name such as `artifactory.example.com`, without a port and no address
      hint: set `tls.serverName` to a host name such as `artifactory.example.com`, without a port and no address, or leave it out
    ");
    for name in ["'::1'", "artifactory.internal:443", "'*.internal'", "''", "https://artifactory.internal"] {
        assert!(
            refused(&format!("serverName: {name}")).await.contains("`tls.serverName` is not a host name"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_pin_has_its_form() {
    insta::assert_snapshot!(refused("pins: ['sha1/AAAA']").await, @r"
    error: failed to read the configuration
      caused by: `tls.pins` is not a list of `sha256/` and the base64 of 32 bytes each
      hint: set `tls.pins` to a list of `sha256/` and the base64 of 32 bytes each, or leave it out
    ");
    insta::assert_snapshot!(refused("pins: []").await, @r"
    error: failed to read the configuration
      caused by: route 1: `tls.pins` is empty
      hint: give `tls.pins` a value, or leave it out if it is optional
    ");
}

#[tokio::test]
async fn an_empty_path_is_no_path() {
    insta::assert_snapshot!(refused("caFile: ''").await, @r"
    error: failed to read the configuration
      caused by: route 1: `tls.caFile` is empty
      hint: give `tls.caFile` a value, or leave it out if it is optional
    ");
    for (tls, key) in [
        ("clientCertificateFile: '', clientKeyFile: /k", "tls.clientCertificateFile"),
        ("clientCertificateFile: /c, clientKeyFile: ''", "tls.clientKeyFile"),
    ] {
        assert!(refused(tls).await.contains(&format!("`{key}` is empty")), "{key}");
    }
}
