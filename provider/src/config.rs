//! The configuration, valid by construction: what is parsed can be used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::access::{Access, StaticSource};
use crate::artifactory::Scheme;
use crate::endpoints::Endpoints;
use crate::http::{Exceptions, Proxies, Proxy, RootSource, Roots, Tls, Transport};
use crate::image::{ImageRef, Images};
use crate::kubelet::CacheKeyType;
use crate::platform::node_name;
use crate::response::ResponsePolicy;
use crate::telemetry::Settings;

mod environment;
mod error;
mod external_role;
mod file;
mod print;
mod report;
mod routing;
mod scope;
mod similar;

pub use environment::incumbent;
pub use error::{ConfigError, Overlap, RouteProblem};
pub use report::Report;
pub use routing::Match;
pub(crate) use similar::similar;

/// The kubelet kills a provider after one minute (kubernetes `pkg/credentialprovider/plugin/plugin.go`); five seconds less
/// leave room to explain a failure.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(55);

/// The life asked for Artifactory's token in the AWS exchange, as the incumbent asks (`secret_ttl_seconds`).
const DEFAULT_TOKEN_LIFETIME: Duration = Duration::from_hours(5);

/// Everything a pull needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The routes, in the order of the file; the one whose pattern is closest to an image serves it.
    pub routes: Vec<Route>,
    /// How the clouds' services are reached.
    pub network: Network,
    /// How long one pull may take.
    pub deadline: Duration,
    /// Where pulls are recorded; `None` where they are not.
    pub telemetry: Option<Settings>,
    /// The node's name, which spreads the fleet's cache durations.
    pub node: String,
}

/// How services are reached from this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The addresses of the clouds' services.
    pub endpoints: Endpoints,
    /// How connections to the clouds' services are made.
    pub transport: Transport,
}

