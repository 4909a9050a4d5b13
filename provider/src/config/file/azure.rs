//! The Azure identities of a route.

use serde::Deserialize;

use super::{Place, RouteContext};
use crate::config::{ConfigError, RouteProblem, azure_cloud, tenant};
use crate::identity::azure::{ClientChoice, Federated, IdentityChoice, ManagedIdentity, WorkloadIdentity};

/// A managed identity of the Azure VM, from its metadata service. At most one of `clientId`, `objectId` and
/// `resourceId` names it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("not" = super::schema::any_two(["clientId", "objectId", "resourceId"]))))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ManagedIdentityShape {
    /// The identifier URI of Artifactory's application, such as `api://00000000-0000-0000-0000-000000000000`.
    resource: String,
    /// The identity's client id. Default: the VM's only identity.
    client_id: Option<String>,
    /// The id of the identity's service principal.
    object_id: Option<String>,
    /// The identity's id as a resource, `/subscriptions/...`.
    resource_id: Option<String>,
}

/// An application that trusts a managed identity of the Azure VM.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FederatedShape {
    /// The application's tenant, by its id or one of its domains.
    tenant_id: String,
    /// The application's client id.
    client_id: String,
    /// Which of the VM's identities the application trusts. Default: the only one.
    #[serde(default)]
    managed_identity: ChoiceShape,
    /// The audience of the client assertion. Default: `azure_app_audience`, else the cloud's.
    audience: Option<String>,
    /// What the application's token is for. Default: the application itself.
    resource: Option<String>,
    /// The cloud: `AzureCloud`, `AzureUSGovernment` or `AzureChinaCloud`. Default: asked of the metadata service.
    cloud: Option<String>,
}

/// An application that trusts the cluster's issuer (Microsoft Entra Workload ID).
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WorkloadIdentityShape {
    /// The application's tenant, by its id or one of its domains.
    tenant_id: String,
    /// The application's client id. Default: the annotated application of a pod that opts in.
    client_id: Option<String>,
    /// What the application's token is for. Default: the application itself.
    resource: Option<String>,
    /// The cloud: `AzureCloud`, `AzureUSGovernment` or `AzureChinaCloud`. Default: that of the token's audience.
    cloud: Option<String>,
}

/// Which of the VM's managed identities is meant: at most one key names it.
#[expect(clippy::struct_field_names, reason = "the names that Azure gives them")]
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("not" = super::schema::any_two(["clientId", "objectId", "resourceId"]))))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChoiceShape {
    /// The identity's client id. Default: the VM's only identity.
    client_id: Option<String>,
    /// The id of the identity's service principal.
    object_id: Option<String>,
    /// The identity's id as a resource, `/subscriptions/...`.
    resource_id: Option<String>,
}

impl ManagedIdentityShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<ManagedIdentity, ConfigError> {
        let Self { client_id, object_id, resource_id, .. } = self;
        Ok(ManagedIdentity {
            resource: route.place.filled("resource", self.resource)?,
            identity: ChoiceShape { client_id, object_id, resource_id }.into_choice(route.place)?,
            provider: route.provider()?,
        })
    }
}

impl FederatedShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<Federated, ConfigError> {
        let place = route.place;
        Ok(Federated {
            tenant: tenant("tenantId", &self.tenant_id)?,
            client_id: place.filled("clientId", self.client_id)?,
            identity: self.managed_identity.into_choice(place)?,
            audience: match self.audience {
                Some(value) => Some(place.filled("audience", value)?),
                None => route.environment.value("azure_app_audience").map(str::to_owned),
            },
            resource: self.resource.map(|value| place.filled("resource", value)).transpose()?,
            cloud: self.cloud.map(|name| azure_cloud("cloud", &name)).transpose()?,
            provider: route.provider()?,
        })
    }
}

impl WorkloadIdentityShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<WorkloadIdentity, ConfigError> {
        let place = route.place;
        Ok(WorkloadIdentity {
            client: match self.client_id {
                Some(id) => ClientChoice::Route(place.filled("clientId", id)?),
                None => ClientChoice::Annotated,
            },
            tenant: tenant("tenantId", &self.tenant_id)?,
            resource: self.resource.map(|value| place.filled("resource", value)).transpose()?,
            cloud: self.cloud.map(|name| azure_cloud("cloud", &name)).transpose()?,
            provider: route.provider()?,
        })
    }
}

impl ChoiceShape {
    fn into_choice(self, place: Place) -> Result<IdentityChoice, ConfigError> {
        let given = |key, value: Option<String>| value.map(|value| place.filled(key, value)).transpose();
        let ways = [
            given("clientId", self.client_id)?.map(IdentityChoice::ClientId),
            given("objectId", self.object_id)?.map(IdentityChoice::ObjectId),
            given("resourceId", self.resource_id)?.map(IdentityChoice::ResourceId),
        ];
        let mut ways = ways.into_iter().flatten();
        match (ways.next(), ways.next()) {
            (_, Some(_)) => Err(place.wrong(RouteProblem::ManagedIdentity)),
            (choice, None) => Ok(choice.unwrap_or(IdentityChoice::Default)),
        }
    }
}
