//! Azure's instance metadata service: tokens of the VM's managed identities, and the cloud it is in.
//!
//! Sources: Microsoft Entra documentation, "How to use managed identities for Azure resources on an Azure VM to acquire an
//! access token", HTTP and error handling; Azure VM documentation, "Azure Instance Metadata Service".

use serde::Deserialize;

use crate::endpoints::AzureCloud;
use crate::http::{Http, HttpError, Reply, Request, query_value};
use crate::secret::{Secret, quote_foreign};

/// The oldest version of the token endpoint that has everything the provider needs.
const TOKEN_VERSION: &str = "2018-02-01";
/// A version of the instance document that has `azEnvironment`, which came with 2018-10-01.
const INSTANCE_VERSION: &str = "2021-02-01";

/// Which of the VM's managed identities is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityChoice {
    /// The system-assigned one, else the only user-assigned one.
    Default,
    /// By the id of its application.
    ClientId(String),
    /// By the id of its service principal.
    ObjectId(String),
    /// By its id as a resource, `/subscriptions/...`.
    ResourceId(String),
}

/// Why the metadata service gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// No complete reply.
    #[error("cannot get {item} from Azure's instance metadata service")]
    Transport {
        /// What was asked for.
        item: &'static str,
        /// What happened.
        source: HttpError,
    },
    /// A refusal, with the service's own words.
    #[error("Azure's instance metadata service answered {status}{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it means.
        refusal: MetadataRefusal,
        /// The `error` and `error_description` of the reply, cut and cleaned.
        reason: Option<String>,
    },
    /// A reply without an access token.
    #[error("Azure's instance metadata service answered without an access token")]
    Form,
    /// A cloud that is not in the table.
    #[error("the VM is in the cloud `{name}`, whose Entra ID is not known")]
    UnknownCloud {
        /// Its `azEnvironment`, cut and cleaned.
        name: String,
    },
}

/// What a refusal of the token endpoint means. Only the status and `error` are promised; the words can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataRefusal {
    /// Several user-assigned identities, and none was named.
    SeveralIdentities,
    /// The identity is not assigned to the VM, or none is.
    NotAssigned,
    /// The tenant does not know the resource.
    Resource,
    /// Anything else.
    Other,
}

/// The metadata service as one pull asks it.
pub(super) struct Metadata<'pull> {
    pub(super) http: &'pull Http,
    pub(super) base: &'pull str,
}

impl Metadata<'_> {
    /// A token of a managed identity for a resource, in one request.
    pub(super) async fn token(&self, choice: &IdentityChoice, resource: &str) -> Result<Secret, MetadataError> {
        let request = self.token_request(choice, resource);
        let reply = self.http.send(&request).await;
        let reply = reply.map_err(|source| MetadataError::Transport { item: "a token", source })?;
        if !reply.is_ok() {
            return Err(refused(&reply));
        }
        let token = serde_json::from_slice::<Token>(reply.body()).ok().filter(|token| !token.access_token.is_empty());
        Ok(token.ok_or(MetadataError::Form)?.access_token)
    }

    /// The cloud that the VM is in, in one request.
    pub(super) async fn cloud(&self) -> Result<AzureCloud, MetadataError> {
        let path = "/metadata/instance/compute/azEnvironment";
        let url = format!("{}{path}?api-version={INSTANCE_VERSION}&format=text", self.base);
        let reply = self.http.send(&asking(url)).await;
        let reply = reply.map_err(|source| MetadataError::Transport { item: "the cloud's name", source })?;
        if !reply.is_ok() {
            return Err(refused(&reply));
        }
        let name = reply.text();
        AzureCloud::parse(name.trim()).ok_or_else(|| MetadataError::UnknownCloud { name: quote_foreign(&name) })
    }

    fn token_request(&self, choice: &IdentityChoice, resource: &str) -> Request {
        let (base, resource) = (self.base, query_value(resource));
        let choice = match choice {
            IdentityChoice::Default => String::new(),
            IdentityChoice::ClientId(id) => format!("&client_id={}", query_value(id)),
            IdentityChoice::ObjectId(id) => format!("&object_id={}", query_value(id)),
            IdentityChoice::ResourceId(id) => format!("&msi_res_id={}", query_value(id)),
        };
        let url =
            format!("{base}/metadata/identity/oauth2/token?api-version={TOKEN_VERSION}&resource={resource}{choice}");
        asking(url)
    }
}

/// A request that is tried again while the service is being updated, during which it says 404 or 410 for up to 70 s.
///
/// Source: Microsoft Entra documentation, "How to use managed identities for Azure resources on an Azure VM to acquire an
/// access token", retry guidance.
fn asking(url: String) -> Request {
    Request::get(url).header("metadata", "true").retried_if(|reply| matches!(reply.status.as_u16(), 404 | 410))
}

/// Every value of the reply is a string; only the token matters here, since its reader judges its expiry.
#[derive(Deserialize)]
struct Token {
    access_token: Secret,
}

fn refused(reply: &Reply) -> MetadataError {
    let (refusal, reason) = read_refusal(reply.body());
    MetadataError::Refused { status: reply.status.as_u16(), refusal, reason }
}

fn read_refusal(body: &[u8]) -> (MetadataRefusal, Option<String>) {
    #[derive(Deserialize)]
    struct Document {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    let Ok(document) = serde_json::from_slice::<Document>(body) else { return (MetadataRefusal::Other, None) };
    let described = |words| document.error_description.contains(words);
    let refusal = match document.error.as_str() {
        "invalid_resource" => MetadataRefusal::Resource,
        _ if described("AADSTS500011") => MetadataRefusal::Resource,
        _ if described("Multiple user assigned identities") => MetadataRefusal::SeveralIdentities,
        _ if described("Identity not found") => MetadataRefusal::NotAssigned,
        _ => MetadataRefusal::Other,
    };
    let words = format!("{} {}", document.error, document.error_description);
    (refusal, Some(quote_foreign(words.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_quoted_in_one_line() {
        let body = br#"{"error":"invalid_request","error_description":"Identity\r\nnot found"}"#;
        assert_eq!(read_refusal(body).1.as_deref(), Some("invalid_request Identity not found"));
        assert_eq!(read_refusal(b"<html>"), (MetadataRefusal::Other, None));
    }

    #[test]
    fn a_refusal_is_known_by_its_error_or_its_words() {
        for (error, description, meaning) in [
            ("invalid_request", "Identity not found", MetadataRefusal::NotAssigned),
            ("invalid_request", "Multiple user assigned identities exist, please", MetadataRefusal::SeveralIdentities),
            ("invalid_resource", "AADSTS50001: no", MetadataRefusal::Resource),
            ("invalid_request", "AADSTS500011: no", MetadataRefusal::Resource),
            ("unknown", "Failed to retrieve token", MetadataRefusal::Other),
        ] {
            let body = serde_json::json!({"error": error, "error_description": description});
            assert_eq!(read_refusal(body.to_string().as_bytes()).0, meaning, "{body}");
        }
    }
}
