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
