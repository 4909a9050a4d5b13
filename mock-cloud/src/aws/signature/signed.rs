//! Requests that the SDK's own signer signed, and that can then be tampered with.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::{v4, v4a};
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderValue, Method};
use time::OffsetDateTime;

use super::{Refusal, SignedRequest, Verifier};
use crate::aws::session::{KnownRole, RoleSession, SessionTags, random_bytes};
use crate::aws::world::{AwsWorld, Role, Trust};

const HOST: &str = "sts.eu-west-1.amazonaws.com";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const QUERY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const WINDOW: Duration = Duration::from_mins(15);

/// How the SDK signs.
#[derive(Clone, Debug)]
pub(crate) enum Scheme {
    SigV4,
    SigV4a { region_set: String },
}

/// A signed request that can be tampered with.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) session: RoleSession,
    pub(crate) at: OffsetDateTime,
    pub(crate) method: Method,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn session(secret: &str, token: &str) -> RoleSession {
    RoleSession {
        role: Arc::new(KnownRole::new(&Role::new("role", Trust::Ec2), &AwsWorld::default())),
        name: "session".into(),
        tags: SessionTags::default(),
        source_identity: None,
        access_key_id: "ASIAAAAAAAAAAAAAAAAA".into(),
        secret_access_key: secret.into(),
        token: token.into(),
        last_updated: OffsetDateTime::UNIX_EPOCH,
        expiration: OffsetDateTime::UNIX_EPOCH + Duration::from_hours(24 * 365 * 200),
    }
}

impl Signed {
    pub(crate) fn new(scheme: &Scheme, session: RoleSession, unix: u64, query: &str, body: &[u8]) -> Self {
        let method = if body.is_empty() { Method::GET } else { Method::POST };
        let mut request = http::Request::builder()
            .method(method.clone())
            .uri(format!("https://{HOST}/?{query}"))
            .header("host", HOST)
            .header("x-amz-meta", "  two  words ")
            .body(())
            .unwrap();
        let identity: Identity = Credentials::new(
            &session.access_key_id,
            &session.secret_access_key,
            Some(session.token.clone()),
            None,
            "test",
        )
        .into();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(unix);
        let parameters = parameters(scheme, &identity, time);
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable =
            SignableRequest::new(method.as_str(), request.uri().to_string(), headers, SignableBody::Bytes(body));
        let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        Self {
            session,
            at: OffsetDateTime::UNIX_EPOCH + Duration::from_secs(unix),
            method,
            query: query.into(),
            headers: request.headers().clone(),
            body: body.into(),
        }
    }

    pub(crate) fn refusal_at(&self, now: OffsetDateTime) -> Option<Refusal> {
        let request = SignedRequest {
            method: &self.method,
            path: "/",
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        let verifier = Verifier { service: "sts", region: REGION, now, window: WINDOW };
        let known = |id: &str| (id == self.session.access_key_id).then(|| self.session.clone());
        verifier.signer(&request, known).err()
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal_at(self.at)
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().into()
    }

    pub(crate) fn signature_start(&self) -> usize {
        let marker = "Signature=";
        self.value("authorization").find(marker).unwrap() + marker.len()
    }
}

fn parameters<'a>(scheme: &'a Scheme, identity: &'a Identity, time: SystemTime) -> SigningParams<'a> {
    let mut settings = SigningSettings::default();
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Enabled;
    match scheme {
        Scheme::SigV4 => v4::SigningParams::builder()
            .identity(identity)
            .region(REGION)
            .name("sts")
            .time(time)
            .settings(settings)
            .build()
            .unwrap()
            .into(),
        Scheme::SigV4a { region_set } => v4a::SigningParams::builder()
            .identity(identity)
            .region_set(region_set)
            .name("sts")
            .time(time)
            .settings(settings)
            .build()
            .unwrap()
            .into(),
    }
}

pub(crate) fn sigv4a(region_set: &str) -> Signed {
    let scheme = Scheme::SigV4a { region_set: region_set.into() };
    let secret = hex::encode(random_bytes(20));
    Signed::new(&scheme, session(&secret, "token"), 1_800_000_000, QUERY, b"")
}
