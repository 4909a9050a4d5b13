//! Where the trusted authorities come from, for whom they count, and that they are read at each pull.

use mock_artifactory::Options;
use mock_kit::Authority;

use super::{USER, server, showing};
use crate::site::Site;

#[tokio::test]
async fn a_file_replaces_what_the_environment_trusts_or_is_added_to_it() {
    let site = Site::over(Options::default()).await;
    let other = site.authority("other-ca.pem", &Authority::named("Other CA"));
    site.pulls_with("").await;
    site.pulls_with(&format!("caFile: '{other}', caMode: add")).await;
    site.artifactory.kit().journal.clear();
    for tls in [format!("caFile: '{other}'"), format!("caFile: '{other}', caMode: replace")] {
        let explanation = site.refused_with(5, &tls).await;
        assert!(explanation.contains("which `DIRECTORY/other-ca.pem` does not hold"), "{explanation}");
    }
}

#[tokio::test]
async fn an_added_file_is_trusted_beside_the_environments() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server())).await;
    let (private, other) =
        (site.authority("private-ca.pem", &authority), site.authority("other-ca.pem", &Authority::named("Other CA")));
    let environment = [("SSL_CERT_FILE", other.as_str())];
    for tls in [format!("caFile: '{private}'"), format!("caFile: '{private}', caMode: add")] {
        let outcome = site.pull_with_and(&tls, &environment).await;
        assert_eq!(outcome.credential(&site.host()).0, USER, "{tls}");
    }
    let outcome = site.pull_with_and(&format!("caFile: '{other}', caMode: add"), &environment).await;
    insta::assert_snapshot!(site.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` is issued by `CN=Private CA`, which `DIRECTORY/other-ca.pem` or `DIRECTORY/other-ca.pem` does not hold
      hint: add the certificate of `CN=Private CA` or of its own issuer to the file in `tls.caFile` (else SSL_CERT_FILE)
    ");
}

#[tokio::test]
async fn directories_of_the_environment_are_trusted_beside_its_file() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server())).await;
    let (certificates, empty) = (format!("{}/certificates", site.directory()), format!("{}/empty", site.directory()));
    for directory in [&certificates, &empty] {
        std::fs::create_dir(directory).expect("a directory");
    }
    site.authority("certificates/private-ca.pem", &authority);
    site.file("certificates/notes.txt", "no certificate");
    let other = site.authority("other-ca.pem", &Authority::named("Other CA"));
    let pull = async |directories: &str| {
        let changes = [("SSL_CERT_FILE", other.as_str()), ("SSL_CERT_DIR", directories)];
        site.pull_with_and("", &changes).await
    };
    for directories in [&certificates, &format!("/nowhere:{empty}:{certificates}")] {
        assert_eq!(pull(directories).await.credential(&site.host()).0, USER);
    }
    insta::assert_snapshot!(site.named(pull(&format!("/nowhere:{empty}")).await.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` is issued by `CN=Private CA`, which `DIRECTORY/other-ca.pem` or `/nowhere` or `DIRECTORY/empty` does not hold
      hint: add the certificate of `CN=Private CA` or of its own issuer to the file in `tls.caFile` (else SSL_CERT_FILE)
    ");
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_a_fault_of_the_configuration() {
    let site = Site::start().await;
    let (empty, directory) = (site.file("empty.pem", ""), site.directory());
    let broken = site.file("broken.pem", "-----BEGIN CERTIFICATE-----\nno base64\n-----END CERTIFICATE-----\n");
    insta::assert_snapshot!(site.refused_with(3, "caFile: /nowhere/ca.pem").await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: cannot read root certificates from `/nowhere/ca.pem`: No such file or directory (os error 2)
      hint: name a PEM file with CA certificates in `tls.caFile` (else SSL_CERT_FILE)
    ");
    insta::assert_snapshot!(site.refused_with(3, &format!("caFile: '{empty}'")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: `DIRECTORY/empty.pem` holds no usable certificate
      hint: name a PEM file with CA certificates in `tls.caFile` (else SSL_CERT_FILE)
    ");
    insta::assert_snapshot!(site.refused_with(3, &format!("caFile: '{directory}'")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: cannot read root certificates from `DIRECTORY`: it is no regular file
      hint: name a PEM file with CA certificates in `tls.caFile` (else SSL_CERT_FILE)
    ");
    insta::assert_snapshot!(site.refused_with(3, &format!("caFile: '{broken}', caMode: add")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: `DIRECTORY/broken.pem` holds no usable certificate
      hint: name a PEM file with CA certificates in `tls.caFile` (else SSL_CERT_FILE)
    ");
}

/// The clouds' side: the same fault of the environment, met by an identity.
#[tokio::test]
async fn what_the_environment_names_is_the_configuration_for_an_identity_too() {
    let site = Site::start().await;
    let changes = [("azure_auth_method", ""), ("SSL_CERT_FILE", "/nowhere/ca.pem")];
    let outcome = site.pull_in(&[], &site.environment_with("azure", &changes)).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: cannot read root certificates from `/nowhere/ca.pem`: No such file or directory (os error 2)
      hint: name a PEM file with CA certificates in SSL_CERT_FILE
    ");
}

#[tokio::test]
async fn the_next_pull_reads_the_next_file() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server())).await;
    let ca = site.authority("ca.pem", &Authority::named("Other CA"));
    let tls = format!("caFile: '{ca}'");
    site.refused_with(5, &tls).await;
    site.authority("ca.pem", &authority);
    site.pulls_with(&tls).await;
    site.authority("ca.pem", &Authority::named("Other CA"));
    site.pull_with(&tls).await.failure(5);
}
