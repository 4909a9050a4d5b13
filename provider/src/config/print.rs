//! A configuration as a file: every key that has a value, defaults filled in, secrets left out.
//!
//! # Why by hand?
//! The types of a configuration are not those of the file, and some hold secrets: a derived writer would print what it finds.
//! Here each type is taken apart by name, so that a new part does not compile until somebody has said how it is printed.
//! What is printed is a file that means the same, but for secrets.

use std::path::Path;
use std::time::Duration;

use super::file::PROXY_KEY;
use super::{Config, Network, Route};
use crate::access::{Access, DockerConfig, StaticCredential, StaticPassword, StaticSource};
use crate::artifactory::{OidcProvider, Scheme, TokenForm};
use crate::http::{ClientCertificate, Proxies, ProxyCredentials, RootSource, Tls, Transport};
use crate::identity::{Detected, Identities, IdentitySource};
use crate::image::Images;
use crate::kubelet::{CacheKeyType, GoDuration};
use crate::lifetime::Caching;
use crate::response::{CacheType, ResponsePolicy};
use crate::telemetry::{AccountIds, Collector, Files, Log, Protocol, Settings};

mod aws;
mod azure;
mod gcp;
mod kubernetes;
#[cfg(test)]
mod laws;
mod yaml;

use yaml::{Map, Node};

/// What stands for a secret.
pub(super) const REDACTED: &str = "<redacted>";

impl Config {
    /// The configuration as a file in YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        let Self { routes, network, deadline, telemetry, node: _ } = self;
        // The clouds' services are the environment's, with a file as without.
        let Network { endpoints: _, transport: _ } = network;
        let routes = routes.iter().map(|it| Node::from(route(it))).collect::<Vec<_>>();
        let map = Map::default().with("deadline", *deadline);
        map.with_some("telemetry", telemetry.as_ref().map(recorded)).with("routes", routes).to_string()
    }
}

/// What only variables can say is noted, but for headers: they may hold a key.
fn recorded(it: &Settings) -> Map {
    let Settings { collector, files, sampler: _, resource: _, spool, account_ids } = it;
    let map = collector.as_ref().map_or_else(Map::default, collected);
    let Files { metrics, log } = files;
    map.with_some("metricsFile", metrics.as_deref())
        .with_some("logFile", log.as_ref().map(logged))
        .with("spoolDirectory", spool.as_path())
        .with("accountIds", *account_ids == AccountIds::Told)
}

fn logged(it: &Log) -> Node {
    match it {
        Log::File(path) => path.as_path().into(),
        Log::Journald(_) => "journald".into(),
    }
}

fn collected(it: &Collector) -> Map {
    let Collector { url, protocol, headers: _, timeout: _, compression: _, transport: _ } = it;
    let base = if *protocol == Protocol::Grpc { Some(url.as_str()) } else { url.strip_suffix("/v1/traces") };
    let map = Map::default().with_some("endpoint", base);
    let map = if base.is_none() { map.note(format!("traces go to {url}")) } else { map };
    map.with("protocol", protocol.as_str())
}

fn route(it: &Route) -> Map {
    let Route { images, access, response } = it;
    let patterns = match images {
        Images::Every => None,
        Images::Matching(patterns) => Some(patterns.iter().map(|pattern| pattern.as_str().into()).collect::<Vec<_>>()),
    };
    let every = patterns.is_none();
    // Credentials with their own images say together which the route has.
    let own = matches!(access, Access::Static(StaticSource::Credentials(several)) if only(several, images).is_none());
    let map = Map::default().with_some("matchImages", patterns.filter(|_| !own));
    let map = match access {
        Access::Exchange { artifactory, transport, identities, order } => {
            let map = map.with("artifactoryUrl", artifactory.endpoint("").as_str());
            let map = map.with_some("insecure", Some(true).filter(|_| artifactory.is_exposed()));
            let Transport { tls, proxies } = transport;
            // Without TLS its settings have no effect, which a file is told.
            let tls = Some(tls).filter(|_| artifactory.scheme() == Scheme::Https);
            let map = through(map.with_some("tls", tls.map(made_safe)), proxies);
            proved(map, identities).with("identityOrder", order.as_str())
        }
        Access::Static(source) => map.with("static", fixed(source, images)),
    };
    let map = map.with_some("response", Some(policy(response)).filter(|policy| !policy.is_empty()));
    if every {
        map.note("every image that the kubelet asks about; a file names them in matchImages".to_owned())
    } else {
        map
    }
}

