//! Azure by the incumbent's variables.

use super::{opted_in, provider};
use crate::artifactory::OidcProvider;
use crate::config::{ConfigError, Environment, azure_cloud, tenant};
use crate::identity::IdentitySource;
use crate::identity::azure::{Federated, IdentityChoice, ManagedIdentity};

/// The node's identity, federated unless told otherwise, and before it the token of a pod that has opted in.
///
/// An entry for pods alone names no identity of the node: the incumbent's chart leaves tenant and node pool out then.
pub(super) fn identities(environment: &Environment) -> Result<Vec<IdentitySource>, ConfigError> {
    let audience = environment.value("azure_app_audience");
    let (node, provider) = match environment.value("azure_auth_method") {
        None if audience.is_some() && names_no_node(environment) => {
            return Ok(vec![opted_in(audience, &oidc_provider(environment)?)]);
        }
        None => {
            let identity = federated(environment)?;
            let provider = identity.provider.clone();
            (IdentitySource::AzureFederated(identity), provider)
        }
        Some("imds_direct") => {
            let identity = managed_identity(environment)?;
            let provider = identity.provider.clone();
            (IdentitySource::AzureManagedIdentity(identity), provider)
        }
        Some(value) => {
            return Err(ConfigError::Choice {
                name: "azure_auth_method",
                value: value.to_owned(),
                choices: "imds_direct (or leave it unset for the federated identity)",
            });
        }
    };
    Ok(vec![opted_in(audience, &provider), node])
}

fn names_no_node(environment: &Environment) -> bool {
    ["azure_tenant_id", "azure_nodepool_client_id"].into_iter().all(|name| environment.value(name).is_none())
}

fn federated(environment: &Environment) -> Result<Federated, ConfigError> {
    let tenant_id = environment.required("azure_tenant_id", "names the application's tenant")?;
    Ok(Federated {
        tenant: tenant("azure_tenant_id", tenant_id)?,
        client_id: application(environment)?.to_owned(),
        identity: node_pool(environment)?,
        audience: environment.value("azure_app_audience").map(str::to_owned),
        resource: None,
        cloud: environment.value("azure_cloud_name").map(|name| azure_cloud("azure_cloud_name", name)).transpose()?,
        provider: oidc_provider(environment)?,
    })
}

fn managed_identity(environment: &Environment) -> Result<ManagedIdentity, ConfigError> {
    let resource = match environment.value("azure_app_uri") {
        Some(uri) => uri.to_owned(),
        None => format!("api://{}", application(environment)?),
    };
    Ok(ManagedIdentity { resource, identity: node_pool(environment)?, provider: oidc_provider(environment)? })
}

fn oidc_provider(environment: &Environment) -> Result<OidcProvider, ConfigError> {
    provider(environment, environment.value("jfrog_token_audience").unwrap_or("*@*"))
}

fn application(environment: &Environment) -> Result<&str, ConfigError> {
    environment.required("azure_app_client_id", "names the application that Artifactory trusts")
}

fn node_pool(environment: &Environment) -> Result<IdentityChoice, ConfigError> {
    let client_id = environment.required("azure_nodepool_client_id", "names the node pool's managed identity")?;
    Ok(IdentityChoice::ClientId(client_id.to_owned()))
}
