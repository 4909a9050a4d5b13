//! Identity mappings: which claims make a token into whom.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::jwt::Claims;
use crate::service_error::AccessError;
use crate::wildcard;
use crate::world::{MappingFacts, TokenFacts};

/// The audience of a mapping that names none: every service.
///
/// Source: jfrog/terraform-provider-platform, `resource_oidc_identity_mapping.go`.
pub const EVERY_SERVICE: &str = "*@*";

/// The lifetime of a mapping that names none.
///
/// Source: JFrog REST API, Create OIDC Identity Mapping; the Terraform provider sends 60.
pub const DEFAULT_EXPIRES_IN: u64 = 3600;

/// An identity mapping, as the REST API has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The name.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The provider's name.
    #[serde(default)]
    pub provider_name: String,
    /// Lower numbers are tried first; a mapping that names none is tried last.
    #[serde(default = "lowest_priority")]
    pub priority: u64,
    /// What the token must claim.
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// What the answer's token says.
    pub token_spec: MappingTokenSpec,
    /// The project that the mapping belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_key: Option<String>,
}

/// What the token of a mapping says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingTokenSpec {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The user, taken from claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_pattern: Option<String>,
    /// The groups, taken from claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_pattern: Option<String>,
    /// The scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The services that accept the token, separated by spaces.
    #[serde(default = "every_service")]
    pub audience: String,
    /// Its lifetime in seconds.
    #[serde(default = "default_expires_in")]
    pub expires_in: u64,
    /// Whether the token may revoke itself; kept, and without effect here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_revocable: Option<bool>,
}

impl Mapping {
    /// Whether the claims are those of the mapping: all that it lists, so that a mapping without
    /// any matches everyone.
    ///
    /// Source: JFrog Platform Administration, Configure Identity Mappings.
    #[must_use]
    pub fn matches(&self, claims: &Claims) -> bool {
        self.claims.iter().all(|(name, expected)| claims.get(name).is_some_and(|claim| claim_matches(expected, claim)))
    }

    /// Whether an exchange in this project (`None`: in none) may use the mapping.
    #[must_use]
    pub fn is_open_to(&self, project: Option<&str>) -> bool {
        self.project_key.is_none() || self.project_key.as_deref() == project
    }

    /// Makes a mapping of what the REST API was sent.
    ///
    /// # Errors
    ///
    /// 400 for what the real server refuses.
    pub fn parse(body: Value, provider: &str) -> Result<Self, AccessError> {
        let mapping: Self =
            serde_json::from_value(body).map_err(|error| AccessError::bad_request(error.to_string()))?;
        let mapping = Self {
            provider_name: provider.to_owned(),
            project_key: mapping.project_key.filter(|key| !key.is_empty()),
            ..mapping
        };
        if !is_mapping_name(&mapping.name) {
            return Err(AccessError::bad_request("Invalid identity mapping name"));
        }
        if mapping.priority == 0 {
            return Err(AccessError::bad_request("Priority must be at least 1"));
        }
        if let Some(problem) = mapping.token_spec.problem() {
            return Err(AccessError::bad_request(problem));
        }
        Ok(mapping)
    }

    /// Makes a mapping of what the world file says.
    ///
    /// # Errors
    ///
    /// As [`Mapping::parse`].
    ///
    /// # Panics
    ///
    /// Never: a mapping is JSON.
    pub fn from_facts(facts: MappingFacts, provider: &str) -> Result<Self, AccessError> {
        let MappingFacts { name, priority, claims, token_spec, project_key } = facts;
        let TokenFacts { username, username_pattern, groups_pattern, scope, audience, expires_in } = token_spec;
        let token_spec = MappingTokenSpec {
            username,
            username_pattern,
            groups_pattern,
            scope,
            audience: audience.unwrap_or_else(every_service),
            expires_in: expires_in.unwrap_or_else(default_expires_in),
            self_revocable: None,
        };
        let mapping = Self {
            name,
            description: None,
            provider_name: provider.to_owned(),
            priority,
            claims,
            token_spec,
            project_key,
        };
        Self::parse(serde_json::to_value(mapping).expect("a mapping is JSON"), provider)
    }
}

