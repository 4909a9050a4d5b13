//! The user pool: its token endpoint, and what the scopes of its resource server begin with.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::endpoints::PoolDomain;
use crate::identity::aws::cognito::{AuthorizationServer, CognitoError, ResourceServer, UserPool};
use crate::identity::aws::json::{CallError, JsonClient, Operation};
use crate::secret::quote_foreign;

/// The most pages that a listing may have, so that one without an end ends: 10,000 user pools at 60 a page.
///
/// A bound of this program, not of AWS, whose quota of user pools is a setting of each account and region (Amazon Cognito
/// developer guide, "Quotas in Amazon Cognito"). A pool behind that many others is named by its id.
const PAGES: usize = 167;

/// The longest page. Source: Amazon Cognito user pools API reference, `MaxResults` of `ListUserPools`.
const POOLS_A_PAGE: u8 = 60;

/// The longest page. Source: Amazon Cognito user pools API reference, `MaxResults` of `ListResourceServers`.
const SERVERS_A_PAGE: u8 = 50;

/// Why a user pool gives no token endpoint or scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// No user pool has the name.
    #[error("none of the {among} user pools in {region} is named `{name}`")]
    UnknownPool {
        /// The configured name.
        name: String,
        /// Where it was looked for.
        region: String,
        /// How many there are.
        among: usize,
    },
    /// Several user pools have the name.
    #[error("several user pools are named `{name}`: {ids}")]
    SeveralPools {
        /// The configured name.
        name: String,
        /// Their ids, separated by commas.
        ids: String,
    },
    /// The user pool has no domain, hence no token endpoint.
    #[error("the user pool `{pool}` has no domain")]
    NoDomain {
        /// The pool's id.
        pool: String,
    },
    /// The user pool has a domain of Cognito's own, in a region where its host is not known.
    #[error("the host of Cognito's own domains in {region} is not known")]
    UnknownHost {
        /// The region.
        region: String,
    },
    /// No resource server of the user pool has the name.
    #[error("none of the {among} resource servers of the user pool `{pool}` is named `{name}`")]
    UnknownServer {
        /// The configured name.
        name: String,
        /// The pool's id.
        pool: String,
        /// How many there are.
        among: usize,
    },
    /// Several resource servers of the user pool have the name.
    #[error("several resource servers of the user pool `{pool}` are named `{name}`: {identifiers}")]
    SeveralServers {
        /// The configured name.
        name: String,
        /// The pool's id.
        pool: String,
        /// Their identifiers, separated by commas.
        identifiers: String,
    },
    /// A listing that does not end.
    #[error("{operation} did not end after {PAGES} pages")]
    Endless {
        /// The call.
        operation: Operation,
    },
}

/// Where a token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenSource {
    pub(super) endpoint: String,
    pub(super) identifier: String,
}

/// Looks up what the route does not know.
pub(super) async fn token_source(
    aws: &JsonClient<'_>,
    server: &AuthorizationServer,
) -> Result<TokenSource, CognitoError> {
    let (pool, resource_server) = match server {
        AuthorizationServer::UserPool { pool, resource_server } => (pool, resource_server),
        AuthorizationServer::Known { token_endpoint, identifier } => {
            return Ok(TokenSource { endpoint: token_endpoint.clone(), identifier: identifier.clone() });
        }
    };
    let pool = match pool {
        UserPool::Id(id) => id.clone(),
        UserPool::Named(name) => pool_named(aws, name).await?,
    };
    let (endpoint, identifier) = tokio::try_join!(token_endpoint(aws, &pool), identifier(aws, &pool, resource_server))?;
    Ok(TokenSource { endpoint, identifier })
}

async fn pool_named(aws: &JsonClient<'_>, name: &str) -> Result<String, CognitoError> {
    let pools = listing(aws, Operation::ListUserPools, None, json!({"MaxResults": POOLS_A_PAGE})).await?;
    let name = name.to_owned();
    let error = match only(&pools, &name) {
        Ok(id) => return Ok(id.to_owned()),
        Err(ids) if ids.is_empty() => {
            PoolError::UnknownPool { name, region: aws.region.as_str().to_owned(), among: pools.len() }
        }
        Err(ids) => PoolError::SeveralPools { name, ids: quote_foreign(&ids.join(", ")) },
    };
    Err(error.into())
}

async fn identifier(aws: &JsonClient<'_>, pool: &str, server: &ResourceServer) -> Result<String, CognitoError> {
    let name = match server {
        ResourceServer::Identifier(identifier) => return Ok(identifier.clone()),
        ResourceServer::Named(name) => name.clone(),
    };
    let input = json!({"UserPoolId": pool, "MaxResults": SERVERS_A_PAGE});
    let servers = listing(aws, Operation::ListResourceServers, Some(pool), input).await?;
    let error = match only(&servers, &name) {
        Ok(identifier) => return Ok(identifier.to_owned()),
        Err(identifiers) if identifiers.is_empty() => {
            PoolError::UnknownServer { name, pool: pool.to_owned(), among: servers.len() }
        }
        Err(identifiers) => {
            let identifiers = quote_foreign(&identifiers.join(", "));
            PoolError::SeveralServers { name, pool: pool.to_owned(), identifiers }
        }
    };
    Err(error.into())
}

