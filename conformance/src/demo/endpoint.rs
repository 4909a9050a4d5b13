//! Short names of requests, for a person who reads a journal.

use mock_kit::Recorded;
use serde::Serialize;

/// One request as the report shows it; queries, headers and bodies may hold secrets and are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Request {
    /// Method and what was asked for, such as `GET role`.
    pub(crate) kind: String,
    method: String,
    path: String,
    /// `None`: no answer was sent.
    status: Option<u16>,
}

/// Endpoints by the start and the end of their path. The first fit counts.
///
/// Sources: Amazon EC2 user guide, "Instance metadata categories"; Amazon EKS user guide, "EKS Pod Identity Agent";
/// Amazon Cognito developer guide, "The token issuer endpoint" and "Verifying JSON web tokens"; Microsoft, "Azure
/// Instance Metadata Service" and "OAuth 2.0 client credentials flow"; Google Cloud, "About VM metadata", IAM
/// Credentials and Security Token Service REST references; JFrog REST API, "OIDC token
/// exchange"; OpenID Connect discovery 1.0; the distribution specification's "Endpoints".
const ENDPOINTS: [(&str, &str, &str); 27] = [
    ("/latest/api/token", "", "token"),
    ("/latest/meta-data/placement/region", "", "region"),
    ("/latest/meta-data/placement/availability-zone", "", "zone"),
    ("/latest/dynamic/instance-identity/", "", "document"),
    ("/latest/meta-data/iam/security-credentials", "security-credentials", "role"),
    ("/latest/meta-data/iam/security-credentials/", "security-credentials/", "role"),
    ("/latest/meta-data/iam/security-credentials/", "", "credentials"),
    ("/v1/credentials", "", "agent"),
    ("/metadata/identity/oauth2/token", "", "managed identity"),
    ("/metadata/instance", "", "instance"),
    ("/", "/oauth2/v2.0/token", "application token"),
    ("/cognito/", "/oauth2/token", "client token"),
    ("/computeMetadata/", "/identity", "ID token"),
    ("/computeMetadata/", "/token", "access token"),
    ("/computeMetadata/", "/email", "email"),
    ("/v1/projects/", ":generateIdToken", "ID token"),
    ("/v1/token", "", "access token"),
    ("/access/api/v1/aws/token", "", "aws/token"),
    ("/access/api/v1/oidc/token", "", "oidc/token"),
    ("/", "/.well-known/openid-configuration", "discovery"),
    ("/", "/discovery/v2.0/keys", "keys"),
    ("/", "/oauth2/v3/certs", "keys"),
    ("/", "/.well-known/jwks.json", "keys"),
    ("/", "/keys", "keys"),
    ("/artifactory/api/docker/", "/v2/token", "registry token"),
    ("/v2/", "/v2/", "ping"),
    ("/filestore/", "", "stored blob"),
];

impl From<&Recorded> for Request {
    fn from(recorded: &Recorded) -> Self {
        let Recorded { method, path, status, .. } = recorded;
        let action = aws_action(recorded);
        let kind = format!("{method} {}", action.as_deref().unwrap_or_else(|| name(path)));
        Self { kind, method: method.clone(), path: path.clone(), status: *status }
    }
}

impl Request {
    /// Whether the answer was a success.
    pub(crate) fn is_granted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

fn name(path: &str) -> &str {
    let known = ENDPOINTS.iter().find(|(start, end, _)| path.starts_with(start) && path.ends_with(end));
    match known {
        Some((_, _, name)) => name,
        None if path.contains("/manifests/") => "manifest",
        None if path.contains("/blobs/") => "blob",
        None => path,
    }
}

/// What is asked of an API of AWS, all of which have one path: `AssumeRole` of STS, `GetSecretValue` of Secrets Manager.
///
/// Sources: AWS query protocol, `Action`; AWS JSON protocol, `X-Amz-Target`.
fn aws_action(recorded: &Recorded) -> Option<String> {
    if recorded.path != "/" {
        return None;
    }
    let target = recorded.header("x-amz-target").and_then(|target| target.rsplit_once('.'));
    let mut parameters = recorded.query.split('&').chain(recorded.body.split('&'));
    let action = parameters.find_map(|parameter| parameter.strip_prefix("Action="));
    let action = target.map(|(_, action)| action).or(action)?;
    action.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| action.to_owned())
}

