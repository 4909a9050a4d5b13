//! Where a pod's service account and its token come from in place of an API server.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::json;

use super::service_account::{Pod, ServiceAccount};

/// How long the cluster may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What stands for the API server.
#[derive(Clone, Debug, Default)]
pub enum Cluster {
    /// Nobody: there is no account and no token.
    #[default]
    Absent,
    /// An account that is given, with the token for every request; without one, every request fails.
    Given {
        /// The account.
        account: ServiceAccount,
        /// Its token.
        token: Option<String>,
    },
    /// A mock cluster that publishes `/__mock/kubernetes/serviceaccounts`.
    Mock {
        /// Where.
        url: String,
        /// The client that it is asked with.
        client: Client,
    },
}

#[derive(Deserialize)]
struct Published {
    namespace: String,
    name: String,
    uid: String,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Issued {
    token: String,
}

#[derive(Deserialize)]
struct Status {
    message: String,
}

impl Cluster {
    /// A mock cluster at a URL.
    ///
    /// # Errors
    ///
    /// The client cannot be made.
    ///
    /// # Panics
    ///
    /// Never: ring has the default protocol versions.
    pub fn mock(url: &str) -> Result<Self, reqwest::Error> {
        #[expect(clippy::disallowed_methods, reason = "the mock cluster is asked here only")]
        let builder = Client::builder();
        // Only plain HTTP is spoken, so that no certificate is needed.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.expect("ring has the default protocol versions");
        let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        let client = builder.no_proxy().tls_backend_preconfigured(tls).build()?;
        Ok(Self::Mock { url: url.trim_end_matches('/').to_owned(), client })
    }

    /// The pod's service account.
    ///
    /// # Errors
    ///
    /// There is none; the text is the API server's.
    pub(super) async fn account(&self, pod: &Pod) -> Result<ServiceAccount, String> {
        let not_found = || format!("serviceaccounts \"{}\" not found", pod.service_account_name);
        let (url, client) = match self {
            Self::Absent => return Err(not_found()),
            Self::Given { account, .. } => return Ok(account.clone()),
            Self::Mock { url, client } => (format!("{url}/__mock/kubernetes/serviceaccounts"), client),
        };
        let answer = client.get(url).timeout(PATIENCE).send().await.map_err(words)?;
        let published: Vec<Published> = serde_json::from_slice(&answer.bytes().await.map_err(words)?)
            .map_err(|error| format!("the list of service accounts is not understood: {error}"))?;
        let mut accounts = published.into_iter();
        let account = accounts.find(|it| it.namespace == pod.namespace && it.name == pod.service_account_name);
        let account = account.ok_or_else(not_found)?;
        Ok(ServiceAccount { uid: account.uid, annotations: account.annotations })
    }

    /// A token for an audience, bound to the pod.
    ///
    /// # Errors
    ///
    /// None is issued; the text is the API server's.
    pub(super) async fn token(&self, pod: &Pod, audience: &str) -> Result<String, String> {
        let (url, client) = match self {
            Self::Absent | Self::Given { token: None, .. } => return Err("no token is given for the pod".to_owned()),
            Self::Given { token: Some(token), .. } => return Ok(token.clone()),
            Self::Mock { url, client } => (url, client),
        };
        let Pod { namespace, name, uid, service_account_name: account } = pod;
        let url = format!("{url}/__mock/kubernetes/serviceaccounts/{namespace}/{account}/token");
        let request = json!({"audiences": [audience], "pod": {"name": name, "uid": uid}});
        let answer = client.post(url).body(request.to_string()).timeout(PATIENCE).send().await.map_err(words)?;
        let is_issued = answer.status().is_success();
        let body = answer.bytes().await.map_err(words)?;
        if is_issued {
            let issued = serde_json::from_slice(&body);
            return issued.map(|Issued { token }| token).map_err(|_no_token| "the answer holds no token".to_owned());
        }
        let status = serde_json::from_slice(&body);
        Err(status.map_or_else(|_no_status| "the request was refused".to_owned(), |Status { message }| message))
    }
}

fn words(error: reqwest::Error) -> String {
    error.without_url().to_string()
}
