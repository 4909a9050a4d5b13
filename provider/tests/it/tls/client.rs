//! Client certificates: an Artifactory that asks for one, and every way not to have it.

use std::os::unix::fs::PermissionsExt;

use mock_artifactory::{Options, Transport};
use mock_kit::{Authority, Clients, Fault, Leaf, TlsIdentity, Validity, Versions};

use super::{server, vector};
use crate::site::Site;

/// An Artifactory that lets in only clients of an authority.
struct Closed {
    site: Site,
    clients: Authority,
}

impl Closed {
    async fn start() -> Self {
        Self::speaking(Versions::Both).await
    }

    async fn speaking(versions: Versions) -> Self {
        let clients = Authority::named("Clients CA");
        let transport = Transport::Given(Authority::named("Private CA").sign(&server()));
        let certified = Clients::Certified(clients.certificate_pem().to_owned());
        let site = Site::over(Options { transport, clients: certified, versions, ..Options::default() }).await;
        Self { site, clients }
    }

    /// Writes a client's files, and gives the settings that name them. Nobody may ever see the key.
    fn settings(&self, TlsIdentity { certificates_pem, key_pem }: &TlsIdentity) -> String {
        self.site.file("client.pem", certificates_pem);
        self.site.private_file("client.key", key_pem);
        self.site.plant_key(key_pem);
        let directory = self.site.directory();
        format!("clientCertificateFile: '{directory}/client.pem', clientKeyFile: '{directory}/client.key'")
    }

    /// The explanation of a pull with these files that fails.
    async fn refused(&self, code: i32, identity: &TlsIdentity) -> String {
        self.site.refused_with(code, &self.settings(identity)).await
    }
}

#[tokio::test]
async fn a_client_with_a_certificate_is_let_in_as_who_it_is() {
    for versions in [Versions::Tls12, Versions::Tls13] {
        let closed = Closed::speaking(versions).await;
        let settings = closed.settings(&closed.clients.sign(&Leaf::client("node-1")));
        closed.site.pulls_with(&settings).await;
        assert_eq!(closed.site.handshake().client.as_deref(), Some("CN=node-1"));
    }
}

#[tokio::test]
async fn a_certificate_is_shown_only_where_it_is_asked_for() {
    let clients = Authority::named("Clients CA");
    let asked = Clients::Asked(clients.certificate_pem().to_owned());
    for (asks, shown) in [(Clients::Anyone, None), (asked, Some("CN=node-1"))] {
        let site = Site::over(Options { clients: asks, ..Options::default() }).await;
        let closed = Closed { site, clients: clients.clone() };
        let settings = closed.settings(&clients.sign(&Leaf::client("node-1")));
        closed.site.pulls_with(&settings).await;
        assert_eq!(closed.site.handshake().client.as_deref(), shown);
    }
}

/// The route's settings are for its Artifactory. The cloud's own services see neither the certificate nor the authority.
#[tokio::test]
async fn the_settings_are_for_artifactory_and_not_for_the_cloud() {
    let closed = Closed::start().await;
    let ca = closed.site.authority("private-ca.pem", &Authority::named("Other CA"));
    let settings = closed.settings(&closed.clients.sign(&Leaf::client("node-1")));
    let identity = "azureFederated: {tenantId: 11111111-2222-4333-8444-555555555555, \
         clientId: 44444444-5555-4666-8777-888888888888, managedIdentity: {clientId: 22222222-3333-4444-8555-666666666666}}";
    let pull = async |tls: &str| {
        let route = format!("artifactoryUrl: '{}', tls: {{{tls}}}", closed.site.host());
        let route = format!("{route}, identity: {{{identity}}}, oidcProvider: {{name: mock-cloud}}");
        let config = closed.site.file("config.yaml", format!("routes: [{{{route}}}]"));
        closed.site.pull_in(&["--config", &config], &closed.site.environment("none")).await
    };
    pull(&settings).await.response();
    let entra = closed.site.cloud.kit().journal.requests();
    let entra = entra.into_iter().find(|request| request.path.ends_with("/oauth2/v2.0/token")).expect("a token");
    assert_eq!(entra.tls.expect("TLS").client, None);
    // An authority that Artifactory is not of; the cloud is reached all the same.
    assert!(pull(&format!("{settings}, caFile: '{ca}'")).await.failure(5).contains("failed to exchange the proof"));
}

