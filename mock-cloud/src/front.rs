//! Which service a request is for, since all of them share one address.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{Method, StatusCode};
use tower::ServiceExt as _;

use crate::aws::Api;
use crate::aws::cognito::Cognito;
use crate::aws::pod_identity::{self, PodIdentity, without_port};
use crate::hosts;
use crate::query::Query;
use crate::registry::Registries;

/// The router of each service.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) ec2_metadata: Router,
    pub(crate) sts: Router,
    pub(crate) secrets_manager: Router,
    pub(crate) cognito: Router,
    pub(crate) cognito_token: Router,
    /// Knows the hosts of the token endpoints.
    pub(crate) cognito_domains: Cognito,
    pub(crate) ecr: Router,
    pub(crate) ecr_public: Router,
    pub(crate) registry: Router,
    /// Knows the hosts of the registries.
    pub(crate) registries: Registries,
    pub(crate) pod_identity: Router,
    pub(crate) azure_metadata: Router,
    pub(crate) entra: Router,
    pub(crate) gce_metadata: Router,
    pub(crate) google_issuer: Router,
    pub(crate) google_sts: Router,
    pub(crate) iam_credentials: Router,
    pub(crate) kubernetes_issuer: Router,
    pub(crate) control: Router,
    /// Whose metadata service the shared address is, `None` for all of them.
    pub(crate) cloud: Option<Cloud>,
}

/// Whose metadata service answers at the address that all of them have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// That of EC2.
    Aws,
    /// That of Azure.
    Azure,
    /// That of Compute Engine.
    Google,
}

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    Tls,
}

impl Front {
    /// Serves every service that is to be had by a transport.
    pub(crate) fn router(self, transport: Transport) -> Router {
        Router::new().fallback(answer).with_state((self, transport))
    }

    /// The service that has a host of which only this world knows.
    fn named(&self, host: &str) -> Option<Service> {
        if self.registries.is_registry(host) {
            return Some(Service::Registry);
        }
        self.cognito_domains.is_domain(host).then_some(Service::CognitoToken)
    }

    fn router_of(&self, service: Service) -> &Router {
        match service {
            Service::Ec2Metadata => &self.ec2_metadata,
            Service::Sts => &self.sts,
            Service::SecretsManager => &self.secrets_manager,
            Service::Cognito => &self.cognito,
            Service::CognitoToken => &self.cognito_token,
            Service::Ecr => &self.ecr,
            Service::EcrPublic => &self.ecr_public,
            Service::Registry => &self.registry,
            Service::PodIdentity => &self.pod_identity,
            Service::AzureMetadata => &self.azure_metadata,
            Service::Entra => &self.entra,
            Service::GceMetadata => &self.gce_metadata,
            Service::GoogleIssuer => &self.google_issuer,
            Service::GoogleSts => &self.google_sts,
            Service::IamCredentials => &self.iam_credentials,
            Service::KubernetesIssuer => &self.kubernetes_issuer,
            Service::Control => &self.control,
        }
    }
}

async fn answer(State((front, transport)): State<(Front, Transport)>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let service = Service::of(&parts, |host| front.named(host));
    let service = match front.cloud {
        Some(cloud) if is_metadata_address(host(&parts)) && service != Some(Service::Control) => Some(cloud.metadata()),
        _ => service,
    };
    let Some(service) = service else {
        return (StatusCode::NOT_FOUND, "no service of this mock has such a path\n").into_response();
    };
    // Nothing but HTTPS is served there: Amazon Cognito developer guide, "The token issuer endpoint".
    if service == Service::CognitoToken && transport == Transport::Plain {
        return (StatusCode::FORBIDDEN, "the token endpoint is to be had over TLS only\n").into_response();
    }
    parts.extensions.insert(transport);
    let router = front.router_of(service).clone();
    let answer = router.oneshot(Request::from_parts(parts, body)).await;
    answer.unwrap_or_else(|never| match never {})
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Ec2Metadata,
    Sts,
    SecretsManager,
    Cognito,
    CognitoToken,
    Ecr,
    EcrPublic,
    Registry,
    PodIdentity,
    AzureMetadata,
    Entra,
    GceMetadata,
    GoogleIssuer,
    GoogleSts,
    IamCredentials,
    KubernetesIssuer,
    Control,
}

impl Service {
    /// Answers whose a request is: the control paths are everywhere, then the host counts, then the path.
    fn of(request: &Parts, named: impl Fn(&str) -> Option<Self>) -> Option<Self> {
        let path = request.uri.path();
        let (first, _) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        if first == "__mock" {
            return Some(Self::Control);
        }
        Self::of_host(host(request), named).or_else(|| Self::of_path(request, first))
    }

