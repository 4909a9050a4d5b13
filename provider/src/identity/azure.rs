//! Azure: a managed identity of the VM, proved by a token for Artifactory's application.
//!
//! Source: Microsoft Entra documentation, "How to use managed identities for Azure resources on an Azure VM to acquire an
//! access token", HTTP and error handling.

use serde::Deserialize;

use crate::artifactory::OidcProvider;
use crate::http::{Http, HttpError, Request, query_value};
use crate::identity::Proof;
use crate::secret::{Secret, quote_foreign};

/// The oldest version of the endpoint that has everything the provider needs.
const API_VERSION: &str = "2018-02-01";

/// A managed identity and the application that its token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedIdentity {
    /// The application's identifier URI, such as `api://00000000-0000-0000-0000-000000000000`.
    pub resource: String,
    /// The client id of a user-assigned identity; `None` takes the VM's only identity.
    pub client_id: Option<String>,
    /// The OIDC provider that trusts the tenant.
    pub provider: OidcProvider,
}

/// Why the managed identity could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum AzureError {
    /// No complete reply.
    #[error("cannot get a token from Azure's instance metadata service")]
    Transport(#[source] HttpError),
    /// A refusal, with the service's own words.
    #[error("Azure's instance metadata service answered {status}{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The `error` and `error_description` of the reply, cut and cleaned.
        reason: Option<String>,
    },
    /// A reply without an access token.
    #[error("Azure's instance metadata service answered without an access token")]
    Form,
}

impl ManagedIdentity {
    /// Asks for a token, in one request.
    ///
    /// # Errors
    /// When the metadata service does not answer, refuses, or answers without a token.
    pub async fn prove(&self, http: &Http, base: &str) -> Result<Proof<'_>, AzureError> {
        let reply = http.send(&self.request(base)).await.map_err(AzureError::Transport)?;
        if !reply.is_ok() {
            return Err(AzureError::Refused { status: reply.status.as_u16(), reason: reason(reply.body()) });
        }
        let token = serde_json::from_slice::<Token>(reply.body()).ok().filter(|token| !token.access_token.is_empty());
        let token = token.ok_or(AzureError::Form)?.access_token;
        Ok(Proof::IdToken { token, provider: &self.provider })
    }

    fn request(&self, base: &str) -> Request {
        let resource = query_value(&self.resource);
        let client = self.client_id.as_deref().map(|id| format!("&client_id={}", query_value(id))).unwrap_or_default();
        let url =
            format!("{base}/metadata/identity/oauth2/token?api-version={API_VERSION}&resource={resource}{client}");
        Request::get(url).header("metadata", "true")
    }
}

/// Every value of the reply is a string; only the token matters here, since Artifactory judges its expiry.
#[derive(Deserialize)]
struct Token {
    access_token: Secret,
}

fn reason(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    Some(quote_foreign(format!("{} {}", refusal.error, refusal.error_description).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_quoted_in_one_line() {
        let body = br#"{"error":"invalid_request","error_description":"Identity\r\nnot found"}"#;
        assert_eq!(reason(body).as_deref(), Some("invalid_request Identity not found"));
        assert_eq!(reason(b"<html>"), None);
    }
}
