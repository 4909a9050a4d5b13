//! How the connection to Artifactory is made safe: over real TLS, to servers that are what they say and servers that are not.

use mock_artifactory::{Options, Transport};
use mock_kit::{Authority, Leaf, TlsIdentity};

use crate::program::Outcome;
use crate::site::Site;

mod alerts;
mod client;
mod configuration;
mod example;
mod files;
mod server;
mod settings;

/// Whom the mapping of the built-in world makes of the node.
const USER: &str = "mock-cloud/google-node";

/// An Artifactory that shows this.
async fn showing(identity: TlsIdentity) -> Site {
    Site::over(Options { transport: Transport::Given(identity), ..Options::default() }).await
}

/// Where mocks listen.
fn host() -> Vec<String> {
    vec!["127.0.0.1".to_owned()]
}

fn server() -> Leaf {
    Leaf::server(&host())
}

/// A key of the vectors.
fn vector(name: &str) -> String {
    let path = format!("{}/vectors/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl Site {
    /// A file with an authority's certificate, for `tls.caFile`.
    fn authority(&self, name: &str, authority: &Authority) -> String {
        self.file(name, authority.certificate_pem())
    }

    /// One pull by a file whose route has these `tls` settings, in an environment that trusts what Artifactory shows.
    async fn pull_with(&self, tls: &str) -> Outcome {
        self.pull_with_and(tls, &[]).await
    }

    /// The same with some variables set, or removed where they are empty.
    async fn pull_with_and(&self, tls: &str, changes: &[(&str, &str)]) -> Outcome {
        let identity = "identity: {gcpMetadata: {audience: artifactory}}, oidcProvider: {name: mock-cloud}";
        let config = format!("routes: [{{artifactoryUrl: '{}', tls: {{{tls}}}, {identity}}}]", self.host());
        let config = self.file("config.yaml", config);
        self.pull_in(&["--config", &config], &self.environment_with("none", changes)).await
    }

    /// The explanation of a pull that fails, with Artifactory never asked anything.
    async fn refused_with(&self, code: i32, tls: &str) -> String {
        let outcome = self.pull_with(tls).await;
        let explanation = self.named(outcome.failure(code));
        assert!(self.artifactory_requests().is_empty(), "{:?}", self.artifactory_requests());
        explanation
    }

    /// A pull that succeeds.
    async fn pulls_with(&self, tls: &str) {
        let outcome = self.pull_with(tls).await;
        assert_eq!(outcome.credential(&self.host()).0, USER, "{tls}");
    }

    fn handshake(&self) -> mock_kit::Handshake {
        self.last_exchange().tls.expect("TLS")
    }
}
