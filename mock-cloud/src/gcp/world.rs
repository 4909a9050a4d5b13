//! The facts of one Compute Engine instance, its project and its service account.

use serde::Deserialize;

/// An instance and its project.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GcpWorld {
    /// The id of the project.
    pub project: String,
    /// The number of the project.
    pub project_number: u64,
    /// The zone of the instance, `us-central1-a` for one.
    pub zone: String,
    /// The instance.
    pub instance: Instance,
    /// The service account of the instance; an instance can have none.
    #[serde(default)]
    pub service_account: Option<ServiceAccount>,
    /// The audience that the programs of this world ask for.
    pub audience: String,
    /// The `iss` of its ID tokens; unless told, `URL/google` of the mock.
    #[serde(default)]
    pub issuer: Option<String>,
}

/// A Compute Engine instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Instance {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its type, `e2-standard-2` for one.
    pub machine_type: String,
    /// When it was created, in seconds since 1970.
    pub created: i64,
    /// The ids of the licenses of its images.
    #[serde(default)]
    pub licenses: Vec<String>,
}

/// The service account of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Its address.
    pub email: String,
    /// Its numeric id, the `sub` of its ID tokens.
    pub unique_id: String,
    /// The scopes of its access tokens.
    pub scopes: Vec<String>,
}
