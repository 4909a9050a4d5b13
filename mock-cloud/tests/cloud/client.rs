//! The client of these tests: it follows no redirect and trusts only what it is told to.

use mock_cloud::{MockCloud, World};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;

pub(crate) async fn start() -> MockCloud {
    MockCloud::start(World::default()).await.unwrap()
}

/// A client that trusts this certificate authority, if any.
#[expect(clippy::disallowed_methods, reason = "the one HTTP client of these tests")]
pub(crate) fn client(ca: Option<&str>) -> Client {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = ca {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub(crate) fn get(cloud: &MockCloud, target: &str) -> RequestBuilder {
    client(None).get(format!("{}{target}", cloud.url()))
}

pub(crate) async fn post(cloud: &MockCloud, target: &str, document: &Value) -> Response {
    let request = client(None).post(format!("{}{target}", cloud.url()));
    request.body(document.to_string()).send().await.unwrap()
}

pub(crate) async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}
