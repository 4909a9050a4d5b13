//! Amazon ECR, private and public: one operation, `GetAuthorizationToken`, for whoever signs and may.
//!
//! ```text
//! POST /  X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken   a registry of the account and region
//!         X-Amz-Target: SpencerFrontendService.GetAuthorizationToken                 public.ecr.aws
//! ```
//!
//! The token is `AWS:PASSWORD` in Base64, and the registry lets in whom such a password was given to, for twelve hours.
//! [API reference, GetAuthorizationToken](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html),
//! [that of public registries](https://docs.aws.amazon.com/AmazonECRPublic/latest/APIReference/API_GetAuthorizationToken.html).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::json::{Api, Call, Failure, epoch};
use super::session::{KnownRole, random_bytes};
use super::{Aws, Facts};

/// "The authorization token is valid for 12 hours": API reference.
const LIFETIME: Duration = Duration::from_hours(12);

/// The name that every password belongs to: user guide, "Private registry authentication in Amazon ECR".
const USERNAME: &str = "AWS";

/// What a caller of either API may do with its token.
const PULL: &str = "ecr:BatchGetImage";

/// The authorization tokens of one world; clones share them.
#[derive(Clone)]
pub(crate) struct Ecr(Arc<Issued>);

struct Issued {
    facts: Arc<Facts>,
    passwords: Mutex<HashMap<String, Login>>,
}

/// What a password is good for.
#[derive(Clone)]
struct Login {
    role: Arc<KnownRole>,
    /// The region of a private registry, `None` for the public one.
    region: Option<String>,
    expiration: OffsetDateTime,
}

/// Which registry is knocked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door<'a> {
    /// The private one of the world's account in a region.
    Private(&'a str),
    /// `public.ecr.aws`.
    Public,
}

/// Why a password opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoEntry {
    /// It was never given, or for another registry.
    Unknown,
    /// Its twelve hours are over.
    Expired,
    /// Its owner may not pull.
    Forbidden,
}

impl Ecr {
    /// Issues tokens for the account of a world.
    pub(crate) fn new(aws: &Aws) -> Self {
        Self(Arc::new(Issued { facts: Arc::clone(&aws.0), passwords: Mutex::default() }))
    }

    /// Serves the API of private registries at `/`.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(private).with_state(self.clone())
    }

    /// Serves the API of public registries at `/`.
    pub(crate) fn public_router(&self) -> Router {
        Router::new().fallback(public).with_state(self.clone())
    }

    /// Whether a user name and a password open a registry.
    pub(crate) fn admits(&self, door: Door<'_>, username: &str, password: &str) -> Result<(), NoEntry> {
        let login = self.lock().get(password).cloned().filter(|_| username == USERNAME).ok_or(NoEntry::Unknown)?;
        let account = &self.0.facts.world.account;
        let is_for = match door {
            Door::Private(region) => login.region.as_deref() == Some(region) && login.role.account == *account,
            Door::Public => login.region.is_none(),
        };
        if !is_for {
            return Err(NoEntry::Unknown);
        }
        if login.expiration <= self.0.facts.clock.now() {
            return Err(NoEntry::Expired);
        }
        let may_pull = login.region.is_none() || login.role.may_call(PULL);
        if may_pull { Ok(()) } else { Err(NoEntry::Forbidden) }
    }

    fn private(&self, call: &Call) -> Result<Value, Failure> {
        call.is_allowed("ecr:GetAuthorizationToken", "*")?;
        let (account, region) = (&call.caller.role.account, &call.region);
        let registry = private_registry(account, region);
        let mut data = self.issue(call, Some(region.clone()));
        data["proxyEndpoint"] = json!(format!("https://{registry}"));
        Ok(json!({ "authorizationData": [data] }))
    }

    // Both actions are needed: ECR public user guide, "Public registry authentication in Amazon ECR public".
    fn public(&self, call: &Call) -> Result<Value, Failure> {
        call.is_allowed("ecr-public:GetAuthorizationToken", "*")?;
        call.is_allowed("sts:GetServiceBearerToken", "*")?;
        Ok(json!({ "authorizationData": self.issue(call, None) }))
    }

    fn issue(&self, call: &Call, region: Option<String>) -> Value {
        let expiration = self.0.facts.clock.now() + LIFETIME;
        let password = password(expiration);
        let token = BASE64_STANDARD.encode(format!("{USERNAME}:{password}"));
        self.lock().insert(password, Login { role: Arc::clone(&call.caller.role), region, expiration });
        json!({ "authorizationToken": token, "expiresAt": epoch(expiration) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Login>> {
        self.0.passwords.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host of an account's registry. ECR user guide, "Private registry authentication in Amazon ECR".
pub(crate) fn private_registry(account: &str, region: &str) -> String {
    format!("{account}.dkr.ecr.{region}.{}", super::region::partition_of(region).domain)
}

async fn private(State(ecr): State<Ecr>, request: Request) -> Response {
    let perform = |call: &Call| known(call).and_then(|()| ecr.private(call));
    Api::Ecr.answer(&ecr.0.facts, request, perform).await
}

async fn public(State(ecr): State<Ecr>, request: Request) -> Response {
    let perform = |call: &Call| known(call).and_then(|()| ecr.public(call));
    Api::EcrPublic.answer(&ecr.0.facts, request, perform).await
}

fn known(call: &Call) -> Result<(), Failure> {
    if call.operation == "GetAuthorizationToken" { Ok(()) } else { Err(Failure::UnknownOperation) }
}

// A password is a document in Base64 with these fields, as `aws ecr get-login-password` prints it.
fn password(expiration: OffsetDateTime) -> String {
    let random = |length| BASE64_STANDARD.encode(random_bytes(length));
    let document = json!({
        "payload": random(900),
        "datakey": random(180),
        "version": "2",
        "type": "DATA_KEY",
        "expiration": expiration.unix_timestamp(),
    });
    BASE64_STANDARD.encode(document.to_string())
}
