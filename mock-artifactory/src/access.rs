//! Who is asking: passwords, access tokens and reference tokens become a [`Principal`] with its
//! permissions.

use crate::scope::{self, Scope};
use crate::state::State;
use crate::token::{IssuedToken, TokenError};
use crate::wildcard;
use crate::world::World;

/// Someone who has logged in, and what they may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name to log in with; for a token of groups the whole subject, slash included.
    pub username: String,
    /// The subject of tokens that are issued on behalf of this principal.
    pub subject: String,
    /// The scope of those tokens.
    pub scope: String,
    /// The id of the token that the principal came with, if it came with one.
    pub token_id: Option<String>,
    /// The token's audience.
    pub audience: Option<String>,
    administrator: bool,
    readable: Vec<String>,
}

/// Why someone is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such user, another password, or a token of another server.
    #[error("Bad credentials")]
    BadCredentials,
    /// The token's time is over. Source of the text: vault-plugin-secrets-artifactory's expression
    /// for it, setup-jfrog-cli issue 220.
    #[error("Token failed verification: expired")]
    Expired,
    /// The token was revoked.
    #[error("Token failed verification: revoked")]
    Revoked,
    /// The token is good and another's. Source of the text: jfrog/setup-jfrog-cli issue 146.
    #[error("Wrong username was used")]
    WrongUsername,
}

impl Principal {
    /// Whether the principal may pull from the repository of this key.
    #[must_use]
    pub fn may_read(&self, repository: &str) -> bool {
        self.administrator || self.readable.iter().any(|pattern| wildcard::matches(pattern, repository))
    }

    /// Whether the principal may administer the platform.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.administrator
    }
}

impl State {
    /// The principal that a user name and a secret stand for; the secret is a password, an access
    /// token or a reference token.
    ///
    /// # Errors
    ///
    /// When the pair is not someone's.
    pub fn authenticate(&self, username: &str, secret: &str) -> Result<Principal, Refusal> {
        let user = self.world.user(username);
        if let Some(user) = user.filter(|user| user.password.as_deref() == Some(secret)) {
            return Ok(self.principal(&self.tokens.user_subject(&user.name), "applied-permissions/user"));
        }
        let principal = self.authenticate_bearer(secret)?;
        if principal.username == username { Ok(principal) } else { Err(Refusal::WrongUsername) }
    }

    /// The principal that a token alone stands for.
    ///
    /// The token's audience is not looked at: the credential provider's guide for Google Cloud
    /// issues tokens for the audience `artifactory`, which is no service id, and Artifactory
    /// accepts them.
    ///
    /// # Errors
    ///
    /// When the token is not this server's, expired or revoked.
    pub fn authenticate_bearer(&self, token: &str) -> Result<Principal, Refusal> {
        let IssuedToken { id, spec, .. } = self.tokens.find(token).map_err(Refusal::from)?;
        let principal = self.principal(&spec.subject, &spec.scope);
        Ok(Principal { token_id: Some(id), audience: Some(spec.audience), ..principal })
    }

    /// What may be done without a credential; `None` when the world lets nobody in anonymously.
    #[must_use]
    pub fn anonymous(&self) -> Option<Principal> {
        let anonymous = self.world.anonymous.as_ref()?;
        let subject = self.tokens.user_subject("anonymous");
        Some(Principal { readable: anonymous.repositories.clone(), ..self.principal(&subject, "") })
    }

    fn principal(&self, subject: &str, scope: &str) -> Principal {
        let username = username_of(subject).to_owned();
        let scopes = scope::parse(scope);
        let is_admin = self.world.user(&username).is_some_and(|user| user.admin);
        Principal {
            administrator: scopes.contains(&Scope::Admin) || (is_admin && scopes.contains(&Scope::User)),
            readable: scopes.iter().flat_map(|scope| readable(&self.world, &username, scope)).collect(),
            username,
            subject: subject.to_owned(),
            scope: scope.to_owned(),
            token_id: None,
            audience: None,
        }
    }
}

/// The name to log in with for a token's subject: what follows `/users/`, otherwise all of it.
///
/// Source: jfrog/jfrog-client-go, `auth.ExtractUsernameFromAccessToken`.
#[must_use]
pub fn username_of(subject: &str) -> &str {
    subject.split_once("/users/").map_or(subject, |(_, name)| name)
}

fn readable(world: &World, username: &str, scope: &Scope) -> Vec<String> {
    let of_groups = |names: &[String]| -> Vec<String> {
        names.iter().filter_map(|name| world.group(name)).flat_map(|group| group.repositories.clone()).collect()
    };
    match scope {
        Scope::User => world
            .user(username)
            .map(|user| [user.repositories.clone(), of_groups(&user.groups)].concat())
            .unwrap_or_default(),
        Scope::Groups(names) => of_groups(names),
        Scope::Admin | Scope::Roles { .. } | Scope::Other(_) => Vec::new(),
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unknown => Self::BadCredentials,
            TokenError::Expired => Self::Expired,
            TokenError::Revoked => Self::Revoked,
        }
    }
}
