//! Remedies of service account tokens.

use std::path::Path;

use crate::identity::kubernetes::{ShownToken, TokenError, TokenFileError};

pub(super) fn token(error: &TokenError) -> String {
    match error {
        TokenError::Missing => "add `tokenAttributes` to the provider's entry in the kubelet's configuration".into(),
        TokenError::Form => "report this: the kubelet sends a JWT".into(),
        TokenError::Expired { .. } => "check the node's clock; the kubelet sends a fresh token".into(),
        TokenError::NotYetValid { .. } => "check the clocks of the node and of the control plane".into(),
        TokenError::Issuer { found, .. } => issuer(found),
        TokenError::Audience { wanted, .. } => {
            format!("set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `{wanted}`")
        }
    }
}

pub(super) fn token_file(error: &TokenFileError) -> String {
    let (path, error) = match error {
        TokenFileError::Unreadable(error) => {
            let path = error.path.display();
            return format!(
                "check that something on the node writes `{path}`, or correct `serviceAccountTokenFile.path`"
            );
        }
        TokenFileError::Unusable { path, source } => (path, source),
    };
    in_file(path, error)
}

fn in_file(path: &Path, error: &TokenError) -> String {
    let path = path.display();
    match error {
        TokenError::Missing | TokenError::Form => {
            format!("write a service account token and nothing else into `{path}`")
        }
        TokenError::Expired { .. } => {
            format!(
                "check that what writes `{path}` still runs, as a projected volume needs its pod, and the node's clock"
            )
        }
        TokenError::NotYetValid { .. } => token(error),
        TokenError::Issuer { found, .. } => issuer(found),
        TokenError::Audience { wanted, .. } => {
            format!("set `audience` of the `serviceAccountToken` projection that writes `{path}` to `{wanted}`")
        }
    }
}

/// Artifactory compares the issuer as a text, so that the value is given as the token has it.
fn issuer(found: &str) -> String {
    if found.is_empty() {
        return "use a token of the cluster: its API server always names the issuer".into();
    }
    format!(
        "if this is the right cluster, set `issuer` to `{found}`, and the same as issuer (`token_issuer` or `issuer_url`) of Artifactory's OIDC provider"
    )
}

/// Artifactory does not believe the token.
pub(super) fn untrusted(token: &ShownToken) -> String {
    let ShownToken { issuer, .. } = token;
    format!(
        "Artifactory's OIDC provider must have the issuer `{issuer}` (`token_issuer`, or `issuer_url` where none is set) and the keys of this cluster; check the clocks too"
    )
}

/// Artifactory believes the token and makes nobody of it.
pub(super) fn unmapped(token: &ShownToken) -> String {
    let ShownToken { issuer, subject, audience } = token;
    format!(
        "an identity mapping of Artifactory's OIDC provider must fit \"claims\": {{\"iss\": \"{issuer}\", \"sub\": \"{subject}\", \"aud\": \"{audience}\"}}"
    )
}
