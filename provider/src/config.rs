//! The configuration, valid by construction: what is parsed can be used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::access::{Access, StaticSource};
use crate::artifactory::ArtifactoryUrlError;
use crate::endpoints::Endpoints;
use crate::http::{Proxies, Roots};
use crate::image::{ImagePatternError, ImageRef, Images};
use crate::kubelet::CacheKeyType;
use crate::secret::Secret;

mod environment;
mod external_role;
mod file;

/// The kubelet kills a provider after one minute (kubernetes `pkg/credentialprovider/plugin/plugin.go`); five seconds less
/// leave room to explain a failure.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(55);

/// The life asked for Artifactory's token in the AWS exchange, as the incumbent asks (`secret_ttl_seconds`).
const DEFAULT_TOKEN_LIFETIME: Duration = Duration::from_hours(5);

/// Everything a pull needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// The routes; the first that matches an image serves it.
    pub routes: Vec<Route>,
    /// How the clouds' services are reached.
    pub network: Network,
    /// How long one pull may take.
    pub deadline: Duration,
    /// The node's name, which spreads the fleet's cache durations.
    pub node: String,
}

/// How services are reached from this node.
#[derive(Clone, Debug)]
pub struct Network {
    /// The addresses of the clouds' services.
    pub endpoints: Endpoints,
    /// Proxies on the way to everything that is not on the link.
    pub proxies: Proxies,
    /// Whose certificates are trusted for the clouds' services.
    pub roots: Roots,
}

/// Which images are served, and how.
#[derive(Clone, Debug)]
pub struct Route {
    /// The images, by the kubelet's own rule.
    pub images: Images,
    /// How the credential is had.
    pub access: Access,
}

impl Route {
    /// Whether this route serves an image.
    #[must_use]
    pub fn serves(&self, image: &ImageRef) -> bool {
        self.images.contain(image)
    }
}

/// The process's environment, read once in `main`. A variable that is set to nothing counts as unset, as charts write them.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    node: String,
}

impl Environment {
    /// The same environment on a node of this name.
    #[must_use]
    pub fn on_node(mut self, node: &str) -> Self {
        node.trim().clone_into(&mut self.node);
        self
    }

    /// The variables of this process, and the name of its node. Only `main` calls this.
    #[must_use]
    pub fn of_this_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "main reads the environment here, once")]
        let variables = std::env::vars_os();
        let text = variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let node = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        text.collect::<Self>().on_node(&node)
    }

    /// A variable's value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, variable: &'static str, purpose: &'static str) -> Result<&str, ConfigError> {
        self.value(variable).ok_or(ConfigError::MissingVariable { variable, purpose })
    }

    /// The bundle that `SSL_CERT_FILE` names, as OpenSSL and Go read it, else the system's.
    fn roots(&self) -> Roots {
        self.value("SSL_CERT_FILE").map_or(Roots::System, |path| Roots::File(PathBuf::from(path)))
    }

    /// `HTTPS_PROXY` and `NO_PROXY`, in either case. `HTTP_PROXY` has no use: only metadata services speak plain HTTP.
    fn proxies(&self) -> Proxies {
        let either = |upper, lower| self.value(upper).or_else(|| self.value(lower)).map(str::to_owned);
        Proxies { https: either("HTTPS_PROXY", "https_proxy").map(Secret::new), except: either("NO_PROXY", "no_proxy") }
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect(), node: String::new() }
    }
}

