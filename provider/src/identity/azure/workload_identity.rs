//! Microsoft Entra Workload ID: the pod's service account token is the client assertion for an application's token.
//!
//! The application, or the user-assigned managed identity that stands for one, trusts the cluster's issuer by a federated
//! identity credential, and needs no role.
//!
//! Source: Azure Kubernetes Service documentation, "Use Microsoft Entra Workload ID with AKS".

use crate::artifactory::OidcProvider;
use crate::endpoints::{AzureCloud, Endpoints};
use crate::http::Http;
use crate::identity::azure::AzureError;
use crate::identity::azure::entra::{Grant, TenantId};
use crate::identity::kubernetes::{OptIn, usable};
use crate::identity::{PassedOver, Proof, annotation, token};
use crate::jwt::Claims;
use crate::kubelet::Workload;
use crate::time::Deadline;

/// The annotation that names a service account's application. Source: as above, service account annotations.
const CLIENT_ANNOTATION: &str = "azure.workload.identity/client-id";

/// An application that trusts the cluster's issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadIdentity {
    /// Which application.
    pub client: ClientChoice,
    /// Its tenant; nothing in the pod can change it.
    pub tenant: TenantId,
    /// What the application's token is for; `None` is the application itself.
    pub resource: Option<String>,
    /// The cloud whose Entra ID is asked; `None` is the one that the token's audience belongs to.
    pub cloud: Option<AzureCloud>,
    /// The OIDC provider that trusts the tenant.
    pub provider: OidcProvider,
}

/// Which application a pod becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientChoice {
    /// The route's, for every pod whose token the kubelet sends.
    Route(String),
    /// The one that the service account is annotated with, if it has opted in as well.
    Annotated,
}

impl WorkloadIdentity {
    pub(in crate::identity) fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        match &self.client {
            ClientChoice::Route(_) => OptIn::EveryToken.applies_to(workload),
            ClientChoice::Annotated => {
                OptIn::Annotated.applies_to(workload)?;
                annotation(workload, CLIENT_ANNOTATION).map(|_| ()).ok_or(PassedOver::NotAnnotated(CLIENT_ANNOTATION))
            }
        }
    }

    /// Asks Entra ID for the application's token, in one request, once the pod's token is known to be alive and for the
    /// exchange.
    ///
    /// # Errors
    /// When the token is not for the exchange, or Entra ID does not answer, refuses, or answers without a token.
    pub async fn prove(
        &self,
        cloud: &Http,
        endpoints: &Endpoints,
        workload: Option<&Workload>,
        deadline: Deadline,
    ) -> Result<Proof<'_>, AzureError> {
        let home = self.cloud(workload);
        let audience = home.exchange_audience();
        let (assertion, _) = usable(workload, Some(audience))?;
        let client_id = match &self.client {
            ClientChoice::Route(client_id) => client_id,
            ClientChoice::Annotated => annotation(workload, CLIENT_ANNOTATION).unwrap_or_default(),
        };
        let (authority, resource) = (endpoints.entra(home), self.resource.as_deref());
        let grant = Grant { authority: &authority, tenant: &self.tenant, client_id, resource, assertion, audience };
        Ok(Proof::IdToken { token: grant.token(cloud, deadline).await?, provider: &self.provider })
    }

    /// The route's cloud or the one that the token is for. A token for neither is refused for its audience, so that the
    /// public cloud only stands in the message.
    fn cloud(&self, workload: Option<&Workload>) -> AzureCloud {
        let claims = || token(workload).ok().and_then(Claims::read);
        let of_token = || claims()?.aud.iter().find_map(|audience| AzureCloud::of_audience(audience));
        self.cloud.or_else(of_token).unwrap_or(AzureCloud::Public)
    }
}
