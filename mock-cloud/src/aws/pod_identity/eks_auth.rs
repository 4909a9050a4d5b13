//! EKS Auth behind the agent: the token of a pod for a session of the role that its service account is associated with.
//!
//! ```text
//! node may ask? ─▶ token verified by the cluster's keys ─▶ association ─▶ trust policy of the role ─▶ session
//! ```
//!
//! [EKS API reference, AssumeRoleForPodIdentity](https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumeRoleForPodIdentity.html).

use std::time::Duration;

use http::StatusCode;
use thiserror::Error;
use uuid::Uuid;

use super::{Association, SessionTagging};
use crate::aws::Facts;
use crate::aws::region::partition_of;
use crate::aws::session::{Opening, RoleSession, SessionTags};
use crate::aws::trust_policy::Context;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::presented::{Flaw, PresentedPod};

/// Whom the tokens are for, and who assumes the roles.
const SERVICE: &str = "pods.eks.amazonaws.com";

/// Why EKS Auth gives no session.
///
/// The texts for an association that is missing and a role that may not be assumed are those that users of the agent
/// quote, the others those of botocore, data/eks-auth/2023-11-26/service-2.json.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum EksAuthError {
    #[error(
        "error getting credentials to cache: unable to fetch credentials from EKS Auth: operation error EKS Auth: \
         AssumeRoleForPodIdentity, get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found"
    )]
    NoNodeRole,
    #[error(
        "User: {caller} is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: {cluster} because no \
         identity-based policy allows the eks-auth:AssumeRoleForPodIdentity action"
    )]
    NodeMayNotAsk { caller: String, cluster: String },
    #[error("The specified Kubernetes service account token is invalid.")]
    InvalidToken,
    #[error("The specified Kubernetes service account token is expired.")]
    ExpiredToken,
    #[error("The token included in the request has no service account role association for it.")]
    NoAssociation,
    #[error("Unauthorized Exception! EKS does not have permissions to assume the associated role.")]
    RoleNotAssumable,
}

impl EksAuthError {
    /// The status of the answer and the name of the error, `None` when EKS Auth was never asked.
    pub(super) fn answer(&self) -> Option<(StatusCode, &'static str)> {
        Some(match self {
            Self::NoNodeRole => return None,
            Self::NodeMayNotAsk { .. } | Self::RoleNotAssumable => (StatusCode::BAD_REQUEST, "AccessDeniedException"),
            Self::InvalidToken => (StatusCode::BAD_REQUEST, "InvalidTokenException"),
            Self::ExpiredToken => (StatusCode::BAD_REQUEST, "ExpiredTokenException"),
            Self::NoAssociation => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
        })
    }
}

impl From<Flaw> for EksAuthError {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Expired => Self::ExpiredToken,
            Flaw::Untrusted | Flaw::NotYetValid | Flaw::Unbound => Self::InvalidToken,
        }
    }
}

/// The session for a token, asked for by the node.
///
/// # Errors
///
/// The first reason against it.
pub(super) fn assume_role(facts: &Facts, cluster: &Kubernetes, token: &str) -> Result<RoleSession, EksAuthError> {
    let arn = cluster_arn(facts, &cluster.world().name);
    may_ask(facts, &arn)?;
    let pod = cluster.presented(token, SERVICE)?;
    let associations = &facts.world.pod_identity.associations;
    let association = associations.iter().find(|one| one.is_for(&pod)).ok_or(EksAuthError::NoAssociation)?;
    let opening = opening(facts, &cluster.world().name, &arn, association, &pod);
    let context = Context::default().with("aws:SourceAccount", [&facts.world.account]).with("aws:SourceArn", [&arn]);
    let session = facts.sessions.open_for_service(SERVICE, &association.role, opening, context, facts.clock.now());
    session.ok_or(EksAuthError::RoleNotAssumable)
}

/// The agent asks with the credentials of its node.
fn may_ask(facts: &Facts, cluster: &str) -> Result<(), EksAuthError> {
    let role = facts.world.roles.first().ok_or(EksAuthError::NoNodeRole)?;
    let node = facts.sessions.current(&role.name, facts.clock.now()).ok_or(EksAuthError::NoNodeRole)?;
    if node.role.may_call("eks-auth:AssumeRoleForPodIdentity") {
        return Ok(());
    }
    Err(EksAuthError::NodeMayNotAsk { caller: node.arn(), cluster: cluster.into() })
}

