//! Minimum version, server name and pins.

use mock_artifactory::{Options, Transport};
use mock_kit::{Authority, Leaf, TlsIdentity, Versions};

use super::{host, server, showing};
use crate::site::Site;

/// The key whose pin OpenSSL obtained.
const PINNED_KEY: &str = include_str!("../../../vectors/tls/ec-p256.pkcs8.pem");
const PIN: &str = include_str!("../../../vectors/tls/pinned.pin");

async fn speaking(versions: Versions) -> Site {
    Site::over(Options { versions, ..Options::default() }).await
}

#[tokio::test]
async fn the_minimum_version_is_1_2_and_the_newest_is_spoken() {
    for (versions, spoken) in [(Versions::Tls12, "TLSv1_2"), (Versions::Both, "TLSv1_3"), (Versions::Tls13, "TLSv1_3")]
    {
        let site = speaking(versions).await;
        site.pulls_with("").await;
        assert_eq!(site.handshake().version, spoken);
        site.pulls_with("minimumVersion: 1.2").await;
    }
}

#[tokio::test]
async fn a_server_of_1_2_is_refused_where_1_3_is_the_minimum() {
    for versions in [Versions::Both, Versions::Tls13] {
        speaking(versions).await.pulls_with("minimumVersion: '1.3'").await;
    }
    let site = speaking(Versions::Tls12).await;
    insta::assert_snapshot!(site.refused_with(5, "minimumVersion: '1.3'").await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server speaks no version of TLS that is allowed here
      hint: let `ARTIFACTORY` speak TLS 1.3, or lower `tls.minimumVersion` to 1.2 if it is set
    ");
}

#[tokio::test]
async fn the_server_name_is_the_one_that_the_certificate_must_have() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&Leaf::server(&["artifactory.internal".into()]))).await;
    let ca = site.authority("private-ca.pem", &authority);
    site.pulls_with(&format!("caFile: '{ca}', serverName: artifactory.internal")).await;
    assert_eq!(site.handshake().server_name.as_deref(), Some("artifactory.internal"));
    assert_eq!(site.last_exchange().host, site.host(), "the name is TLS's alone");
    site.artifactory.kit().journal.clear();
    insta::assert_snapshot!(site.refused_with(5, &format!("caFile: '{ca}', serverName: other.internal")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: it is for `artifactory.internal` and not for `other.internal`
      hint: use one of those names in `artifactoryUrl`, or set `tls.serverName` to it
    ");
}

#[tokio::test]
async fn a_server_name_counts_and_the_host_does_not() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server())).await;
    let ca = site.authority("private-ca.pem", &authority);
    site.pulls_with(&format!("caFile: '{ca}'")).await;
    let outcome = site.pull_with(&format!("caFile: '{ca}', serverName: artifactory.internal")).await;
    assert!(
        outcome.failure(5).contains("it is for `127.0.0.1` and not for `artifactory.internal`"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test]
async fn one_of_the_pins_must_be_the_servers_key() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server().with_key(PINNED_KEY))).await;
    let (ca, other) = (site.authority("private-ca.pem", &authority), "A".repeat(43));
    for pins in [format!("sha256/{PIN}"), format!("sha256//{PIN}"), format!("sha256/{other}=, sha256/{PIN}")] {
        site.pulls_with(&format!("caFile: '{ca}', pins: [{}]", pins.replace('\n', ""))).await;
    }
    site.artifactory.kit().journal.clear();
    insta::assert_snapshot!(site.refused_with(5, &format!("caFile: '{ca}', pins: ['sha256/{other}=']")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: its key is `sha256/EMu49UnYcYk6/UwnCvxrkd76gfgEJMF/JhS6SYuRWL4=`, which is none of the pins
      hint: if the server's key was replaced on purpose, add `sha256/EMu49UnYcYk6/UwnCvxrkd76gfgEJMF/JhS6SYuRWL4=` to `tls.pins`
    ");
}

#[tokio::test]
async fn a_pin_replaces_no_trust() {
    let authority = Authority::named("Private CA");
    let site = showing(authority.sign(&server().with_key(PINNED_KEY))).await;
    let ca = site.authority("other-ca.pem", &Authority::named("Other CA"));
    let explanation = site.refused_with(5, &format!("caFile: '{ca}', pins: ['sha256/{}']", PIN.trim())).await;
    assert!(explanation.contains("which `DIRECTORY/other-ca.pem` does not hold"), "{explanation}");
}

/// The authority is pinned, and a server sends a pinned certificate along: neither is the server's own key.
#[tokio::test]
async fn a_pinned_certificate_that_is_sent_along_is_no_pinned_server() {
    let authority = Authority::named("Private CA");
    let identity = authority.sign(&Leaf::server(&host()));
    let pinned = include_str!("../../../vectors/tls/pinned.pem");
    let shown = TlsIdentity { certificates_pem: format!("{}{pinned}", identity.certificates_pem), ..identity };
    let site = Site::over(Options { transport: Transport::Given(shown), ..Options::default() }).await;
    let ca = site.authority("private-ca.pem", &authority);
    site.pulls_with(&format!("caFile: '{ca}'")).await;
    site.artifactory.kit().journal.clear();
    let explanation = site.refused_with(5, &format!("caFile: '{ca}', pins: ['sha256/{}']", PIN.trim())).await;
    assert!(explanation.contains("which is none of the pins"), "{explanation}");
}
