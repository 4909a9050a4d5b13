//! Registry tokens: what the token endpoint hands out for a credential, for named images and one hour.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::Rng as _;

use crate::access::{Principal, Refusal};

/// Seconds that a registry token lives: JFrog documentation, Docker troubleshooting.
pub(crate) const LIFETIME: i64 = 3600;
/// Seconds after which an expired token is forgotten; until then it is refused as expired.
const MEMORY: i64 = 24 * 3600;

/// What a registry token opens, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    principal: Principal,
    images: BTreeSet<Pull>,
    expires_at: i64,
}

/// The right to pull one image of one repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pull {
    repository: String,
    image: String,
}

impl Grant {
    /// Says who asked for the token.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Says whether the token was asked for this image.
    pub(crate) fn covers(&self, repository: &str, image: &str) -> bool {
        self.images.contains(&Pull::of(repository, image))
    }
}

impl Pull {
    fn of(repository: &str, image: &str) -> Self {
        Self { repository: repository.to_owned(), image: image.to_owned() }
    }

    /// Reads the `scope` parameters of a request to the token endpoint of `repository`.
    ///
    /// Clients send `repository:IMAGE:pull` from the challenge, `repository:REPOSITORY/IMAGE:pull`
    /// from the image's name, or both, in one parameter or several; where the endpoint names no
    /// repository, the first segment does. containerd merges scopes in
    /// core/remotes/docker/authorizer.go; containers/image takes the image's name.
    pub(crate) fn parse<'a>(repository: Option<&str>, scopes: impl Iterator<Item = &'a str>) -> BTreeSet<Self> {
        let names = scopes.flat_map(str::split_whitespace).filter_map(pulled);
        match repository {
            None => names
                .filter_map(|name| name.split_once('/'))
                .map(|(repository, image)| Self::of(repository, image))
                .collect(),
            Some(repository) => names.flat_map(|name| Self::readings(repository, name)).collect(),
        }
    }

    /// Returns the images that a name can mean at a repository's own endpoint.
    fn readings(repository: &str, name: &str) -> Vec<Self> {
        let mut readings = vec![Self::of(repository, name)];
        if let Some(("", image)) = name.strip_prefix(repository).and_then(|rest| rest.split_once('/')) {
            readings.push(Self::of(repository, image));
        }
        readings
    }
}

/// Returns the name in a scope such as `repository:team/app:pull,push` that asks to pull.
fn pulled(scope: &str) -> Option<&str> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    let pulls = actions.split(',').any(|action| action == "pull" || action == "*");
    pulls.then_some(name)
}

/// The registry tokens that were handed out.
///
/// Why a table and not a signed token: no client reads a registry token, and the table keeps the
/// principal with the permissions it had when it asked.
#[derive(Debug, Default)]
pub(crate) struct Grants(Mutex<HashMap<String, Grant>>);

impl Grants {
    /// Hands out a token at `now`, in seconds since 1970.
    pub(crate) fn issue(&self, principal: Principal, images: BTreeSet<Pull>, now: i64) -> String {
        let token = hex::encode(rand::thread_rng().r#gen::<[u8; 32]>());
        let grant = Grant { principal, images, expires_at: now + LIFETIME };
        let mut grants = self.lock();
        grants.retain(|_, grant| now - grant.expires_at < MEMORY);
        grants.insert(token.clone(), grant);
        token
    }

    /// Returns what a token opens at `now`; `None` when it is no registry token.
    pub(crate) fn find(&self, token: &str, now: i64) -> Option<Result<Grant, Refusal>> {
        let grant = self.lock().get(token).cloned()?;
        Some(if now < grant.expires_at { Ok(grant) } else { Err(Refusal::Expired) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulls(repository: Option<&str>, scopes: &[&str]) -> Vec<String> {
        Pull::parse(repository, scopes.iter().copied())
            .into_iter()
            .map(|pull| format!("{} {}", pull.repository, pull.image))
            .collect()
    }

    #[test]
    fn scopes_are_read_the_way_each_client_writes_them() {
        let local = Some("local");
        let cases: [(Option<&str>, &[&str], &[&str]); 11] = [
            (local, &["repository:hello:pull"], &["local hello"]),
            (local, &["repository:team/app:pull,push"], &["local team/app"]),
            (local, &["repository:local/hello:pull"], &["local hello", "local local/hello"]),
            (local, &["repository:local/hello:pull", "repository:hello:pull"], &["local hello", "local local/hello"]),
            (local, &["repository:a:pull repository:b:*"], &["local a", "local b"]),
            (local, &["repository:localhost/a:pull"], &["local localhost/a"]),
            (None, &["repository:local/team/app:pull"], &["local team/app"]),
            (None, &["repository:hello:pull"], &[]),
            (local, &["repository:hello:push"], &[]),
            (local, &["registry:catalog:*", "hello", ""], &[]),
            (local, &[], &[]),
        ];
        for (repository, scopes, expected) in cases {
            assert_eq!(pulls(repository, scopes), expected, "{repository:?} {scopes:?}");
        }
    }
}
