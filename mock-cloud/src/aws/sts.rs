//! The Security Token Service: who am I, answered to whoever signs the question.
//!
//! `GetCallerIdentity` is the one operation; it wants a signature in the `Authorization` header. A presigned query
//! counts as unsigned, and the other operations of the real service as unknown.

mod parameters;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{CONTENT_TYPE, DATE, HOST, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use thiserror::Error;
use time::OffsetDateTime;
use uuid::Uuid;

use self::parameters::Parameters;
use super::region::{partition_of, region_of_sts_host};
use super::session::{RoleSession, random_bytes};
use super::signature::{Refusal, SignedRequest, Verifier};
use super::{Facts, timestamp};

/// The version of the API.
const VERSION: &str = "2011-06-15";

// argmin asserts both bounds against the live service, the second as "about 15.8 kB".
const LONGEST_BODY: usize = 10_000_000;
const LONGEST_QUERY: usize = 15_800;

/// Why STS answers an error.
#[derive(Debug, Error)]
enum StsError {
    #[error("Could not find operation {action} for version {version}")]
    InvalidAction { action: String, version: String },
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Answers `/` with GET and POST.
pub(crate) fn router(facts: Arc<Facts>) -> Router {
    Router::new().route("/", get(answer).post(answer)).with_state(facts)
}

async fn answer(State(facts): State<Arc<Facts>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = SignedRequest::new(&head, &body);
    if request.query.len() > LONGEST_QUERY {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let now = facts.clock.now();
    let id = Uuid::new_v4().to_string();
    let parameters = parameters(&request);
    let reply = match parameters.value("Action") {
        Some(action) => match caller(&facts, now, &request, action, parameters.value("Version")) {
            Ok(session) => caller_identity(&facts, &session, &id),
            Err(error) => error.render(&id),
        },
        None => redirect(&request),
    };
    (common_headers(&id, now), reply).into_response()
}

// A GET has its parameters in the query, a POST in a form, and in nothing else.
fn parameters(request: &SignedRequest<'_>) -> Parameters {
    if request.method != Method::POST {
        Parameters::parse(request.query)
    } else if is_form(request.headers) {
        Parameters::parse(&String::from_utf8_lossy(request.body))
    } else {
        Parameters::default()
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn caller(
    facts: &Facts,
    now: OffsetDateTime,
    request: &SignedRequest<'_>,
    action: &str,
    version: Option<&str>,
) -> Result<RoleSession, StsError> {
    if (action, version) != ("GetCallerIdentity", Some(VERSION)) {
        let version = version.unwrap_or("NO_VERSION_SPECIFIED").into();
        return Err(StsError::InvalidAction { action: action.into(), version });
    }
    let region = endpoint_region(facts, request);
    let window = Duration::from_mins(facts.world.signature_window_minutes.into());
    let verifier = Verifier { service: "sts", region: &region, now, window };
    let is_home = partition_of(&facts.world.region) == partition_of(&region);
    let known = |access_key_id: &str| facts.sessions.with_access_key_id(access_key_id);
    // Keys are known in their own partition only.
    Ok(verifier.signer(request, |access_key_id| known(access_key_id).filter(|_| is_home))?)
}

// Whatever is no endpoint of AWS is a local address, which stands for the endpoint of the world's region.
fn endpoint_region(facts: &Facts, request: &SignedRequest<'_>) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    host.and_then(region_of_sts_host).unwrap_or_else(|| facts.world.region.clone())
}

fn caller_identity(facts: &Facts, session: &RoleSession, id: &str) -> Response {
    let (world, role) = (&facts.world, &session.role);
    let partition = partition_of(&world.region).id;
    let (account, name) = (&world.account, &world.instance_id);
    let elements = [
        ("Arn", format!("arn:{partition}:sts::{account}:assumed-role/{role}/{name}")),
        ("UserId", format!("{}:{name}", session.role_id)),
        ("Account", account.clone()),
    ];
    let elements = elements.each_ref().map(|(key, text)| (*key, text.as_str()));
    document(StatusCode::OK, xml::result("GetCallerIdentity", &elements, id))
}

fn redirect(request: &SignedRequest<'_>) -> Response {
    let mut location = "https://aws.amazon.com/iam".to_owned();
    if request.method != Method::POST && !request.query.is_empty() {
        location = format!("{location}?{}", request.query);
    }
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

fn common_headers(id: &str, now: OffsetDateTime) -> [(&'static str, String); 3] {
    [
        ("x-amzn-requestid", id.into()),
        ("x-amz-sts-extended-request-id", BASE64_STANDARD.encode(random_bytes(33))),
        (DATE.as_str(), timestamp::http(now)),
    ]
}

fn document(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "text/xml")], Body::from(body)).into_response()
}

impl StsError {
    fn render(&self, id: &str) -> Response {
        let (status, namespace, code) = match self {
            Self::InvalidAction { .. } => (StatusCode::BAD_REQUEST, xml::FAULT, "InvalidAction"),
            Self::Refused(refusal) => {
                let status = match refusal.code() {
                    "IncompleteSignature" => StatusCode::BAD_REQUEST,
                    _ => StatusCode::FORBIDDEN,
                };
                (status, xml::STS, refusal.code())
            }
        };
        document(status, xml::error(namespace, code, &self.to_string(), id))
    }
}
