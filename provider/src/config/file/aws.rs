//! The AWS identities of a route.

use serde::Deserialize;

use super::{RouteContext, duration};
use crate::config::{ConfigError, Environment, environment, region, role_arn, role_name};
use crate::endpoints::Region;
use crate::identity::aws::{CallerIdentity, InstanceRole, PodIdentity, RoleChoice, WebIdentity};

mod cognito;
mod external_role;

pub(super) use cognito::CognitoShape;
pub(super) use external_role::ExternalRoleShape;

/// The role of the EC2 instance, from its metadata service.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct InstanceRoleShape {
    /// The role's name, without `arn:` and path. Default: `aws_role_name`, else the instance's one role.
    role_name: Option<String>,
    /// The region whose STS Artifactory asks, such as `eu-central-1`. Default: `aws_region`, `AWS_REGION`, the pod's
    /// issuer's, the instance's.
    region: Option<String>,
    /// The life asked for Artifactory's token, such as `4h`. Default: `secret_ttl_seconds`, else `5h`.
    token_lifetime: Option<String>,
}

/// A role that the pod's service account token may assume (IRSA).
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WebIdentityShape {
    /// The role's ARN. Default: the annotated role of a pod that opts in.
    role_arn: Option<String>,
    /// The region whose STS Artifactory asks, such as `eu-central-1`. Default: `aws_region`, `AWS_REGION`, the pod's
    /// issuer's, the instance's.
    region: Option<String>,
    /// The life asked for Artifactory's token, such as `4h`. Default: `secret_ttl_seconds`, else `5h`.
    token_lifetime: Option<String>,
}

/// The role that EKS associates with the pod's service account.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PodIdentityShape {
    /// The region whose STS Artifactory asks, such as `eu-central-1`. Default: `aws_region`, `AWS_REGION`, the pod's
    /// issuer's, the instance's.
    region: Option<String>,
    /// The life asked for Artifactory's token, such as `4h`. Default: `secret_ttl_seconds`, else `5h`.
    token_lifetime: Option<String>,
}

impl InstanceRoleShape {
    pub(super) fn into_identity(self, route: &RouteContext<'_>) -> Result<InstanceRole, ConfigError> {
        Ok(InstanceRole {
            role_name: own_role_name(self.role_name, route.environment)?,
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

/// The route's role name, else the environment's.
fn own_role_name(name: Option<String>, environment: &Environment) -> Result<Option<String>, ConfigError> {
    match name {
        Some(name) => role_name("roleName", &name).map(Some),
        None => environment::role_name(environment),
    }
}

/// How a role is shown; what a route leaves out is the environment's.
fn caller(
    name: Option<String>,
    lifetime: Option<String>,
    environment: &Environment,
) -> Result<CallerIdentity, ConfigError> {
    let region = own_region(name, environment)?;
    let token_lifetime = match lifetime {
        Some(text) => duration("tokenLifetime", &text)?,
        None => environment::token_lifetime(environment)?,
    };
    Ok(CallerIdentity { region, token_lifetime })
}
