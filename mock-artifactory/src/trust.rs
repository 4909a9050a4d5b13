//! The mock-cloud that is trusted: its issuers, its STS and its certificate authority.

use std::collections::BTreeMap;
use std::time::Duration;

use mock_kit::TlsIdentity;
use serde::Deserialize;
use serde_json::json;

use crate::oidc::provider::TokenIssuer;

/// How long anything that this server fetches may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a running mock-cloud says of itself at `/__mock/trust`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Trust {
    /// The base URL of STS.
    pub sts: String,
    /// The issuers' URLs by name; a final slash belongs to what the tokens say, not to discovery.
    pub issuers: BTreeMap<String, String>,
    /// The hosts of the clouds' registries, each with the URL at which the mock-cloud says who may come in.
    #[serde(default)]
    pub registries: BTreeMap<String, String>,
    /// The certificate authority in PEM; `None` when the mock-cloud shows a certificate of another's.
    pub ca: Option<String>,
}

/// Why a mock-cloud cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It did not answer, or not with success.
    #[error("failed to ask mock-cloud at `{url}`")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The answer is not mock-cloud's.
    #[error("failed to read the answer of `{url}`")]
    Answer {
        /// What was asked.
        url: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The certificate authority is not one.
    #[error("failed to trust the certificate authority of mock-cloud")]
    Authority(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Trust {
    /// Asks the mock-cloud at a URL.
    ///
    /// # Errors
    ///
    /// When it does not answer as one.
    pub async fn fetch(client: &reqwest::Client, cloud: &str) -> Result<Self, TrustError> {
        let url = format!("{}/__mock/trust", cloud.trim_end_matches('/'));
        let answer = send(client.get(&url), &url).await?;
        serde_json::from_slice(&answer).map_err(|source| TrustError::Answer { url, source })
    }

    /// The issuer of a name, or with `all` every issuer.
    #[must_use]
    pub fn issuers(&self, name: &str) -> Vec<TokenIssuer> {
        let named = self.issuers.iter().filter(|(key, _)| name == "all" || *key == name);
        named.map(|(_, url)| TokenIssuer { claim: url.clone(), url: url.trim_end_matches('/').to_owned() }).collect()
    }
}

/// Asks the mock-cloud for a server certificate, so that both mocks have one authority; `None` when
/// it has none to sign with.
///
/// # Errors
///
/// When it does not answer as a mock-cloud.
pub async fn certificate(
    client: &reqwest::Client,
    cloud: &str,
    names: &[String],
) -> Result<Option<TlsIdentity>, TrustError> {
    #[derive(Deserialize)]
    struct Answer {
        certificate: String,
        key: String,
    }
    let url = format!("{}/__mock/certificates", cloud.trim_end_matches('/'));
    let request =
        client.post(&url).header("content-type", "application/json").body(json!({"names": names}).to_string());
    match send(request, &url).await {
        Ok(answer) => serde_json::from_slice(&answer)
            .map(|Answer { certificate, key }| Some(TlsIdentity { certificates_pem: certificate, key_pem: key }))
            .map_err(|source| TrustError::Answer { url, source }),
        Err(TrustError::Unreachable { source, .. }) if source.status().is_some_and(|status| status == 404) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn send(request: reqwest::RequestBuilder, url: &str) -> Result<bytes::Bytes, TrustError> {
    let answer = async { request.send().await?.error_for_status()?.bytes().await };
    answer.await.map_err(|source| TrustError::Unreachable { url: url.to_owned(), source })
}

/// How this mock names itself to issuers and to STS, so that a journal tells its requests from a client's.
const USER_AGENT: &str = "mock-artifactory";

/// The client for everything that this server fetches: keys, STS and mock-cloud. It trusts these
/// authorities (PEM) and no others, follows no redirect and uses no proxy.
///
/// # Errors
///
/// When an authority is not PEM.
///
/// # Panics
///
/// Never: ring has the default protocol versions.
pub fn client(authorities: &str) -> Result<reqwest::Client, TrustError> {
    let roots = authorities_in(authorities).map_err(|error| TrustError::Authority(error.into()))?;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "the one place where this mock makes its client")]
    let builder = reqwest::Client::builder();
    let client = builder
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(USER_AGENT)
        .timeout(TIMEOUT);
    client.build().map_err(|error| TrustError::Authority(error.into()))
}

fn authorities_in(pem: &str) -> Result<rustls::RootCertStore, rustls::pki_types::pem::Error> {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add_parsable_certificates([certificate?]);
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_slash_belongs_to_the_claim_and_not_to_discovery() {
        let issuers = [("azure-v1", "http://127.0.0.1:1/t/"), ("google", "http://127.0.0.1:1/google")];
        let issuers = issuers.into_iter().map(|(name, url)| (name.to_owned(), url.to_owned())).collect();
        let trust = Trust { issuers, ..Trust::default() };
        let v1 = TokenIssuer { claim: "http://127.0.0.1:1/t/".into(), url: "http://127.0.0.1:1/t".into() };
        assert_eq!(trust.issuers("azure-v1"), [v1]);
        assert_eq!(trust.issuers("all").len(), 2);
        assert_eq!(trust.issuers("gitlab"), []);
    }
}