/// Lists requests as `3: PUT token, GET role, GET credentials`.
pub(crate) fn listed(requests: &[Request]) -> String {
    let kinds: Vec<_> = requests.iter().map(Request::marked).collect();
    match kinds.len() {
        0 => "none".to_owned(),
        count => format!("{count}: {}", kinds.join(", ")),
    }
}

impl Request {
    fn marked(&self) -> String {
        match self.status {
            Some(_) if self.is_granted() => self.kind.clone(),
            Some(status) => format!("{} ({status})", self.kind),
            None => format!("{} (no answer)", self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_short_names() {
        let names = [
            ("/latest/api/token", "token"),
            ("/latest/meta-data/iam/security-credentials", "role"),
            ("/latest/meta-data/iam/security-credentials/", "role"),
            ("/latest/meta-data/iam/security-credentials/artifactory-pull", "credentials"),
            ("/latest/dynamic/instance-identity/document", "document"),
            ("/computeMetadata/v1/instance/service-accounts/default/identity", "ID token"),
            ("/access/api/v1/oidc/token", "oidc/token"),
            ("/11111111-2222-4333-8444-555555555555/v2.0/.well-known/openid-configuration", "discovery"),
            ("/google/oauth2/v3/certs", "keys"),
            ("/us-east-1_Artifacts/.well-known/jwks.json", "keys"),
            ("/metadata/identity/oauth2/token", "managed identity"),
            ("/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token", "application token"),
            ("/cognito/artifactory-demo/oauth2/token", "client token"),
            ("/artifactory/api/docker/docker-local/v2/token", "registry token"),
            ("/v2/", "ping"),
            ("/v2/docker-local/hello/manifests/1", "manifest"),
            ("/v2/docker-local/hello/blobs/sha256:00", "blob"),
            ("/something/else", "/something/else"),
        ];
        for (path, expected) in names {
            assert_eq!(name(path), expected, "{path}");
        }
    }

    #[test]
    fn a_request_to_an_api_of_aws_is_named_after_its_action() {
        let kind = |path: &str, target: &[(&str, &str)], query: &str, body: &str| {
            let headers = target.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let (path, query, body) = (path.to_owned(), query.to_owned(), body.to_owned());
            let recorded = Recorded {
                at: String::new(),
                at_us: 0,
                method: "POST".to_owned(),
                host: "127.0.0.1:1".to_owned(),
                path,
                query,
                headers,
                body,
                tls: None,
                status: None,
            };
            Request::from(&recorded).kind
        };
        let target = [("x-amz-target", "secretsmanager.GetSecretValue")];
        assert_eq!(kind("/", &[], "", "Action=AssumeRole&Version=2011-06-15"), "POST AssumeRole");
        assert_eq!(kind("/", &[], "Version=2011-06-15&Action=GetCallerIdentity", ""), "POST GetCallerIdentity");
        assert_eq!(kind("/", &target, "", "{}"), "POST GetSecretValue");
        assert_eq!(kind("/", &[], "", "Action=<secret>"), "POST /");
        assert_eq!(kind("/v2/", &target, "", "Action=AssumeRole"), "POST ping");
    }

    #[test]
    fn a_list_counts_and_marks_what_was_not_granted() {
        let request =
            |kind: &str, status| Request { kind: kind.to_owned(), method: String::new(), path: String::new(), status };
        assert_eq!(listed(&[]), "none");
        let requests = [request("GET a", Some(200)), request("GET b", Some(404)), request("GET c", None)];
        assert_eq!(listed(&requests), "3: GET a, GET b (404), GET c (no answer)");
    }
}
