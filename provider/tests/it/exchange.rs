//! What Artifactory can answer instead of a credential: exit code 5.

use mock_kit::Fault;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::program::{request, run};
use crate::site::{CLOUDS, Site};

const OIDC: &str = "/access/api/v1/oidc/token";
const EXCHANGES: &str = "/access/*";

/// A pull that fails at the exchange.
async fn refused(site: &Site, cloud: &str, changes: &[(&str, &str)]) -> String {
    let outcome = site.pull_in(&[], &site.environment_with(cloud, changes)).await;
    site.named(outcome.failure(5))
}

async fn refused_by(fault: Fault) -> String {
    let site = Site::start().await;
    site.artifactory.kit().faults.add(fault);
    refused(&site, "azure", &[]).await
}

#[tokio::test]
async fn a_wrong_audience_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "azure", &[("jfrog_token_audience", "elsewhere")]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 400: Invalid audience
      hint: check the OIDC provider's name, its issuer URL (no trailing slash) and the audience of its identity mapping
    ");
}

#[tokio::test]
async fn an_unknown_provider_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "azure", &[("jfrog_oidc_provider_name", "nobody")]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 404: OIDC provider nobody was not found
      hint: check the OIDC provider's name, and that Artifactory is 7.77.3 or newer with an Enterprise licence
    ");
}

#[tokio::test]
async fn an_identity_without_a_mapping_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "google", &[("jfrog_oidc_provider_name", "google"), ("jfrog_oidc_audience", "someone-else")]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 403: No identity mapping matches the token's claims
      hint: check that an identity mapping (or iam_role mapping) in Artifactory fits this identity's claims (or role)
    ");
}

