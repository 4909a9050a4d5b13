//! OIDC providers: whose tokens are accepted, and where their keys are.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::service_error::AccessError;

mod kind;

pub use kind::Kind;

/// An OIDC provider, as the REST API has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// The name that token exchanges give.
    pub name: String,
    /// The URL below which discovery lies; without a trailing slash, or no key is ever found.
    pub issuer_url: String,
    /// One of four names.
    pub provider_type: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What tokens are for; informational, but accepted as the audience of an exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The `iss` of the tokens; the issuer's URL when it was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_issuer: Option<String>,
    /// The application that tokens must be for, of a provider of type Azure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_app_id: Option<String>,
    /// The organization that tokens must be from, of a provider of type GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Whether a provider of type GitHub takes every organization.
    #[serde(default)]
    pub enable_permissive_configuration: bool,
    /// Kept, and without effect here.
    #[serde(default)]
    pub use_default_proxy: bool,
    /// The project that the provider belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_key: Option<String>,
    /// Further issuers of a provider that trusts a whole mock-cloud.
    #[serde(skip)]
    pub further_issuers: Vec<TokenIssuer>,
}

/// An issuer: what its tokens say and where its keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenIssuer {
    /// The `iss` of its tokens.
    pub claim: String,
    /// The URL below which discovery lies.
    pub url: String,
}

impl Provider {
    /// Makes a provider of what the REST API was sent.
    ///
    /// # Errors
    ///
    /// 400 for what the real server refuses.
    pub fn parse(body: Value) -> Result<Self, AccessError> {
        let provider: Self =
            serde_json::from_value(body).map_err(|error| AccessError::bad_request(error.to_string()))?;
        if !is_provider_name(&provider.name) {
            return Err(AccessError::bad_request("Invalid provider name"));
        }
        let Some(kind) = Kind::parse(&provider.provider_type) else {
            return Err(AccessError::bad_request("Invalid provider type"));
        };
        if !is_fetchable(&provider.issuer_url) {
            return Err(AccessError::bad_request("Issuer URL must use https protocol"));
        }
        if let Some(problem) = kind.problem(&provider) {
            return Err(AccessError::bad_request(problem));
        }
        let provider = kind.kept(provider);
        let token_issuer =
            provider.token_issuer.filter(|issuer| !issuer.is_empty()).or_else(|| Some(provider.issuer_url.clone()));
        Ok(Self { token_issuer, ..provider })
    }

    /// The type.
    ///
    /// # Panics
    ///
    /// Never: a provider of no type is not made.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::parse(&self.provider_type).expect("a provider has a type")
    }

    /// The issuers whose tokens the provider accepts: one, except for the mock's own extension.
    #[must_use]
    pub fn issuers(&self) -> Vec<TokenIssuer> {
        let claim = self.token_issuer.clone().unwrap_or_else(|| self.issuer_url.clone());
        let own = TokenIssuer { claim, url: self.issuer_url.clone() };
        [vec![own], self.further_issuers.clone()].concat()
    }
}

/// Whether keys may be fetched from a URL: over https, or over http from the same machine, where
/// mocks listen.
#[must_use]
pub fn is_fetchable(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// Source: jfrog/terraform-provider-platform, `resource_oidc_configuration.go`:
/// `^[a-z][a-z0-9-]+$`, at most 255.
fn is_provider_name(name: &str) -> bool {
    (2..=255).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_types_and_issuers_are_those_the_real_server_takes() {
        let good = json!({"name": "github", "issuer_url": "https://token.actions.githubusercontent.com", "provider_type": "GitHub", "organization": "acme"});
        let cases = [
            ("name", json!("my-idp2"), true),
            ("name", json!("2idp"), false),
            ("name", json!("Idp"), false),
            ("name", json!("i"), false),
            ("name", json!("i_dp"), false),
            ("provider_type", json!("Generic OpenID Connect"), true),
            ("provider_type", json!("generic"), false),
            ("issuer_url", json!("http://issuer.example.com"), false),
            ("issuer_url", json!("http://127.0.0.1:8080/google"), true),
            ("issuer_url", json!("http://[::1]:8080/google"), true),
            ("issuer_url", json!("http://127.0.0.1.example.com"), false),
            ("issuer_url", json!("ftp://127.0.0.1"), false),
            ("issuer_url", json!(""), false),
        ];
        for (field, value, accepted) in cases {
            let mut body = good.clone();
            body[field] = value;
            assert_eq!(Provider::parse(body.clone()).is_ok(), accepted, "{body}");
        }
    }

    #[test]
    fn the_token_issuer_is_filled_in() {
        let body = json!({"name": "idp", "issuer_url": "https://idp.example.com", "provider_type": "Azure", "token_issuer": ""});
        assert_eq!(Provider::parse(body).unwrap().token_issuer.as_deref(), Some("https://idp.example.com"));
    }
}
