//! Remedies of the Google Cloud identities.

use super::transport;
use crate::http::HttpError;
use crate::identity::gcp::GcpError;

pub(super) fn identity(error: &GcpError) -> String {
    match error {
        GcpError::Transport(HttpError::Silence { .. }) => {
            "check that the node reaches 169.254.169.254 (firewall, network policy)".into()
        }
        GcpError::Transport(source) => transport(source, "169.254.169.254 (is this a Compute Engine VM?)"),
        GcpError::Impostor => {
            "check that 169.254.169.254 is the metadata server and no proxy, and GCE_METADATA_HOST".into()
        }
        GcpError::NoAccount { .. } => {
            "attach the service account to the node pool, or correct `google_service_account_email` (`serviceAccount`)"
                .into()
        }
        GcpError::Refused { status: 429 | 500..=599, .. } => {
            "the server is starting, throttled or failing; the kubelet tries again".into()
        }
        GcpError::Refused { .. } | GcpError::Form => {
            "check `jfrog_oidc_audience` (`audience`) and that metadata concealment is off".into()
        }
    }
}
