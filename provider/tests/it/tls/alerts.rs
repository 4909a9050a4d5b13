//! Servers that end the handshake with an alert and say no more.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::program::{request, run};
use crate::site::Site;

/// Ends each handshake with this alert, as a fatal one of TLS 1.2 (RFC 5246 section 7.2).
async fn alerting(alert: u8) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, alert]).await;
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    address
}

async fn refused(alert: u8) -> String {
    let (site, host) = (Site::start().await, alerting(alert).await);
    let identity = "identity: {gcpMetadata: {audience: artifactory}}, oidcProvider: {name: mock-cloud}";
    let config = site.file("config.yaml", format!("routes: [{{artifactoryUrl: '{host}', {identity}}}]"));
    let image = request(&format!("{host}/docker-local/hello"));
    let outcome = run(&["--config", &config], &site.environment("none"), &image).await;
    site.check_leaks(&outcome);
    outcome.failure(5).replace(&host, "SERVER")
}

#[tokio::test]
async fn an_alert_without_a_reason_is_told_as_it_is() {
    insta::assert_snapshot!(refused(40).await, @r"
    error: failed to exchange the proof at `SERVER`
      caused by: no reply from Artifactory
      caused by: the server ended the TLS handshake: handshake failure
      hint: see the logs of `SERVER`; many servers say no more for want of a client certificate (`tls.clientCertificateFile`)
    ");
}

#[tokio::test]
async fn a_name_that_the_server_does_not_know_is_told() {
    insta::assert_snapshot!(refused(112).await, @r"
    error: failed to exchange the proof at `SERVER`
      caused by: no reply from Artifactory
      caused by: the server has no certificate for the name that it was asked for
      hint: use a name that the server knows in `artifactoryUrl`, or set `tls.serverName` to it
    ");
}
