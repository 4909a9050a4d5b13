//! The Azure identities.

use super::Map;
use crate::endpoints::AzureCloud;
use crate::identity::azure::{ClientChoice, Federated, IdentityChoice, ManagedIdentity, WorkloadIdentity};

pub(super) fn managed_identity(identity: &ManagedIdentity) -> Map {
    let ManagedIdentity { resource, identity, provider: _ } = identity;
    chosen(Map::default().with("resource", resource.as_str()), identity)
}

pub(super) fn federated(identity: &Federated) -> Map {
    let Federated { tenant, client_id, identity, audience, resource, cloud, provider: _ } = identity;
    let choice = Some(chosen(Map::default(), identity)).filter(|choice| !choice.is_empty());
    Map::default()
        .with("tenantId", tenant.as_str())
        .with("clientId", client_id.as_str())
        .with_some("managedIdentity", choice)
        .with_some("audience", audience.as_deref())
        .with_some("resource", resource.as_deref())
        .with_some("cloud", cloud.map(AzureCloud::name))
}

pub(super) fn workload_identity(identity: &WorkloadIdentity) -> Map {
    let WorkloadIdentity { client, tenant, resource, cloud, provider: _ } = identity;
    let client_id = match client {
        ClientChoice::Route(id) => Some(id.as_str()),
        ClientChoice::Annotated => None,
    };
    Map::default()
        .with("tenantId", tenant.as_str())
        .with_some("clientId", client_id)
        .with_some("resource", resource.as_deref())
        .with_some("cloud", cloud.map(AzureCloud::name))
}

fn chosen(map: Map, choice: &IdentityChoice) -> Map {
    match choice {
        IdentityChoice::Default => map,
        IdentityChoice::ClientId(id) => map.with("clientId", id.as_str()),
        IdentityChoice::ObjectId(id) => map.with("objectId", id.as_str()),
        IdentityChoice::ResourceId(id) => map.with("resourceId", id.as_str()),
    }
}
