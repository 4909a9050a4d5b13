//! Artifactory without TLS, and Artifactory below a path of a reverse proxy.

use mock_artifactory::{MockArtifactory, Options, Transport};
use mock_cloud::MockCloud;
use mock_kit::{MockProxy, ProxyOptions};

use crate::program::{Outcome, request, run};
use crate::site::Site;

/// The name of an Artifactory on another host, which only the proxy can look up.
const ELSEWHERE: &str = "artifactory.example";

async fn site_without_tls() -> Site {
    let cloud = MockCloud::start(mock_cloud::World::default()).await.expect("a cloud");
    let options = Options { trust: Some(cloud.url()), transport: Transport::Plain, ..Options::default() };
    let artifactory = MockArtifactory::start_with(mock_artifactory::World::default(), options).await;
    Site::of(cloud, artifactory.expect("an Artifactory"))
}

async fn pull_by_route(site: &Site, route: &str, host: &str, changes: &[(&str, &str)]) -> Outcome {
    let identity = "identity: {awsInstanceRole: {}}";
    let path = site.file("config.yaml", format!("routes: [{{{route}, {identity}}}]"));
    let environment = site.environment_with("aws", changes);
    let outcome = run(&["--config", &path], &environment, &request(&format!("{host}/docker-local/hello"))).await;
    site.check_leaks(&outcome);
    outcome
}

#[tokio::test]
async fn plain_http_on_the_node_itself_needs_no_word_and_is_no_reason_to_warn() {
    let site = site_without_tls().await;
    let host = site.host();
    let route = format!("artifactoryUrl: 'http://{host}'");
    assert_eq!(pull_by_route(&site, &route, &host, &[]).await.credential(&host).0, "aws-puller");
    let variables = site.environment_with("aws", &[("artifactory_url", &format!("http://{host}/"))]);
    assert_eq!(site.pull_in(&[], &variables).await.credential(&host).0, "aws-puller");
}

#[tokio::test]
async fn plain_http_to_another_host_needs_a_word_and_is_warned_about_at_every_pull() {
    let site = site_without_tls().await;
    let port = site.host().rsplit_once(':').expect("a port").1.to_owned();
    let host = format!("{ELSEWHERE}:{port}");
    let hosts = [(host.clone(), site.host().parse().expect("an address"))].into();
    let proxy = MockProxy::start(ProxyOptions { hosts, ..ProxyOptions::default() }).await.expect("a proxy");
    let variables = [("HTTP_PROXY", &*format!("http://{}", proxy.address()))];
    let route = format!("artifactoryUrl: 'http://{host}'");
    let outcome = pull_by_route(&site, &route, &host, &variables).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the configuration
      caused by: route 1: `artifactoryUrl` is `http://` on another host, so the proof and the credential could be read on the way
      hint: write `https://`, or add `insecure: true` to the route if nobody else is on the way
    ");
    assert!(proxy.targets().is_empty());
    for _ in 0..2 {
        let outcome = pull_by_route(&site, &format!("{route}, insecure: true"), &host, &variables).await;
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(outcome.stdout.contains("aws-puller"), "{}", outcome.stdout);
        insta::allow_duplicates! { insta::assert_snapshot!(outcome.stderr.replace(&host, "ARTIFACTORY"), @r"
        warning: route 1 sends the proof of identity to `http://ARTIFACTORY` without TLS: whoever is on the way can read it and the credential, and use both
          hint: give Artifactory a certificate, write `https://` in `artifactoryUrl` and remove `insecure`
        ") };
    }
    let outcome = pull_by_route(&site, &format!("{route}, insecure: true"), "other.example", &variables).await;
    assert!(
        outcome.response()["auth"].as_object().expect("an object").is_empty(),
        "another image is no reason to warn"
    );
    let environment = site.environment_with("aws", &[("artifactory_url", &format!("http://{host}"))]);
    let outcome = site.pull_in(&[], &environment).await;
    insta::assert_snapshot!(outcome.failure(3), @r"
    error: failed to read the configuration
      caused by: `artifactory_url` is `http://` on another host, so the proof and the credential could be read on the way
      hint: set `artifactory_url` to `https://` and a host; a route of a file can say `insecure: true` (--config)
    ");
}

#[tokio::test]
async fn a_failure_is_warned_about_as_well() {
    let site = site_without_tls().await;
    let route = "artifactoryUrl: 'http://artifactory.invalid', insecure: true";
    let outcome = pull_by_route(&site, route, "artifactory.invalid", &[]).await;
    assert_eq!(outcome.code, 5);
    assert!(outcome.stderr.starts_with("warning: route 1 "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("\nerror: failed to exchange the proof at `http://artifactory.invalid`\n"));
}

#[tokio::test]
async fn a_word_that_has_no_effect_is_refused() {
    let site = site_without_tls().await;
    for url in ["acme.jfrog.io", "https://acme.jfrog.io", "http://localhost:8081", "http://[::1]:8081"] {
        let route = format!("artifactoryUrl: '{url}', insecure: true");
        let outcome = pull_by_route(&site, &route, "acme.jfrog.io", &[]).await;
        assert!(outcome.failure(3).contains("route 1: `insecure` has no effect"), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn every_form_of_the_address_leads_to_the_same_artifactory() {
    let site = Site::start().await;
    let host = site.host();
    for form in [host.clone(), format!("{host}/"), format!("https://{host}"), format!("https://{host}/")] {
        let environment = site.environment_with("aws", &[("artifactory_url", &form)]);
        assert_eq!(site.pull_in(&[], &environment).await.credential(&host).0, "aws-puller", "{form}");
        let route = format!("artifactoryUrl: '{form}'");
        assert_eq!(pull_by_route(&site, &route, &host, &[]).await.credential(&host).0, "aws-puller", "{form}");
    }
}

#[tokio::test]
async fn a_path_of_a_reverse_proxy_stands_before_every_endpoint() {
    let site = Site::start().await;
    let host = site.host();
    for form in [format!("{host}/jfrog"), format!("https://{host}/a/b/")] {
        let environment = site.environment_with("aws", &[("artifactory_url", &form)]);
        site.pull_in(&[], &environment).await.failure(5);
    }
    let asked = site.artifactory_requests();
    assert_eq!(asked, ["POST /jfrog/access/api/v1/aws/token", "POST /a/b/access/api/v1/aws/token"]);
}
