//! The Azure identities of a route.

use serde::Deserialize;

use super::RouteContext;
use crate::config::ConfigError;
use crate::identity::azure::ManagedIdentity;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ManagedIdentityShape {
    resource: String,
    client_id: Option<String>,
}

impl ManagedIdentityShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<ManagedIdentity, ConfigError> {
        Ok(ManagedIdentity {
            resource: route.place.filled("resource", self.resource)?,
            client_id: self.client_id.map(|id| route.place.filled("clientId", id)).transpose()?,
            provider: route.provider()?,
        })
    }
}
