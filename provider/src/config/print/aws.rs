//! The AWS identities.

use super::{Map, Node};
use crate::identity::aws::{
    AuthorizationServer, BaseCredentials, CallerIdentity, Cognito, ExternalId, ExternalRole, InstanceRole, PodIdentity,
    ResourceServer, RoleChoice, RoleSession, UserPool, WebIdentity,
};

pub(super) fn instance_role(role: &InstanceRole) -> Map {
    let InstanceRole { role_name, caller } = role;
    called(Map::default().with_some("roleName", role_name.as_deref()), caller)
}

pub(super) fn web_identity(identity: &WebIdentity) -> Map {
    let WebIdentity { role, caller } = identity;
    let arn = match role {
        RoleChoice::Route(arn) => Some(arn.as_str()),
        RoleChoice::Annotated => None,
    };
    called(Map::default().with_some("roleArn", arn), caller)
}

pub(super) fn pod_identity(identity: &PodIdentity) -> Map {
    let PodIdentity { caller } = identity;
    called(Map::default(), caller)
}

pub(super) fn external_role(role: &ExternalRole) -> Map {
    let ExternalRole { sdk: _, session, caller } = role;
    let RoleSession { role, external_id, name, duration, tags } = session;
    let length = std::time::Duration::from_secs(duration.seconds().unsigned_abs().into());
    let pairs = tags.iter().fold(Map::default(), |map, (key, value)| map.with(key, value));
    let map = Map::default()
        .with("roleArn", role.as_str())
        .with_some("externalId", external_id.as_ref().map(ExternalId::as_str))
        .with("sessionName", name.as_str())
        .with("sessionDuration", length)
        .with_some("sessionTags", Some(pairs).filter(|pairs| !pairs.is_empty()));
    called(map, caller)
}

fn called(map: Map, caller: &CallerIdentity) -> Map {
    let CallerIdentity { region, token_lifetime } = caller;
    map.with_some("region", region.as_ref().map(|region| Node::from(region.as_str())))
        .with("tokenLifetime", *token_lifetime)
}

pub(super) fn cognito(identity: &Cognito) -> Map {
    let Cognito { base, region, secret_name, server, scope, provider: _ } = identity;
    let map = match base {
        BaseCredentials::InstanceRole(name) => {
            Map::default().with("credentials", "instanceRole").with_some("roleName", name.as_deref())
        }
        BaseCredentials::Chain(_) => Map::default().with("credentials", "defaultChain"),
    };
    let map = map
        .with_some("region", region.as_ref().map(|region| Node::from(region.as_str())))
        .with("secretName", secret_name.as_str());
    let map = match server {
        AuthorizationServer::Known { token_endpoint, identifier } => {
            map.with("tokenEndpoint", token_endpoint.as_str()).with("resourceServerIdentifier", identifier.as_str())
        }
        AuthorizationServer::UserPool { pool, resource_server } => {
            let map = match pool {
                UserPool::Named(name) => map.with("userPoolName", name.as_str()),
                UserPool::Id(id) => map.with("userPoolId", id.as_str()),
            };
            match resource_server {
                ResourceServer::Named(name) => map.with("resourceServerName", name.as_str()),
                ResourceServer::Identifier(id) => map.with("resourceServerIdentifier", id.as_str()),
            }
        }
    };
    map.with("scope", scope.as_str())
}
