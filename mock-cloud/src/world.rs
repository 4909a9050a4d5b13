//! The facts of a world: which accounts, identities, keys and tokens exist in each cloud.

use serde::Deserialize;

use crate::aws::AwsWorld;
use crate::azure::AzureWorld;
use crate::gcp::GcpWorld;
use crate::kubernetes::KubernetesWorld;

/// The world that exists unless told.
const BUILT_IN: &str = include_str!("world/default.yaml");

/// What exists in each cloud; a section that a file omits is the built-in one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct World {
    /// An EC2 instance and its account.
    #[serde(default = "built_in_aws")]
    pub aws: AwsWorld,
    /// An Azure virtual machine and its tenant.
    #[serde(default = "built_in_azure")]
    pub azure: AzureWorld,
    /// A Compute Engine instance and its project.
    #[serde(default = "built_in_gcp")]
    pub gcp: GcpWorld,
    /// A Kubernetes cluster that issues service account tokens.
    #[serde(default = "built_in_kubernetes")]
    pub kubernetes: KubernetesWorld,
}

/// Why a text is no world.
#[derive(Debug, thiserror::Error)]
#[error("failed to read the world: {0}")]
pub struct WorldError(String);

impl World {
    /// Reads a world from YAML.
    ///
    /// # Errors
    ///
    /// When the text is not YAML, or names a fact that no world has; the error names it.
    pub fn from_yaml(text: &str) -> Result<Self, WorldError> {
        serde_saphyr::from_str(text).map_err(|error| WorldError(error.to_string()))
    }
}

impl Default for World {
    fn default() -> Self {
        Self::from_yaml(BUILT_IN).expect("the built-in world is one")
    }
}

fn built_in_aws() -> AwsWorld {
    World::default().aws
}

fn built_in_azure() -> AzureWorld {
    World::default().azure
}

fn built_in_gcp() -> GcpWorld {
    World::default().gcp
}

fn built_in_kubernetes() -> KubernetesWorld {
    World::default().kubernetes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_is_omitted_is_the_built_in_one() {
        let world = World::from_yaml("kubernetes: {cluster: AB12}").unwrap();
        assert_eq!(world.kubernetes.cluster, "AB12");
        assert_eq!(world.azure, World::default().azure);
        assert_eq!(world.gcp, World::default().gcp);
        assert_eq!(world.aws, World::default().aws);
    }

    #[test]
    fn the_built_in_world_names_every_section() {
        for section in ["aws:", "azure:", "gcp:", "kubernetes:"] {
            let lines = BUILT_IN.lines().filter(|line| line.starts_with(section));
            assert_eq!(lines.count(), 1, "{section}");
        }
    }

    #[test]
    fn an_unknown_fact_is_refused_with_its_name() {
        for text in ["moon: {}", "kubernetes: {cluster: AB, color: red}"] {
            let name = if text.contains("moon") { "moon" } else { "color" };
            let error = World::from_yaml(text).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_missing_fact_is_refused_with_its_name() {
        let error = World::from_yaml("azure: {location: here}").unwrap_err();
        assert!(error.to_string().contains("missing field"), "{error}");
    }
}
