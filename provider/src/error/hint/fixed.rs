//! Remedies of static credentials.

use crate::access::{DockerConfigError, StaticError};

pub(super) fn credential(error: &StaticError) -> String {
    match error {
        StaticError::Unreadable(_) => {
            "name a text file that the kubelet's user can read in `passwordFile` or `tokenFile`".into()
        }
        StaticError::Empty { .. } => "write the password into the file; an empty one is never sent".into(),
        StaticError::Expired { username } => {
            format!("replace the token of `{username}` where the route has it, and check the node's clock")
        }
        StaticError::DockerConfig(error) => docker_config(error),
    }
}

fn docker_config(error: &DockerConfigError) -> String {
    match error {
        DockerConfigError::Unreadable(_) => {
            "name a Docker configuration that the kubelet's user can read in `dockerConfigFile`".into()
        }
        DockerConfigError::Form { .. } => {
            "write it as `kubectl create secret docker-registry` does: {\"auths\": {\"HOST\": {\"auth\": \"..\"}}}".into()
        }
        DockerConfigError::NoEntry { .. } => {
            "add an entry for the registry to `auths` (for Docker Hub `https://index.docker.io/v1/`), or remove the registry from `matchImages`".into()
        }
        DockerConfigError::Helper { key, .. } => {
            format!("write a user name and password for `{key}` into `auths`; a node has no credential helpers to run")
        }
        DockerConfigError::OtherToken { key, .. } => {
            format!("write a user name and password for `{key}`: the kubelet takes nothing else from a credential provider")
        }
        DockerConfigError::Auth { key, .. } => {
            format!("write `auth` of `{key}` anew: printf %s user:password | base64 --wrap=0")
        }
        DockerConfigError::Empty { key, .. } => format!("write `auth`, or `username` and `password`, for `{key}`"),
    }
}
