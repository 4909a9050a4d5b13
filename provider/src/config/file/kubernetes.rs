//! Service account tokens as identities of a route: the pod's own, and the node's in a file.

use std::path::PathBuf;

use serde::Deserialize;

use super::RouteContext;
use crate::config::ConfigError;
use crate::identity::kubernetes::{Expected, OptIn, ServiceAccountToken, ServiceAccountTokenFile};

/// The pod's service account token itself, on any cluster.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ServiceAccountTokenShape {
    /// The audience that the token must carry, checked before it is sent. Default: not checked.
    audience: Option<String>,
    /// The issuer that the token must come from, checked likewise. Default: not checked.
    issuer: Option<String>,
    /// Which pods: `everyToken`, or `annotated`, those with `JFrogExchange: "true"`. Default: `everyToken`.
    #[serde(default)]
    opt_in: OptInShape,
}

/// A service account token that the node keeps in a file.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ServiceAccountTokenFileShape {
    /// The file.
    path: PathBuf,
    /// The audience that the token must carry, checked before it is sent. Default: not checked.
    audience: Option<String>,
    /// The issuer that the token must come from, checked likewise. Default: not checked.
    issuer: Option<String>,
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
            expected: expected(self.audience, self.issuer, route)?,
            provider: route.provider()?,
        })
    }
}

impl ServiceAccountTokenFileShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<ServiceAccountTokenFile, ConfigError> {
        Ok(ServiceAccountTokenFile {
            path: self.path,
            expected: expected(self.audience, self.issuer, route)?,
            provider: route.provider()?,
        })
    }
}

fn expected(
    audience: Option<String>,
    issuer: Option<String>,
    route: &RouteContext<'_>,
) -> Result<Expected, ConfigError> {
    Ok(Expected {
        audience: audience.map(|audience| route.place.filled("audience", audience)).transpose()?,
        issuer: issuer.map(|issuer| route.place.filled("issuer", issuer)).transpose()?,
    })
}