#[tokio::test]
async fn a_role_without_a_mapping_is_explained() {
    let cloud = mock_cloud::World::from_yaml("aws: {roles: [{name: unmapped}]}").expect("a world");
    let site = Site::with(cloud, mock_artifactory::World::default()).await;
    insta::assert_snapshot!(refused(&site, "aws", &[("aws_role_name", "unmapped")]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 403: No user has the caller's role
      hint: check that an identity mapping (or iam_role mapping) in Artifactory fits this identity's claims (or role)
    ");
}

#[tokio::test]
async fn a_proof_that_has_expired_is_refused() {
    let site = Site::start().await;
    site.artifactory.kit().clock.advance(std::time::Duration::from_secs(2 * 24 * 3_600));
    insta::assert_snapshot!(refused(&site, "azure", &[]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 401: Invalid token, expired
      hint: check that the OIDC provider's issuer and audience fit the token, or that the role has an iam_role mapping, and the node's clock
    ");
}

#[tokio::test]
async fn a_proof_that_is_not_yet_valid_is_refused() {
    let site = Site::start().await;
    site.cloud.kit().clock.advance(std::time::Duration::from_secs(24 * 3_600));
    insta::assert_snapshot!(refused(&site, "google", &[]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 401: Invalid token, not yet valid
      hint: check that the OIDC provider's issuer and audience fit the token, or that the role has an iam_role mapping, and the node's clock
    ");
}

#[tokio::test]
async fn a_proof_with_a_wrong_signature_is_refused() {
    let site = Site::start().await;
    let token = site.forged_token("azure").await;
    let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": "3599"}).to_string();
    site.cloud.kit().faults.add(Fault::reply("/metadata/identity/oauth2/token", 200, body));
    insta::assert_snapshot!(refused(&site, "azure", &[]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 401: Invalid token, signature
      hint: check that the OIDC provider's issuer and audience fit the token, or that the role has an iam_role mapping, and the node's clock
    ");
}

#[tokio::test]
async fn a_signature_of_yesterday_is_refused() {
    let site = Site::start().await;
    site.cloud.kit().clock.advance(std::time::Duration::from_secs(20 * 60));
    let outcome = site.pull("aws").await;
    insta::assert_snapshot!(site.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 401: AWS STS refused the request: 403 Forbidden SignatureDoesNotMatch
      hint: check that the OIDC provider's issuer and audience fit the token, or that the role has an iam_role mapping, and the node's clock
    ");
}

#[tokio::test]
async fn each_status_has_its_own_hint() {
    for status in [400, 401, 403, 404, 429, 500] {
        let body = json!({"errors": [{"code": "X", "message": format!("status {status}")}]}).to_string();
        let explanation = refused_by(Fault::reply(OIDC, status, body)).await;
        insta::assert_snapshot!(format!("status_{status}"), explanation);
    }
}

#[tokio::test]
async fn a_page_of_html_is_explained() {
    insta::assert_snapshot!(refused_by(Fault::reply(OIDC, 200, "<html>sign in</html>").header("content-type", "text/html")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory's answer holds no usable credential
      caused by: the body is not the JSON document of a token exchange
      hint: check that `ARTIFACTORY` is Artifactory itself and no login page or proxy
    ");
    insta::assert_snapshot!(refused_by(Fault::reply(OIDC, 404, "<html>nginx</html>").header("content-type", "text/html")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory answered 404
      hint: check the OIDC provider's name, and that Artifactory is 7.77.3 or newer with an Enterprise licence
    ");
}

#[tokio::test]
async fn an_empty_success_is_explained() {
    insta::assert_snapshot!(refused_by(Fault::reply(OIDC, 200, "")).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory's answer holds no usable credential
      caused by: the body is empty
      hint: check that `ARTIFACTORY` is Artifactory itself and no login page or proxy
    ");
}

#[tokio::test]
async fn the_content_type_does_not_matter_but_the_content_does() {
    let site = Site::start().await;
    let body = json!({"access_token": "opaque-access-token", "username": "u", "expires_in": 600}).to_string();
    site.artifactory.kit().faults.add(Fault::reply(EXCHANGES, 200, body).header("content-type", "text/plain"));
    for cloud in CLOUDS {
        assert_eq!(site.pull(cloud).await.credential(&site.host()), ("u".to_owned(), "opaque-access-token".to_owned()));
    }
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_not_read() {
    insta::assert_snapshot!(refused_by(Fault::reply(OIDC, 200, vec![b' '; 10_000_000])).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the reply is larger than 1048576 bytes
      hint: check that what answers is really `ARTIFACTORY`
    ");
}

#[tokio::test]
async fn an_empty_token_or_user_name_is_no_credential() {
    insta::assert_snapshot!(refused_by(Fault::reply(OIDC, 200, r#"{"access_token":"","username":"u"}"#)).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory's answer holds no usable credential
      caused by: `access_token` is absent or empty
      hint: check the token_spec of the identity mapping: it needs a valid username and a scope
    ");
    insta::assert_snapshot!(refused_by(Fault::reply(OIDC, 200, r#"{"access_token":"opaque"}"#)).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: Artifactory's answer holds no usable credential
      caused by: `username` is absent or empty, and the token has no subject
      hint: check the token_spec of the identity mapping: it needs a valid username and a scope
    ");
}

#[tokio::test]
async fn a_message_that_repeats_the_proof_is_cut() {
    let site = Site::start().await;
    let body = json!({"errors": [{"code": "X", "message": "token eyJhbGciOiJSUzI1NiJ9.e30.c2ln refused"}]}).to_string();
    site.artifactory.kit().faults.add(Fault::reply(OIDC, 403, body));
    let explanation = refused(&site, "azure", &[]).await;
    assert!(explanation.contains("token [redacted] refused"), "{explanation}");
}

#[tokio::test]
async fn a_spent_token_is_not_cached() {
    let site = Site::start().await;
    let body = json!({"access_token": "opaque-access-token", "username": "u", "expires_in": 5}).to_string();
    site.artifactory.kit().faults.add(Fault::reply(OIDC, 200, body));
    assert_eq!(site.pull("azure").await.response()["cacheDuration"], "0s");
}

#[tokio::test]
async fn a_proof_is_not_sent_after_a_redirect() {
    let elsewhere = wiremock::MockServer::start().await;
    let site = Site::start().await;
    for status in [301, 302, 307, 308] {
        site.artifactory.kit().faults.clear();
        site.artifactory.kit().faults.add(Fault::reply(EXCHANGES, status, "").header("location", elsewhere.uri()));
        for cloud in CLOUDS {
            let explanation = refused(&site, cloud, &[]).await;
            assert!(explanation.contains("a redirect, which is not followed with a proof"), "{explanation}");
        }
    }
    assert_eq!(elsewhere.received_requests().await.expect("recorded").len(), 0);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let site = Site::start().await;
    let other = site.file("other.pem", mock_kit::Authority::generate().certificate_pem());
    insta::assert_snapshot!(refused(&site, "azure", &[("SSL_CERT_FILE", &other)]).await, @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the server's certificate was refused: `CN=Mock server` is signed by another key than that of `CN=Mock certificate authority` in `DIRECTORY/other.pem`
      hint: replace the certificate of `CN=Mock certificate authority` in the file in `tls.caFile` (else SSL_CERT_FILE) by the one that is in use
    ");
    assert!(site.artifactory_requests().is_empty(), "no request without trust");
}

#[tokio::test]
async fn metadata_is_never_asked_through_a_proxy() {
    let proxy = wiremock::MockServer::start().await;
    let site = Site::start().await;
    let uri = proxy.uri();
    let variables = [("HTTP_PROXY", uri.as_str()), ("http_proxy", &uri), ("HTTPS_PROXY", &uri), ("ALL_PROXY", &uri)];
    for cloud in CLOUDS {
        site.pull_in(&[], &site.environment_with(cloud, &variables)).await.response();
    }
    assert_eq!(
        proxy.received_requests().await.expect("recorded").len(),
        0,
        "loopback and metadata are reached directly"
    );
}

#[tokio::test]
async fn artifactory_is_reached_through_the_proxy_unless_it_is_an_exception() {
    let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://user:proxy-password@{}", proxy.local_addr().expect("an address"));
    let site = Site::start().await;
    let variables =
        [("artifactory_url", "acme.invalid"), ("HTTPS_PROXY", address.as_str()), ("http_timeout_seconds", "5")];
    let seen = tokio::spawn(async move {
        let (mut connection, _) = proxy.accept().await.expect("a connection");
        let mut head = vec![0; 4096];
        let length = connection.read(&mut head).await.expect("a request");
        connection
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("a reply");
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let outcome = run(&[], &site.environment_with("azure", &variables), &request("acme.invalid/x")).await;
    assert!(!outcome.failure(5).contains("proxy-password"), "{}", outcome.stderr);
    assert!(seen.await.expect("a request").starts_with("CONNECT acme.invalid:443 HTTP/1.1\r\n"));
    let excepted = [&variables[..], &[("NO_PROXY", ".invalid")]].concat();
    let outcome = run(&[], &site.environment_with("azure", &excepted), &request("acme.invalid/x")).await;
    assert!(outcome.failure(5).contains("cannot connect"), "asked by name: {}", outcome.stderr);
}
