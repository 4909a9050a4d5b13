//! Artifact Registry and Container Registry: an access token is the password.

use super::Gcp;
use super::access_token::NoGrant;

/// The user that an access token is the password of: Artifact Registry, "Configure authentication to Artifact Registry
/// for Docker"; the second one is what credential providers of Kubernetes have called it from the beginning
/// (kubernetes/kubernetes, `test/e2e_node/plugins/gcp-credential-provider`).
const USERNAMES: [&str; 2] = ["oauth2accesstoken", "_token"];

/// Scopes with which images can be read: Artifact Registry, "Access control", "Access scopes".
const SCOPES: [&str; 4] = [
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/cloud-platform.read-only",
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/devstorage.read_write",
];

/// Roles that may read images: Artifact Registry, "Access control with IAM".
const ROLES: [&str; 3] =
    ["roles/artifactregistry.reader", "roles/artifactregistry.writer", "roles/artifactregistry.repoAdmin"];

/// Why an access token opens no registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoEntry {
    /// It was never issued or is over, or the user is none that has tokens for passwords.
    Credential,
    /// Its scopes or its owner's roles are not enough.
    Forbidden,
}

impl Gcp {
    /// Whether a user name and a password open the registries of the project.
    pub(crate) fn admits(&self, username: &str, password: &str) -> Result<(), NoEntry> {
        if !USERNAMES.contains(&username) {
            return Err(NoEntry::Credential);
        }
        self.admits_token(password)
    }

    /// Whether an access token opens the registries of the project.
    pub(crate) fn admits_token(&self, token: &str) -> Result<(), NoEntry> {
        let grant = self.0.access_tokens.grant(token, self.0.clock.unix());
        let grant = grant.map_err(|reason| match reason {
            NoGrant::Unknown | NoGrant::Expired => NoEntry::Credential,
        })?;
        let bindings = self.world().artifact_registry.bindings.iter();
        let mut members = bindings.filter(|it| ROLES.contains(&it.role.as_str())).flat_map(|it| &it.members);
        let has_scope = grant.scopes.iter().any(|scope| SCOPES.contains(&scope.as_str()));
        let may_read = has_scope && members.any(|member| grant.principal.is_member(member));
        if may_read { Ok(()) } else { Err(NoEntry::Forbidden) }
    }
}
