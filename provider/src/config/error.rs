//! Why there is no configuration.

use std::path::PathBuf;

use crate::artifactory::ArtifactoryUrlError;
use crate::http::ProxyAddressError;
use crate::image::{ImagePattern, ImagePatternError};
use crate::kubelet::CacheKeyType;

/// Why there is no configuration. Values appear only where they cannot hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable that is needed and not set.
    #[error(
        "`{variable}` is not set, which {purpose}{}",
        .similar.as_ref().map(|name| format!(" (`{name}` is set)")).unwrap_or_default()
    )]
    MissingVariable {
        /// The variable.
        variable: &'static str,
        /// What it says.
        purpose: &'static str,
        /// An unknown variable of a similar name that is set.
        similar: Option<String>,
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
    /// An Artifactory without TLS on another host.
    #[error("`{name}` is `http://` on another host, so the proof and the credential could be read on the way")]
    Exposed {
        /// The variable.
        name: &'static str,
    },
    /// A proxy's address that is none.
    #[error("`{name}` is not the address of a proxy: {reason}")]
    Proxy {
        /// The variable or key.
        name: &'static str,
        /// What is wrong.
        reason: ProxyAddressError,
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
    /// The configuration file has a key, identity or word that is not known.
    #[error("{word} in line {line} of the configuration file is not known, expected one of: {known}")]
    UnknownWord {
        /// What is there.
        word: String,
        /// Its line, from 1.
        line: u64,
        /// The known one that was probably meant.
        similar: Option<&'static str>,
        /// Those that are known there.
        known: String,
    },
    /// The configuration file is no YAML, or lacks a key.
    #[error("the configuration file is not understood: {cause}")]
    Syntax {
        /// What is wrong, and where.
        cause: String,
    },
    /// An answer that the kubelet would keep for more images than it covers.
    #[error("route {route}: with `cacheKeyType: {}` a kept answer hides {hidden}", .scope.as_str())]
    Hidden {
        /// The route's place in the file, from 1.
        route: usize,
        /// What the answer would be kept for.
        scope: CacheKeyType,
        /// Which images would find no credential.
        hidden: String,
    },
    /// The configuration has no route.
    #[error("`routes` is empty")]
    NoRoute,
    /// Two routes for one image, of which neither is closer.
    #[error(transparent)]
    Overlap(Box<Overlap>),
    /// A route is missing a key that its identity needs, or has one that it cannot use.
    #[error("route {route}: {problem}")]
    Route {
        /// The route's place in the file, from 1.
        route: usize,
        /// What is wrong.
        problem: RouteProblem,
    },
}

/// Two patterns of different routes that match one image, and neither is closer to it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "route {} (`{}`) and route {} (`{}`) both match `{image}`, and neither pattern is closer",
    .places[0], .patterns[0], .places[1], .patterns[1]
)]
pub struct Overlap {
    /// The routes' places in the file, from 1.
    pub places: [usize; 2],
    /// Their patterns.
    pub patterns: [ImagePattern; 2],
    /// An image that both match.
    pub image: String,
}

/// What is wrong with one route of a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteProblem {
    /// Neither or both ways to a credential.
    #[error("it needs one of `identity`, `identities` and `static`")]
    Access,
    /// An exchange without an Artifactory.
    #[error("`artifactoryUrl` is missing, which says where the proof is exchanged, and `artifactory_url` is not set")]
    ArtifactoryUrl,
    /// An Artifactory without TLS on another host.
    #[error("`artifactoryUrl` is `http://` on another host, so the proof and the credential could be read on the way")]
    Exposed,
    /// A static route without images.
    #[error("`matchImages` is missing, which says where the credential may go")]
    MatchImages,
    /// An ID token without a provider.
    #[error(
        "`oidcProvider` is missing, which names Artifactory's OIDC provider, and `jfrog_oidc_provider_name` is not set"
    )]
    OidcProvider,
    /// A key that is left out, and the variable that would stand for it.
    #[error("`{0}` is missing, and `{1}` is not set")]
    NeitherNor(&'static str, &'static str),
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
