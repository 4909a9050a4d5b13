//! What each type of provider asks for, when it is made and of each token.
//!
//! Source: jfrog/terraform-provider-platform, `resource_oidc_configuration.go`. That a restricted GitHub provider compares
//! `repository_owner` and an Azure one `aud` is the mock's reading: the sources name the fields and not the claims.

use serde_json::Value;

use super::Provider;
use crate::jwt::Claims;
use crate::oidc::subject_token::SubjectTokenError;

/// A provider's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any issuer; nothing beside the issuer is asked.
    Generic,
    /// GitHub's own issuer; an organization, unless the provider is permissive.
    GitHub,
    /// The issuer of a GitHub Enterprise; an organization, which is kept and not enforced.
    GitHubEnterprise,
    /// Entra; an application, if one is named.
    Azure,
}

const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

impl Kind {
    /// The type of this wire name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "Generic OpenID Connect" => Some(Self::Generic),
            "GitHub" => Some(Self::GitHub),
            "GitHub Enterprise" => Some(Self::GitHubEnterprise),
            "Azure" => Some(Self::Azure),
            _ => None,
        }
    }

    fn is_github(self) -> bool {
        matches!(self, Self::GitHub | Self::GitHubEnterprise)
    }

    /// What the real server, or the tool that writes to it, would not accept of a provider of this type. A loopback issuer
    /// passes as GitHub's, so that it can be mocked.
    pub(super) fn problem(self, provider: &Provider) -> Option<&'static str> {
        if self == Self::GitHub && provider.issuer_url.starts_with("https:") && !is_github(&provider.issuer_url) {
            return Some("Issuer URL must be GitHub's");
        }
        if self.is_github() && provider.organization.is_none() && !provider.enable_permissive_configuration {
            return Some("Organization is required");
        }
        None
    }

    /// The provider with what its type has no use for left out, as the real server does.
    pub(super) fn kept(self, mut provider: Provider) -> Provider {
        if !self.is_github() {
            provider.organization = None;
        }
        if self != Self::Azure {
            provider.azure_app_id = None;
        }
        provider
    }

    /// Whether a token that the issuer signed is one that a provider of this type takes.
    ///
    /// # Errors
    ///
    /// When it is of another organization or for another application.
    pub fn admits(self, provider: &Provider, claims: &Claims) -> Result<(), SubjectTokenError> {
        let says = |name: &str, wanted: &str| match claims.get(name) {
            Some(Value::Array(values)) => values.iter().any(|value| value == wanted),
            Some(value) => value == wanted,
            None => false,
        };
        match (self, &provider.organization, &provider.azure_app_id) {
            (Self::GitHub, Some(organization), _)
                if !provider.enable_permissive_configuration && !says("repository_owner", organization) =>
            {
                Err(SubjectTokenError::Organization)
            }
            (Self::Azure, _, Some(application)) if !says("aud", application) => Err(SubjectTokenError::Application),
            _ => Ok(()),
        }
    }
}

fn is_github(url: &str) -> bool {
    url.strip_prefix(GITHUB_ISSUER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
