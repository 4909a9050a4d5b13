//! Services that are reached through a proxy, and those that never are.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_artifactory::{MockArtifactory, Options, Transport};
use mock_cloud::{Certificates, Listeners, MockCloud};
use mock_kit::{Authority, MockProxy, ProxyOptions};

use crate::program::{Outcome, request, run};
use crate::site::{CLOUDS, Site};

/// The names that only the proxy can look up.
const ARTIFACTORY: &str = "artifactory.example";
const ENTRA: &str = "login.example";
const STS: &str = "sts.us-east-1.amazonaws.com";

pub(crate) const CREDENTIALS: &str = "robot:pr0xy-p@ss/w0rd";
const ESCAPED: &str = "robot:pr0xy-p%40ss%2Fw0rd";

/// A site whose far services have names that lead nowhere but at its proxy.
pub(crate) struct Proxied {
    pub(crate) site: Site,
    pub(crate) proxy: MockProxy,
    /// Entra ID and Artifactory, as CONNECT names them.
    pub(crate) entra: String,
    pub(crate) artifactory: String,
}

/// Of what the proxy is made.
pub(crate) enum Of {
    Plain,
    Tls,
}

impl Proxied {
    pub(crate) async fn start(credentials: Option<&str>) -> Self {
        Self::with(credentials, Of::Plain, true).await
    }

    pub(crate) async fn with(credentials: Option<&str>, of: Of, artifactory_has_tls: bool) -> Self {
        let authority = Authority::generate();
        let names = ["127.0.0.1", "localhost", ARTIFACTORY, ENTRA, STS].map(str::to_owned);
        let listeners =
            Listeners { certificates: Certificates::Given(authority.issue(&names)), ..Listeners::default() };
        let cloud = MockCloud::start_on(mock_cloud::World::default(), listeners).await.expect("a cloud");
        let transport = if artifactory_has_tls { Transport::Given(authority.issue(&names)) } else { Transport::Plain };
        let options = Options { trust: Some(cloud.url()), transport, ..Options::default() };
        let world = mock_artifactory::World::default();
        let artifactory = MockArtifactory::start_with(world, options).await.expect("an Artifactory");
        let places = [(ENTRA, cloud.tls_url().replace("https://", "")), (ARTIFACTORY, artifactory.host())].map(
            |(name, place)| {
                let address: std::net::SocketAddr = place.parse().expect("an address");
                (format!("{name}:{}", address.port()), address)
            },
        );
        let [entra, artifactory_name] = places.clone().map(|(name, _)| name);
        let sts = (format!("{STS}:443"), places[0].1);
        let tls = matches!(of, Of::Tls).then(|| authority.issue(&names).into());
        let credentials = credentials.map(str::to_owned);
        let options = ProxyOptions {
            tls,
            credentials,
            hosts: places.into_iter().chain([sts]).collect(),
            ..ProxyOptions::default()
        };
        let proxy = MockProxy::start(options).await.expect("a proxy");
        let site = Site::of(cloud, artifactory);
        site.file("ca.pem", authority.certificate_pem());
        Self { site, proxy, entra, artifactory: artifactory_name }
    }

    /// The environment of an Azure application, whose token is had from Entra ID.
    pub(crate) fn environment(&self, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let authority = format!("https://{}", self.entra);
        let named = [
            ("artifactory_url", self.artifactory.as_str()),
            ("AZURE_AUTHORITY_HOST", &authority),
            ("azure_auth_method", ""),
        ];
        self.site.environment_with("azure", &[&named, changes].concat())
    }

    /// Where the proxy is, with or without somebody who asks.
    pub(crate) fn url(&self, user: &str) -> String {
        format!("http://{user}{}", self.proxy.address())
    }

    pub(crate) async fn pull(&self, changes: &[(&str, &str)]) -> Outcome {
        self.pull_in(&[], &self.environment(changes)).await
    }

    /// A pull by a file with one route for the node's identity of AWS, for which no far service but Artifactory is asked.
    pub(crate) async fn pull_by_route(&self, url: &str, keys: &str, changes: &[(&str, &str)]) -> Outcome {
        let route = format!("{{artifactoryUrl: '{url}', identity: {{awsInstanceRole: {{}}}}{keys}}}");
        let text = format!("deadline: 3s\nroutes: [{route}]");
        let path = self.site.file("config.yaml", text);
        self.pull_in(&["--config", &path], &self.site.environment_with("aws", changes)).await
    }

    async fn pull_in(&self, arguments: &[&str], environment: &BTreeMap<String, String>) -> Outcome {
        let image = format!("{}/docker-local/hello", self.artifactory);
        let outcome = run(arguments, environment, &request(&image)).await;
        self.check_leaks(&outcome);
        outcome
    }

