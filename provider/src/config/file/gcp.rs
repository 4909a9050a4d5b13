//! The Google Cloud identities of a route.

use serde::Deserialize;

use super::RouteContext;
use crate::config::{ConfigError, service_account};
use crate::identity::gcp::Metadata;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetadataShape {
    audience: String,
    service_account: Option<String>,
}

impl MetadataShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<Metadata, ConfigError> {
        let account = self.service_account.map(|value| service_account("serviceAccount", &value));
        Ok(Metadata {
            service_account: account.transpose()?,
            audience: route.place.filled("audience", self.audience)?,
            provider: route.provider()?,
        })
    }
}
