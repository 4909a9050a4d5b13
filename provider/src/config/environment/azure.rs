//! Azure by the incumbent's variables.

use super::{opted_in, provider};
use crate::config::{ConfigError, Environment};
use crate::identity::{IdentitySource, azure};

/// The node's managed identity, and before it the token of a pod that has opted in.
pub(super) fn identities(environment: &Environment) -> Result<Vec<IdentitySource>, ConfigError> {
    let node = managed_identity(environment)?;
    let own = opted_in(environment.value("azure_app_audience"), &node.provider);
    Ok(vec![own, IdentitySource::AzureManagedIdentity(node)])
}

fn managed_identity(environment: &Environment) -> Result<azure::ManagedIdentity, ConfigError> {
    match environment.required("azure_auth_method", "says how the managed identity is used: imds_direct")? {
        "imds_direct" => {}
        value => {
            return Err(ConfigError::Choice {
                name: "azure_auth_method",
                value: value.to_owned(),
                choices: "imds_direct",
            });
        }
    }
    let resource = match environment.value("azure_app_uri") {
        Some(uri) => uri.to_owned(),
        None => format!(
            "api://{}",
            environment.required("azure_app_client_id", "names the application that Artifactory trusts")?
        ),
    };
    let client_id = environment.required("azure_nodepool_client_id", "names the node pool's managed identity")?;
    let audience = environment.value("jfrog_token_audience").unwrap_or("*@*");
    Ok(azure::ManagedIdentity {
        resource,
        client_id: Some(client_id.to_owned()),
        provider: provider(environment, audience)?,
    })
}
