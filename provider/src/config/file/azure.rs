//! The Azure identities of a route.

use serde::Deserialize;

use super::{Place, RouteContext};
use crate::config::{ConfigError, RouteProblem, azure_cloud, tenant};
use crate::identity::azure::{ClientChoice, Federated, IdentityChoice, ManagedIdentity, WorkloadIdentity};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ManagedIdentityShape {
    resource: String,
    client_id: Option<String>,
    object_id: Option<String>,
    resource_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FederatedShape {
    tenant_id: String,
    client_id: String,
    #[serde(default)]
    managed_identity: ChoiceShape,
    audience: Option<String>,
    resource: Option<String>,
    cloud: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WorkloadIdentityShape {
    tenant_id: String,
    client_id: Option<String>,
    resource: Option<String>,
    cloud: Option<String>,
}

#[expect(clippy::struct_field_names, reason = "the names that Azure gives them")]
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChoiceShape {
    client_id: Option<String>,
    object_id: Option<String>,
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
            audience: self.audience.map(|value| place.filled("audience", value)).transpose()?,
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