    fn of_host(host: &str, named: impl Fn(&str) -> Option<Self>) -> Option<Self> {
        let name = host.split_once(':').map_or(host, |(name, _)| name);
        match Api::of_host(host) {
            Some(Api::SecretsManager) => Some(Self::SecretsManager),
            Some(Api::CognitoIdp) => Some(Self::Cognito),
            Some(Api::Ecr) => Some(Self::Ecr),
            Some(Api::EcrPublic) => Some(Self::EcrPublic),
            None if name == "sts.googleapis.com" => Some(Self::GoogleSts),
            None if name == "iamcredentials.googleapis.com" => Some(Self::IamCredentials),
            None if hosts::is_entra(name) => Some(Self::Entra),
            None if name == hosts::GOOGLE_ISSUER => Some(Self::GoogleIssuer),
            None if host.starts_with("sts.") || host.starts_with("sts-fips.") => Some(Self::Sts),
            None if PodIdentity::is_address(host) => Some(Self::PodIdentity),
            None => named(name),
        }
    }

    /// The first segment names the service; the root is shared by AWS and Google.
    fn of_path(request: &Parts, first: &str) -> Option<Self> {
        Some(match first {
            "" => Self::of_root(request),
            "computeMetadata" => Self::GceMetadata,
            "latest" => Self::Ec2Metadata,
            "metadata" => Self::AzureMetadata,
            "google" => Self::GoogleIssuer,
            "id" => Self::KubernetesIssuer,
            "sts" => Self::Sts,
            "cognito" => Self::CognitoToken,
            "v1" if request.uri.path() == "/v1/token" => Self::GoogleSts,
            "v1" if request.uri.path().starts_with("/v1/projects/") => Self::IamCredentials,
            _ if request.uri.path() == pod_identity::PATH => Self::PodIdentity,
            first if is_ec2_version(first) => Self::Ec2Metadata,
            first if uuid::Uuid::try_parse(first).is_ok() => Self::Entra,
            first if is_user_pool(first) => Self::Cognito,
            _ => return None,
        })
    }

    fn of_root(request: &Parts) -> Self {
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        match target.and_then(Api::of_target) {
            Some(Api::SecretsManager) => Self::SecretsManager,
            Some(Api::CognitoIdp) => Self::Cognito,
            Some(Api::Ecr) => Self::Ecr,
            Some(Api::EcrPublic) => Self::EcrPublic,
            None if is_aws_query(request) => Self::Sts,
            None => Self::GceMetadata,
        }
    }
}

impl Cloud {
    const fn metadata(self) -> Service {
        match self {
            Self::Aws => Service::Ec2Metadata,
            Self::Azure => Service::AzureMetadata,
            Self::Google => Service::GceMetadata,
        }
    }
}

/// Whether a host is the address or a name of a metadata service. Sources: EC2 user guide, "Access instance metadata for an
/// EC2 instance"; Compute Engine, "About VM metadata".
fn is_metadata_address(host: &str) -> bool {
    matches!(without_port(host), "169.254.169.254" | "fd00:ec2::254" | "metadata.google.internal" | "metadata")
}

/// The host that a request is for, without the port.
pub(crate) fn host_name(headers: &http::HeaderMap) -> &str {
    let host = headers.get(HOST).and_then(|it| it.to_str().ok()).unwrap_or_default();
    host.split_once(':').map_or(host, |(name, _)| name)
}

fn host(request: &Parts) -> &str {
    let host = request.headers.get(HOST).and_then(|it| it.to_str().ok());
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    host.or(authority).unwrap_or_default()
}

/// Whether a request for the root is one of the AWS query protocol.
fn is_aws_query(request: &Parts) -> bool {
    let authorization = request.headers.get(AUTHORIZATION);
    let signed = authorization.is_some_and(|it| it.as_bytes().starts_with(b"AWS4"));
    let query = Query::parse(request.uri.query());
    let named = query.first("Action").is_some() || query.first("X-Amz-Algorithm").is_some();
    request.method == Method::POST || signed || named
}

/// Whether a segment is a version of the EC2 metadata: a date, or the first one, `1.0`.
fn is_ec2_version(segment: &str) -> bool {
    let is_date = |it: &str| it.len() == 10 && it.split('-').count() == 3;
    let digits = segment.bytes().all(|it| it.is_ascii_digit() || it == b'-');
    segment == "1.0" || digits && is_date(segment)
}