impl MappingTokenSpec {
    /// What the real server would not accept. Source: jfrog/terraform-provider-platform,
    /// `resource_oidc_identity_mapping.go`.
    fn problem(&self) -> Option<&'static str> {
        let sources = [&self.username, &self.username_pattern, &self.groups_pattern];
        if sources.iter().filter(|source| source.is_some()).count() > 1 {
            return Some("Only one of username, username_pattern and groups_pattern may be set");
        }
        if self.scope.as_deref().is_some_and(|scope| !crate::scope::is_known(scope)) {
            return Some("Invalid scope");
        }
        if self.scope.is_none() && self.username_pattern.is_none() && self.groups_pattern.is_none() {
            return Some("Scope is required");
        }
        (self.expires_in == 0).then_some("expires_in must be positive")
    }
}

/// Whether a claim is what a mapping lists: text by wildcard, anything else exactly, and an object
/// by each of its members.
///
/// A claim that is an array (`aud`, `groups`) matches when one of its elements does. A listed array
/// asks for each of its items: the claim must hold all of them and may hold more. The second rule
/// is the mock's reading; Artifactory documents none.
fn claim_matches(expected: &Value, claim: &Value) -> bool {
    match (expected, claim) {
        (Value::Array(items), _) => items.iter().all(|item| claim_matches(item, claim)),
        (_, Value::Array(elements)) => elements.iter().any(|element| claim_matches(expected, element)),
        (Value::String(pattern), Value::String(text)) => wildcard::matches(pattern, text),
        (Value::Object(members), Value::Object(claims)) => {
            members.iter().all(|(name, member)| claims.get(name).is_some_and(|claim| claim_matches(member, claim)))
        }
        _ => expected == claim,
    }
}

/// Source: jfrog/terraform-provider-platform, `resource_oidc_identity_mapping.go`.
fn is_mapping_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && !name.contains(|character| " !@#$%^&*()+={}[]:;'\"<>,./?~`|\\".contains(character))
}

fn every_service() -> String {
    EVERY_SERVICE.to_owned()
}

fn default_expires_in() -> u64 {
    DEFAULT_EXPIRES_IN
}

fn lowest_priority() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(claims: &Value) -> Mapping {
        let body = json!({"name": "m", "priority": 1, "claims": claims, "token_spec": {"username": "u", "scope": "applied-permissions/user"}});
        Mapping::parse(body, "p").unwrap()
    }

    #[test]
    fn all_listed_claims_must_match() {
        let token = json!({"sub": "repo:acme/app", "ref": "refs/heads/main", "aud": ["a", "b"], "roles": ["reader", "user"], "n": 1, "ok": true});
        let cases = [
            (json!({}), true),
            (json!({"sub": "repo:acme/app"}), true),
            (json!({"sub": "repo:acme/*", "ref": "refs/heads/*"}), true),
            (json!({"sub": "repo:acme/*", "ref": "refs/tags/*"}), false),
            (json!({"missing": "*"}), false),
            (json!({"aud": "b"}), true),
            (json!({"aud": "c"}), false),
            (json!({"roles": ["user"]}), true),
            (json!({"roles": ["user", "reader"]}), true),
            (json!({"roles": ["user", "admin"]}), false),
            (json!({"sub": ["repo:acme/app"]}), true),
            (json!({"n": 1, "ok": true}), true),
            (json!({"n": "1"}), false),
            (json!({"n": 2}), false),
        ];
        for (claims, expected) in cases {
            assert_eq!(mapping(&claims).matches(token.as_object().unwrap()), expected, "{claims}");
        }
    }

    #[test]
    fn an_object_claim_matches_by_its_members() {
        let token = json!({"kubernetes.io": {"namespace": "team-a", "pod": {"name": "p"}}});
        let token = token.as_object().unwrap();
        assert!(mapping(&json!({"kubernetes.io": {"namespace": "team-*"}})).matches(token));
        assert!(!mapping(&json!({"kubernetes.io": {"namespace": "team-b"}})).matches(token));
    }

    #[test]
    fn what_the_real_server_refuses_is_refused() {
        let cases = [
            json!({"name": "a b", "token_spec": {"username": "u", "scope": "applied-permissions/user"}}),
            json!({"name": "m", "priority": 0, "token_spec": {"username": "u", "scope": "applied-permissions/user"}}),
            json!({"name": "m", "token_spec": {"username": "u"}}),
            json!({"name": "m", "token_spec": {"username": "u", "scope": "everything"}}),
            json!({"name": "m", "token_spec": {"username": "u", "username_pattern": "{{sub}}", "scope": "applied-permissions/user"}}),
            json!({"name": "m", "token_spec": {"scope": "applied-permissions/user", "expires_in": 0}}),
            json!({"name": "m"}),
        ];
        for body in cases {
            assert_eq!(Mapping::parse(body.clone(), "p").unwrap_err().status(), 400, "{body}");
        }
    }
}
