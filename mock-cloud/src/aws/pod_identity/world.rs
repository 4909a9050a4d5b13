//! The facts of EKS Pod Identity.

use serde::Deserialize;

/// The agent of the node and the associations of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct PodIdentityWorld {
    /// Which service account gets which role.
    pub associations: Vec<Association>,
    /// Requests that the agent answers in a second, half of them at once; 0 refuses every one.
    pub requests_per_second: u32,
    /// Seconds that the credentials live.
    pub credentials_lifetime_seconds: u32,
}

/// Which role the pods of a service account get.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Association {
    /// The namespace of the service account.
    pub namespace: String,
    /// The name of the service account.
    pub service_account: String,
    /// The ARN of the role.
    pub role: String,
    /// Whether the sessions have tags.
    #[serde(default)]
    pub session_tags: SessionTagging,
}

/// Whether the sessions of an association have tags.
///
/// [EKS API reference, PodIdentityAssociation](https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html), `disableSessionTags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SessionTagging {
    /// Six of them.
    #[default]
    Enabled,
    /// None.
    Disabled,
}

impl Default for PodIdentityWorld {
    fn default() -> Self {
        Self {
            associations: Vec::new(),
            // aws/eks-pod-identity-agent, pkg/server/server.go.
            requests_per_second: 1000,
            // `durationSeconds` of the AssumeRole calls that CloudTrail shows for pods.eks.amazonaws.com.
            credentials_lifetime_seconds: 21_600,
        }
    }
}