fn proved(map: Map, identities: &Identities) -> Map {
    match identities {
        Identities::Named(named) => {
            let (sources, providers): (Vec<_>, Vec<_>) = named.iter().map(identity).unzip();
            let provider = providers.into_iter().flatten().next();
            map.with("identities", sources).with_some("oidcProvider", provider.map(oidc_provider))
        }
        Identities::Detected(detected) => noted(map, detected),
    }
}

/// A proxy of a variable is noted, since its exceptions are a variable's too.
fn through(map: Map, proxies: &Proxies) -> Map {
    match proxies {
        Proxies::Direct => map.with("proxy", "direct"),
        Proxies::Through { proxy, except: _ } if proxy.named_by() != PROXY_KEY => {
            map.note(format!("proxy: {}, as {} says", proxy.url(), proxy.named_by()))
        }
        Proxies::Through { proxy, except: _ } => {
            let file = match &proxy.credentials {
                ProxyCredentials::File(path) => Some(path.as_path()),
                ProxyCredentials::Anonymous | ProxyCredentials::Inline(_) => None,
            };
            let url = Node::Text(proxy.url());
            map.with("proxy", Map::default().with("url", url).with_some("credentialsFile", file))
        }
    }
}

/// Authorities that only the environment can name are noted.
fn made_safe(tls: &Tls) -> Map {
    let Tls { roots, client_certificate, minimum_version, server_name, pins } = tls;
    let map = match roots.sources() {
        [RootSource::System] => Map::default(),
        [RootSource::File(path)] => Map::default().with("caFile", path.as_path()),
        [_, .., RootSource::File(path)] => Map::default().with("caFile", path.as_path()).with("caMode", "add"),
        _ => Map::default().note(format!("authorities: {}", roots.in_words())),
    };
    let map = match client_certificate {
        None => map,
        Some(ClientCertificate { certificate, key }) => {
            map.with("clientCertificateFile", certificate.as_path()).with("clientKeyFile", key.as_path())
        }
    };
    let pins: Vec<_> = pins.iter().map(|pin| Node::Text(pin.to_string())).collect();
    map.with("minimumVersion", minimum_version.as_str())
        .with_some("serverName", server_name.as_ref().map(AsRef::as_ref))
        .with_some("pins", Some(pins).filter(|pins| !pins.is_empty()))
}

/// Which identities each cloud would have: the environment's, which a file takes by naming none.
fn noted(map: Map, detected: &Detected) -> Map {
    let Detected { system: _, aws, azure, google } = detected;
    let map = map.note("identities: those of the cloud that the node is on".to_owned());
    [("aws", aws), ("azure", azure), ("google", google)].into_iter().fold(map, |map, (cloud, identities)| {
        let said = match identities {
            Ok(identities) => identities.iter().map(IdentitySource::name).collect::<Vec<_>>().join(", "),
            Err(error) => format!("none, since {error}"),
        };
        map.note(format!("  {cloud}: {said}"))
    })
}