fn cluster_arn(facts: &Facts, name: &str) -> String {
    let (region, account) = (&facts.world.region, &facts.world.account);
    format!("arn:{}:eks:{region}:{account}:cluster/{name}", partition_of(region).id)
}

/// What the session is: the tags are inherited, and the name has ten characters of each name, as `CloudTrail` shows.
///
/// [EKS user guide, Session tags of EKS Pod Identity](https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html).
fn opening(facts: &Facts, cluster: &str, arn: &str, association: &Association, pod: &PresentedPod) -> Opening {
    let name = format!("eks-{}-{}-{}", ten(cluster), ten(&pod.name), Uuid::new_v4());
    let lifetime = Duration::from_secs(facts.world.pod_identity.credentials_lifetime_seconds.into());
    let mut opening = Opening::new(&name, lifetime);
    if association.session_tags == SessionTagging::Enabled {
        opening.tags = SessionTags::default()
            .with_transitive("eks-cluster-arn", arn)
            .with_transitive("eks-cluster-name", cluster)
            .with_transitive("kubernetes-namespace", &pod.namespace)
            .with_transitive("kubernetes-service-account", &pod.service_account)
            .with_transitive("kubernetes-pod-name", &pod.name)
            .with_transitive("kubernetes-pod-uid", &pod.uid);
    }
    opening
}

fn ten(name: &str) -> String {
    name.chars().take(10).collect()
}

impl Association {
    fn is_for(&self, pod: &PresentedPod) -> bool {
        self.namespace == pod.namespace && self.service_account == pod.service_account
    }
}

#[cfg(test)]
mod tests {
    use mock_kit::Kit;

    use super::*;
    use crate::World;
    use crate::aws::Aws;

    fn opened(cluster: &str, pod: &str, session_tags: SessionTagging) -> Opening {
        let aws = Aws::new(&World::default().aws, &Kit::new());
        let association = Association { session_tags, ..aws.0.world.pod_identity.associations[0].clone() };
        let pod = PresentedPod {
            namespace: "default".into(),
            service_account: "pod-identity".into(),
            name: pod.into(),
            uid: "uid".into(),
        };
        opening(&aws.0, cluster, "arn", &association, &pod)
    }

    #[test]
    fn a_session_is_named_after_ten_characters_of_cluster_and_pod_and_is_never_too_long() {
        for (cluster, pod, start) in [
            ("artifactory-demo", "deployment-7d4b9c5f8-abcde", "eks-artifactor-deployment-"),
            ("eks", "web-0", "eks-eks-web-0-"),
        ] {
            let name = opened(cluster, pod, SessionTagging::Enabled).name;
            assert_eq!(name.strip_prefix(start).unwrap().len(), 36, "{name}");
            assert!(name.len() <= 64, "{name}");
        }
    }

    #[test]
    fn all_six_tags_are_inherited_by_further_sessions() {
        let tags = opened("artifactory-demo", "web-0", SessionTagging::Enabled).tags;
        let keys: Vec<_> = tags.transitive_keys().collect();
        assert_eq!(
            keys,
            [
                "eks-cluster-arn",
                "eks-cluster-name",
                "kubernetes-namespace",
                "kubernetes-pod-name",
                "kubernetes-pod-uid",
                "kubernetes-service-account"
            ]
        );
        assert!(opened("artifactory-demo", "web-0", SessionTagging::Disabled).tags.is_empty());
    }

    #[test]
    fn every_flaw_has_the_answer_that_eks_auth_has_for_it() {
        for (flaw, code) in [
            (Flaw::Expired, "ExpiredTokenException"),
            (Flaw::Untrusted, "InvalidTokenException"),
            (Flaw::NotYetValid, "InvalidTokenException"),
            (Flaw::Unbound, "InvalidTokenException"),
        ] {
            assert_eq!(EksAuthError::from(flaw).answer(), Some((StatusCode::BAD_REQUEST, code)));
        }
    }
}
