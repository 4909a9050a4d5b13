//! The facts of Cognito in one account and region.

use serde::Deserialize;

/// The user pools, and what the service does where its documents leave it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct CognitoWorld {
    /// The user pools in the order in which they are listed.
    pub user_pools: Vec<UserPool>,
    /// What the `iss` of a pool's tokens has before its id; unless told, the URL of the mock.
    ///
    /// The real one is `https://cognito-idp.REGION.amazonaws.com`.
    pub issuer: Option<String>,
    /// What a scope that the client does not have gives.
    pub unknown_scope: UnknownScope,
    /// What a client gets that may not use `client_credentials`.
    pub forbidden_flow: ForbiddenFlow,
}

/// A user pool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UserPool {
    /// Its id, `REGION_` and nine letters and digits.
    pub id: String,
    /// Its name, which need not be unique.
    pub name: String,
    /// The prefix of its domain, `PREFIX.auth.REGION.amazoncognito.com`.
    #[serde(default)]
    pub domain: Option<String>,
    /// A domain of its owner's.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// The APIs that tokens are for, in the order in which they are listed.
    #[serde(default)]
    pub resource_servers: Vec<ResourceServer>,
    /// The programs that get tokens.
    #[serde(default)]
    pub clients: Vec<Client>,
}

/// An API that tokens are for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ResourceServer {
    /// What scopes begin with.
    pub identifier: String,
    /// Its name.
    pub name: String,
    /// Its scopes, which a request names as `IDENTIFIER/SCOPE`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// A program that gets tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its id, 26 lower-case letters and digits on a real one.
    pub id: String,
    /// The ways in which it may get tokens.
    #[serde(default = "client_credentials")]
    pub flows: Vec<Flow>,
    /// The scopes that it may have, as `IDENTIFIER/SCOPE`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Seconds that its access tokens live.
    #[serde(default = "an_hour")]
    pub access_token_seconds: u32,
    /// An `aud` of its access tokens, which have none unless told.
    #[serde(default)]
    pub audience: Option<String>,
}

/// A way to get tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// For a program of its own account.
    ClientCredentials,
    /// For a person who has signed in.
    Code,
}

/// What a scope that the client does not have gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownScope {
    /// `invalid_scope`.
    #[default]
    Refused,
    /// A token without it.
    Ignored,
}

/// What a client gets that may not use `client_credentials`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ForbiddenFlow {
    /// `unauthorized_client`.
    #[default]
    UnauthorizedClient,
    /// `invalid_grant`.
    InvalidGrant,
}

fn client_credentials() -> Vec<Flow> {
    vec![Flow::ClientCredentials]
}

// Amazon Cognito developer guide, "Understanding the access token": one hour unless told.
fn an_hour() -> u32 {
    3600
}
