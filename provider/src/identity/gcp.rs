//! Google Cloud: a service account of the VM, proved by an ID token of its metadata server.
//!
//! Source: Compute Engine documentation, "Verify the identity of a VM" and "View and query VM metadata".

use crate::artifactory::OidcProvider;
use crate::http::{Http, HttpError, Reply, Request, query_value};
use crate::identity::Proof;
use crate::secret::{Secret, quote_foreign};

/// A service account and the audience that its ID token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The service account's e-mail address; `None` takes the VM's default account.
    pub service_account: Option<String>,
    /// The audience of the ID token.
    pub audience: String,
    /// The OIDC provider that trusts Google's issuer.
    pub provider: OidcProvider,
}

/// Why the service account could not be proved.
#[derive(Debug, thiserror::Error)]
pub enum GcpError {
    /// No complete reply.
    #[error("cannot get an ID token from the metadata server")]
    Transport(#[source] HttpError),
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
    #[error("the metadata server answered {status}{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The reply's text where it is plain text, cut and cleaned.
        reason: Option<String>,
    },
    /// A reply that is no JWT.
    #[error("the metadata server answered with something that is no ID token")]
    Form,
}

impl Metadata {
    /// Asks for an ID token, in one request.
    ///
    /// # Errors
    /// When the metadata server does not answer, is not what answered, refuses, or gives no ID token.
    pub async fn prove(&self, http: &Http, base: &str) -> Result<Proof<'_>, GcpError> {
        let account = self.service_account.as_deref().unwrap_or("default");
        let audience = query_value(&self.audience);
        let url = format!(
            "{base}/computeMetadata/v1/instance/service-accounts/{account}/identity?audience={audience}&format=full"
        );
        let request = Request::get(url).header("metadata-flavor", "Google");
        let reply = http.send(&request).await.map_err(GcpError::Transport)?;
        refuse_impostor(&reply)?;
        match reply.status.as_u16() {
            200 => Ok(Proof::IdToken { token: id_token(&reply)?, provider: &self.provider }),
            404 => Err(GcpError::NoAccount { account: account.to_owned() }),
            status => Err(GcpError::Refused { status, reason: reason(&reply) }),
        }
    }
}

/// Whether a text can stand in the metadata server's path as an account: an e-mail address or `default`.
pub(crate) fn is_account(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@.-_".contains(&byte))
        && !text.starts_with('.')
}

/// The header that only the metadata server sends, on success and on failure.
fn refuse_impostor(reply: &Reply) -> Result<(), GcpError> {
    if reply.header("metadata-flavor") == Some("Google") { Ok(()) } else { Err(GcpError::Impostor) }
}

fn id_token(reply: &Reply) -> Result<Secret, GcpError> {
    let token = Secret::new(reply.text().trim().to_owned());
    if crate::jwt::Claims::read(&token).is_some() { Ok(token) } else { Err(GcpError::Form) }
}

fn reason(reply: &Reply) -> Option<String> {
    let text = reply.text();
    Some(quote_foreign(&text)).filter(|text| !text.is_empty() && !text.contains('<'))
}
