//! The identity providers that an account has registered.

use serde::Deserialize;

/// An `OpenID` Connect provider of an account.
///
/// IAM wants an issuer with `https` and without a port; a world takes any, so that an issuer can live on a free port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OidcProvider {
    /// The URL that tokens name in `iss`, or `{kubernetes}` for the issuer of the world's cluster.
    pub issuer: String,
    /// The audiences that its tokens may have.
    #[serde(default)]
    pub client_ids: Vec<String>,
    /// The account that has registered it; unless told, the one of the world.
    #[serde(default)]
    pub account: Option<String>,
    /// Where its discovery document is fetched; unless told, below the issuer.
    #[serde(default)]
    pub published_at: Option<String>,
}
