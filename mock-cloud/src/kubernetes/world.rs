//! The facts of one cluster.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::World;

/// One cluster, its issuer and its service accounts; what a file omits is that of the built-in world.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KubernetesWorld {
    /// The hexadecimal id of the cluster in its issuer, `https://oidc.eks.REGION.amazonaws.com/id/HEX`.
    pub cluster: String,
    /// The `iss` of its tokens; unless told, the URL at which the mock publishes the issuer.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The name of the cluster in EKS.
    #[serde(default = "built_in_name")]
    pub name: String,
    /// The node on which every pod runs.
    #[serde(default = "built_in_node")]
    pub node: Node,
    /// The service accounts of all namespaces.
    #[serde(default = "built_in_service_accounts")]
    pub service_accounts: Vec<ServiceAccount>,
}

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its UUID.
    pub uid: String,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UUID.
    pub uid: String,
    /// Its annotations, which the kubelet hands to a credential provider.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl KubernetesWorld {
    /// Answers a service account of the cluster.
    #[must_use]
    pub fn service_account(&self, namespace: &str, name: &str) -> Option<&ServiceAccount> {
        let mut all = self.service_accounts.iter();
        all.find(|one| one.namespace == namespace && one.name == name)
    }
}

fn built_in_name() -> String {
    World::default().kubernetes.name
}

fn built_in_node() -> Node {
    World::default().kubernetes.node
}

fn built_in_service_accounts() -> Vec<ServiceAccount> {
    World::default().kubernetes.service_accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cluster_omits_is_built_in() {
        let cluster: KubernetesWorld = serde_saphyr::from_str("cluster: AB12\nname: mine").unwrap();
        let built_in = World::default().kubernetes;
        assert_eq!((cluster.cluster.as_str(), cluster.name.as_str()), ("AB12", "mine"));
        assert_eq!(cluster.node, built_in.node);
        assert_eq!(cluster.service_accounts, built_in.service_accounts);
    }

    #[test]
    fn a_service_account_is_found_by_namespace_and_name() {
        let world = World::default().kubernetes;
        assert_eq!(world.service_account("default", "app").unwrap().name, "app");
        assert_eq!(world.service_account("kube-system", "app"), None);
        assert_eq!(world.service_account("default", "nobody"), None);
    }

    #[test]
    fn the_annotated_service_account_opts_in_to_its_role() {
        let world = World::default().kubernetes;
        let annotations = &world.service_account("default", "app").unwrap().annotations;
        assert_eq!(annotations["eks.amazonaws.com/role-arn"], "arn:aws:iam::111122223333:role/web-identity-pull");
        assert_eq!(annotations["JFrogExchange"], "true");
        assert!(world.service_account("default", "plain").unwrap().annotations.is_empty());
    }
}