/// Which images are served, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The images, by the kubelet's own rule.
    pub images: Images,
    /// How the credential is had.
    pub access: Access,
    /// What is answered with it.
    pub response: ResponsePolicy,
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
        let this: Self = text.collect();
        let node = node_name().or_else(|| this.value("COMPUTERNAME").or(this.value("HOSTNAME")).map(str::to_owned));
        this.on_node(&node.unwrap_or_default())
    }

    /// A variable's value.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The node's name; empty where nobody says it.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The names of the variables that are set.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str).filter(|name| self.value(name).is_some())
    }

    fn required(&self, variable: &'static str, purpose: &'static str) -> Result<&str, ConfigError> {
        let missing = || ConfigError::MissingVariable { variable, purpose, similar: self.similar_to(variable) };
        self.value(variable).ok_or_else(missing)
    }

    /// A variable that is set and means nothing, and may have been meant to be this one.
    fn similar_to(&self, variable: &str) -> Option<String> {
        let unknown = self.names().filter(|name| !environment::is_known(name));
        similar(variable, unknown).map(str::to_owned)
    }

    /// The same environment with a variable in the place of what it was.
    fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.variables.insert(name.to_owned(), value.to_owned());
        changed
    }

    /// The directory that `/sys`, `/proc` and `/run` lie in, where the cloud is looked for. The variable is for tests.
    pub(crate) fn system_root(&self) -> PathBuf {
        PathBuf::from(self.value("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT").unwrap_or("/"))
    }

    /// How connections are made where nothing else is said.
    fn transport(&self, scheme: Scheme) -> Result<Transport, ConfigError> {
        Ok(Transport { tls: self.tls(), proxies: self.proxies(scheme)? })
    }

    fn tls(&self) -> Tls {
        Tls::trusting(self.roots())
    }

    /// The bundle of `SSL_CERT_FILE`, else the system's, and the directories of `SSL_CERT_DIR` beside it.
    ///
    /// Source: Go `crypto/x509` `root_unix.go`, `loadSystemRoots`, and OpenSSL `X509_STORE_set_default_paths(3)`. Unlike theirs,
    /// the system's directories are never read: they cost several milliseconds and hold what the bundle holds.
    pub(crate) fn roots(&self) -> Roots {
        let bundle = self.value("SSL_CERT_FILE").map_or(RootSource::System, |path| RootSource::File(path.into()));
        let directories = self.value("SSL_CERT_DIR").into_iter().flat_map(std::env::split_paths);
        let directories = directories.filter(|path| !path.as_os_str().is_empty()).map(RootSource::Directory);
        Roots::of(std::iter::once(bundle).chain(directories))
    }

    /// The proxy that `HTTPS_PROXY` or `HTTP_PROXY` names for a scheme, but for what `NO_PROXY` names. Each is read in
    /// either case, the upper one first, as Go reads them; `ALL_PROXY` has no meaning, as in Go.
    pub(crate) fn proxies(&self, scheme: Scheme) -> Result<Proxies, ConfigError> {
        let names = match scheme {
            Scheme::Https => ["HTTPS_PROXY", "https_proxy"],
            Scheme::Http => ["HTTP_PROXY", "http_proxy"],
        };
        let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, self.value(name)?)));
        let Some((name, address)) = first(names) else { return Ok(Proxies::Direct) };
        let proxy = Proxy::parse(address, name).map_err(|reason| ConfigError::Proxy { name, reason })?.into();
        let except = first(["NO_PROXY", "no_proxy"]).map(|(_, list)| Exceptions::parse(list)).unwrap_or_default();
        Ok(Proxies::Through { proxy, except })
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self { variables: variables.into_iter().collect(), node: String::new() }
    }
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
        Self::from_text(&text, environment)
    }

    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// As [`Self::load`], but for the file itself.
    pub fn from_text(text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        file::parse(text, environment)
    }

    /// The widest scope for which the kubelet may keep an answer without hiding an image: the image's registry, unless a
    /// pattern divides it. Then two images of it can belong to different routes or to none. The keys of a Docker configuration
    /// are patterns as well, and can have paths after its next rotation.
    #[must_use]
    pub fn widest_safe(&self, route: &Route, image: &ImageRef) -> CacheKeyType {
        let mut patterns = self.routes.iter().flat_map(|route| route.images.patterns());
        let divided = patterns.any(|pattern| pattern.divides_registry_of(image));
        let keys = matches!(route.access, Access::Static(StaticSource::DockerConfig(_)));
        if divided || keys { CacheKeyType::Image } else { CacheKeyType::Registry }
    }

    fn of(routes: Vec<Route>, deadline: Duration, environment: &Environment) -> Result<Self, ConfigError> {
        scope::refuse_hidden_images(&routes)?;
        // A proxy that this program cannot speak to is no reason to refuse a static credential, for which nobody is asked.
        let asks = routes.iter().any(|route| matches!(route.access, Access::Exchange { .. }));
        let proxies = if asks { environment.proxies(Scheme::Https)? } else { Proxies::Direct };
        Ok(Self {
            routes,
            network: Network {
                endpoints: Endpoints::from_environment(environment)?,
                transport: Transport { tls: environment.tls(), proxies },
            },
            deadline,
            telemetry: Settings::from_environment(environment),
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

/// An address without what it must not carry, if the rest is a usable one.
fn suggestion(value: &str) -> Option<String> {
    let bare = value.trim();
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let bare = bare.rsplit_once('@').map_or(bare, |(_, bare)| bare).trim_end_matches('/');
    let above = bare.rsplit_once('/').map_or(bare, |(above, _)| above);
    let host = bare.split('/').next().unwrap_or_default();
    let usable = |text: &str| crate::artifactory::ArtifactoryUrl::parse(text).ok().map(|url| url.to_string());
    [bare, above, host].into_iter().find_map(usable)
}

fn identity_order(name: &'static str, word: Option<&str>) -> Result<crate::identity::IdentityOrder, ConfigError> {
    let Some(word) = word else { return Ok(crate::identity::IdentityOrder::default()) };
    let choices = crate::identity::IDENTITY_ORDERS;
    let order = crate::identity::IdentityOrder::parse(word);
    order.ok_or_else(|| ConfigError::Choice { name, value: word.to_owned(), choices })
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
        for value in ["ftp://acme.jfrog.io/", "acme.jfrog.io/artifactory", "u:p@acme.jfrog.io", " acme.jfrog.io"] {
            assert_eq!(suggestion(value).as_deref(), Some("acme.jfrog.io"), "{value}");
        }
        assert_eq!(suggestion("https://proxy.example/jfrog/artifactory/").as_deref(), Some("proxy.example/jfrog"));
        assert_eq!(suggestion("https:///"), None);
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let environment = Environment::from_iter([("a".to_owned(), String::new())]);
        assert_eq!(environment.value("a"), None);
    }
}
