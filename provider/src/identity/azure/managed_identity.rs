//! A managed identity of the VM, proved to Artifactory by its own token for Artifactory's application.
//!
//! Whether the token is of the form v1 or v2 is up to the application's manifest; Artifactory's OIDC provider must have the
//! issuer of that form. The identity needs no role and no permission of the application.

use crate::artifactory::OidcProvider;
use crate::http::Http;
use crate::identity::Proof;
use crate::identity::azure::AzureError;
use crate::identity::azure::metadata::{IdentityChoice, Metadata};

/// A managed identity and the application that its token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedIdentity {
    /// The application's identifier URI, such as `api://00000000-0000-0000-0000-000000000000`.
    pub resource: String,
    /// Which of the VM's identities.
    pub identity: IdentityChoice,
    /// The OIDC provider that trusts the tenant.
    pub provider: OidcProvider,
}

impl ManagedIdentity {
    /// Asks for a token, in one request.
    ///
    /// # Errors
    /// When the metadata service does not answer, refuses, or answers without a token.
    pub async fn prove(&self, http: &Http, base: &str) -> Result<Proof<'_>, AzureError> {
        let token = Metadata { http, base }.token(&self.identity, &self.resource).await?;
        Ok(Proof::IdToken { token, provider: &self.provider })
    }
}