/// Why there is no configuration. Values appear only where they cannot hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable that is needed and not set.
    #[error("`{variable}` is not set, which {purpose}")]
    MissingVariable {
        /// The variable.
        variable: &'static str,
        /// What it says.
        purpose: &'static str,
    },
    /// A variable or key holds a word that is not one of its words.
    #[error("`{name}` is `{value}`, which is not one of: {choices}")]
    Choice {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        choices: &'static str,
    },
    /// A number or duration that is none, or is out of range.
    #[error("`{name}` is `{value}`, which is not {expected}")]
    Number {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// An Artifactory address that is none.
    #[error("`{name}` is not an Artifactory host: {reason}")]
    ArtifactoryUrl {
        /// The variable or key.
        name: &'static str,
        /// The value, as it should be written; `None` where it cannot be told or may hold a secret.
        suggestion: Option<String>,
        /// What is wrong.
        reason: ArtifactoryUrlError,
    },
    /// An address of a metadata service that is none.
    #[error("`{variable}` is not the address of a metadata service")]
    Endpoint {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// An address of a cloud's service that is none.
    #[error("`{variable}` is not the address of a cloud's service")]
    RemoteEndpoint {
        /// The variable.
        variable: &'static str,
    },
    /// A choice among AWS's own hosts beside a host that is none of them.
    #[error("`{variable}` chooses among AWS's own hosts, and `{endpoint}` names another one")]
    EndpointVariant {
        /// The variable that chooses.
        variable: &'static str,
        /// The variable that names a host.
        endpoint: &'static str,
    },
    /// A region of no known partition.
    #[error("`{name}` is `{value}`, which is no region of a known AWS partition")]
    Region {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A role name that cannot be one.
    #[error("`{name}` is `{value}`, which is no role name")]
    RoleName {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A role's ARN that is none.
    #[error("`{name}` is `{value}`, which is no role's ARN")]
    RoleArn {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A text with characters or a length that it cannot have.
    #[error("`{name}` is not {expected}")]
    Text {
        /// The variable or key.
        name: &'static str,
        /// What it may hold.
        expected: &'static str,
    },
    /// Session tags that STS would refuse.
    #[error("`{name}` {problem}")]
    Tags {
        /// The key.
        name: &'static str,
        /// What is wrong.
        problem: crate::identity::aws::TagProblem,
    },
    /// What this build cannot do.
    #[error("`{name}` needs the AWS SDK, which this build does not have")]
    NoSdk {
        /// The identity, variable or word that asks for it.
        name: &'static str,
    },
    /// A tenant that cannot be one.
    #[error("`{name}` is `{value}`, which is no tenant's id")]
    Tenant {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A service account that cannot be one.
    #[error("`{name}` is `{value}`, which is no service account's e-mail address")]
    ServiceAccount {
        /// The variable or key.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A provider of a workload identity pool that cannot be one.
    #[error("`workloadIdentityProvider` is `{value}`, which is no provider of a workload identity pool")]
    WorkloadIdentityProvider {
        /// What it holds.
        value: String,
    },
    /// A pattern that the kubelet would refuse.
    #[error("an entry of matchImages is not usable")]
    Pattern(#[source] ImagePatternError),
    /// The configuration file cannot be read.
    #[error("cannot read the configuration file `{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        cause: String,
    },
    /// The configuration file is no YAML, or holds a key that is not known or not there.
    #[error("the configuration file is not understood: {cause}")]
    Syntax {
        /// What is wrong, and where.
        cause: String,
    },
    /// The configuration has no route.
    #[error("`routes` is empty")]
    NoRoute,
    /// A route is missing a key that its identity needs, or has one that it cannot use.
    #[error("route {route}: {problem}")]
    Route {
        /// The route's place in the file, from 1.
        route: usize,
        /// What is wrong.
        problem: RouteProblem,
    },
}

/// What is wrong with one route of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteProblem {
    /// Neither or both ways to a credential.
    #[error("it needs one of `identity`, `identities` and `static`")]
    Access,
    /// An exchange without an Artifactory.
    #[error("`artifactoryUrl` is missing, which says where the proof is exchanged")]
    ArtifactoryUrl,
    /// A static route without images.
    #[error("`matchImages` is missing, which says where the credential may go")]
    MatchImages,
    /// An ID token without a provider.
    #[error("`oidcProvider` is missing, which names Artifactory's OIDC provider")]
    OidcProvider,
    /// Two keys that say the same thing in two ways, both or neither of them given.
    #[error("it needs exactly one of `{0}` and `{1}`")]
    Either(&'static str, &'static str),
    /// A key that has a use beside another only.
    #[error("`{0}` needs `{1}` beside it")]
    Needs(&'static str, &'static str),
    /// A key that this route's way to a credential has no use for.
    #[error("`{0}` has no effect on this route")]
    Unused(&'static str),
    /// A static route with no or several sources of credentials.
    #[error("`static` needs exactly one of `username`, `credentials`, `dockerConfigFile`")]
    StaticForm,
    /// A pattern by the name that no image has when the kubelet asks.
    #[error("`index.docker.io` in `matchImages` matches no image: the kubelet asks for Docker Hub's as `docker.io`")]
    DockerHub,
    /// A static credential with no or several passwords.
    #[error("a static credential needs exactly one of `password`, `passwordFile`, `token`, `tokenFile`")]
    Password,
    /// A static credential without a user.
    #[error("`username` of a static credential is empty")]
    Username,
    /// A managed identity that is named in several ways.
    #[error("at most one of `clientId`, `objectId` and `resourceId` can name the managed identity")]
    ManagedIdentity,
    /// A setting that must not be empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
}

impl Config {
    /// Reads the configuration from a file when one is named, else from the environment.
    ///
    /// # Errors
    /// When anything that a pull needs is missing or is not what it should be.
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let Some(path) = file else { return environment::parse(environment) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), cause: error.to_string() })?;
        file::parse(&text, environment)
    }

    /// The route that serves an image.
    #[must_use]
    pub fn route(&self, image: &ImageRef) -> Option<&Route> {
        self.routes.iter().find(|route| route.serves(image))
    }

    /// What the kubelet may use a route's cached answer for: the whole registry, unless a pattern has a path. Then two
    /// images of one registry can belong to different routes, and an answer for the registry would hide one of them. The
    /// keys of a Docker configuration are patterns as well, and can have paths after its next rotation.
    #[must_use]
    pub fn cache_key_type(&self, route: &Route) -> CacheKeyType {
        let paths = self.routes.iter().any(|route| route.images.divide_a_registry());
        let keys = matches!(route.access, Access::Static(StaticSource::DockerConfig(_)));
        if paths || keys { CacheKeyType::Image } else { CacheKeyType::Registry }
    }

    fn of(routes: Vec<Route>, deadline: Duration, environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            routes,
            network: Network {
                endpoints: Endpoints::from_environment(environment)?,
                proxies: environment.proxies(),
                roots: environment.roots(),
            },
            deadline,
            node: environment.node.clone(),
        })
    }
}

fn artifactory_url(name: &'static str, value: &str) -> Result<crate::artifactory::ArtifactoryUrl, ConfigError> {
    crate::artifactory::ArtifactoryUrl::parse(value).map_err(|reason| ConfigError::ArtifactoryUrl {
        name,
        suggestion: suggestion(value),
        reason,
    })
}

/// The host part of an address that carries more, if that part is a usable address.
fn suggestion(value: &str) -> Option<String> {
    let bare = value.trim();
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let host = bare.split('/').next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    crate::artifactory::ArtifactoryUrl::parse(host).ok().map(|url| url.to_string())
}

fn region(name: &'static str, value: &str) -> Result<crate::endpoints::Region, ConfigError> {
    crate::endpoints::Region::parse(value).ok_or_else(|| ConfigError::Region { name, value: value.to_owned() })
}

fn role_arn(name: &'static str, value: &str) -> Result<crate::identity::aws::RoleArn, ConfigError> {
    let arn = crate::identity::aws::RoleArn::parse(value);
    arn.ok_or_else(|| ConfigError::RoleArn { name, value: value.to_owned() })
}

fn role_name(name: &'static str, value: &str) -> Result<String, ConfigError> {
    let known = crate::identity::aws::is_role_name(value);
    known.then(|| value.to_owned()).ok_or_else(|| ConfigError::RoleName { name, value: value.to_owned() })
}

fn tenant(name: &'static str, value: &str) -> Result<crate::identity::azure::TenantId, ConfigError> {
    let tenant = crate::identity::azure::TenantId::parse(value);
    tenant.ok_or_else(|| ConfigError::Tenant { name, value: value.to_owned() })
}

fn azure_cloud(name: &'static str, value: &str) -> Result<crate::endpoints::AzureCloud, ConfigError> {
    let choices = crate::endpoints::AZURE_CLOUDS;
    let cloud = crate::endpoints::AzureCloud::parse(value);
    cloud.ok_or_else(|| ConfigError::Choice { name, value: value.to_owned(), choices })
}

fn service_account(name: &'static str, value: &str) -> Result<String, ConfigError> {
    let known = crate::identity::gcp::is_account(value);
    known.then(|| value.to_owned()).ok_or_else(|| ConfigError::ServiceAccount { name, value: value.to_owned() })
}

fn workload_identity_provider(value: &str) -> Result<crate::identity::gcp::PoolProvider, ConfigError> {
    let provider = crate::identity::gcp::PoolProvider::parse(value);
    provider.ok_or_else(|| ConfigError::WorkloadIdentityProvider { value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_too_much_is_answered_with_the_right_one() {
        for value in ["https://acme.jfrog.io/", "acme.jfrog.io/artifactory", "u:p@acme.jfrog.io", " acme.jfrog.io"] {
            assert_eq!(suggestion(value).as_deref(), Some("acme.jfrog.io"), "{value}");
        }
        assert_eq!(suggestion("https:///"), None);
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let environment = Environment::from_iter([("a".to_owned(), String::new())]);
        assert_eq!(environment.value("a"), None);
    }
}
