//! Remedies of the pod's own token.

use crate::identity::kubernetes::TokenError;

pub(super) fn token(error: &TokenError) -> String {
    match error {
        TokenError::Missing => "add `tokenAttributes` to the provider's entry in the kubelet's configuration".into(),
        TokenError::Form => "report this: the kubelet sends a JWT".into(),
        TokenError::Expired { .. } => "check the node's clock; the kubelet sends a fresh token".into(),
        TokenError::Audience { wanted, .. } => {
            format!("set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `{wanted}`")
        }
    }
}
