//! The remedy of every error: the key, claim, policy or command that mends it.

use crate::access::StaticError;
use crate::artifactory::{ArtifactoryUrlError, ExchangeError, ReplyError};
use crate::config::{ConfigError, RouteProblem};
use crate::error::Error;
use crate::http::{HttpError, RootsError};
use crate::identity::IdentityError;
use crate::identity::aws::{AgentError, AwsError, ImdsError, StsError, WebIdentityError};
use crate::identity::azure::AzureError;
use crate::identity::gcp::GcpError;
use crate::identity::kubernetes::TokenError;
use crate::kubelet::RequestError;

impl Error {
    /// What to do about it, in one line.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::CommandLine(_) => {
                "run with --help for the options; the kubelet's `args` take `--config` and a file".into()
            }
            Self::Config(error) => config(error),
            Self::Request(error) => request(error).into(),
            Self::Image(_) => "the kubelet sends `registry[:port]/path`; check the image name in the pod".into(),
            Self::Identity { source, .. } => identity(source),
            Self::Static(error) => fixed(error),
            Self::Exchange { artifactory, source } => exchange(source, artifactory.host()),
            Self::Process(_) => "run the program from the kubelet, or with a request on stdin and stdout open".into(),
        }
    }
}

fn config(error: &ConfigError) -> String {
    match error {
        ConfigError::MissingVariable { variable, .. } => {
            format!(
                "set `{variable}` in the `env` of the provider's entry in the kubelet's configuration, or use --config"
            )
        }
        ConfigError::Choice { name, choices, .. } => format!("set `{name}` to one of: {choices}"),
        ConfigError::Number { name, expected, .. } => format!("set `{name}` to {expected}"),
        ConfigError::ArtifactoryUrl { name, suggestion: Some(host), .. } => format!("set `{name}` to `{host}`"),
        ConfigError::ArtifactoryUrl { name, suggestion: None, reason } => artifactory_url(name, *reason),
        ConfigError::Endpoint { variable, .. } => {
            format!("unset `{variable}`, or set it to `http://` and a host (GCE_METADATA_HOST takes the host alone)")
        }
        ConfigError::RemoteEndpoint { variable } => {
            format!("unset `{variable}`, or set it to `https://` and a host (`http://` on loopback only)")
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
        ConfigError::ServiceAccount { name, .. } => {
            format!("set `{name}` to an address such as `NAME@PROJECT.iam.gserviceaccount.com`, or leave it out")
        }
        ConfigError::Pattern(_) => {
            "write `host[:port][/path]`, with `*` for a whole label of the host or a part of it".into()
        }
        ConfigError::Unreadable { .. } => {
            "name a file that the kubelet's user can read, in the `args` after `--config`".into()
        }
        ConfigError::Syntax { .. } => "compare the file with the configuration section of the README".into(),
        ConfigError::NoRoute => {
            "add a route with `artifactoryUrl` and `identity`, or with `matchImages` and `static`".into()
        }
        ConfigError::Route { problem, .. } => route(*problem),
    }
}

fn artifactory_url(name: &str, reason: ArtifactoryUrlError) -> String {
    match reason {
        ArtifactoryUrlError::Empty
        | ArtifactoryUrlError::Host
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
            "give the route an `identity` (or several `identities`) to be exchanged, or a `static` credential".into()
        }
        RouteProblem::ArtifactoryUrl => "add `artifactoryUrl: acme.jfrog.io` to the route".into(),
        RouteProblem::MatchImages => "add `matchImages` with the registries that may see the credential".into(),
        RouteProblem::OidcProvider => "add `oidcProvider: {name: NAME}` to the route".into(),
        RouteProblem::Unused(key) => format!("remove `{key}` from the route"),
        RouteProblem::Password => "keep one of them, and not empty; `passwordFile` is read at every pull".into(),
        RouteProblem::Username => "set `static.username` to the user's name".into(),
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

fn fixed(error: &StaticError) -> String {
    match error {
        StaticError::Unreadable { .. } => {
            "name a text file that the kubelet's user can read in `static.passwordFile`".into()
        }
        StaticError::Empty { .. } => "write the password into the file; an empty one is never sent".into(),
    }
}

fn identity(error: &IdentityError) -> String {
    match error {
        IdentityError::NoneApplies { .. } => {
            "add `tokenAttributes` to the provider's entry, annotate the service account, or add a node identity to the route".into()
        }
        IdentityError::Aws(error) => aws(error),
        IdentityError::Azure(error) => azure(error),
        IdentityError::Gcp(error) => gcp(error),
        IdentityError::ServiceAccountToken(error) => token(error),
        IdentityError::Client(error) => transport(error, "the metadata service"),
    }
}

fn aws(error: &AwsError) -> String {
    match error {
        AwsError::Imds(error) => imds(error),
        AwsError::Token(error) => token(error),
        AwsError::WebIdentity(WebIdentityError::Annotation { .. }) => {
            "annotate the service account with the whole ARN of the role, or remove the annotation".into()
        }
        AwsError::WebIdentity(WebIdentityError::NoRegion) => "set `aws_region` (`region`)".into(),
        AwsError::Sts(error) => sts(error),
        AwsError::Agent(error) => agent(error),
        AwsError::Expiring { .. } => {
            "the service that gave them has not renewed them; check the node's clock and the role's trust policy".into()
        }
        AwsError::Sign(_) => "check the node's clock and the role; report this if both are right".into(),
    }
}

fn token(error: &TokenError) -> String {
    match error {
        TokenError::Missing => "add `tokenAttributes` to the provider's entry in the kubelet's configuration".into(),
        TokenError::Form => "report this: the kubelet sends a JWT".into(),
        TokenError::Expired { .. } => "check the node's clock; the kubelet sends a fresh token".into(),
        TokenError::Audience { wanted, .. } => {
            format!("set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `{wanted}`")
        }
    }
}

fn sts(error: &StsError) -> String {
    match error {
        StsError::Transport { source, region } => transport(source, &format!("the STS of {region}")),
        StsError::Form { .. } => "check that no proxy or captive portal answers for AWS STS".into(),
        StsError::Refused { code, trust, .. } => match code.as_str() {
            "AccessDenied" => format!(
                "the role's trust policy must allow sts:AssumeRoleWithWebIdentity with \"Condition\": {{\"StringEquals\": \
                 {{\"{issuer}:aud\": \"{}\", \"{issuer}:sub\": \"{}\"}}}}",
                trust.audience,
                trust.subject,
                issuer = trust.issuer,
            ),
            "InvalidIdentityToken" => format!(
                "the role's account needs an IAM OIDC provider `{}` with the client id `{}`",
                trust.issuer, trust.audience
            ),
            "ExpiredTokenException" => "check the node's clock; the kubelet sends a fresh token".into(),
            "IDPCommunicationError" => "AWS could not reach the cluster's issuer; the kubelet tries again".into(),
            "RegionDisabledException" => {
                "enable the region's STS in the account, or set `aws_region` (`region`)".into()
            }
            _ => "check the role's ARN, its trust policy, and that STS is enabled in the region".into(),
        },
    }
}

fn agent(error: &AgentError) -> String {
    match error {
        AgentError::Transport(_) => {
            "check that the add-on eks-pod-identity-agent runs on the node (kubectl -n kube-system get pods)".into()
        }
        AgentError::Refused { status: 400, .. } => {
            "check the association's role: it must trust pods.eks.amazonaws.com with sts:AssumeRole and sts:TagSession"
                .into()
        }
        AgentError::Refused { status: 403, .. } => "check that no proxy stands before 169.254.170.23".into(),
        AgentError::Refused { status: 404, .. } => {
            "create a Pod Identity association for the pod's namespace and service account".into()
        }
        AgentError::Refused { .. } => "the agent is throttled or failing; the kubelet tries again".into(),
        AgentError::Form => "check that 169.254.170.23 is the agent itself and no proxy or emulator".into(),
    }
}

fn imds(error: &ImdsError) -> String {
    match error {
        ImdsError::Transport { source: HttpError::Silence { .. }, .. } => {
            "check that the node reaches 169.254.169.254 (hop limit, firewall)".into()
        }
        ImdsError::Transport { source, .. } => transport(source, "169.254.169.254 (is this an EC2 instance?)"),
        ImdsError::Disabled => "enable it: aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-tokens required".into(),
        ImdsError::Status { status: 401, .. } => "the session token was refused; check that no proxy stands before 169.254.169.254".into(),
        ImdsError::Status { status: 429 | 500..=599, .. } => "the service is throttled or failing; the kubelet tries again".into(),
        ImdsError::Status { .. } | ImdsError::Form { .. } => "check that 169.254.169.254 is EC2's own service and no proxy or emulator".into(),
        ImdsError::NoRole => "attach an instance profile with a role to the instance".into(),
        ImdsError::UnknownRole { .. } => {
            "set `aws_role_name` (`roleName`) to the name of the instance's role, or leave it out to use the one attached".into()
        }
        ImdsError::SeveralRoles { .. } => "set `aws_role_name` (`roleName`) to one of them".into(),
        ImdsError::Refused { .. } => "check the role's trust policy: ec2.amazonaws.com must be allowed sts:AssumeRole".into(),
        ImdsError::UnknownRegion { .. } => "set `aws_region` (`region`) to the region whose STS Artifactory can reach".into(),
    }
}

fn azure(error: &AzureError) -> String {
    match error {
        AzureError::Transport(HttpError::Silence { .. }) => "check that the node reaches 169.254.169.254 (firewall, network policy)".into(),
        AzureError::Transport(source) => transport(source, "169.254.169.254 (is this an Azure VM?)"),
        AzureError::Refused { status: 400, .. } => {
            "check `azure_nodepool_client_id` (`clientId`), that this identity is assigned to the VM, and `azure_app_uri` (`resource`)".into()
        }
        AzureError::Refused { status: 404 | 410 | 429 | 500..=599, .. } => "the service is updating, throttled or failing; the kubelet tries again".into(),
        AzureError::Refused { .. } | AzureError::Form => "check that 169.254.169.254 is Azure's own service and no proxy or emulator".into(),
    }
}

fn gcp(error: &GcpError) -> String {
    match error {
        GcpError::Transport(HttpError::Silence { .. }) => {
            "check that the node reaches 169.254.169.254 (firewall, network policy)".into()
        }
        GcpError::Transport(source) => transport(source, "169.254.169.254 (is this a Compute Engine VM?)"),
        GcpError::Impostor => {
            "check that 169.254.169.254 is the metadata server and no proxy, and GCE_METADATA_HOST".into()
        }
        GcpError::NoAccount { .. } => {
            "attach the service account to the node pool, or correct `google_service_account_email` (`serviceAccount`)"
                .into()
        }
        GcpError::Refused { status: 429 | 500..=599, .. } => {
            "the server is starting, throttled or failing; the kubelet tries again".into()
        }
        GcpError::Refused { .. } | GcpError::Form => {
            "check `jfrog_oidc_audience` (`audience`) and that metadata concealment is off".into()
        }
    }
}

fn exchange(error: &ExchangeError, host: &str) -> String {
    match error {
        ExchangeError::Transport(source) | ExchangeError::Client(source) => transport(source, &format!("`{host}`")),
        ExchangeError::Redirected { .. } => format!("set the address to the host that Artifactory itself answers on, not `{host}`"),
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

fn transport(error: &HttpError, whom: &str) -> String {
    match error {
        HttpError::Silence { .. } | HttpError::Deadline => {
            format!("check that the node reaches {whom} (firewall, proxy, load)")
        }
        HttpError::Connect { .. } => format!("check name, port, routes and firewall between the node and {whom}"),
        HttpError::Certificate { .. } => {
            format!("check the certificate of {whom}; name its CA in SSL_CERT_FILE (`caFile`)")
        }
        HttpError::Broken => format!("check proxies and load balancers between the node and {whom}"),
        HttpError::TooLarge { .. } => format!("check that what answers is really {whom}"),
        HttpError::Address { .. } => "correct the address in the configuration, or HTTPS_PROXY if it is named".into(),
        HttpError::Roots(RootsError::Missing) => {
            "install the ca-certificates package, or name a bundle in SSL_CERT_FILE (`caFile`)".into()
        }
        HttpError::Roots(RootsError::Unreadable { .. } | RootsError::Empty { .. }) => {
            "name a PEM file with CA certificates in SSL_CERT_FILE (`caFile`)".into()
        }
    }
}
