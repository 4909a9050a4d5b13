//! The facts of one Azure virtual machine, its identities and the applications of its tenant.

use serde::Deserialize;

/// A virtual machine and its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AzureWorld {
    /// The cloud as the metadata service names it, `AzurePublicCloud` for one.
    pub environment: String,
    /// The region, `eastus` for one.
    pub location: String,
    /// The tenant of the identities and applications.
    pub tenant: String,
    /// The subscription of the machine.
    pub subscription: String,
    /// The resource group of the machine and its identities.
    pub resource_group: String,
    /// The machine.
    pub machine: Machine,
    /// The identity that lives and dies with the machine.
    #[serde(default)]
    pub system_assigned: Option<SystemAssigned>,
    /// The identities that were assigned to the machine.
    #[serde(default)]
    pub user_assigned: Vec<UserAssigned>,
    /// The applications for which the tenant issues tokens, beside Microsoft's own services.
    #[serde(default)]
    pub applications: Vec<Application>,
    /// The container registries of the subscription.
    #[serde(default)]
    pub container_registries: Vec<ContainerRegistry>,
    /// How many assertions are refused before the first one is accepted, as if the servers that are asked had not seen
    /// the credential yet.
    ///
    /// Source: Microsoft Entra, Important considerations and restrictions for federated identity credentials, "Federated
    /// credential updates take time to propagate".
    #[serde(default)]
    pub unseen_assertions: usize,
    /// The `iss` of v1 tokens; unless told, `URL/TENANT/` of the mock.
    #[serde(default)]
    pub issuer_v1: Option<String>,
    /// The `iss` of v2 tokens; unless told, `URL/TENANT/v2.0` of the mock.
    #[serde(default)]
    pub issuer_v2: Option<String>,
}

/// A virtual machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Machine {
    /// Its unique id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its size, `Standard_D2s_v3` for one.
    pub size: String,
}

/// An identity that lives and dies with the machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SystemAssigned {
    /// The id of its application.
    pub client_id: String,
    /// The id of its service principal.
    pub object_id: String,
}

/// An identity of its own that was assigned to the machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserAssigned {
    /// Its name.
    pub name: String,
    /// The id of its application.
    pub client_id: String,
    /// The id of its service principal.
    pub object_id: String,
}

/// An application for which the tenant issues tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its id.
    pub client_id: String,
    /// The URIs by which a resource is asked for.
    #[serde(default)]
    pub identifier_uris: Vec<String>,
    /// Which form of token the application asks for, as in its manifest; null there means 1.
    #[serde(default)]
    pub requested_access_token_version: TokenVersion,
    /// The object id of its service principal in the tenant; an application without one gets no token.
    #[serde(default)]
    pub service_principal: Option<String>,
    /// Whose tokens it accepts instead of a secret.
    #[serde(default)]
    pub federated_credentials: Vec<FederatedCredential>,
    /// The roles that its clients can have.
    #[serde(default)]
    pub app_roles: Vec<AppRole>,
}

/// A federated identity credential, as Microsoft Graph has it.
///
/// In `issuer`, `{tenant}` stands for the tenant's own issuer (v2) and `{kubernetes}` for that of the world's cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FederatedCredential {
    /// Its name.
    pub name: String,
    /// The `iss` of the assertions, to the letter.
    pub issuer: String,
    /// Their `sub`, to the letter.
    pub subject: String,
    /// Their `aud`; Graph allows one.
    pub audiences: Vec<String>,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
}

/// A role that an application defines.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AppRole {
    /// What `roles` says of it.
    pub value: String,
    /// The object ids of those who have it.
    pub assigned_to: Vec<String>,
}

/// A registry of Azure Container Registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ContainerRegistry {
    /// Its name, the first label of its host.
    pub name: String,
    /// The object ids of those who have the role `AcrPull`.
    #[serde(default)]
    pub pullers: Vec<String>,
}

impl ContainerRegistry {
    /// Its host name, in Azure's public cloud.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.azurecr.io", self.name)
    }
}

impl AzureWorld {
    /// The same world with the issuers that its credentials only stand for.
    #[must_use]
    pub fn with_issuers(&self, tenant: &str, cluster: &str) -> Self {
        let mut world = self.clone();
        let applications = world.applications.iter_mut();
        for credential in applications.flat_map(|application| &mut application.federated_credentials) {
            match credential.issuer.as_str() {
                "{tenant}" => tenant.clone_into(&mut credential.issuer),
                "{kubernetes}" => cluster.clone_into(&mut credential.issuer),
                _ => {}
            }
        }
        world
    }
}

/// The form of an access token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum TokenVersion {
    /// `iss` `https://sts.windows.net/TENANT/`, `aud` as asked.
    #[default]
    V1,
    /// `iss` `https://login.microsoftonline.com/TENANT/v2.0`, `aud` the application's id.
    V2,
}

impl TryFrom<u8> for TokenVersion {
    type Error = String;

    fn try_from(version: u8) -> Result<Self, String> {
        match version {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            _ => Err(format!("`requestedAccessTokenVersion` must be 1 or 2, not {version}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_version_is_one_or_two() {
        assert_eq!(TokenVersion::try_from(1), Ok(TokenVersion::V1));
        assert_eq!(TokenVersion::try_from(2), Ok(TokenVersion::V2));
        assert!(TokenVersion::try_from(3).is_err());
    }
}
