//! The Security Token Service: who am I, and may I be somebody else.
//!
//! ```text
//! Action ─▶ caller (signature) ─▶ parameters ─▶ trust policy ─▶ lifetime ─▶ session
//! ```
//!
//! `GetCallerIdentity` and `AssumeRole` want a signature in the `Authorization` header, `AssumeRoleWithWebIdentity` wants
//! none. A presigned query counts as unsigned, and the other operations of the real service as unknown.
//!
//! # Endpoints
//!
//! The host names the region, as on AWS. Where no host name can be had, `/sts/REGION/` stands for the endpoint of a
//! region, so that `AWS_ENDPOINT_URL_STS=http://127.0.0.1:PORT/sts/us-gov-west-1` is one; `/` at any address that is not
//! under a domain of AWS stands for the endpoint of the world's own region. An endpoint that AWS has not got answers 421.

mod assume_role;
mod assume_role_with_web_identity;
mod constraint;
mod error;
mod parameters;
mod request_tags;
mod role_arn;
mod web_identity;
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
use time::OffsetDateTime;
use uuid::Uuid;

use self::error::StsError;
use self::parameters::Parameters;
use self::web_identity::IdentityProviders;
use self::xml::Element;
use super::region::{Endpoint, partition_of, partition_with, sts_endpoint};
use super::session::{RoleSession, random_bytes};
use super::signature::{SignedRequest, Verifier};
use super::{Facts, timestamp};

/// The version of the API.
const VERSION: &str = "2011-06-15";

/// Where the endpoints of regions lie that have no host name.
const BY_PATH: &str = "/sts/";

// argmin asserts both bounds against the live service, the second as "about 15.8 kB".
const LONGEST_BODY: usize = 10_000_000;
const LONGEST_QUERY: usize = 15_800;

/// The service and what it reaches.
struct Sts {
    facts: Arc<Facts>,
    providers: IdentityProviders,
}

/// One question, at one endpoint, at one time.
struct Question<'a> {
    sts: &'a Sts,
    request: SignedRequest<'a>,
    parameters: Parameters,
    region: String,
    now: OffsetDateTime,
}

/// What an operation answers: its name and the elements of its result.
type Answer = Result<(&'static str, Vec<Element>), StsError>;

/// Answers `/` and `/sts/REGION/` with GET and POST.
pub(crate) fn router(facts: Arc<Facts>) -> Router {
    let sts = Arc::new(Sts { providers: IdentityProviders::new(&facts.world), facts });
    let answer = get(answer).post(answer);
    Router::new()
        .route("/", answer.clone())
        .route("/sts/{region}", answer.clone())
        .route("/sts/{region}/", answer)
        .with_state(sts)
}

async fn answer(State(sts): State<Arc<Sts>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = SignedRequest::new(&head, &body);
    if request.query.len() > LONGEST_QUERY {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let Some(region) = endpoint_region(&sts.facts, &request) else {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    };
    let now = sts.facts.clock.now();
    let id = Uuid::new_v4().to_string();
    let question = Question { sts: &sts, parameters: parameters(&request), request, region, now };
    let reply = match question.parameters.value("Action") {
        Some(action) => match question.answer(action).await {
            Ok((operation, elements)) => document(StatusCode::OK, xml::result(operation, &elements, &id)),
            Err(error) => document(error.status(), error.document(&id)),
        },
        None => redirect(&question.request),
    };
    (common_headers(&id, now), reply).into_response()
}

impl Question<'_> {
    async fn answer(&self, action: &str) -> Answer {
        match (action, self.parameters.value("Version")) {
            ("GetCallerIdentity", Some(VERSION)) => Ok(("GetCallerIdentity", caller_identity(&self.caller()?))),
            ("AssumeRole", Some(VERSION)) => self.assume_role().map(|elements| ("AssumeRole", elements)),
            ("AssumeRoleWithWebIdentity", Some(VERSION)) => {
                let elements = self.assume_role_with_web_identity().await?;
                Ok(("AssumeRoleWithWebIdentity", elements))
            }
            (_, version) => {
                let version = version.unwrap_or("NO_VERSION_SPECIFIED").into();
                Err(StsError::InvalidAction { action: action.into(), version })
            }
        }
    }

    /// Whose key signed the question.
    fn caller(&self) -> Result<RoleSession, StsError> {
        let facts = &self.sts.facts;
        let window = Duration::from_mins(facts.world.signature_window_minutes.into());
        let verifier = Verifier { service: "sts", region: &self.region, now: self.now, window };
        let known = |access_key_id: &str| facts.sessions.with_access_key_id(access_key_id);
        Ok(verifier.signer(&self.request, |access_key_id| known(access_key_id).filter(|_| self.is_at_home()))?)
    }

    /// Whether the endpoint lies in the partition of the world, where alone its accounts are known.
    fn is_at_home(&self) -> bool {
        partition_of(&self.sts.facts.world.region) == partition_of(&self.region)
    }
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

/// The region of the endpoint that a request came to, `None` where AWS has none.
fn endpoint_region(facts: &Facts, request: &SignedRequest<'_>) -> Option<String> {
    if let Some(region) = request.path.strip_prefix(BY_PATH) {
        let region = region.trim_end_matches('/');
        return partition_with(region).map(|_| region.to_owned());
    }
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    match sts_endpoint(host.unwrap_or_default()) {
        Endpoint::Of(region) => Some(region),
        Endpoint::None => None,
        Endpoint::Foreign => Some(facts.world.region.clone()),
    }
}

fn caller_identity(session: &RoleSession) -> Vec<Element> {
    vec![
        Element::text("Arn", session.arn()),
        Element::text("UserId", session.user_id()),
        Element::text("Account", &*session.role.account),
    ]
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