    /// Beside the leaks of every test: the proxy's password is for the proxy, in its one header, and the proxy sees nothing
    /// of what passes through its tunnels.
    fn check_leaks(&self, outcome: &Outcome) {
        self.site.check_leaks(outcome);
        let password = CREDENTIALS.split_once(':').expect("a pair").1;
        let secrets = [CREDENTIALS.to_owned(), password.to_owned(), ESCAPED.to_owned(), STANDARD.encode(CREDENTIALS)];
        let services = [&self.site.cloud.kit().journal, &self.site.artifactory.kit().journal];
        let services = format!("{:?}", services.map(mock_kit::Journal::requests));
        let mut tunnels = self.proxy.kit().journal.requests();
        tunnels.retain(|request| request.method == "CONNECT");
        for request in &mut tunnels {
            request.headers.retain(|(name, _)| name != "proxy-authorization");
            let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["host", "user-agent"], "nothing else is for the proxy");
        }
        for secret in &secrets {
            for (place, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr), ("a service", &services)] {
                assert!(!text.contains(secret.as_str()), "the proxy's password at {place}");
            }
        }
    }

    pub(crate) fn named(&self, text: &str) -> String {
        let text = text.replace(&self.entra, "ENTRA").replace(&self.artifactory, "ARTIFACTORY");
        self.site.named(&text.replace(&self.proxy.address().to_string(), "PROXY"))
    }
}

#[tokio::test]
async fn the_variables_put_a_proxy_before_every_far_service() {
    for (variable, credentials) in [("HTTPS_PROXY", None), ("https_proxy", None), ("HTTPS_PROXY", Some(CREDENTIALS))] {
        let proxied = Proxied::start(credentials).await;
        let user = credentials.map(|_| format!("{ESCAPED}@")).unwrap_or_default();
        let url = proxied.url(&user);
        let outcome = proxied.pull(&[(variable, &url)]).await;
        assert_eq!(outcome.credential(&proxied.artifactory).0, "azure-federated-puller");
        let through = [&proxied.entra, &proxied.artifactory].map(|target| format!("CONNECT {target}"));
        assert_eq!(proxied.proxy.targets(), through);
        assert!(proxied.site.cloud_requests().iter().any(|request| request.starts_with("GET /metadata/identity")));
        for request in proxied.proxy.kit().journal.requests() {
            let expected = credentials.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
            assert_eq!(request.header("proxy-authorization"), expected.as_deref());
        }
    }
}

#[tokio::test]
async fn the_upper_case_variable_wins_and_other_schemes_have_their_own() {
    let proxied = Proxied::start(None).await;
    let nobody = "http://127.0.0.1:9";
    let url = proxied.url("");
    let changes =
        [("HTTPS_PROXY", url.as_str()), ("https_proxy", nobody), ("HTTP_PROXY", nobody), ("ALL_PROXY", nobody)];
    proxied.pull(&changes).await.credential(&proxied.artifactory);
    let outcome = proxied.pull(&[("ALL_PROXY", &url), ("all_proxy", &url), ("HTTP_PROXY", &url)]).await;
    assert!(outcome.failure(4).contains("cannot connect"), "{}", outcome.stderr);
    assert_eq!(proxied.proxy.targets().len(), 2, "the second pull did not ask the proxy");
}

#[tokio::test]
async fn what_no_proxy_names_is_reached_directly() {
    let proxied = Proxied::start(None).await;
    let url = proxied.url("");
    let port = proxied.artifactory.split_once(':').expect("a port").1;
    for list in [".example", "example", "other.test *", &format!("artifactory.example:{port},login.example")] {
        for variable in ["NO_PROXY", "no_proxy"] {
            let outcome = proxied.pull(&[("HTTPS_PROXY", &url), (variable, list)]).await;
            assert!(outcome.failure(4).contains("cannot connect"), "{list}: {}", outcome.stderr);
        }
    }
    assert!(proxied.proxy.targets().is_empty(), "{:?}", proxied.proxy.targets());
    for list in ["ample", "artifactory.example:1", "10.0.0.0/8", "127.0.0.1"] {
        proxied.pull(&[("HTTPS_PROXY", &url), ("NO_PROXY", list)]).await.credential(&proxied.artifactory);
    }
}

#[tokio::test]
async fn what_is_near_never_meets_a_proxy_whatever_is_configured() {
    let proxied = Proxied::start(None).await;
    let url = proxied.url("");
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let variables = names.map(|name| (name, url.as_str()));
    for cloud in CLOUDS {
        let environment = proxied.site.environment_with(cloud, &variables);
        proxied.site.pull_in(&[], &environment).await.credential(&proxied.site.host());
    }
    let route = format!(
        "routes: [{{artifactoryUrl: '{}', proxy: {{url: '{url}'}}, identity: {{awsInstanceRole: {{}}}}}}]",
        proxied.site.host()
    );
    let path = proxied.site.file("config.yaml", route);
    let environment = proxied.site.environment_with("aws", &variables);
    proxied.site.pull_in(&["--config", &path], &environment).await.credential(&proxied.site.host());
    assert!(proxied.proxy.targets().is_empty(), "{:?}", proxied.proxy.targets());
}

