//! Proxies that lead nowhere: each is named, with the setting that names it.

use std::net::SocketAddr;
use std::time::Duration;

use mock_artifactory::World;
use mock_kit::{Fault, ProxyOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::program::{Outcome, request, run};
use crate::proxy::{CREDENTIALS, Of, Proxied};
use crate::site::Site;

/// A pull by a route of its own without a proxy, and with these variables.
async fn by_variables(proxied: &Proxied, changes: &[(&str, &str)]) -> Outcome {
    proxied.pull_by_route(&proxied.artifactory, "", changes).await
}

/// A pull by a route that names the proxy.
async fn by_route(proxied: &Proxied, keys: &str) -> Outcome {
    let keys = format!(", proxy: {{url: '{}'{keys}}}", proxied.url(""));
    proxied.pull_by_route(&proxied.artifactory, &keys, &[]).await
}

/// A listener that answers each connection's first bytes with these, or with nothing and stays.
async fn answering(bytes: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(bytes) = bytes {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(bytes).await;
            }
            kept.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_final() {
    let proxied = Proxied::start(None).await;
    proxied.proxy.kit().faults.add(Fault::reply("*", 403, ""));
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(""))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, opened no tunnel to `ARTIFACTORY` and answered 403
      hint: allow CONNECT to `ARTIFACTORY` in the rules of the proxy; `NO_PROXY` names hosts to reach without it
    ");
    insta::assert_snapshot!(proxied.named(by_route(&proxied, "").await.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `proxy.url` names, opened no tunnel to `ARTIFACTORY` and answered 403
      hint: allow CONNECT to `ARTIFACTORY` in the rules of the proxy; `proxy: direct` on the route goes without it
    ");
    assert_eq!(proxied.proxy.targets().len(), 2, "one attempt each");
    let outcome = proxied.pull(&[("https_proxy", &proxied.url(""))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get a token from Entra ID at `https://ENTRA`
      caused by: the proxy `PROXY`, which `https_proxy` names, opened no tunnel to `ENTRA` and answered 403
      hint: allow CONNECT to `ENTRA` in the rules of the proxy; `NO_PROXY` names hosts to reach without it
    ");
}

#[tokio::test]
async fn a_proxy_that_fails_is_tried_again() {
    let proxied = Proxied::start(None).await;
    proxied.proxy.kit().faults.add(Fault::reply("*", 503, "").times(2));
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(""))]).await;
    outcome.credential(&proxied.artifactory);
    assert_eq!(proxied.proxy.targets().len(), 3);
    proxied.proxy.kit().faults.add(Fault::reply("*", 502, ""));
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(""))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, opened no tunnel to `ARTIFACTORY` and answered 502
      hint: see the log of the proxy: it has to find and reach `ARTIFACTORY`; `NO_PROXY` names hosts to reach without it
    ");
    assert_eq!(proxied.proxy.targets().len(), 6);
}

#[tokio::test]
async fn a_proxy_that_asks_who_asks_is_told_or_the_setting_is_named() {
    let proxied = Proxied::start(Some(CREDENTIALS)).await;
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(""))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, asks for credentials (407)
      hint: set `HTTPS_PROXY` to `http://USER:PASSWORD@PROXY`, with other signs than letters and digits escaped as in URLs
    ");
    insta::assert_snapshot!(proxied.named(by_route(&proxied, "").await.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `proxy.url` names, asks for credentials (407)
      hint: name a file with one line of `user:password` in `proxy.credentialsFile`
    ");
    let wrong = proxied.site.plant("wr0ng-passw0rd");
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(&format!("robot:{wrong}@")))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, does not accept these credentials (407)
      hint: correct user and password in `HTTPS_PROXY`, with other signs than letters and digits escaped as in URLs; it takes Basic only
    ");
    let file = proxied.site.file("proxy", format!("robot:{wrong}\n"));
    let outcome = by_route(&proxied, &format!(", credentialsFile: '{file}'")).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `proxy.url` names, does not accept these credentials (407)
      hint: correct `user:password` in the file that `proxy.credentialsFile` names; it takes Basic only
    ");
    assert_eq!(proxied.proxy.targets().len(), 4, "one attempt each");
    // As tinyproxy refuses wrong credentials.
    let proxied = Proxied::start(Some(CREDENTIALS)).await;
    proxied.proxy.kit().faults.add(Fault::reply("*", 401, ""));
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url("robot:pr0xy-p%40ss%2Fw0rd@"))]).await;
    assert!(outcome.failure(5).contains("does not accept these credentials (401)"), "{}", outcome.stderr);
    assert_eq!(proxied.proxy.targets().len(), 1);
}

