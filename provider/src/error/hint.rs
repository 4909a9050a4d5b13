//! The remedy of every error: the key, claim, policy or command that mends it.

use crate::artifactory::{ArtifactoryUrlError, ExchangeError, ReplyError};
use crate::command_line::CommandLineError;
use crate::config::{ConfigError, RouteProblem, similar};
use crate::error::Error;
use crate::http::HttpError;
use crate::identity::aws::TagProblem;
use crate::identity::{CHOICE, IdentityError};
use crate::kubelet::RequestError;
use crate::response::ResponseError;

mod aws;
mod azure;
mod cloud;
mod fixed;
mod gcp;
mod kubernetes;
mod proxy;
mod tls;

use tls::Authority;

impl Error {
    /// What to do about it, in one line.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::CommandLine(CommandLineError::Incumbent(command)) => command.instead().into(),
            Self::CommandLine(CommandLineError::NotUnderstood(_)) => {
                "run with --help for the options; the kubelet's `args` take `--config` and a file".into()
            }
            Self::Config(error) => config(error),
            Self::Request(error) => request(error).into(),
            Self::Image(_) => "the kubelet sends `registry[:port]/path`; check the image name in the pod".into(),
            Self::Identity { source, .. } => identity(source),
            Self::Static(error) => fixed::credential(error),
            Self::Exchange { artifactory, source } => exchange(source, artifactory.host()),
            Self::Response(ResponseError::Echo) => {
                "set `cacheType: Token` in the `tokenAttributes` of the provider's entry and in \
                 `response` of the route, or have Artifactory give out a token of its own"
                    .into()
            }
            Self::Process(_) => "run the program from the kubelet, or with a request on stdin and stdout open".into(),
        }
    }
}

fn config(error: &ConfigError) -> String {
    match error {
        ConfigError::MissingVariable { variable, similar: Some(similar), .. } => {
            format!(
                "rename `{similar}` to `{variable}` in the `env` of the provider's entry in the kubelet's configuration"
            )
        }
        ConfigError::MissingVariable { variable, similar: None, .. } => {
            format!(
                "set `{variable}` in the `env` of the provider's entry in the kubelet's configuration, or use --config"
            )
        }
        ConfigError::Choice { name, value, choices } => match similar(value, choices.split(", ")) {
            Some(similar) => format!("set `{name}` to one of: {choices} (did you mean `{similar}`?)"),
            None => format!("set `{name}` to one of: {choices}"),
        },
        ConfigError::Number { name, expected, .. } => format!("set `{name}` to {expected}"),
        ConfigError::ArtifactoryUrl { name, suggestion: Some(host), .. } => format!("set `{name}` to `{host}`"),
        ConfigError::ArtifactoryUrl { name, suggestion: None, reason } => artifactory_url(name, *reason),
        ConfigError::Exposed { name } => {
            format!("set `{name}` to `https://` and a host; a route of a file can say `insecure: true` (--config)")
        }
        ConfigError::Proxy { name, reason } => proxy::address(name, *reason),
        ConfigError::Endpoint { variable, .. } => {
            format!("unset `{variable}`, or set it to `http://` and a host (GCE_METADATA_HOST takes the host alone)")
        }
        ConfigError::RemoteEndpoint { variable } => {
            format!("unset `{variable}`, or set it to `https://` and a host (`http://` on loopback only)")
        }
        ConfigError::EndpointVariant { variable, endpoint } => {
            format!("unset `{variable}`, or unset `{endpoint}` to use AWS's own hosts")
        }
        ConfigError::RoleArn { name, .. } => {
            format!("set `{name}` to an ARN such as `arn:aws:iam::111122223333:role/pull`")
        }
        ConfigError::Region { name, .. } => format!("set `{name}` to a region such as `eu-central-1`, or leave it out"),
        ConfigError::RoleName { name, .. } => {
            format!(
                "set `{name}` to the role's name, without `arn:` and path, or leave it out to use the instance's role"
            )
        }
        ConfigError::Text { name, expected } => format!("set `{name}` to {expected}, or leave it out"),
        ConfigError::Tags { name, problem } => format!("{} in `{name}`", session_tags(problem)),
        ConfigError::NoSdk { name } => {
            format!("use a build with the cargo feature `aws-sdk`, which is on by default, or do without `{name}`")
        }
        ConfigError::Tenant { name, .. } => {
            format!("set `{name}` to the tenant's id, which `az account show --query tenantId` prints")
        }
        ConfigError::ServiceAccount { name, .. } => {
            format!("set `{name}` to an address such as `NAME@PROJECT.iam.gserviceaccount.com`, or leave it out")
        }
        ConfigError::WorkloadIdentityProvider { .. } => "set `workloadIdentityProvider` to \
             `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`"
            .into(),
        ConfigError::Pattern(_) => {
            "write `host[:port][/path]`, with `*` for a whole label of the host or a part of it".into()
        }
        ConfigError::Unreadable { .. } => {
            "name a file that the kubelet's user can read, in the `args` after `--config`".into()
        }
        ConfigError::UnknownWord { similar: Some(similar), .. } => format!("did you mean `{similar}`?"),
        ConfigError::UnknownWord { similar: None, .. } | ConfigError::Syntax { .. } => {
            "compare the file with the configuration section of the README".into()
        }
        ConfigError::Hidden { .. } => {
            "leave `cacheKeyType` out, which takes the registry where that hides nothing; or set it to `Image`".into()
        }
        ConfigError::NoRoute => {
            "add a route with `artifactoryUrl` and `identity`, or with `matchImages` and `static`".into()
        }
        ConfigError::Overlap(_) => {
            "take the pattern out of one of the routes, or make it closer: a host that is within the \
             other's wins, and on one host the longer path"
                .into()
        }
        ConfigError::Route { problem, .. } => route(*problem),
    }
}