/// The pool's token endpoint, by the domain of Cognito's own before one of its owner's: both serve the same clients, and the
/// former needs no name or certificate of the owner's. Where the former's host is not known, the latter serves.
async fn token_endpoint(aws: &JsonClient<'_>, pool: &str) -> Result<String, CognitoError> {
    let operation = Operation::DescribeUserPool;
    let description: Description = aws.call(operation, Some(pool), &json!({"UserPoolId": pool})).await?;
    let Domains { domain, custom_domain } = description.user_pool;
    let domains = domain.map(PoolDomain::Prefix).into_iter().chain(custom_domain.map(PoolDomain::Custom));
    let domains: Vec<_> = domains.collect();
    if domains.is_empty() {
        return Err(PoolError::NoDomain { pool: pool.to_owned() }.into());
    }
    if !domains.iter().all(is_host) {
        return Err(CallError::Form { operation, status: 200 }.into());
    }
    let endpoint = domains.iter().find_map(|domain| aws.endpoints.token(aws.region, domain));
    let unknown = || PoolError::UnknownHost { region: aws.region.as_str().to_owned() };
    Ok(endpoint.ok_or_else(unknown)?)
}

/// Reads a listing to its end: a name is unique only when every page has been read.
async fn listing(
    aws: &JsonClient<'_>,
    operation: Operation,
    resource: Option<&str>,
    mut input: Value,
) -> Result<Vec<Entry>, CognitoError> {
    let mut entries = Vec::new();
    for _ in 0..PAGES {
        let page: Page = aws.call(operation, resource, &input).await?;
        entries.extend(page.entries);
        match page.next_token {
            Some(token) => input["NextToken"] = token.into(),
            None => return Ok(entries),
        }
    }
    Err(PoolError::Endless { operation }.into())
}

/// The id of the one entry with a name, else of the one whose name differs in case only, as the incumbent compares; several
/// are handed back for a choice.
fn only<'e>(entries: &'e [Entry], name: &str) -> Result<&'e str, Vec<&'e str>> {
    let with = |same: &dyn Fn(&str) -> bool| -> Vec<&str> {
        entries.iter().filter(|entry| same(&entry.name)).map(|entry| entry.id.as_str()).collect()
    };
    let exact = with(&|other| other == name);
    let hits = if exact.is_empty() { with(&|other| other.to_lowercase() == name.to_lowercase()) } else { exact };
    if let [id] = hits[..] { Ok(id) } else { Err(hits) }
}

/// Whether a domain can be a part of a host's name or one; the client's secret goes there.
fn is_host(domain: &PoolDomain) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match domain {
        PoolDomain::Prefix(prefix) => is_label(prefix),
        PoolDomain::Custom(host) => host.split('.').all(is_label),
    }
}

/// A page of either listing: `UserPools` with `Id`, or `ResourceServers` with `Identifier`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(rename = "UserPools", alias = "ResourceServers")]
    entries: Vec<Entry>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(alias = "Identifier")]
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    user_pool: Domains,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Domains {
    domain: Option<String>,
    custom_domain: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> Vec<Entry> {
        pairs.iter().map(|(id, name)| Entry { id: (*id).to_owned(), name: (*name).to_owned() }).collect()
    }

    #[test]
    fn the_exact_name_wins_over_one_that_differs_in_case() {
        let all = entries(&[("1", "Pool"), ("2", "pool"), ("3", "other")]);
        assert_eq!(only(&all, "pool"), Ok("2"));
        assert_eq!(only(&all, "Other"), Ok("3"));
    }

    #[test]
    fn several_hits_are_no_hit() {
        let all = entries(&[("1", "Pool"), ("2", "pool"), ("3", "x"), ("4", "x")]);
        assert_eq!(only(&all, "POOL"), Err(vec!["1", "2"]));
        assert_eq!(only(&all, "x"), Err(vec!["3", "4"]));
        assert_eq!(only(&all, "y"), Err(vec![]));
    }

    #[test]
    fn a_domain_cannot_lead_elsewhere() {
        let prefix = |text: &str| is_host(&PoolDomain::Prefix(text.to_owned()));
        let custom = |text: &str| is_host(&PoolDomain::Custom(text.to_owned()));
        assert!(prefix("artifactory-demo") && custom("auth.example.com"));
        for text in ["", "a.b", "evil.example/", "a@b", "a#", &"x".repeat(64)] {
            assert!(!prefix(text), "{text}");
        }
        for text in ["", "a..b", "evil.example/", "a@b", "a:1", "a?b"] {
            assert!(!custom(text), "{text}");
        }
    }
}