/// An identity, and the OIDC provider that its proof is meant for, which is the route's.
fn identity(source: &IdentitySource) -> (Node, Option<&OidcProvider>) {
    let (map, provider) = match source {
        IdentitySource::AwsInstanceRole(role) => (aws::instance_role(role), None),
        IdentitySource::AwsWebIdentity(identity) => (aws::web_identity(identity), None),
        IdentitySource::AwsPodIdentity(identity) => (aws::pod_identity(identity), None),
        IdentitySource::AwsExternalRole(role) => (aws::external_role(role), None),
        IdentitySource::AwsCognito(identity) => (aws::cognito(identity), Some(&identity.provider)),
        IdentitySource::AzureManagedIdentity(identity) => (azure::managed_identity(identity), Some(&identity.provider)),
        IdentitySource::AzureFederated(identity) => (azure::federated(identity), Some(&identity.provider)),
        IdentitySource::AzureWorkloadIdentity(identity) => {
            (azure::workload_identity(identity), Some(&identity.provider))
        }
        IdentitySource::GcpMetadata(identity) => (gcp::metadata(identity), Some(&identity.provider)),
        IdentitySource::GcpImpersonation(identity) => (gcp::impersonation(identity), Some(&identity.provider)),
        IdentitySource::GcpWorkloadIdentity(identity) => (gcp::workload_identity(identity), Some(&identity.provider)),
        IdentitySource::GcpApplicationDefault(identity) => {
            (gcp::application_default(identity), Some(&identity.provider))
        }
        IdentitySource::ServiceAccountToken(identity) => {
            (kubernetes::service_account_token(identity), Some(&identity.provider))
        }
        IdentitySource::ServiceAccountTokenFile(identity) => {
            (kubernetes::service_account_token_file(identity), Some(&identity.provider))
        }
    };
    (Map::default().with(source.name(), map).into(), provider)
}

fn oidc_provider(provider: &OidcProvider) -> Map {
    let OidcProvider { name, provider_type, audience, identity_mapping_name, project_key, token_form } = provider;
    Map::default()
        .with("name", name.as_str())
        .with("type", provider_type.as_str())
        .with_some("audience", audience.as_deref())
        .with_some("identityMappingName", identity_mapping_name.as_deref())
        .with_some("projectKey", project_key.as_deref())
        .with("includeReferenceToken", *token_form == TokenForm::ReferenceToken)
}

/// The one credential for all images of the route, which has the short form.
fn only<'c>(several: &'c [StaticCredential], images: &Images) -> Option<&'c StaticCredential> {
    match several {
        [one] if one.images == *images => Some(one),
        _ => None,
    }
}

fn fixed(source: &StaticSource, images: &Images) -> Map {
    match source {
        StaticSource::DockerConfig(DockerConfig { path }) => Map::default().with("dockerConfigFile", path.as_path()),
        StaticSource::Credentials(several) => only(several, images).map_or_else(
            || Map::default().with("credentials", several.iter().map(with_images).collect::<Vec<_>>()),
            |one| credential(one, Map::default()),
        ),
    }
}

fn with_images(it: &StaticCredential) -> Node {
    let patterns = it.images.patterns().iter().map(|pattern| pattern.as_str().into());
    credential(it, Map::default().with("matchImages", patterns.collect::<Vec<_>>())).into()
}

fn credential(it: &StaticCredential, map: Map) -> Map {
    let StaticCredential { images: _, username, password, kept } = it;
    let map = map.with("username", username.as_str());
    let map = match password {
        StaticPassword::Inline(_) => map.with("password", REDACTED),
        StaticPassword::File(path) => map.with("passwordFile", path.as_path()),
    };
    map.with_some("cacheDuration", *kept)
}

fn policy(it: &ResponsePolicy) -> Map {
    let ResponsePolicy { cache_key_type, caching, cache_type } = it;
    let Caching { margin, jitter, minimum, maximum } = caching;
    Map::default()
        .with_some("cacheKeyType", cache_key_type.map(CacheKeyType::as_str))
        .with_some("cacheType", Some(*cache_type).filter(|it| *it != CacheType::default()).map(CacheType::as_str))
        .with_some("margin", *margin)
        .with_some("jitter", *jitter)
        .with_some("minimumCacheDuration", Some(*minimum).filter(|it| !it.is_zero()))
        .with_some("maximumCacheDuration", *maximum)
}

impl From<Duration> for Node {
    fn from(length: Duration) -> Self {
        Self::Plain(GoDuration::from(length).to_string())
    }
}

impl From<&Path> for Node {
    fn from(path: &Path) -> Self {
        Self::Text(path.display().to_string())
    }
}
