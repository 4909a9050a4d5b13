//! The example, run as it is: with the paths and the host of a test.

use mock_artifactory::{Options, Transport};
use mock_kit::{Authority, Clients, Leaf};

use super::vector;
use crate::documents::{example, keys};
use crate::site::Site;

const CONFIG: &str = "tls/config.yaml";
const DIRECTORY: &str = "/etc/artifactory-credential-provider";

#[test]
fn the_example_shows_every_key() {
    let text = example(CONFIG).1;
    let keys = keys("routes: [{tls: {nope: 1}}]");
    assert_eq!(keys.len(), 7, "{keys:?}");
    for key in keys {
        assert!(text.contains(&format!("      {key}: ")), "provider/examples/{CONFIG} does not show `{key}`");
    }
}

#[tokio::test]
async fn the_example_pulls_from_an_artifactory_that_it_describes() {
    let (servers, clients) = (Authority::named("Private CA"), Authority::named("Clients CA"));
    let shown = Leaf::server(&["artifactory.internal".into()]).with_key(&vector("ec-p256.pkcs8"));
    let transport = Transport::Given(servers.sign(&shown));
    let certified = Clients::Certified(clients.certificate_pem().to_owned());
    let site = Site::over(Options { transport, clients: certified, ..Options::default() }).await;
    let client = clients.sign(&Leaf::client("node-1"));
    site.authority("ca.pem", &servers);
    site.file("client.pem", client.certificates_pem);
    site.private_file("client.key", &client.key_pem);
    let config = example(CONFIG).1.replace(DIRECTORY, &site.directory()).replace("acme.jfrog.io", &site.host());
    let config = site.file("config.yaml", config);
    site.pull_in(&["--config", &config], &site.environment("none")).await.credential(&site.host());
    let seen = site.handshake();
    assert_eq!(seen.server_name.as_deref(), Some("artifactory.internal"));
    assert_eq!((seen.version.as_str(), seen.client.as_deref()), ("TLSv1_3", Some("CN=node-1")));
}
