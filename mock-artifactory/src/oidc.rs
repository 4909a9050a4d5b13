//! The token exchange: a provider's token comes in, an identity mapping says whose access token
//! goes out.
//!
//! ```text
//! request ─▶ Provider ─▶ subject token ─▶ Mapping ─▶ audience ─▶ TokenSpec ─▶ answer
//!            by name     signed, by its    first by    covered?    username,
//!                        issuer, for now   priority                scope, life
//! ```
//!
//! Source: JFrog REST API, OIDC Token Exchange.

use axum::Json;
use axum::extract::State as Extracted;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use crate::access::username_of;
use crate::json_body::JsonBody;
use crate::jwt::Claims;
use crate::scope;
use crate::service_error::AccessError;
use crate::state::State;
use crate::token::{IssuedToken, Reference, TokenSpec};
use crate::wildcard;

pub mod keys;
pub mod mapping;
pub mod pattern;
pub mod provider;
pub mod subject_token;

use mapping::Mapping;
use provider::Provider;
use subject_token::{Moment, SubjectTokenError};

/// Source: RFC 8693, section 2.1.
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// Source: RFC 8693, section 3.
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
/// Source: RFC 8693, section 3.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The fields that change what the exchange does; the others that clients send are accepted and
/// ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    grant_type: Option<String>,
    subject_token_type: Option<String>,
    subject_token: Option<String>,
    provider_name: Option<String>,
    audience: Option<String>,
    identity_mapping_name: Option<String>,
    include_reference_token: Option<bool>,
    project_key: Option<String>,
}

/// The answer. Source of the fields: jfrog/jfrog-client-go, `auth.OidcTokenResponseData`.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    access_token: String,
    issued_token_type: &'static str,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_token: Option<String>,
}

/// `POST /access/api/v1/oidc/token`, for anyone.
pub(crate) async fn exchange(
    Extracted(state): Extracted<Arc<State>>,
    JsonBody(request): JsonBody<Exchange>,
) -> Result<Json<Answer>, AccessError> {
    let (subject_token, provider_name) = request.required()?;
    let provider =
        state.directory().provider(provider_name).cloned().ok_or_else(|| unknown_provider(&state, provider_name))?;
    let claims = state.verified_claims(subject_token, &provider).await?;
    let mapping = state.mapping_for(&provider.name, &claims, &request)?;
    if !is_covered(request.audience.as_deref(), &mapping, &provider) {
        // Source of the text: jfrog/setup-jfrog-cli issue 270, jfrog/jfrog-credentials-provider
        // issue 20.
        return Err(AccessError::bad_request("Invalid audience"));
    }
    let reference =
        if request.include_reference_token == Some(true) { Reference::Included } else { Reference::Omitted };
    let spec = state.token_spec(&mapping, &claims, reference)?;
    Ok(Json(Answer::from(state.tokens.issue(spec))))
}

impl Exchange {
    fn required(&self) -> Result<(&str, &str), AccessError> {
        if self.grant_type.as_deref() != Some(TOKEN_EXCHANGE) {
            return Err(AccessError::bad_request("Invalid grant type"));
        }
        if self.subject_token_type.as_deref() != Some(ID_TOKEN) {
            return Err(AccessError::bad_request("Invalid subject token type"));
        }
        let subject_token =
            given(self.subject_token.as_ref()).ok_or_else(|| AccessError::bad_request("Subject token is required"))?;
        let provider_name =
            given(self.provider_name.as_ref()).ok_or_else(|| AccessError::bad_request("Provider name is required"))?;
        Ok((subject_token, provider_name))
    }
}

impl State {
    async fn verified_claims(&self, token: &str, provider: &Provider) -> Result<Claims, AccessError> {
        let moment = Moment { now: self.kit.clock.unix(), leeway: self.world.answers.leeway_seconds };
        let verified = subject_token::verified(token, &provider.issuers(), &self.keys, moment).await;
        let verified = verified.and_then(|claims| provider.kind().admits(provider, &claims).map(|()| claims));
        verified.map_err(|error| match error {
            SubjectTokenError::NoPublicKey => AccessError::bad_request(error.to_string()),
            _ => AccessError::of(self.world.answers.refused_subject_token, error.to_string()),
        })
    }

