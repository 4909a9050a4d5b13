//! A managed identity that an application trusts: its token is the client assertion for the application's own token.
//!
//! Neither the identity nor the application needs a role; the application needs a service principal in the tenant.
//! An application holds at most 20 federated identity credentials; one managed identity for many nodes needs one. Source:
//! Microsoft Entra documentation, "Configure an app to trust a managed identity".

use crate::artifactory::OidcProvider;
use crate::endpoints::{AzureCloud, Endpoints};
use crate::http::Http;
use crate::identity::Proof;
use crate::identity::azure::AzureError;
use crate::identity::azure::entra::{Grant, TenantId};
use crate::identity::azure::metadata::{IdentityChoice, Metadata, MetadataError};
use crate::secret::Secret;
use crate::time::Deadline;

/// A managed identity and the application that trusts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federated {
    /// The application's tenant.
    pub tenant: TenantId,
    /// The application's client id.
    pub client_id: String,
    /// Which of the VM's identities.
    pub identity: IdentityChoice,
    /// The audience of the client assertion; `None` takes the cloud's.
    pub audience: Option<String>,
    /// What the application's token is for; `None` is the application itself.
    pub resource: Option<String>,
    /// The cloud whose Entra ID is asked; `None` asks the metadata service where that must be known.
    pub cloud: Option<AzureCloud>,
    /// The OIDC provider that trusts the tenant.
    pub provider: OidcProvider,
}

impl Federated {
    /// Asks for the managed identity's token and with it for the application's, in two round trips; a cloud that must be
    /// found is asked for beside the first one, or before it where the audience depends on it.
    ///
    /// # Errors
    /// When the metadata service or Entra ID does not answer, refuses, or answers without a token.
    pub async fn prove(
        &self,
        metadata: &Http,
        cloud: &Http,
        endpoints: &Endpoints,
        deadline: Deadline,
    ) -> Result<Proof<'_>, AzureError> {
        let metadata = Metadata { http: metadata, base: &endpoints.azure_metadata };
        let (authority, audience, assertion) = self.assertion(&metadata, endpoints).await?;
        let grant = Grant {
            authority: &authority,
            tenant: &self.tenant,
            client_id: &self.client_id,
            resource: self.resource.as_deref(),
            assertion: &assertion,
            audience: &audience,
        };
        Ok(Proof::IdToken { token: grant.token(cloud, deadline).await?, provider: &self.provider })
    }

    /// Where the client assertion goes, its audience, and itself.
    async fn assertion(
        &self,
        metadata: &Metadata<'_>,
        endpoints: &Endpoints,
    ) -> Result<(String, String, Secret), MetadataError> {
        if let Some(audience) = &self.audience {
            let token = metadata.token(&self.identity, audience);
            let (authority, token) = tokio::try_join!(self.authority(metadata, endpoints), token)?;
            return Ok((authority, audience.clone(), token));
        }
        let cloud = self.cloud(metadata).await?;
        let audience = cloud.exchange_audience();
        let token = metadata.token(&self.identity, audience).await?;
        Ok((endpoints.entra(cloud), audience.to_owned(), token))
    }

    async fn authority(&self, metadata: &Metadata<'_>, endpoints: &Endpoints) -> Result<String, MetadataError> {
        match &endpoints.azure_authority {
            Some(authority) => Ok(authority.clone()),
            None => Ok(endpoints.entra(self.cloud(metadata).await?)),
        }
    }

    async fn cloud(&self, metadata: &Metadata<'_>) -> Result<AzureCloud, MetadataError> {
        match self.cloud {
            Some(cloud) => Ok(cloud),
            None => metadata.cloud().await,
        }
    }
}
