//! Who signed a request: SigV4 and SigV4A verified from the request alone, the access keys and the time.
//!
//! ```text
//! Authorization ─▶ date ─▶ signed headers ─▶ scope ─▶ key, token, expiry ─▶ signature
//! ```
//!
//! The first step that fails names the refusal. The order up to the scope is that of
//! [scratchstack-aws-signature](https://github.com/dacut/scratchstack-aws-signature) ("AWS Auth Error Ordering") and of
//! [dynalite](https://github.com/mhart/dynalite), both observed on AWS; that a bad key or token is answered before a
//! bad signature was asserted against the live STS by [argmin](https://github.com/justincormack/argmin).
//!
//! # Why nothing of the SDK is here
//!
//! The provider signs with `aws-sigv4`. Were the verifier built on it too, both could share one misunderstanding.

mod authorization;
mod canonical;
mod refusal;
mod region_set;
mod sigv4;
mod sigv4a;

use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use self::authorization::{Algorithm, Authorization, Credential};
pub(crate) use self::refusal::Refusal;
use super::session::RoleSession;
use super::timestamp;

/// A request as it came over the wire.
pub(crate) struct SignedRequest<'a> {
    /// The method.
    pub(crate) method: &'a Method,
    /// The path, still encoded.
    pub(crate) path: &'a str,
    /// The query without its question mark, still encoded.
    pub(crate) query: &'a str,
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
    /// The whole body.
    pub(crate) body: &'a [u8],
}

impl<'a> SignedRequest<'a> {
    /// Takes a request apart.
    pub(crate) fn new(head: &'a Parts, body: &'a [u8]) -> Self {
        Self {
            method: &head.method,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            headers: &head.headers,
            body,
        }
    }
}

/// What the endpoint that got a request wants its signature to be for.
pub(crate) struct Verifier<'a> {
    /// The signing name of the service, `sts`.
    pub(crate) service: &'a str,
    /// The region of the endpoint.
    pub(crate) region: &'a str,
    /// The present.
    pub(crate) now: OffsetDateTime,
    /// How far the date of a signature may be off.
    pub(crate) window: Duration,
}

impl Verifier<'_> {
    /// The session whose key signed the request.
    ///
    /// # Errors
    ///
    /// The first thing about the request that AWS would refuse.
    pub(crate) fn signer(
        &self,
        request: &SignedRequest<'_>,
        session_of: impl FnOnce(&str) -> Option<RoleSession>,
    ) -> Result<RoleSession, Refusal> {
        let authorization = Authorization::from_headers(request.headers)?;
        let date = self.date(&authorization)?;
        authorization.covers_what_it_must(request.headers)?;
        let credential = authorization.credential()?;
        self.fits_scope(&credential, request.headers, date)?;
        let session = session_of(credential.access_key_id).ok_or(Refusal::UnknownToken)?;
        self.is_current(&session, request.headers)?;
        if is_signed_by(request, &authorization, &credential, date, &session.secret_access_key) {
            Ok(session)
        } else {
            Err(Refusal::Mismatch)
        }
    }

    fn date(&self, authorization: &Authorization<'_>) -> Result<OffsetDateTime, Refusal> {
        let date =
            timestamp::parse_basic(authorization.date).ok_or_else(|| Refusal::DateFormat(authorization.date.into()))?;
        let (now, window) = (self.now, self.window);
        if date < (now - window).truncate_to_second() {
            return Err(Refusal::Expired { date, now, window });
        }
        if date > now + window {
            return Err(Refusal::NotYetCurrent { date, now, window });
        }
        Ok(date)
    }

    fn fits_scope(
        &self,
        credential: &Credential<'_>,
        headers: &HeaderMap,
        date: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let in_region = match credential.region {
            Some(region) => region == self.region,
            None => region_set::contains(headers, self.region),
        };
        let date = timestamp::basic(date);
        let (day, service, terminator) = (&date[..8], self.service, credential.terminator);
        // argmin asserts the first two texts with their trailing spaces, dynalite quotes all four.
        let complaints = [
            (!in_region).then(|| "Credential should be scoped to a valid region. ".into()),
            (credential.service != service)
                .then(|| format!("Credential should be scoped to correct service: '{service}'. ")),
            (terminator != "aws4_request").then(|| {
                format!("Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'. ")
            }),
            (credential.date != day).then(|| {
                format!(
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                     '{}' != '{day}', from '{date}'. ",
                    credential.date
                )
            }),
        ];
        let complaints: String = complaints.into_iter().flatten().collect();
        if complaints.is_empty() { Ok(()) } else { Err(Refusal::Scope(complaints)) }
    }

    fn is_current(&self, session: &RoleSession, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut tokens = headers.get_all("x-amz-security-token").iter();
        let token = tokens.next().filter(|_| tokens.next().is_none());
        if token.is_none_or(|token| token.as_bytes() != session.token.as_bytes()) {
            return Err(Refusal::UnknownToken);
        }
        if session.expiration <= self.now {
            return Err(Refusal::ExpiredToken);
        }
        Ok(())
    }
}

fn is_signed_by(
    request: &SignedRequest<'_>,
    authorization: &Authorization<'_>,
    credential: &Credential<'_>,
    date: OffsetDateTime,
    secret: &str,
) -> bool {
    let Some(canonical) = canonical::canonical_request(request, &authorization.signed_headers()) else {
        return false;
    };
    let string_to_sign = [
        authorization.algorithm.name(),
        &timestamp::basic(date),
        credential.scope,
        &hex::encode(Sha256::digest(canonical)),
    ]
    .join("\n");
    let (text, signature) = (string_to_sign.as_bytes(), authorization.signature);
    match authorization.algorithm {
        Algorithm::Hmac => sigv4::is_signature(secret, credential.scope, text, signature),
        Algorithm::Ecdsa => sigv4a::is_signature(credential.access_key_id, secret, text, signature),
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod near_misses;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod suite;