/// Source: AWS STS API reference, `AssumeRole`, `Tags`.
fn session_tags(problem: &TagProblem) -> &'static str {
    match problem {
        TagProblem::TooMany => "keep 50 tags or fewer",
        TagProblem::Key(_) => {
            "use 1 to 128 letters, digits, spaces and `_.:/=+-@` for each key, and no key that begins with `aws:`,"
        }
        TagProblem::Value(_) => "use at most 256 letters, digits, spaces and `_.:/=+-@` for each value",
        TagProblem::Twice(_) => "keep one of the two",
    }
}

fn artifactory_url(name: &str, reason: ArtifactoryUrlError) -> String {
    match reason {
        ArtifactoryUrlError::Empty
        | ArtifactoryUrlError::Host
        | ArtifactoryUrlError::OwnPath
        | ArtifactoryUrlError::Path
        | ArtifactoryUrlError::Scheme => {
            format!("set `{name}` to `host` or `host:port`, such as `acme.jfrog.io`")
        }
        ArtifactoryUrlError::UserInformation => {
            format!("set `{name}` to the host alone; credentials belong in a `static` route")
        }
    }
}

fn route(problem: RouteProblem) -> String {
    match problem {
        RouteProblem::Access => {
            "give the route an `identity` (or several `identities`) to be exchanged, or a `static` credential, or set `cloud_provider`".into()
        }
        RouteProblem::ArtifactoryUrl => "add `artifactoryUrl: acme.jfrog.io` to the route, or set `artifactory_url`".into(),
        RouteProblem::Exposed => {
            "write `https://`, or add `insecure: true` to the route if nobody else is on the way".into()
        }
        RouteProblem::MatchImages => "add `matchImages` with the registries that may see the credential".into(),
        RouteProblem::OidcProvider => {
            "add `oidcProvider: {name: NAME}` to the route, or set `jfrog_oidc_provider_name`".into()
        }
        RouteProblem::NeitherNor(key, variable) => format!("give `{key}` a value in the route, or set `{variable}`"),
        RouteProblem::Either(name, known) => format!("keep `{known}` where it is known, else `{name}`"),
        RouteProblem::Needs(key, other) => format!("add `{other}` to the route, or leave `{key}` out"),
        RouteProblem::Unused(key) => format!("remove `{key}` from the route"),
        RouteProblem::Password => "keep one of them, and not empty; `passwordFile` is read at every pull".into(),
        RouteProblem::Username => "set `username` to the user's name".into(),
        RouteProblem::StaticForm => {
            "write one credential with `username`, several under `credentials`, or name a `dockerConfigFile`".into()
        }
        RouteProblem::DockerHub => "write `docker.io` in `matchImages`".into(),
        RouteProblem::ManagedIdentity => "keep one of them, or none for the VM's only identity".into(),
        RouteProblem::Empty(key) => format!("give `{key}` a value, or leave it out if it is optional"),
    }
}

fn request(error: &RequestError) -> &'static str {
    match error {
        RequestError::Empty => "the kubelet writes a CredentialProviderRequest to stdin; by hand, pipe one in",
        RequestError::UnknownApiVersion { .. } => {
            "set `apiVersion` of the provider's entry to credentialprovider.kubelet.k8s.io/v1"
        }
        RequestError::TooLarge
        | RequestError::NotUtf8 { .. }
        | RequestError::NotJson { .. }
        | RequestError::Truncated
        | RequestError::TrailingData
        | RequestError::NotAnObject
        | RequestError::MissingField { .. }
        | RequestError::WrongType { .. }
        | RequestError::WrongKind { .. }
        | RequestError::MissingImage => "send one JSON document of kind CredentialProviderRequest, as the kubelet does",
    }
}