#[tokio::test]
async fn a_proxy_for_http_that_asks_who_asks_is_told_from_artifactory() {
    let proxied = Proxied::with(Some(CREDENTIALS), Of::Plain, false).await;
    let address = format!("http://{}", proxied.artifactory);
    let outcome = proxied.pull_by_route(&address, ", insecure: true", &[("http_proxy", &proxied.url(""))]).await;
    assert_eq!(outcome.code, 5, "{}", outcome.stderr);
    insta::assert_snapshot!(proxied.named(&outcome.stderr), @r"
    warning: route 1 sends the proof of identity to `http://ARTIFACTORY` without TLS: whoever is on the way can read it and the credential, and use both
      hint: give Artifactory a certificate, write `https://` in `artifactoryUrl` and remove `insecure`
    error: failed to exchange the proof at `http://ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `http_proxy` names, asks for credentials (407)
      hint: set `http_proxy` to `http://USER:PASSWORD@PROXY`, with other signs than letters and digits escaped as in URLs
    ");
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_named() {
    let proxied = Proxied::start(None).await;
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", "http://robot:hunter2@127.0.0.1:9")]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `127.0.0.1:9`, which `HTTPS_PROXY` names, cannot be reached: Connection refused
      hint: check `HTTPS_PROXY`, and name, port and firewall between the node and `127.0.0.1:9`; `NO_PROXY` names hosts to reach without it
    ");
    assert!(!outcome.stderr.contains("hunter2"), "{}", outcome.stderr);
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", "proxy.invalid:3128")]).await;
    let explanation = outcome.failure(5);
    assert!(
        explanation.contains("`proxy.invalid:3128`, which `HTTPS_PROXY` names, cannot be reached: failed to lookup")
    );
}

#[tokio::test]
async fn what_is_no_proxy_is_told_from_one() {
    let proxied = Proxied::start(None).await;
    let address = answering(Some(b"SSH-2.0-OpenSSH_9.2p1\r\n")).await.to_string();
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &address)]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)).replace(&address, "SSH"), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `SSH`, which `HTTPS_PROXY` names, answered with something that is no HTTP
      hint: check that `HTTPS_PROXY` names the port of an HTTP proxy, and its scheme
    ");
    proxied.proxy.kit().faults.add(Fault::reset("*"));
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(""))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, closed the connection instead of an answer for `ARTIFACTORY`
      hint: see the log and load of the proxy, and whether it reaches `ARTIFACTORY`; `NO_PROXY` names hosts to reach without it
    ");
    assert_eq!(proxied.proxy.targets().len(), 3);
}

#[tokio::test]
async fn a_proxy_that_speaks_no_tls_or_shows_a_strange_certificate_is_named() {
    let proxied = Proxied::start(None).await;
    let address = format!("https://{}", proxied.proxy.address());
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &address)]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, did not prove who it is: received corrupt message of type InvalidContentType
      hint: check the scheme of `HTTPS_PROXY` and the proxy's certificate; name a bundle with its CA in `tls.caFile` (else SSL_CERT_FILE)
    ");
    let tls = Some(mock_kit::Authority::generate().issue(&["127.0.0.1".to_owned()]).into());
    let stranger = mock_kit::MockProxy::start(ProxyOptions { tls, ..ProxyOptions::default() }).await.expect("a proxy");
    let address = format!("https://{}", stranger.address());
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &address)]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(5)).replace(&address[8..], "STRANGER"), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `STRANGER`, which `HTTPS_PROXY` names, did not prove who it is: `CN=Mock server` is signed by another key than that of `CN=Mock certificate authority` in `DIRECTORY/ca.pem`
      hint: check the scheme of `HTTPS_PROXY` and the proxy's certificate; name a bundle with its CA in `tls.caFile` (else SSL_CERT_FILE)
    ");
    assert!(stranger.targets().is_empty());
}