    /// The first mapping that matches: those of the request's project before the global ones, each
    /// by priority.
    ///
    /// Source: JFrog Platform Administration, Configure Identity Mappings. That a project's
    /// mappings count only when the request names the project is the mock's reading of
    /// jfrog/frogbot issue 901.
    fn mapping_for(&self, provider: &str, claims: &Claims, request: &Exchange) -> Result<Mapping, AccessError> {
        let project = given(request.project_key.as_ref());
        let forced = given(request.identity_mapping_name.as_ref());
        let directory = self.directory();
        let mut candidates: Vec<&Mapping> =
            directory.mappings(provider).filter(|mapping| mapping.is_open_to(project)).collect();
        candidates.sort_by_key(|mapping| (mapping.project_key.is_none(), mapping.priority));
        let found = candidates
            .into_iter()
            .filter(|mapping| forced.is_none_or(|name| mapping.name == name))
            .find(|mapping| mapping.matches(claims));
        found.cloned().ok_or_else(|| {
            AccessError::of(self.world.answers.no_mapping, "No identity mapping matches the token's claims")
        })
    }

    fn token_spec(&self, mapping: &Mapping, claims: &Claims, reference: Reference) -> Result<TokenSpec, AccessError> {
        let spec = &mapping.token_spec;
        let expand = |pattern: &String| {
            pattern::expand(pattern, claims)
                .map_err(|error| AccessError::of(self.world.answers.unmatched_pattern, error.to_string()))
        };
        let username = match (&spec.username, &spec.username_pattern) {
            (Some(username), _) => Some(username.clone()),
            (None, Some(pattern)) => expand(pattern)?.into_iter().next(),
            (None, None) => None,
        };
        let groups = spec.groups_pattern.as_ref().map(expand).transpose()?;
        let scope = match (groups, &spec.scope) {
            (Some(groups), _) => groups_scope(&groups),
            (None, Some(scope)) => scope.clone(),
            (None, None) => "applied-permissions/user".to_owned(),
        };
        let subject = self.subject(mapping, username.as_deref(), &scope)?;
        let (audience, expires_in) = (spec.audience.clone(), Some(spec.expires_in));
        Ok(TokenSpec { subject, scope, audience, expires_in, reference, description: None })
    }

    /// A user's subject, or `PROVIDER/MAPPING` for a token of groups. Source: jfrog/setup-jfrog-cli
    /// issue 146.
    fn subject(&self, mapping: &Mapping, username: Option<&str>, scope: &str) -> Result<String, AccessError> {
        let nameless = || format!("{}/{}", mapping.provider_name, mapping.name);
        if scope::is_group_scoped(scope) {
            return Ok(nameless());
        }
        match username {
            Some(username) if !username.is_empty() => Ok(self.tokens.user_subject(username)),
            _ if scope::parse(scope) == [scope::Scope::Admin] => Ok(nameless()),
            // Source of the text: jfrog/terraform-provider-artifactory issue 1246.
            _ => Err(AccessError::of(self.world.answers.nameless_token, "Invalid formatted name")),
        }
    }
}

impl From<IssuedToken> for Answer {
    fn from(token: IssuedToken) -> Self {
        Self {
            username: username_of(&token.spec.subject).to_owned(),
            access_token: token.access_token,
            issued_token_type: ACCESS_TOKEN,
            token_type: "Bearer",
            expires_in: token.spec.expires_in.unwrap_or_default(),
            scope: token.spec.scope,
            reference_token: token.reference_token,
        }
    }
}

/// Whether the mapping's audience, or the provider's, covers each audience that was asked for; none
/// was asked for by an absent or empty text.
///
/// So a bare client id is refused by the default `*@*`, which is what
/// jfrog/jfrog-credentials-provider issue 20 reports.
fn is_covered(requested: Option<&str>, mapping: &Mapping, provider: &Provider) -> bool {
    let covers = |audience: &str| {
        mapping.token_spec.audience.split_whitespace().any(|pattern| wildcard::matches(pattern, audience))
            || provider.audience.as_deref() == Some(audience)
    };
    requested.unwrap_or_default().split_whitespace().all(covers)
}

fn groups_scope(groups: &[String]) -> String {
    let quoted: Vec<String> =
        groups.iter().flat_map(|group| group.split(',')).map(|group| format!("\"{}\"", group.trim())).collect();
    format!("applied-permissions/groups:{}", quoted.join(","))
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn unknown_provider(state: &State, name: &str) -> AccessError {
    AccessError::of(state.world.answers.unknown_provider, format!("OIDC provider {name} was not found"))
}
