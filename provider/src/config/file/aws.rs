//! The AWS identities of a route.

use serde::Deserialize;

use super::{RouteContext, duration};
use crate::config::{ConfigError, DEFAULT_TOKEN_LIFETIME, Environment, environment, region, role_arn, role_name};
use crate::endpoints::Region;
use crate::identity::aws::{CallerIdentity, InstanceRole, PodIdentity, RoleChoice, WebIdentity};

mod cognito;
mod external_role;

pub(super) use cognito::CognitoShape;
pub(super) use external_role::ExternalRoleShape;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InstanceRoleShape {
    role_name: Option<String>,
    region: Option<String>,
    token_lifetime: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WebIdentityShape {
    role_arn: Option<String>,
    region: Option<String>,
    token_lifetime: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodIdentityShape {
    region: Option<String>,
    token_lifetime: Option<String>,
}

impl InstanceRoleShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<InstanceRole, ConfigError> {
        Ok(InstanceRole {
            role_name: self.role_name.map(|value| role_name("roleName", &value)).transpose()?,
            caller: caller(self.region, self.token_lifetime, route.environment)?,
        })
    }
}

impl WebIdentityShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<WebIdentity, ConfigError> {
        Ok(WebIdentity {
            role: match self.role_arn {
                Some(arn) => RoleChoice::Route(role_arn("roleArn", &arn)?),
                None => RoleChoice::Annotated,
            },
            caller: caller(self.region, self.token_lifetime, route.environment)?,
        })
    }
}

impl PodIdentityShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<PodIdentity, ConfigError> {
        Ok(PodIdentity { caller: caller(self.region, self.token_lifetime, route.environment)? })
    }
}

/// The route's region, else the environment's.
fn own_region(name: Option<String>, environment: &Environment) -> Result<Option<Region>, ConfigError> {
    match name {
        Some(name) => region("region", &name).map(Some),
        None => environment::region(environment),
    }
}

/// How a role is shown; a route without a region takes the environment's.
fn caller(
    name: Option<String>,
    lifetime: Option<String>,
    environment: &Environment,
) -> Result<CallerIdentity, ConfigError> {
    let region = own_region(name, environment)?;
    let lifetime = lifetime.map(|text| duration("tokenLifetime", &text)).transpose()?;
    Ok(CallerIdentity { region, token_lifetime: lifetime.unwrap_or(DEFAULT_TOKEN_LIFETIME) })
}
