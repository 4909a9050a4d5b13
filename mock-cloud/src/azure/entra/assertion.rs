//! Client assertions, and the federated identity credential of an application that accepts one.
//!
//! Issuer, subject and audience must fit one credential to the letter, a final slash and the case included. Source:
//! Microsoft Entra, Workload identity federation, and the breaking change of August 2024 (case-sensitive matching).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::error::{Claim, EntraError, timestamp};
use crate::azure::world::{Application, AzureWorld, FederatedCredential};

/// What a client assertion says, before anybody vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assertion {
    pub(super) issuer: String,
    subject: String,
    audiences: Vec<String>,
    start: Option<i64>,
    expiry: i64,
}

impl Assertion {
    /// Reads the claims without a look at the signature.
    pub(super) fn read(token: &str) -> Result<Self, EntraError> {
        let segments: Vec<&str> = token.split('.').collect();
        let [_, payload, _] = segments[..] else { return Err(EntraError::Malformed) };
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| EntraError::Malformed)?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).map_err(|_| EntraError::Malformed)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let seconds = |name: &str| claims.get(name).and_then(Value::as_i64);
        Ok(Self {
            issuer: text("iss").ok_or(EntraError::Malformed)?,
            subject: text("sub").ok_or(EntraError::Malformed)?,
            audiences: audiences(&claims),
            start: seconds("nbf").or_else(|| seconds("iat")),
            expiry: seconds("exp").ok_or(EntraError::Malformed)?,
        })
    }

    /// Finds the credential of an application that accepts the assertion.
    pub(super) fn accepted_by(&self, application: &Application, world: &AzureWorld) -> Result<(), EntraError> {
        let credentials = &application.federated_credentials;
        if credentials.is_empty() {
            return Err(EntraError::NoFederatedCredential(application.client_id.clone()));
        }
        let of_issuer: Vec<_> = credentials.iter().filter(|it| it.issuer == self.issuer).collect();
        if of_issuer.is_empty() {
            return Err(no_match(Claim::Issuer, &self.issuer));
        }
        let of_subject: Vec<_> = of_issuer.iter().filter(|it| it.subject == self.subject).collect();
        if of_subject.is_empty() {
            let by_case = of_issuer.iter().any(|it| it.subject.eq_ignore_ascii_case(&self.subject));
            return Err(if by_case {
                EntraError::SubjectCase(self.subject.clone())
            } else {
                no_match(Claim::Subject, &self.subject)
            });
        }
        if of_subject.iter().any(|credential| self.is_for(credential, world)) {
            return Ok(());
        }
        Err(no_match(Claim::Audience, self.audience()))
    }

    /// What a credential that is not there yet looks like from outside: one of three refusals.
    pub(super) fn unseen(&self, turn: usize) -> EntraError {
        match turn % 3 {
            0 => no_match(Claim::Issuer, &self.issuer),
            1 => no_match(Claim::Subject, &self.subject),
            _ => EntraError::NoMatch {
                issuer: self.issuer.clone(),
                subject: self.subject.clone(),
                audience: self.audience().to_owned(),
            },
        }
    }

    /// Whether its time has come and not gone; five minutes of skew are granted.
    ///
    /// Source: Microsoft identity platform, "Certificate credentials", and the skew of Microsoft.IdentityModel.
    pub(super) fn is_current(&self, now: OffsetDateTime) -> Result<(), EntraError> {
        const SKEW: i64 = 300;
        let seconds = now.unix_timestamp();
        if self.expiry + SKEW > seconds && self.start.is_none_or(|start| start - SKEW <= seconds) {
            return Ok(());
        }
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| String::new(), timestamp);
        Err(EntraError::Time {
            now: timestamp(now),
            start: self.start.map_or_else(String::new, at),
            end: at(self.expiry),
        })
    }

    fn audience(&self) -> &str {
        self.audiences.first().map_or("", String::as_str)
    }

    /// A token of Entra itself has the id of the application that the credential names by its URI.
    fn is_for(&self, credential: &FederatedCredential, world: &AzureWorld) -> bool {
        let named = |audience: &String| {
            let mut applications = world.applications.iter();
            applications.find(|it| it.identifier_uris.contains(audience)).map(|it| &it.client_id)
        };
        let mut wanted = credential.audiences.iter();
        wanted.any(|it| self.audiences.contains(it) || named(it).is_some_and(|id| self.audiences.contains(id)))
    }
}

fn no_match(claim: Claim, value: &str) -> EntraError {
    EntraError::NoMatchFor { claim, value: value.to_owned() }
}

fn audiences(claims: &Map<String, Value>) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Many(Vec<String>),
    }
    match claims.get("aud").map(Texts::deserialize) {
        Some(Ok(Texts::One(text))) => vec![text],
        Some(Ok(Texts::Many(texts))) => texts,
        Some(Err(_)) | None => Vec::new(),
    }
}
