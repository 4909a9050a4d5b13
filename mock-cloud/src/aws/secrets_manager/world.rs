//! The facts of a secret.

use serde::Deserialize;

/// A secret of the world's account and region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Secret {
    /// Its name; the ARN adds a hyphen and six characters of its own.
    pub name: String,
    /// What it holds.
    pub content: Content,
    /// What stands between it and who may read it.
    #[serde(default)]
    pub protection: Protection,
}

/// What a secret holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    /// Text.
    Text(String),
    /// Bytes, in Base64.
    Binary(String),
    /// `{"client-id": .., "client-secret": ..}` of the Cognito client with this name.
    CognitoClient(String),
}

/// What stands between a secret and who may read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Protection {
    /// Nothing.
    #[default]
    None,
    /// It is scheduled for deletion.
    Deleted,
    /// Nobody may use its KMS key.
    KeyDenied,
    /// Its KMS key does not decrypt it.
    KeyBroken,
}