#[tokio::test]
async fn a_proxy_that_hangs_ends_with_the_deadline_and_is_named() {
    let proxied = Proxied::start(None).await;
    proxied.proxy.kit().faults.add(Fault::hang("*"));
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &proxied.url(""))]).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(6)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, gave no answer for `ARTIFACTORY` before the deadline of the pull
      hint: see the log and load of the proxy, and whether it reaches `ARTIFACTORY`; `NO_PROXY` names hosts to reach without it
    ");
    assert!(outcome.took < Duration::from_secs(6), "{:?}", outcome.took);
    let silent = answering(None).await.to_string();
    let outcome = by_variables(&proxied, &[("HTTPS_PROXY", &silent)]).await;
    assert!(outcome.failure(6).contains("gave no answer for"), "{}", outcome.stderr);
}

#[tokio::test]
async fn a_tunnel_from_which_nothing_comes_is_told_from_a_proxy_that_hangs() {
    let site = Site::start().await;
    let hosts = [("artifactory.example:443".to_owned(), answering(None).await)].into();
    let options = ProxyOptions { hosts, ..ProxyOptions::default() };
    let proxy = mock_kit::MockProxy::start(options).await.expect("a proxy");
    let config = "deadline: 2s\nroutes: [{artifactoryUrl: artifactory.example, identity: {awsInstanceRole: {}}}]";
    let path = site.file("config.yaml", config);
    let environment = site.environment_with("aws", &[("HTTPS_PROXY", &proxy.address().to_string())]);
    let outcome = run(&["--config", &path], &environment, &request("artifactory.example/x")).await;
    site.check_leaks(&outcome);
    insta::assert_snapshot!(outcome.failure(6).replace(&proxy.address().to_string(), "PROXY"), @r"
    error: failed to exchange the proof at `artifactory.example`
      caused by: no reply from Artifactory
      caused by: the proxy `PROXY`, which `HTTPS_PROXY` names, opened a tunnel to `artifactory.example:443`, from which nothing came before the deadline of the pull
      hint: check that the proxy reaches `artifactory.example:443` (its firewall, its load), and `artifactory.example:443` itself; `NO_PROXY` names hosts to reach without it
    ");
}

#[tokio::test]
async fn a_file_without_credentials_is_named_and_no_proxy_is_asked() {
    let proxied = Proxied::start(Some(CREDENTIALS)).await;
    let outcome = by_route(&proxied, ", credentialsFile: /nowhere/proxy").await;
    insta::assert_snapshot!(proxied.named(outcome.failure(3)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the proxy `PROXY`, which `proxy.url` names, has no credentials: cannot read `/nowhere/proxy`: No such file or directory (os error 2)
      hint: name a readable file with one line of `user:password` in `proxy.credentialsFile`
    ");
    let secret = proxied.site.plant("hunter2hunter2");
    let file = proxied.site.file("proxy", &secret);
    let outcome = by_route(&proxied, &format!(", credentialsFile: '{file}'")).await;
    insta::assert_snapshot!(proxied.named(outcome.failure(3)), @r"
    error: failed to exchange the proof at `ARTIFACTORY`
      caused by: no HTTP client could be made
      caused by: the proxy `PROXY`, which `proxy.url` names, has no credentials: cannot read `DIRECTORY/proxy`: it is not one line of `user:password`
      hint: name a readable file with one line of `user:password` in `proxy.credentialsFile`
    ");
    assert!(proxied.proxy.targets().is_empty());
}

#[tokio::test]
async fn a_proxy_that_nothing_goes_through_is_no_reason_to_fail() {
    let site = Site::with(mock_cloud::World::default(), World::default()).await;
    let socks = [("HTTPS_PROXY", "socks5://proxy.example:1080"), ("HTTP_PROXY", "ftp://proxy.example")];
    let text = "routes: [{matchImages: [static.example], static: {username: u, password: p}}]";
    let path = site.file("config.yaml", text);
    let outcome = run(&["--config", &path], &site.environment_with("", &socks), &request("static.example/x")).await;
    assert_eq!(outcome.credential("static.example"), ("u".to_owned(), "p".to_owned()));
    let environment = site.environment_with("aws", &socks[1..]);
    site.pull_in(&[], &environment).await.credential(&site.host());
}

#[tokio::test]
async fn a_setting_that_names_no_proxy_is_refused_before_anybody_is_asked() {
    let site = Site::with(mock_cloud::World::default(), World::default()).await;
    let variable = |value: &'static str| {
        let environment = site.environment_with("aws", &[("HTTPS_PROXY", value)]);
        let site = &site;
        async move { site.pull_in(&[], &environment).await.failure(3).to_owned() }
    };
    insta::assert_snapshot!(variable("socks5://robot:hunter2@proxy.example:1080").await, @r"
    error: failed to read the configuration
      caused by: `HTTPS_PROXY` is not the address of a proxy: it names a SOCKS proxy, which this program does not speak to
      hint: set `HTTPS_PROXY` to an HTTP proxy such as `http://proxy.example:3128`, or to nothing in the `env` of the provider's entry
    ");
    insta::assert_snapshot!(variable("ftp://proxy.example").await, @r"
    error: failed to read the configuration
      caused by: `HTTPS_PROXY` is not the address of a proxy: its scheme is neither `http` nor `https`
      hint: set `HTTPS_PROXY` to an HTTP proxy such as `http://proxy.example:3128`, or to nothing in the `env` of the provider's entry
    ");
    insta::assert_snapshot!(variable("robot:hunter2@proxy example").await, @r"
    error: failed to read the configuration
      caused by: `HTTPS_PROXY` is not the address of a proxy: it is not a host with an optional port
      hint: set `HTTPS_PROXY` to an HTTP proxy such as `http://proxy.example:3128`, or to nothing in the `env` of the provider's entry
    ");
    let route = |proxy: &str| {
        let text =
            format!("routes: [{{artifactoryUrl: a.example, proxy: {proxy}, identity: {{awsInstanceRole: {{}}}}}}]");
        let path = site.file("config.yaml", text);
        let site = &site;
        async move { site.pull_in(&["--config", &path], &site.environment("aws")).await.failure(3).to_owned() }
    };
    insta::assert_snapshot!(route("{url: 'http://robot:hunter2@proxy.example:3128'}").await, @r"
    error: failed to read the configuration
      caused by: `proxy.url` is not the address of a proxy: it carries user information
      hint: set `proxy.url` to the address alone; `proxy.credentialsFile` names a file with `user:password`
    ");
    insta::assert_snapshot!(route("{url: 'socks5://proxy.example'}").await, @r"
    error: failed to read the configuration
      caused by: `proxy.url` is not the address of a proxy: it names a SOCKS proxy, which this program does not speak to
      hint: set `proxy.url` to an HTTP proxy such as `http://proxy.example:3128`, or leave it out
    ");
    insta::assert_snapshot!(route("directly").await, @r"
    error: failed to read the configuration
      caused by: `directly` in line 1 of the configuration file is not known, expected one of: direct
      hint: did you mean `direct`?
    ");
    insta::assert_snapshot!(route("{url: proxy.example, credentialFile: /etc/proxy}").await, @r"
    error: failed to read the configuration
      caused by: `credentialFile` in line 1 of the configuration file is not known, expected one of: url, credentialsFile
      hint: did you mean `credentialsFile`?
    ");
    insta::assert_snapshot!(route("{credentialsFile: /etc/proxy}").await, @r"
    error: failed to read the configuration
      caused by: the configuration file is not understood: missing field `url` at line 1, column 46
      hint: compare the file with the configuration section of the README
    ");
    assert!(site.cloud_requests().is_empty() && site.artifactory_requests().is_empty());
}
