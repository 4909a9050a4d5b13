//! The Google Cloud identities.

use super::{Map, Node};
use crate::identity::gcp::{
    ApplicationDefault, ForeignAccount, Impersonation, Metadata, SubjectToken, Target, WorkloadIdentity,
};

pub(super) fn metadata(identity: &Metadata) -> Map {
    let Metadata { service_account, foreign_account, audience, provider: _ } = identity;
    Map::default().with("audience", audience.as_str()).with_some("serviceAccount", service_account.as_deref()).with(
        "foreignAccount",
        match foreign_account {
            ForeignAccount::Refused => "refused",
            ForeignAccount::Impersonated => "impersonated",
        },
    )
}

pub(super) fn impersonation(identity: &Impersonation) -> Map {
    let Impersonation { target, audience, provider: _ } = identity;
    targeted(Map::default().with("audience", audience.as_str()), target)
}

pub(super) fn workload_identity(identity: &WorkloadIdentity) -> Map {
    let WorkloadIdentity { subject_token, pool_provider, target, audience, provider: _ } = identity;
    let file = match subject_token {
        SubjectToken::Pod => None,
        SubjectToken::File(path) => Some(path.as_path()),
    };
    let map = Map::default()
        .with("audience", audience.as_str())
        .with("workloadIdentityProvider", pool_provider.as_str())
        .with_some("tokenFile", file);
    targeted(map, target)
}

/// Where the credentials are is the environment's, with a file as without.
pub(super) fn application_default(identity: &ApplicationDefault) -> Map {
    let ApplicationDefault { place: _, audience, provider: _ } = identity;
    Map::default().with("audience", audience.as_str())
}

fn targeted(map: Map, target: &Target) -> Map {
    let Target { service_account, delegates } = target;
    let delegates = delegates.iter().map(|account| Node::from(account.as_str())).collect::<Vec<_>>();
    map.with("serviceAccount", service_account.as_str()).with("delegates", delegates)
}