fn identity(error: &IdentityError) -> String {
    match error {
        IdentityError::NoneApplies { .. } => {
            "add `tokenAttributes` to the provider's entry, annotate the service account, or add a node identity to the route".into()
        }
        IdentityError::NoneWorks { last, .. } => identity(last),
        IdentityError::NotOffered { offered, .. } => {
            format!("set the annotation `{CHOICE}` to one of: {offered}; or add the identity to the route")
        }
        IdentityError::Aws(error) => aws::identity(error),
        IdentityError::Azure(error) => azure::identity(error),
        IdentityError::Gcp(error) => gcp::identity(error),
        IdentityError::ServiceAccountToken(error) => kubernetes::token(error),
        IdentityError::ServiceAccountTokenFile(error) => kubernetes::token_file(error),
        IdentityError::Cloud(error) => cloud::detection(error),
        IdentityError::OnCloud { found, source } => cloud::otherwise(identity(source), found),
        IdentityError::Configuration(error) => config(error),
        IdentityError::Client(error) => transport(error, "the metadata service"),
    }
}

fn exchange(error: &ExchangeError, host: &str) -> String {
    match error {
        ExchangeError::Transport(source) | ExchangeError::Client(source) => {
            connection(source, &format!("`{host}`"), Authority::Artifactory)
        }
        ExchangeError::ClientCertificate { .. } => tls::proxy_page(),
        ExchangeError::Redirected { .. } => format!("set the address to the host that Artifactory itself answers on, not `{host}`"),
        ExchangeError::Refused { status: 401, token: Some(token), .. } => kubernetes::untrusted(token),
        ExchangeError::Refused { status: 403, token: Some(token), .. } => kubernetes::unmapped(token),
        ExchangeError::Refused { status: 400, .. } => {
            "check the OIDC provider's name, its issuer URL (no trailing slash) and the audience of its identity mapping".into()
        }
        ExchangeError::Refused { status: 401, .. } => {
            "check that the OIDC provider's issuer and audience fit the token, or that the role has an iam_role mapping, and the node's clock".into()
        }
        ExchangeError::Refused { status: 403, .. } => {
            "check that an identity mapping (or iam_role mapping) in Artifactory fits this identity's claims (or role)".into()
        }
        ExchangeError::Refused { status: 404, .. } => {
            "check the OIDC provider's name, and that Artifactory is 7.77.3 or newer with an Enterprise licence".into()
        }
        ExchangeError::Refused { status: 429, .. } => "Artifactory throttles; longer-lived tokens (`expires_in` of the mapping) mean fewer exchanges".into(),
        ExchangeError::Refused { status: 500..=599, .. } => format!("Artifactory or a proxy before it is failing; see the logs of `{host}`"),
        ExchangeError::Refused { .. } => format!("check that `{host}` is Artifactory itself and no other service"),
        ExchangeError::Reply(ReplyError::Empty | ReplyError::Shape) => format!("check that `{host}` is Artifactory itself and no login page or proxy"),
        ExchangeError::Reply(ReplyError::NoAccessToken | ReplyError::NoUsername | ReplyError::Username) => {
            "check the token_spec of the identity mapping: it needs a valid username and a scope".into()
        }
        ExchangeError::Reply(ReplyError::NoReferenceToken) => "remove `includeReferenceToken`, or use an Artifactory that knows it".into(),
    }
}

/// What to do about a cloud's service that could not be reached.
fn transport(error: &HttpError, whom: &str) -> String {
    connection(error, whom, Authority::Clouds)
}

fn connection(error: &HttpError, whom: &str, authority: Authority) -> String {
    match error {
        HttpError::Silence { .. } | HttpError::Deadline => {
            format!("check that the node reaches {whom} (firewall, proxy, load)")
        }
        HttpError::Connect { .. } => format!("check name, port, routes and firewall between the node and {whom}"),
        HttpError::Certificate(error) => tls::server_certificate(error, whom, authority),
        HttpError::Refused(refusal) => tls::refusal(refusal, whom, authority),
        HttpError::Broken => format!("check proxies and load balancers between the node and {whom}"),
        HttpError::TooLarge { .. } => format!("check that what answers is really {whom}"),
        HttpError::Address { .. } => "correct the address in the configuration".into(),
        HttpError::Proxy(error) => proxy::failure(error, authority.bundle()),
        HttpError::Roots(error) => tls::roots(error, authority),
        HttpError::ClientCertificate(error) => tls::client_certificate(error),
    }
}
