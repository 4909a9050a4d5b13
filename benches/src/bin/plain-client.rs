//! The least that an Azure pull can cost with this HTTP client: its two requests and nothing else.
//!
//! No configuration, request, route, deadline, retry or size limit: what the provider costs beyond this program is what
//! those cost. TLS, runtime and user agent are the provider's own.

use std::error::Error;
use std::io::{self, Write as _};
use std::sync::Arc;

use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

const USAGE: &str = "usage: plain-client TOKEN_URL EXCHANGE_URL CA_FILE OIDC_PROVIDER";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [token_url, exchange_url, ca_file, provider] = arguments.as_slice() else { return Err(USAGE.into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reply = runtime.block_on(pull(&client(ca_file)?, token_url, exchange_url, provider))?;
    io::stdout().write_all(&reply)?;
    Ok(())
}

fn client(ca_file: &str) -> Result<Client, Box<dyn Error>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&std::fs::read(ca_file)?) {
        roots.add(certificate?)?;
    }
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "the client that the provider's is compared with")]
    let builder = Client::builder();
    let agent = concat!("artifactory-credential-provider/", env!("CARGO_PKG_VERSION"));
    Ok(builder.tls_backend_preconfigured(tls).no_proxy().user_agent(agent).build()?)
}

async fn pull(client: &Client, token_url: &str, exchange_url: &str, provider: &str) -> Result<Vec<u8>, reqwest::Error> {
    let token = client.get(token_url).header("metadata", "true").send().await?.error_for_status()?.bytes().await?;
    let token: Value = serde_json::from_slice(&token).unwrap_or_default();
    let document = json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "subject_token": token["access_token"],
        "provider_name": provider,
        "provider_type": "Generic OpenID Connect",
        "audience": "*@*",
    });
    let exchange = client.post(exchange_url).header("content-type", "application/json").body(document.to_string());
    Ok(exchange.send().await?.error_for_status()?.bytes().await?.into())
}
