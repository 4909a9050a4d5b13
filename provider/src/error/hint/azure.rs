//! Remedies of the Azure identities.

use super::transport;
use crate::http::HttpError;
use crate::identity::azure::AzureError;

pub(super) fn identity(error: &AzureError) -> String {
    match error {
        AzureError::Transport(HttpError::Silence { .. }) => "check that the node reaches 169.254.169.254 (firewall, network policy)".into(),
        AzureError::Transport(source) => transport(source, "169.254.169.254 (is this an Azure VM?)"),
        AzureError::Refused { status: 400, .. } => {
            "check `azure_nodepool_client_id` (`clientId`), that this identity is assigned to the VM, and `azure_app_uri` (`resource`)".into()
        }
        AzureError::Refused { status: 404 | 410 | 429 | 500..=599, .. } => "the service is updating, throttled or failing; the kubelet tries again".into(),
        AzureError::Refused { .. } | AzureError::Form => "check that 169.254.169.254 is Azure's own service and no proxy or emulator".into(),
    }
}
