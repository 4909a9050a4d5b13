//! Servers: the right one, and every way to be another.

use mock_artifactory::{Options, Transport};
use mock_kit::{Authority, Leaf, TlsIdentity, Validity};

use super::{host, server, showing};
use crate::site::Site;

async fn refused(shown: TlsIdentity, trusted: &Authority) -> String {
    let site = showing(shown).await;
    let ca = site.authority("private-ca.pem", trusted);
    site.refused_with(5, &format!("caFile: '{ca}'")).await
}

#[tokio::test]
async fn a_server_of_the_private_authority_is_spoken_to() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server())).await;
    let ca = site.authority("private-ca.pem", &authority);
    site.pulls_with(&format!("caFile: '{ca}'")).await;
    let seen = site.handshake();
    assert_eq!((seen.version.as_str(), seen.server_name, seen.client), ("TLSv1_3", None, None));
}

#[tokio::test]
async fn an_authority_below_the_trusted_one_is_trusted_too() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.intermediate("Issuing CA", Validity::Present).sign(&server())).await;
    let ca = site.authority("private-ca.pem", &authority);
    site.pulls_with(&format!("caFile: '{ca}'")).await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::named("Private CA");
    let others = Leaf::server(&["artifactory.internal".into(), "*.artifactory.internal".into(), "10.0.0.1".into()]);
    insta::assert_snapshot!(refused(authority.sign(&others), &authority).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: it is for `artifactory.internal`, `*.artifactory.internal`, `10.0.0.1` and not for `127.0.0.1`
      hint: use one of those names in `artifactoryUrl`, or set `tls.serverName` to it
    ");
    let nobodys = Leaf::server(&[]);
    insta::assert_snapshot!(refused(authority.sign(&nobodys), &authority).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` names no host (subjectAltName), and so is not for `127.0.0.1`
      hint: issue the server a certificate with the subjectAltName `127.0.0.1`
    ");
}

#[tokio::test]
async fn an_expired_certificate_is_named_with_its_end() {
    let authority = Authority::named("Private CA");
    insta::assert_snapshot!(refused(authority.sign(&server().valid(Validity::Past)), &authority).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` expired at 2021-01-01T00:00:00Z
      hint: renew that certificate at `ARTIFACTORY`; check the node's clock if it is not that old
    ");
}

#[tokio::test]
async fn an_expired_authority_on_the_way_is_named_and_not_the_server() {
    let authority = Authority::named("Private CA");
    let expired = authority.intermediate("Issuing CA 2020", Validity::Past);
    insta::assert_snapshot!(refused(expired.sign(&server()), &authority).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Issuing CA 2020` expired at 2021-01-01T00:00:00Z
      hint: renew that certificate at `ARTIFACTORY`; check the node's clock if it is not that old
    ");
}

#[tokio::test]
async fn a_certificate_of_the_future_is_named_with_its_start() {
    let authority = Authority::named("Private CA");
    insta::assert_snapshot!(refused(authority.sign(&server().valid(Validity::Future)), &authority).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` is not valid before 2100-01-01T00:00:00Z
      hint: check the node's clock; if it is right, `ARTIFACTORY` shows its next certificate too early
    ");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_named_with_its_issuer() {
    let shown = Authority::named("Unknown CA").sign(&server());
    insta::assert_snapshot!(refused(shown, &Authority::named("Private CA")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` is issued by `CN=Unknown CA`, which `DIRECTORY/private-ca.pem` does not hold
      hint: add the certificate of `CN=Unknown CA` or of its own issuer to the file in `tls.caFile` (else SSL_CERT_FILE)
    ");
}

#[tokio::test]
async fn a_chain_to_an_unknown_authority_is_followed_to_its_end() {
    let shown = Authority::named("Unknown CA").intermediate("Issuing CA", Validity::Present).sign(&server());
    insta::assert_snapshot!(refused(shown, &Authority::named("Private CA")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Issuing CA` is issued by `CN=Unknown CA`, which `DIRECTORY/private-ca.pem` does not hold
      hint: add the certificate of `CN=Unknown CA` or of its own issuer to the file in `tls.caFile` (else SSL_CERT_FILE)
    ");
}

#[tokio::test]
async fn an_authority_of_the_same_name_and_another_key_is_told_apart() {
    let shown = Authority::named("Private CA").sign(&server());
    insta::assert_snapshot!(refused(shown, &Authority::named("Private CA")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` is signed by another key than that of `CN=Private CA` in `DIRECTORY/private-ca.pem`
      hint: replace the certificate of `CN=Private CA` in the file in `tls.caFile` (else SSL_CERT_FILE) by the one that is in use
    ");
}

#[tokio::test]
async fn a_clients_certificate_is_none_for_a_server() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&Leaf::client("node-1").also_for(&host()))).await;
    let ca = site.authority("private-ca.pem", &authority);
    insta::assert_snapshot!(site.refused_with(5, &format!("caFile: '{ca}'")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=node-1` is not for servers
      hint: issue the server a certificate with the extended key usage serverAuth
    ");
}

#[tokio::test]
async fn an_authoritys_own_certificate_is_none_for_a_server() {
    let authority = Authority::named("Private CA");
    insta::assert_snapshot!(refused(authority.own_identity(), &authority).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Private CA` is the certificate of an authority, and none for a server
      hint: issue the server a certificate of its own (basicConstraints CA:FALSE), signed by that authority
    ");
}

#[tokio::test]
async fn a_server_without_the_key_of_its_certificate_is_refused_in_both_versions() {
    let authority = Authority::named("Private CA");
    let key_pem = authority.sign(&server()).key_pem;
    let stolen = TlsIdentity { key_pem, ..authority.sign(&server()) };
    let mut explained = Vec::new();
    for versions in [mock_kit::Versions::Tls12, mock_kit::Versions::Tls13] {
        let transport = Transport::Stolen(stolen.clone());
        let site = Site::over(Options { transport, versions, ..Options::default() }).await;
        let ca = site.authority("private-ca.pem", &authority);
        explained.push(site.refused_with(5, &format!("caFile: '{ca}'")).await);
    }
    assert_eq!(explained[0], explained[1]);
    insta::assert_snapshot!(explained[0], @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: the server has not the key of `CN=Mock server`
      hint: find out who answers in the place of `ARTIFACTORY`: it shows a certificate that is not its own
    ");
}