/// Whether a segment is the id of a Cognito user pool, `REGION_NAME`.
fn is_user_pool(segment: &str) -> bool {
    let parts = segment.split_once('_');
    parts.is_some_and(|(region, name)| {
        region.split('-').count() >= 3 && name.bytes().all(|it| it.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, target: &str, headers: &[(&str, &str)]) -> Option<Service> {
        let request = http::Request::builder().method(method).uri(target);
        let request = headers.iter().fold(request, |request, (key, value)| request.header(*key, *value));
        let named = |host: &str| match host {
            "r.azurecr.io" => Some(Service::Registry),
            "auth.example.com" => Some(Service::CognitoToken),
            _ => host.ends_with(".amazoncognito.com").then_some(Service::CognitoToken),
        };
        Service::of(&request.body(()).unwrap().into_parts().0, named)
    }

    #[test]
    fn the_first_segment_names_the_service() {
        for (path, service) in [
            ("/latest/meta-data/", Some(Service::Ec2Metadata)),
            ("/2021-03-23/api/token", Some(Service::Ec2Metadata)),
            ("/1.0/meta-data/", Some(Service::Ec2Metadata)),
            ("/metadata/instance", Some(Service::AzureMetadata)),
            ("/computeMetadata/v1/", Some(Service::GceMetadata)),
            ("/computeMetadata", Some(Service::GceMetadata)),
            ("/google/oauth2/v3/certs", Some(Service::GoogleIssuer)),
            ("/id/AB/keys", Some(Service::KubernetesIssuer)),
            ("/sts/us-gov-west-1/", Some(Service::Sts)),
            ("/stsx", None),
            ("/11111111-2222-4333-8444-555555555555/v2.0", Some(Service::Entra)),
            ("/v1/credentials", Some(Service::PodIdentity)),
            ("/v1/token", Some(Service::GoogleSts)),
            ("/v1/projects/-/serviceAccounts/a@b:generateIdToken", Some(Service::IamCredentials)),
            ("/cognito/artifactory-demo/oauth2/token", Some(Service::CognitoToken)),
            ("/us-east-1_Artifacts/.well-known/jwks.json", Some(Service::Cognito)),
            ("/__mock/trust", Some(Service::Control)),
            ("/v1/other", None),
            ("/v1", None),
            ("/east_Artifacts/.well-known/jwks.json", None),
            ("/us-east-1_Arti-facts/x", None),
            ("/2021-03/api", None),
            ("/unknown", None),
            ("/latestx", None),
        ] {
            assert_eq!(of("GET", path, &[]), service, "{path}");
        }
    }

    #[test]
    fn the_root_is_googles_unless_the_request_is_an_aws_call() {
        let signature = [("authorization", "AWS4-HMAC-SHA256 Credential=..")];
        let bearer = [("authorization", "Bearer x")];
        assert_eq!(of("GET", "/", &[]), Some(Service::GceMetadata));
        assert_eq!(of("GET", "/", &bearer), Some(Service::GceMetadata));
        assert_eq!(of("GET", "/?Action=GetCallerIdentity", &[]), Some(Service::Sts));
        assert_eq!(of("GET", "/", &signature), Some(Service::Sts));
        assert_eq!(of("POST", "/", &[]), Some(Service::Sts));
    }

    #[test]
    fn a_target_at_the_root_names_the_service_whatever_the_host() {
        let of = |target| of("POST", "/", &[("host", "127.0.0.1:80"), ("x-amz-target", target)]);
        assert_eq!(of("secretsmanager.GetSecretValue"), Some(Service::SecretsManager));
        assert_eq!(of("AWSCognitoIdentityProviderService.ListUserPools"), Some(Service::Cognito));
        assert_eq!(of("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"), Some(Service::Ecr));
        assert_eq!(of("SpencerFrontendService.GetAuthorizationToken"), Some(Service::EcrPublic));
        assert_eq!(of("DynamoDB_20120810.ListTables"), Some(Service::Sts));
    }

    #[test]
    fn everything_at_the_host_of_a_service_is_for_it() {
        for (host, service) in [
            ("sts.us-east-1.amazonaws.com", Service::Sts),
            ("sts.googleapis.com", Service::GoogleSts),
            ("sts.windows.net", Service::Entra),
            ("login.partner.microsoftonline.cn:443", Service::Entra),
            ("accounts.google.com", Service::GoogleIssuer),
            ("iamcredentials.googleapis.com:443", Service::IamCredentials),
            ("secretsmanager.eu-west-1.amazonaws.com", Service::SecretsManager),
            ("cognito-idp.us-east-1.amazonaws.com", Service::Cognito),
            ("artifactory-demo.auth.us-east-1.amazoncognito.com", Service::CognitoToken),
            ("auth.example.com:443", Service::CognitoToken),
            ("api.ecr.us-east-1.amazonaws.com", Service::Ecr),
            ("api.ecr-public.us-east-1.amazonaws.com", Service::EcrPublic),
            ("r.azurecr.io:443", Service::Registry),
            ("169.254.170.23", Service::PodIdentity),
            ("[fd00:ec2::23]:80", Service::PodIdentity),
        ] {
            for path in ["/", "/unknown", "/latest/meta-data/"] {
                assert_eq!(of("GET", path, &[("host", host)]), Some(service), "{host} {path}");
            }
            assert_eq!(of("GET", "/__mock/requests", &[("host", host)]), Some(Service::Control), "{host}");
        }
        assert_eq!(of("GET", "/", &[("host", "nosts.test")]), Some(Service::GceMetadata));
    }
}
