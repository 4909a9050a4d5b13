//! Google Cloud by the incumbent's variables.

use super::{opted_in, provider};
use crate::config::{ConfigError, Environment};
use crate::identity::{IdentitySource, gcp};

/// The node's service account, and before it the token of a pod that has opted in.
pub(super) fn identities(environment: &Environment) -> Result<Vec<IdentitySource>, ConfigError> {
    let node = metadata(environment)?;
    let own = opted_in(Some(&node.audience), &node.provider);
    Ok(vec![own, IdentitySource::GcpMetadata(node)])
}

fn metadata(environment: &Environment) -> Result<gcp::Metadata, ConfigError> {
    let audience = environment.required("jfrog_oidc_audience", "says which audience the ID token is for")?;
    let account = environment.value("google_service_account_email");
    // The incumbent asks the IAM Credentials API for each account. Here only another one than the VM's needs that.
    Ok(gcp::Metadata {
        foreign_account: gcp::ForeignAccount::Impersonated,
        service_account: account
            .map(|value| crate::config::service_account("google_service_account_email", value))
            .transpose()?,
        audience: audience.to_owned(),
        provider: provider(environment, audience)?,
    })
}