#[tokio::test]
async fn a_client_without_a_certificate_is_told_to_have_one() {
    let mut explained = Vec::new();
    for versions in [Versions::Tls12, Versions::Tls13] {
        explained.push(Closed::speaking(versions).await.site.refused_with(5, "").await);
    }
    assert_eq!(explained[0], explained[1]);
    insta::assert_snapshot!(explained[0], @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server asks for a client certificate, and there is none to show
      hint: set `tls.clientCertificateFile` and `tls.clientKeyFile` of the route, in a file that --config names
    ");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_by_the_server_and_named() {
    let mut explained = Vec::new();
    for versions in [Versions::Tls12, Versions::Tls13] {
        let closed = Closed::speaking(versions).await;
        explained.push(closed.refused(5, &Authority::named("Other CA").sign(&Leaf::client("node-1"))).await);
    }
    assert_eq!(explained[0], explained[1]);
    insta::assert_snapshot!(explained[0], @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server refused the client certificate `DIRECTORY/client.pem`: unknown certificate authority
      hint: check that `ARTIFACTORY` trusts the issuer of that certificate, and name its intermediates in the same file
    ");
}

#[tokio::test]
async fn the_issuers_behind_a_certificate_are_shown_with_it() {
    let closed = Closed::start().await;
    let whole = closed.clients.intermediate("Issuing CA", Validity::Present).sign(&Leaf::client("node-1"));
    let end = whole.certificates_pem.find("-----END CERTIFICATE-----").expect("a certificate");
    let alone = format!("{}-----END CERTIFICATE-----\n", &whole.certificates_pem[..end]);
    let explanation = closed.refused(5, &TlsIdentity { certificates_pem: alone, ..whole.clone() }).await;
    assert!(explanation.contains("name its intermediates in the same file"), "{explanation}");
    closed.site.pulls_with(&closed.settings(&whole)).await;
}

#[tokio::test]
async fn a_servers_certificate_is_none_for_a_client() {
    let closed = Closed::start().await;
    insta::assert_snapshot!(closed.refused(5, &closed.clients.sign(&server())).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server refused the client certificate `DIRECTORY/client.pem`: unsupported certificate
      hint: check that `ARTIFACTORY` trusts the issuer of that certificate, and name its intermediates in the same file
    ");
}

#[tokio::test]
async fn a_certificate_that_does_not_hold_now_is_named_before_any_connection() {
    let closed = Closed::start().await;
    let sign = |validity| closed.clients.sign(&Leaf::client("node-1").valid(validity));
    insta::assert_snapshot!(closed.refused(3, &sign(Validity::Past)).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the client certificate `DIRECTORY/client.pem` expired at 2021-01-01T00:00:00Z
      hint: renew it, in the same file: it is read at each pull; check the node's clock if it is not that old
    ");
    insta::assert_snapshot!(closed.refused(3, &sign(Validity::Future)).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the client certificate `DIRECTORY/client.pem` is not valid before 2100-01-01T00:00:00Z
      hint: check the node's clock, or wait until the certificate is valid
    ");
}

#[tokio::test]
async fn the_key_of_another_certificate_is_refused_before_any_connection() {
    let closed = Closed::start().await;
    let sign = || closed.clients.sign(&Leaf::client("node-1"));
    let mixed = TlsIdentity { key_pem: sign().key_pem, ..sign() };
    insta::assert_snapshot!(closed.refused(3, &mixed).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the key `DIRECTORY/client.key` is not that of the client certificate `DIRECTORY/client.pem`
      hint: name the files of one pair in `tls.clientCertificateFile` and `tls.clientKeyFile`; was only one of them renewed?
    ");
}

#[tokio::test]
async fn a_chain_in_the_wrong_order_is_named() {
    let closed = Closed::start().await;
    let TlsIdentity { certificates_pem, key_pem } = closed.clients.sign(&Leaf::client("node-1"));
    let certificates_pem = format!("{}{certificates_pem}", closed.clients.certificate_pem());
    insta::assert_snapshot!(closed.refused(3, &TlsIdentity { certificates_pem, key_pem }).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the client certificate stands in place 2 of `DIRECTORY/client.pem`, behind another
      hint: move it to the top of the file, with its issuers behind it in their order
    ");
}

#[tokio::test]
async fn files_that_cannot_be_read_are_named() {
    let closed = Closed::start().await;
    let settings = closed.settings(&closed.clients.sign(&Leaf::client("node-1")));
    let with = |from: &str, to: &str| settings.replace(&format!("{}/{from}", closed.site.directory()), to);
    insta::assert_snapshot!(closed.site.refused_with(3, &with("client.pem", "/nowhere/client.pem")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: cannot read a client certificate from `/nowhere/client.pem`: No such file or directory (os error 2)
      hint: name a PEM file with the certificate and its intermediates in `tls.clientCertificateFile`
    ");
    insta::assert_snapshot!(closed.site.refused_with(3, &with("client.key", "/nowhere/client.key")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: no key of the client certificate could be read: cannot read `/nowhere/client.key`: No such file or directory (os error 2)
      hint: name a PEM file that the kubelet's user can read in `tls.clientKeyFile`
    ");
    insta::assert_snapshot!(closed.site.refused_with(3, &with("client.pem", "/dev/zero")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: cannot read a client certificate from `/dev/zero`: it is no regular file
      hint: name a PEM file with the certificate and its intermediates in `tls.clientCertificateFile`
    ");
    let empty = closed.site.file("empty.pem", "");
    insta::assert_snapshot!(closed.site.refused_with(3, &with("client.pem", &empty)).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: cannot read a client certificate from `DIRECTORY/empty.pem`: it holds no certificate
      hint: name a PEM file with the certificate and its intermediates in `tls.clientCertificateFile`
    ");
}

#[tokio::test]
async fn a_key_that_is_open_to_others_is_refused() {
    let closed = Closed::start().await;
    let settings = closed.settings(&closed.clients.sign(&Leaf::client("node-1")));
    let key = format!("{}/client.key", closed.site.directory());
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&key, PermissionsExt::from_mode(mode)).expect("a mode");
        closed.site.pulls_with(&settings).await;
    }
    closed.site.artifactory.kit().journal.clear();
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("a mode");
    insta::assert_snapshot!(closed.site.refused_with(3, &settings).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the key `DIRECTORY/client.key` of the client certificate is open to others: its mode is 0644
      hint: run: chmod 0600 DIRECTORY/client.key
    ");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o620)).expect("a mode");
    assert!(closed.site.refused_with(3, &settings).await.contains("its mode is 0620"));
}

#[tokio::test]
async fn every_form_of_key_is_taken() {
    let closed = Closed::start().await;
    for (kind, form) in [
        ("ec-p256", "sec1"),
        ("ec-p256", "pkcs8"),
        ("ec-p384", "sec1"),
        ("ec-p384", "pkcs8"),
        ("rsa", "pkcs1"),
        ("rsa", "pkcs8"),
        ("ed25519", "pkcs8"),
    ] {
        let leaf = Leaf::client(&format!("{kind}-{form}")).with_key(&vector(&format!("{kind}.pkcs8")));
        let identity = TlsIdentity { key_pem: vector(&format!("{kind}.{form}")), ..closed.clients.sign(&leaf) };
        closed.site.pulls_with(&closed.settings(&identity)).await;
        assert_eq!(closed.site.handshake().client, Some(format!("CN={kind}-{form}")));
    }
}

#[tokio::test]
async fn a_key_of_no_use_is_named() {
    let closed = Closed::start().await;
    let leaf = Leaf::client("node-1").with_key(&vector("ec-p256.pkcs8"));
    let with = |key_pem: String| TlsIdentity { key_pem, ..closed.clients.sign(&leaf) };
    insta::assert_snapshot!(closed.refused(3, &with(vector("ec-p256.pkcs8.encrypted"))).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the key `DIRECTORY/client.key` of the client certificate is encrypted
      hint: nobody is there to ask for its passphrase; take it off: openssl pkey -in DIRECTORY/client.key -out NEW
    ");
    insta::assert_snapshot!(closed.refused(3, &with(vector("ec-p521.pkcs8"))).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: `DIRECTORY/client.key` holds no usable key of the client certificate: its kind or size is not supported
      hint: name a PEM file with an RSA (2048 bits or more), ECDSA (P-256 or P-384) or Ed25519 key in `tls.clientKeyFile`
    ");
    insta::assert_snapshot!(closed.refused(3, &with(String::new())).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: `DIRECTORY/client.key` holds no usable key of the client certificate: it has no section of a private key
      hint: name a PEM file with an RSA (2048 bits or more), ECDSA (P-256 or P-384) or Ed25519 key in `tls.clientKeyFile`
    ");
}

#[tokio::test]
async fn a_renewed_certificate_is_read_by_the_next_pull() {
    let closed = Closed::start().await;
    let settings = closed.settings(&closed.clients.sign(&Leaf::client("node-1").valid(Validity::Past)));
    closed.site.refused_with(3, &settings).await;
    closed.settings(&closed.clients.sign(&Leaf::client("node-1")));
    closed.site.pulls_with(&settings).await;
    closed.settings(&closed.clients.sign(&Leaf::client("node-2")));
    closed.site.pulls_with(&settings).await;
    assert_eq!(closed.site.handshake().client.as_deref(), Some("CN=node-2"));
}

/// nginx says it in a page and not in an alert. Source: nginx `ngx_http_special_response.c`, `ngx_http_error_496_page`.
#[tokio::test]
async fn a_proxy_that_asks_for_a_certificate_in_a_page_is_understood() {
    let site = Site::start().await;
    let page = "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n";
    let fault = Fault::reply("/access/*", 400, page).header("content-type", "text/html");
    site.artifactory.kit().faults.add(fault);
    insta::assert_snapshot!(site.named(site.pull("google").await.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: a proxy before Artifactory answered 400: it asks for a client certificate that it trusts
      hint: set `tls.clientCertificateFile` and `tls.clientKeyFile` of the route, in a file that --config names, to a pair that the proxy trusts
    ");
}
