//! The pod's own token as an identity of a route.

use serde::Deserialize;

use super::RouteContext;
use crate::config::ConfigError;
use crate::identity::kubernetes::{OptIn, ServiceAccountToken};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ServiceAccountTokenShape {
    audience: Option<String>,
    #[serde(default)]
    opt_in: OptInShape,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum OptInShape {
    #[default]
    EveryToken,
    Annotated,
}

impl ServiceAccountTokenShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<ServiceAccountToken, ConfigError> {
        Ok(ServiceAccountToken {
            opt_in: match self.opt_in {
                OptInShape::EveryToken => OptIn::EveryToken,
                OptInShape::Annotated => OptIn::Annotated,
            },
            audience: self.audience.map(|audience| route.place.filled("audience", audience)).transpose()?,
            provider: route.provider()?,
        })
    }
}
