//! OIDC providers and identity mappings as a world file has them: strict about keys, because a
//! misspelt one would be a mapping that means something else.

use serde::Deserialize;
use serde_json::{Map, Value};

/// An OIDC provider.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderFacts {
    /// The name that token exchanges give.
    pub name: String,
    /// Who issues the tokens.
    pub issuer: Issuer,
    /// The `iss` of the tokens where it differs from the issuer's URL.
    #[serde(default)]
    pub token_issuer: Option<String>,
    /// One of Artifactory's provider types.
    #[serde(default = "generic")]
    pub provider_type: String,
    /// What tokens are for; informational, but accepted as the audience of an exchange.
    #[serde(default)]
    pub audience: Option<String>,
    /// The organization of a provider of type GitHub.
    #[serde(default)]
    pub organization: Option<String>,
    /// The application of a provider of type Azure.
    #[serde(default)]
    pub azure_app_id: Option<String>,
    /// Whether a provider of type GitHub takes every organization.
    #[serde(default)]
    pub enable_permissive_configuration: bool,
    /// The identity mappings.
    #[serde(default)]
    pub mappings: Vec<MappingFacts>,
}

/// The issuer of a provider's tokens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Issuer {
    /// The URL below which discovery lies.
    Url(String),
    /// An issuer of the trusted mock-cloud.
    Trusted {
        /// Its name there, or `all` for every issuer: an extension of the mock, so that one
        /// provider serves every cloud.
        trusted: String,
    },
}

/// An identity mapping.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingFacts {
    /// The name, second half of the user name of a token of groups.
    pub name: String,
    /// Lower numbers are tried first.
    pub priority: u64,
    /// What the token must claim; empty: nothing.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// What the answer's token says.
    pub token_spec: TokenFacts,
    /// The project that the mapping belongs to; absent: every project.
    #[serde(default)]
    pub project_key: Option<String>,
}

/// What the token of a mapping says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenFacts {
    /// The user.
    pub username: Option<String>,
    /// The user, taken from claims.
    pub username_pattern: Option<String>,
    /// The groups, taken from claims.
    pub groups_pattern: Option<String>,
    /// The scope.
    pub scope: Option<String>,
    /// The services that accept the token; absent: all.
    pub audience: Option<String>,
    /// Its lifetime in seconds.
    pub expires_in: Option<u64>,
}

/// Source: jfrog/terraform-provider-platform, `resource_oidc_configuration.go`.
fn generic() -> String {
    "Generic OpenID Connect".to_owned()
}
