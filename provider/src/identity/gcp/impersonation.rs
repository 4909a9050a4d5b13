//! Impersonation: the VM's service account has an ID token signed for another one.
//!
//! The VM's account needs the role `roles/iam.serviceAccountOpenIdTokenCreator` on the other one, and its access tokens the
//! scope `cloud-platform` or `iam`, which a node pool has from its creation on or never.
//!
//! Source: IAM documentation, "Create short-lived credentials for a service account" (OpenID Connect ID tokens).

use super::iam_credentials::{self, Caller, IamCredentialsError};
use super::{GcpError, Google, metadata};
use crate::artifactory::OidcProvider;
use crate::http::Http;
use crate::identity::Proof;
use crate::secret::Secret;

/// Another account than the VM's, and the audience that its ID token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    /// Who is acted as.
    pub target: Target,
    /// The audience of the ID token.
    pub audience: String,
    /// The OIDC provider that trusts Google's issuer.
    pub provider: OidcProvider,
}

/// A service account that somebody else acts as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The account's e-mail address.
    pub service_account: String,
    /// The accounts in between, each of which acts as the next; none where the caller may act as the account itself.
    pub delegates: Vec<String>,
}

impl Impersonation {
    /// Takes the VM's access token and has an ID token signed with it, in two requests.
    ///
    /// # Errors
    /// When the metadata server gives no access token, or the account may not be acted as.
    pub async fn prove(&self, google: &Google<'_>) -> Result<Proof<'_>, GcpError> {
        let access_token = metadata::access_token(google).await?;
        let token = self.target.id_token(google, &google.cloud()?, &access_token, Caller::Node, &self.audience).await?;
        Ok(Proof::IdToken { token, provider: &self.provider })
    }
}

impl Target {
    /// An ID token of the account for an audience, signed for whom the access token speaks.
    pub(super) async fn id_token(
        &self,
        google: &Google<'_>,
        cloud: &Http,
        access_token: &Secret,
        caller: Caller,
        audience: &str,
    ) -> Result<Secret, IamCredentialsError> {
        let base = &google.network.endpoints.gcp.iam_credentials;
        let url = format!("{base}/v1/projects/-/serviceAccounts/{}:generateIdToken", self.service_account);
        iam_credentials::id_token(cloud, url, self, access_token, caller, audience).await
    }
}
