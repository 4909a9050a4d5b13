//! The metadata server: an ID token of the VM's service account in one request, or its access token.
//!
//! The account needs no role, and for an ID token no scope.
//!
//! Sources: Compute Engine documentation, "Verify the identity of a VM" and "View and query VM metadata"; GKE documentation,
//! "About Workload Identity Federation for GKE".

use std::fmt;

use serde::Deserialize;

use super::{Caller, GcpError, Google, Target};
use crate::artifactory::OidcProvider;
use crate::http::{HttpError, Reply, Request, query_value};
use crate::identity::Proof;
use crate::secret::{Secret, quote_foreign};

/// A service account and the audience that its ID token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The service account's e-mail address; `None` takes the VM's default account.
    pub service_account: Option<String>,
    /// What becomes of an account that is not the VM's.
    pub foreign_account: ForeignAccount,
    /// The audience of the ID token.
    pub audience: String,
    /// The OIDC provider that trusts Google's issuer.
    pub provider: OidcProvider,
}

/// What becomes of an account that is not the VM's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignAccount {
    /// It is an error.
    Refused,
    /// The VM's default account acts as it, as the incumbent asks the IAM Credentials API for every account.
    Impersonated,
}

/// What is asked of the metadata server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataItem {
    /// An ID token for Artifactory.
    IdToken,
    /// An access token for Google's own services.
    AccessToken,
}

impl fmt::Display for MetadataItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::IdToken => "ID token",
            Self::AccessToken => "access token",
        })
    }
}

/// Which server answered: the two share an address, and a cluster's pods meet another one than its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataServer {
    /// The VM's own, which the kubelet's plugins meet.
    ComputeEngine,
    /// GKE's on the node, which answers pods with their own identity.
    Gke,
}

impl fmt::Display for MetadataServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ComputeEngine => "the metadata server",
            Self::Gke => "GKE's metadata server for pods",
        })
    }
}

/// Why the metadata server gave no token.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// No complete reply.
    #[error("cannot get an {item} from the metadata server")]
    Transport {
        /// What was asked.
        item: MetadataItem,
        /// What happened.
        source: HttpError,
    },
    /// Something answered that is not the metadata server.
    #[error("what answered is not the metadata server: the reply lacks `Metadata-Flavor: Google`")]
    Impostor,
    /// The VM has no such service account.
    #[error("the VM has no service account `{account}`")]
    NoAccount {
        /// The account asked for, or `default`.
        account: String,
    },
    /// Any other refusal, with the server's own words.
    #[error("{server} answered {status}{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Refused {
        /// Which server.
        server: MetadataServer,
        /// The HTTP status.
        status: u16,
        /// The reply's text where it is plain text, cut and cleaned.
        reason: Option<String>,
    },
    /// A reply that is no such token.
    #[error("the metadata server answered with something that is no {item}")]
    Form {
        /// What was asked.
        item: MetadataItem,
    },
}

impl Metadata {
    /// Asks for an ID token, in one request where the account is the VM's.
    ///
    /// # Errors
    /// When the metadata server does not answer, is not what answered, refuses, or gives no ID token; and when the VM's
    /// account may not act as another one.
    pub async fn prove(&self, google: &Google<'_>) -> Result<Proof<'_>, GcpError> {
        let account = self.service_account.as_deref().unwrap_or("default");
        let token = match (id_token(google, account, &self.audience).await, &self.service_account) {
            (Err(MetadataError::NoAccount { .. }), Some(account))
                if self.foreign_account == ForeignAccount::Impersonated =>
            {
                let target = Target { service_account: account.clone(), delegates: Vec::new() };
                let access_token = access_token(google).await?;
                target.id_token(google, &google.cloud()?, &access_token, Caller::Node, &self.audience).await?
            }
            (token, _) => token?,
        };
        Ok(Proof::IdToken { token, provider: &self.provider })
    }
}

/// An ID token of the VM's default account.
pub(super) async fn default_id_token(google: &Google<'_>, audience: &str) -> Result<Secret, MetadataError> {
    id_token(google, "default", audience).await
}

/// An ID token of an account of the VM. `format=full` puts the account's address into it.
async fn id_token(google: &Google<'_>, account: &str, audience: &str) -> Result<Secret, MetadataError> {
    let audience = query_value(audience);
    let path = format!("{account}/identity?audience={audience}&format=full");
    let reply = ask(google, MetadataItem::IdToken, account, &path).await?;
    let token = Secret::new(reply.text().trim().to_owned());
    let form = MetadataError::Form { item: MetadataItem::IdToken };
    if crate::jwt::Claims::read(&token).is_some() { Ok(token) } else { Err(form) }
}

/// An access token of the VM's default account, for the scopes of the VM.
pub(super) async fn access_token(google: &Google<'_>) -> Result<Secret, MetadataError> {
    #[derive(Deserialize)]
    struct TokenReply {
        access_token: Secret,
    }
    let item = MetadataItem::AccessToken;
    let reply = ask(google, item, "default", "default/token").await?;
    let reply: TokenReply = serde_json::from_slice(reply.body()).map_err(|_| MetadataError::Form { item })?;
    if reply.access_token.is_empty() { Err(MetadataError::Form { item }) } else { Ok(reply.access_token) }
}

async fn ask(google: &Google<'_>, item: MetadataItem, account: &str, path: &str) -> Result<Reply, MetadataError> {
    let base = &google.network.endpoints.gcp_metadata;
    let url = format!("{base}/computeMetadata/v1/instance/service-accounts/{path}");
    let request = Request::get(url).header("metadata-flavor", "Google");
    let reply = google.metadata.send(&request).await.map_err(|source| MetadataError::Transport { item, source })?;
    refuse_impostor(&reply)?;
    match (reply.status.as_u16(), server(&reply)) {
        (200, _) => Ok(reply),
        (404, MetadataServer::ComputeEngine) => Err(MetadataError::NoAccount { account: account.to_owned() }),
        (status, server) => Err(MetadataError::Refused { server, status, reason: reason(&reply) }),
    }
}

/// Whether a text can stand in the metadata server's path as an account: an e-mail address or `default`.
pub(crate) fn is_account(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@.-_".contains(&byte))
        && !text.starts_with('.')
}

/// The header that only the metadata server sends, on success and on failure.
fn refuse_impostor(reply: &Reply) -> Result<(), MetadataError> {
    if reply.header("metadata-flavor") == Some("Google") { Ok(()) } else { Err(MetadataError::Impostor) }
}

/// What GKE's server writes before each of its refusals.
///
/// Source: googleapis/google-api-java-client, issue 1396.
const GKE_REFUSAL: &str = "GKE Metadata Server encountered an error: ";

/// Which server answered: GKE's names itself in its `Server` header, or at the beginning of a refusal.
fn server(reply: &Reply) -> MetadataServer {
    let named = reply.header("server") == Some("GKE Metadata Server");
    if named || reply.text().starts_with(GKE_REFUSAL) { MetadataServer::Gke } else { MetadataServer::ComputeEngine }
}

fn reason(reply: &Reply) -> Option<String> {
    let text = reply.text();
    let text = text.strip_prefix(GKE_REFUSAL).unwrap_or(&text);
    Some(quote_foreign(text)).filter(|text| !text.is_empty() && !text.contains('<'))
}
