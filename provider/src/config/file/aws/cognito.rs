//! Cognito as an identity of a route.

use serde::Deserialize;

use super::{RouteContext, own_region, own_role_name};
use crate::config::external_role::sdk;
use crate::config::{ConfigError, RouteProblem};
use crate::endpoints::remote_url;
use crate::identity::aws::{AuthorizationServer, BaseCredentials, Cognito, ResourceServer, UserPool};

/// A client of an Amazon Cognito user pool, whose secret the node's credentials may read.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config::file) struct CognitoShape {
    /// What signs the calls: `instanceRole`, or `defaultChain`, what the AWS SDK finds. Default: `instanceRole`.
    #[cfg_attr(test, schemars(extend("enum" = ["instanceRole", "defaultChain", null])))]
    credentials: Option<String>,
    /// The role's name, without `arn:` and path. Default: `aws_role_name`, else the instance's one role.
    role_name: Option<String>,
    /// The region of the secret and of the user pool. Default: `aws_region`, `AWS_REGION`, the instance's.
    region: Option<String>,
    /// The name or ARN of the secret with the client's `client-id` and `client-secret`.
    secret_name: String,
    /// The user pool's name, which is looked for.
    user_pool_name: Option<String>,
    /// The user pool's id, in the place of its name.
    user_pool_id: Option<String>,
    /// The resource server's name, which is looked for.
    resource_server_name: Option<String>,
    /// The resource server's identifier, in the place of its name.
    resource_server_identifier: Option<String>,
    /// The address of the token endpoint, so that no user pool is asked; needs `resourceServerIdentifier`.
    token_endpoint: Option<String>,
    /// The scope, without the identifier of its resource server.
    scope: String,
}

impl CognitoShape {
    pub(in crate::config::file) fn into_identity(self, route: &RouteContext<'_>) -> Result<Cognito, ConfigError> {
        let place = route.place;
        let server = match self.token_endpoint {
            Some(endpoint) => {
                let unused = [
                    ("userPoolName", self.user_pool_name),
                    ("userPoolId", self.user_pool_id),
                    ("resourceServerName", self.resource_server_name),
                ];
                if let Some((key, _)) = unused.into_iter().find(|(_, value)| value.is_some()) {
                    return Err(place.wrong(RouteProblem::Unused(key)));
                }
                known(route, &endpoint, self.resource_server_identifier)?
            }
            None => AuthorizationServer::UserPool {
                pool: match either(route, USER_POOL, self.user_pool_name, self.user_pool_id)? {
                    Either::Name(name) => UserPool::Named(name),
                    Either::Known(id) => UserPool::Id(id),
                },
                resource_server: match either(
                    route,
                    RESOURCE_SERVER,
                    self.resource_server_name,
                    self.resource_server_identifier,
                )? {
                    Either::Name(name) => ResourceServer::Named(name),
                    Either::Known(identifier) => ResourceServer::Identifier(identifier),
                },
            },
        };
        Ok(Cognito {
            base: base_credentials(route, self.credentials.as_deref(), self.role_name)?,
            region: own_region(self.region, route.environment)?,
            secret_name: place.filled("secretName", self.secret_name)?,
            scope: place.filled("scope", self.scope)?,
            provider: route.provider()?,
            server,
        })
    }
}

/// The instance's role, unless the route asks for what the AWS SDK finds, as an `awsExternalRole` always does.
fn base_credentials(
    route: &RouteContext<'_>,
    credentials: Option<&str>,
    name: Option<String>,
) -> Result<BaseCredentials, ConfigError> {
    const CHAIN: &str = "defaultChain";
    match (credentials, name) {
        (None | Some("instanceRole"), name) => {
            Ok(BaseCredentials::InstanceRole(own_role_name(name, route.environment)?))
        }
        (Some(CHAIN), None) => Ok(BaseCredentials::Chain(sdk(CHAIN)?)),
        (Some(CHAIN), Some(_)) => Err(route.place.wrong(RouteProblem::Unused("roleName"))),
        (Some(value), _) => Err(ConfigError::Choice {
            name: "credentials",
            value: value.to_owned(),
            choices: "instanceRole, defaultChain",
        }),
    }
}

fn known(
    route: &RouteContext<'_>,
    endpoint: &str,
    identifier: Option<String>,
) -> Result<AuthorizationServer, ConfigError> {
    let needs = || route.place.wrong(RouteProblem::Needs("tokenEndpoint", RESOURCE_SERVER.1));
    Ok(AuthorizationServer::Known {
        token_endpoint: remote_url("tokenEndpoint", endpoint)?,
        identifier: route.place.filled(RESOURCE_SERVER.1, identifier.ok_or_else(needs)?)?,
    })
}

/// Two keys for one thing: its name, by which it is looked for, and what the search would find.
type Keys = (&'static str, &'static str);
const USER_POOL: Keys = ("userPoolName", "userPoolId");
const RESOURCE_SERVER: Keys = ("resourceServerName", "resourceServerIdentifier");

enum Either {
    Name(String),
    Known(String),
}

fn either(
    route: &RouteContext<'_>,
    keys: Keys,
    name: Option<String>,
    known: Option<String>,
) -> Result<Either, ConfigError> {
    match (name, known) {
        (Some(name), None) => Ok(Either::Name(route.place.filled(keys.0, name)?)),
        (None, Some(known)) => Ok(Either::Known(route.place.filled(keys.1, known)?)),
        _ => Err(route.place.wrong(RouteProblem::Either(keys.0, keys.1))),
    }
}
