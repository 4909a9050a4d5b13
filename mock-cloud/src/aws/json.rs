//! The AWS JSON 1.1 protocol: one path, the operation in `X-Amz-Target`, a document in and a document out.
//!
//! ```text
//! method, media type, target ─▶ document ─▶ signature ─▶ the operation
//! ```
//!
//! The order and the words of the first two are those of [dynalite](https://github.com/mhart/dynalite), observed on AWS.
//! The names of errors differ from those of the query protocol, and all that the caller did is status 400:
//! [Secrets Manager, Common errors](https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html).

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, DATE, HOST};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use super::region::{partition_of, region_of_host};
use super::session::RoleSession;
use super::signature::{Refusal, SignedRequest, Verifier};
use super::{Facts, timestamp};

/// The media type of requests and answers.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

/// More than the largest input of either API, whose longest field is 65,536 bytes.
const LONGEST_BODY: usize = 1 << 20;

/// An API of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    SecretsManager,
    CognitoIdp,
    Ecr,
    EcrPublic,
}

/// An operation that somebody who is known asks for.
pub(crate) struct Call {
    /// The name of the operation.
    pub(crate) operation: String,
    /// Whose key signed it.
    pub(crate) caller: RoleSession,
    /// The region of the endpoint that was asked.
    pub(crate) region: String,
    input: Value,
}

/// Why an operation answers an error.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Failure {
    /// No operation of the API.
    #[error("")]
    UnknownOperation,
    /// A body that is no document of the operation.
    #[error("{0}")]
    Serialization(String),
    /// A signature that counts for nothing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A caller whose policies do not allow the action.
    #[error(
        "User: {caller} is not authorized to perform: {action} on resource: {resource} because no identity-based policy \
         allows the {action} action"
    )]
    AccessDenied { caller: String, action: String, resource: String },
    /// An error of the API's own.
    #[error("{message}")]
    Exception { code: &'static str, message: String },
}

impl Api {
    const ALL: [Self; 4] = [Self::SecretsManager, Self::CognitoIdp, Self::Ecr, Self::EcrPublic];

    /// The API that an `X-Amz-Target` names.
    pub(crate) fn of_target(target: &str) -> Option<Self> {
        let (prefix, _) = target.split_once('.')?;
        Self::ALL.into_iter().find(|api| api.target() == prefix)
    }

    /// The API whose endpoint has this host name.
    pub(crate) fn of_host(host: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|api| api.region_of(host).is_some())
    }

    /// The region of its endpoint with this host name.
    fn region_of(self, host: &str) -> Option<String> {
        self.hosts().iter().find_map(|name| region_of_host(name, host))
    }

    /// What its hosts begin with. Sources: botocore, the rule sets of the services.
    fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::SecretsManager => &["secretsmanager"],
            Self::CognitoIdp => &["cognito-idp"],
            Self::Ecr => &["api.ecr", "ecr"],
            Self::EcrPublic => &["api.ecr-public", "ecr-public"],
        }
    }

    /// The signing name.
    fn service(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::CognitoIdp => "cognito-idp",
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
        }
    }

    // botocore, data/{secretsmanager,cognito-idp,ecr,ecr-public}/*/service-2.json, `targetPrefix`.
    fn target(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::CognitoIdp => "AWSCognitoIdentityProviderService",
            Self::Ecr => "AmazonEC2ContainerRegistry_V20150921",
            Self::EcrPublic => "SpencerFrontendService",
        }
    }

    /// Answers a request with what an operation gives to a caller who is known.
    pub(super) async fn answer(
        self,
        facts: &Facts,
        request: Request,
        perform: impl FnOnce(&Call) -> Result<Value, Failure>,
    ) -> Response {
        let (head, body) = request.into_parts();
        let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let request = SignedRequest::new(&head, &body);
        let reply = self.call(facts, &request).and_then(|call| perform(&call));
        let common =
            [("x-amzn-requestid", Uuid::new_v4().to_string()), (DATE.as_str(), timestamp::http(facts.clock.now()))];
        let reply = match reply {
            Ok(output) => document(StatusCode::OK, &output),
            Err(failure) => self.render(&failure),
        };
        (common, reply).into_response()
    }

    fn call(self, facts: &Facts, request: &SignedRequest<'_>) -> Result<Call, Failure> {
        let operation = self.operation(request).ok_or(Failure::UnknownOperation)?;
        let input = if request.body.is_empty() { b"{}" } else { request.body };
        let input: Map<String, Value> =
            serde_json::from_slice(input).map_err(|error| Failure::Serialization(error.to_string()))?;
        let region = self.region(facts, request.headers);
        let caller = self.caller(facts, request, &region)?;
        Ok(Call { operation: operation.into(), caller, region, input: Value::Object(input) })
    }

    fn operation<'a>(self, request: &SignedRequest<'a>) -> Option<&'a str> {
        let content_type = text(request.headers, CONTENT_TYPE.as_str()).and_then(|it| it.split(';').next());
        let is_document = content_type.is_some_and(|it| it.trim() == MEDIA_TYPE);
        let is_call = request.method == Method::POST && request.path == "/" && is_document;
        let (prefix, operation) = text(request.headers, "x-amz-target")?.split_once('.')?;
        Some(operation).filter(|_| is_call && prefix == self.target())
    }

    // Whatever is no endpoint of AWS is a local address, which stands for the endpoint of the world's region.
    fn region(self, facts: &Facts, headers: &HeaderMap) -> String {
        let region = text(headers, HOST.as_str()).and_then(|host| self.region_of(host));
        region.unwrap_or_else(|| facts.world.region.clone())
    }

    fn caller(self, facts: &Facts, request: &SignedRequest<'_>, region: &str) -> Result<RoleSession, Refusal> {
        let window = Duration::from_mins(facts.world.signature_window_minutes.into());
        let verifier = Verifier { service: self.service(), region, now: facts.clock.now(), window };
        let is_home = partition_of(&facts.world.region) == partition_of(region);
        let known = |access_key_id: &str| facts.sessions.with_access_key_id(access_key_id);
        // Keys are known in their own partition only.
        verifier.signer(request, |access_key_id| known(access_key_id).filter(|_| is_home))
    }

    fn render(self, failure: &Failure) -> Response {
        let (code, message) = (failure.code(), failure.to_string());
        let key = match (self, failure) {
            (Self::SecretsManager, Failure::Exception { .. }) => "Message",
            _ => "message",
        };
        let mut body = Map::new();
        body.insert("__type".into(), code.into());
        if !message.is_empty() {
            body.insert(key.into(), message.clone().into());
        }
        let mut reply = document(StatusCode::BAD_REQUEST, &Value::Object(body));
        // Cognito says it in headers too, the name with a colon.
        if self == Self::CognitoIdp {
            for (name, text) in [("x-amzn-errortype", format!("{code}:")), ("x-amzn-errormessage", message)] {
                // A message may quote what no header can hold.
                if let Ok(text) = text.try_into() {
                    reply.headers_mut().insert(name, text);
                }
            }
        }
        reply
    }
}