#[tokio::test]
async fn a_route_has_its_own_proxy_with_credentials_from_a_file() {
    let proxied = Proxied::start(Some(CREDENTIALS)).await;
    let file = proxied.site.file("proxy", format!("{CREDENTIALS}\n"));
    let keys = format!(", proxy: {{url: '{}', credentialsFile: '{file}'}}", proxied.url(""));
    let nobody = [("HTTPS_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "*")];
    let outcome = proxied.pull_by_route(&proxied.artifactory, &keys, &nobody).await;
    assert_eq!(outcome.credential(&proxied.artifactory).0, "aws-puller");
    assert_eq!(proxied.proxy.targets(), [format!("CONNECT {}", proxied.artifactory)]);
}

#[tokio::test]
async fn a_route_can_do_without_the_proxy_of_the_variables() {
    let proxied = Proxied::start(None).await;
    let url = proxied.url("");
    let variables = [("HTTPS_PROXY", url.as_str())];
    let outcome = proxied.pull_by_route(&proxied.artifactory, ", proxy: direct", &variables).await;
    assert!(outcome.failure(5).contains("cannot connect"), "{}", outcome.stderr);
    assert!(proxied.proxy.targets().is_empty(), "{:?}", proxied.proxy.targets());
    let outcome = proxied.pull_by_route(&proxied.artifactory, ", insecure: false", &variables).await;
    outcome.credential(&proxied.artifactory);
    assert_eq!(proxied.proxy.targets(), [format!("CONNECT {}", proxied.artifactory)]);
}

#[tokio::test]
async fn a_proxy_that_speaks_tls_shows_a_certificate_of_the_transport() {
    let proxied = Proxied::with(Some(CREDENTIALS), Of::Tls, true).await;
    let url = format!("https://{ESCAPED}@{}", proxied.proxy.address());
    proxied.pull(&[("HTTPS_PROXY", &url)]).await.credential(&proxied.artifactory);
    assert_eq!(proxied.proxy.targets().len(), 2);
}

#[tokio::test]
async fn a_host_and_port_without_a_scheme_is_a_proxy() {
    let proxied = Proxied::start(None).await;
    let address = proxied.proxy.address().to_string();
    proxied.pull(&[("HTTPS_PROXY", &address)]).await.credential(&proxied.artifactory);
}

#[tokio::test]
async fn an_artifactory_without_tls_is_asked_through_the_proxy_for_http() {
    let proxied = Proxied::with(Some(CREDENTIALS), Of::Plain, false).await;
    let (url, nobody) = (proxied.url(&format!("{ESCAPED}@")), "http://127.0.0.1:9");
    let changes = [("HTTP_PROXY", url.as_str()), ("HTTPS_PROXY", nobody)];
    let address = format!("http://{}", proxied.artifactory);
    let outcome = proxied.pull_by_route(&address, ", insecure: true", &changes).await;
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("aws-puller"), "{}", outcome.stdout);
    assert_eq!(proxied.proxy.targets(), [format!("POST {}", proxied.artifactory)]);
    let seen = proxied.site.last_exchange();
    assert_eq!((seen.host.as_str(), seen.header("proxy-authorization")), (proxied.artifactory.as_str(), None));
}

#[cfg(feature = "aws-sdk")]
#[tokio::test]
async fn the_sdks_requests_go_through_the_proxy_and_its_metadata_does_not() {
    let proxied = Proxied::start(None).await;
    let url = proxied.url("");
    let variables =
        [("HTTPS_PROXY", url.as_str()), ("HTTP_PROXY", &url), ("AWS_ENDPOINT_URL_STS", ""), ("cloud_provider", "")];
    let role = "arn:aws:iam::444455556666:role/cross-account-pull";
    let identity = format!("awsExternalRole: {{roleArn: '{role}', externalId: artifactory-external-id}}");
    let text = format!("routes: [{{artifactoryUrl: '{}', identity: {{{identity}}}}}]", proxied.artifactory);
    let path = proxied.site.file("config.yaml", text);
    let environment = proxied.site.environment_with("aws", &variables);
    let outcome = proxied.pull_in(&["--config", &path], &environment).await;
    assert_eq!(outcome.credential(&proxied.artifactory).0, "aws-cross-account-puller");
    let through = [format!("CONNECT {STS}:443"), format!("CONNECT {}", proxied.artifactory)];
    assert_eq!(proxied.proxy.targets(), through);
}
