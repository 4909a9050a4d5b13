//! What a route says of its Artifactory's TLS holds within the tunnel, and not for the proxy itself.

use mock_artifactory::{MockArtifactory, Options, Transport, World};
use mock_cloud::MockCloud;
use mock_kit::{Authority, Clients, Leaf, MockProxy, ProxyOptions};

use crate::program::{Outcome, request, run};
use crate::site::Site;

/// An Artifactory of a private authority under another name that lets in certified clients only, behind a proxy with TLS.
struct Guarded {
    site: Site,
    proxy: MockProxy,
    host: String,
    client_files: String,
}

impl Guarded {
    async fn start() -> Self {
        let (servers, clients) = (Authority::named("Private CA"), Authority::named("Clients CA"));
        let cloud = MockCloud::start(mock_cloud::World::default()).await.expect("a cloud");
        let transport = Transport::Given(servers.sign(&Leaf::server(&["artifactory.internal".to_owned()])));
        let certified = Clients::Certified(clients.certificate_pem().to_owned());
        let options = Options { trust: Some(cloud.url()), transport, clients: certified, ..Options::default() };
        let artifactory = MockArtifactory::start_with(World::default(), options).await.expect("an Artifactory");
        let site = Site::of(cloud, artifactory);
        let address: std::net::SocketAddr = site.host().parse().expect("an address");
        let host = format!("artifactory.example:{}", address.port());
        let tls = Some(servers.sign(&Leaf::server(&["127.0.0.1".to_owned()])).into());
        let options = ProxyOptions { tls, hosts: [(host.clone(), address)].into(), ..ProxyOptions::default() };
        let proxy = MockProxy::start(options).await.expect("a proxy");
        site.file("private-ca.pem", servers.certificate_pem());
        let client = clients.sign(&Leaf::client("node-1"));
        let certificate = site.file("client.pem", &client.certificates_pem);
        let key = site.private_file("client.key", &client.key_pem);
        let client_files = format!("clientCertificateFile: '{certificate}', clientKeyFile: '{key}'");
        Self { site, proxy, host, client_files }
    }

    async fn pull(&self, tls: &str) -> Outcome {
        let tls = format!("tls: {{caFile: '{}/private-ca.pem', {tls}}}", self.site.directory());
        let proxy = format!("proxy: {{url: 'https://{}'}}", self.proxy.address());
        let identity = "identity: {awsInstanceRole: {}}";
        let text = format!("routes: [{{artifactoryUrl: '{}', {tls}, {proxy}, {identity}}}]", self.host);
        let path = self.site.file("config.yaml", text);
        let image = format!("{}/docker-local/hello", self.host);
        let outcome = run(&["--config", &path], &self.site.environment("aws"), &request(&image)).await;
        self.site.check_leaks(&outcome);
        outcome
    }
}

#[tokio::test]
async fn the_routes_tls_is_for_artifactory_and_its_authorities_are_for_both() {
    let guarded = Guarded::start().await;
    let outcome = guarded.pull(&format!("serverName: artifactory.internal, {}", guarded.client_files)).await;
    assert_eq!(outcome.credential(&guarded.host).0, "aws-puller");
    let exchange = guarded.site.last_exchange();
    assert_eq!(exchange.host, guarded.host, "the name is for TLS only");
    assert_eq!(exchange.tls.expect("TLS").client.as_deref(), Some("CN=node-1"));
    assert_eq!(guarded.proxy.targets(), [format!("CONNECT {}", guarded.host)]);
}

#[tokio::test]
async fn what_ends_the_handshake_within_the_tunnel_is_told_as_without_a_proxy() {
    let guarded = Guarded::start().await;
    let without = guarded.pull("serverName: artifactory.internal").await;
    assert!(without.failure(5).contains("the server asks for a client certificate"), "{}", without.stderr);
    let other = guarded.pull(&format!("serverName: other.internal, {}", guarded.client_files)).await;
    assert!(other.failure(5).contains("the server's certificate was refused"), "{}", other.stderr);
    assert!(other.failure(5).contains("`artifactory.internal`"), "{}", other.stderr);
    assert!(guarded.site.artifactory_requests().is_empty());
}
