//! The facts of one Compute Engine instance, its project, and who may act as whom in it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::policy::Policy;
use super::pool::PoolProvider;

/// An instance and its project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GcpWorld {
    /// The id of the project.
    pub project: String,
    /// The number of the project.
    pub project_number: u64,
    /// The zone of the instance, `us-central1-a` for one.
    pub zone: String,
    /// The instance.
    pub instance: Instance,
    /// The service account of the instance; an instance can have none.
    #[serde(default)]
    pub service_account: Option<ServiceAccount>,
    /// The service accounts of the project that are not the instance's.
    #[serde(default)]
    pub service_accounts: Vec<ServiceAccount>,
    /// The providers of the project's workload identity pools.
    #[serde(default)]
    pub workload_identity_providers: Vec<PoolProvider>,
    /// Who may read the project's images, as `gcloud artifacts repositories get-iam-policy --format json` prints it.
    #[serde(default)]
    pub artifact_registry: Policy,
    /// Which metadata server answers.
    #[serde(default)]
    pub metadata_server: MetadataServer,
    /// The audience that the programs of this world ask for.
    pub audience: String,
    /// The `iss` of its ID tokens; unless told, `URL/google` of the mock.
    #[serde(default)]
    pub issuer: Option<String>,
}

/// A Compute Engine instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Instance {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its type, `e2-standard-2` for one.
    pub machine_type: String,
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// The ids of the licenses of its images.
    #[serde(default)]
    pub licenses: Vec<String>,
    /// Its custom metadata.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Its address.
    pub email: String,
    /// Its numeric id, the `sub` of its ID tokens.
    pub unique_id: String,
    /// The scopes of its access tokens, where it is the instance's.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Who may act as it, as `gcloud iam service-accounts get-iam-policy --format json` prints it.
    #[serde(default)]
    pub policy: Policy,
}

/// Which metadata server answers below `/computeMetadata/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MetadataServer {
    /// The instance's own, as programs in the node's network meet it.
    #[default]
    ComputeEngine,
    /// GKE's on the node, as the pods of a cluster with workload identity meet it.
    Gke(GkeWorkload),
}

/// The pod that asks GKE's metadata server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GkeWorkload {
    /// The namespace of its Kubernetes service account.
    pub namespace: String,
    /// The name of its Kubernetes service account.
    pub service_account: String,
    /// What `iam.gke.io/gcp-service-account` of that account says, if it is annotated.
    #[serde(default)]
    pub annotation: Option<String>,
}

impl GcpWorld {
    /// Answers a service account by its address or its numeric id.
    #[must_use]
    pub fn account(&self, name: &str) -> Option<&ServiceAccount> {
        let mut accounts = self.service_account.iter().chain(&self.service_accounts);
        accounts.find(|account| account.email == name || account.unique_id == name)
    }

    /// The same world with the cluster's issuer in the place of `{kubernetes}`.
    #[must_use]
    pub fn with_cluster(&self, issuer: &str, published_at: &str) -> Self {
        let mut world = self.clone();
        for provider in &mut world.workload_identity_providers {
            provider.with_cluster(issuer, published_at);
        }
        world
    }
}
