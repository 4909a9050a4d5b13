//! What the services beside IAM hold unless told.

use serde::Deserialize;

use crate::aws::cognito::CognitoWorld;
use crate::aws::pod_identity::PodIdentityWorld;
use crate::aws::secrets_manager::Secret;

const BUILT_IN: &str = include_str!("services.yaml");

/// The facts of the services beside IAM.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Services {
    pub(super) secrets: Vec<Secret>,
    pub(super) cognito: CognitoWorld,
    pub(super) pod_identity: PodIdentityWorld,
}

impl Default for Services {
    fn default() -> Self {
        serde_saphyr::from_str(BUILT_IN).expect("the built-in services are some")
    }
}
