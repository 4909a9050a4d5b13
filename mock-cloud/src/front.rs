//! Which service a request is for, since all of them share one address.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{Method, StatusCode};
use tower::ServiceExt as _;

use crate::query::Query;

/// The router of each service.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) ec2_metadata: Router,
    pub(crate) aws_api: Router,
    pub(crate) azure_metadata: Router,
    pub(crate) entra: Router,
    pub(crate) gce_metadata: Router,
    pub(crate) google_issuer: Router,
    pub(crate) kubernetes_issuer: Router,
    pub(crate) trust: Router,
}

impl Front {
    /// Serves every service.
    pub(crate) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(self)
    }

    fn router_of(&self, service: Service) -> &Router {
        match service {
            Service::Ec2Metadata => &self.ec2_metadata,
            Service::AwsApi => &self.aws_api,
            Service::AzureMetadata => &self.azure_metadata,
            Service::Entra => &self.entra,
            Service::GceMetadata => &self.gce_metadata,
            Service::GoogleIssuer => &self.google_issuer,
            Service::KubernetesIssuer => &self.kubernetes_issuer,
            Service::Trust => &self.trust,
        }
    }
}

async fn answer(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(service) = Service::of(&parts) else {
        let mut response = Response::new("no service of this mock has such a path\n".into());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let router = front.router_of(service).clone();
    let answer = router.oneshot(Request::from_parts(parts, body)).await;
    answer.unwrap_or_else(|never| match never {})
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Ec2Metadata,
    AwsApi,
    AzureMetadata,
    Entra,
    GceMetadata,
    GoogleIssuer,
    KubernetesIssuer,
    Trust,
}

impl Service {
    /// Answers whose the first segment of the path is; the root is shared by AWS and Google.
    fn of(request: &Parts) -> Option<Self> {
        let path = request.uri.path();
        let (first, _) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        Some(match first {
            _ if is_for_sts(request) => Self::AwsApi,
            "" if is_aws_call(request) => Self::AwsApi,
            "" | "computeMetadata" => Self::GceMetadata,
            "latest" => Self::Ec2Metadata,
            "metadata" => Self::AzureMetadata,
            "google" => Self::GoogleIssuer,
            "id" => Self::KubernetesIssuer,
            "__mock" => Self::Trust,
            first if is_ec2_version(first) => Self::Ec2Metadata,
            first if uuid::Uuid::try_parse(first).is_ok() => Self::Entra,
            _ => return None,
        })
    }
}

fn is_for_sts(request: &Parts) -> bool {
    let host = request.headers.get(HOST).and_then(|it| it.to_str().ok());
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    host.or(authority).is_some_and(|it| it.starts_with("sts."))
}

/// Whether a request for the root is one of the AWS query protocol.
fn is_aws_call(request: &Parts) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, target: &str, headers: &[(&str, &str)]) -> Option<Service> {
        let request = http::Request::builder().method(method).uri(target);
        let request = headers.iter().fold(request, |request, (key, value)| request.header(*key, *value));
        Service::of(&request.body(()).unwrap().into_parts().0)
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
            ("/11111111-2222-4333-8444-555555555555/v2.0", Some(Service::Entra)),
            ("/__mock/trust", Some(Service::Trust)),
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
        assert_eq!(of("GET", "/?Action=GetCallerIdentity", &[]), Some(Service::AwsApi));
        assert_eq!(of("GET", "/", &signature), Some(Service::AwsApi));
        assert_eq!(of("POST", "/", &[]), Some(Service::AwsApi));
    }

    #[test]
    fn everything_at_the_host_of_sts_is_for_sts() {
        let host = [("host", "sts.us-east-1.amazonaws.com")];
        assert_eq!(of("GET", "/", &host), Some(Service::AwsApi));
        assert_eq!(of("GET", "/unknown", &host), Some(Service::AwsApi));
        let other = [("host", "nosts.test")];
        assert_eq!(of("GET", "/", &other), Some(Service::GceMetadata));
    }
}