impl Call {
    /// The input of the operation.
    ///
    /// # Errors
    ///
    /// [`Failure::Serialization`] for one of another shape.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.input).map_err(|error| Failure::Serialization(error.to_string()))
    }

    /// Whether the caller's policies allow an action.
    ///
    /// # Errors
    ///
    /// [`Failure::AccessDenied`], which names the resource as it is given here.
    pub(crate) fn is_allowed(&self, action: &str, resource: &str) -> Result<(), Failure> {
        if self.caller.role.may_call(action) {
            return Ok(());
        }
        Err(Failure::AccessDenied { caller: self.caller.arn(), action: action.into(), resource: resource.into() })
    }

    /// Whether the call is for the account and the region of the world, in which everything lies.
    pub(super) fn is_at_home(&self, facts: &Facts) -> bool {
        self.caller.role.account == facts.world.account && self.region == facts.world.region
    }
}

impl Failure {
    /// An error of the API's own.
    pub(crate) fn exception(code: &'static str, message: impl Into<String>) -> Self {
        Self::Exception { code, message: message.into() }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownOperation => "UnknownOperationException",
            Self::Serialization(_) => "SerializationException",
            Self::AccessDenied { .. } => "AccessDeniedException",
            Self::Exception { code, .. } => code,
            Self::Refused(refusal) => match refusal.code() {
                "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
                "IncompleteSignature" => "IncompleteSignatureException",
                "InvalidClientTokenId" => "UnrecognizedClientException",
                "ExpiredToken" => "ExpiredTokenException",
                _ => "InvalidSignatureException",
            },
        }
    }
}

/// A time as the protocol writes it: seconds since 1970, milliseconds behind the point.
///
/// [AWS JSON 1.1 protocol](https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html), `timestamp`.
pub(crate) fn epoch(at: OffsetDateTime) -> Value {
    let milliseconds = at.unix_timestamp_nanos() / 1_000_000;
    let text = format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000);
    text.parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
}

fn document(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, MEDIA_TYPE)], body.to_string()).into_response()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_is_known_by_its_target_and_by_its_hosts() {
        for (target, api) in [
            ("secretsmanager.GetSecretValue", Some(Api::SecretsManager)),
            ("AWSCognitoIdentityProviderService.ListUserPools", Some(Api::CognitoIdp)),
            ("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", Some(Api::Ecr)),
            ("SpencerFrontendService.GetAuthorizationToken", Some(Api::EcrPublic)),
            ("DynamoDB_20120810.ListTables", None),
            ("secretsmanager", None),
        ] {
            assert_eq!(Api::of_target(target), api, "{target}");
        }
        for (host, api) in [
            ("secretsmanager.eu-west-1.amazonaws.com", Some(Api::SecretsManager)),
            ("secretsmanager-fips.us-east-1.amazonaws.com:443", Some(Api::SecretsManager)),
            ("cognito-idp.eu-west-1.amazonaws.com", Some(Api::CognitoIdp)),
            ("api.ecr.us-east-1.amazonaws.com", Some(Api::Ecr)),
            ("ecr.us-east-1.api.aws", Some(Api::Ecr)),
            ("ecr-fips.us-east-1.api.aws", Some(Api::Ecr)),
            ("api.ecr-public.us-east-1.amazonaws.com", Some(Api::EcrPublic)),
            ("cognito-idp.cn-north-1.amazonaws.com", None),
            ("secretsmanager.amazonaws.com", None),
            ("127.0.0.1:80", None),
        ] {
            assert_eq!(Api::of_host(host), api, "{host}");
        }
    }
}
