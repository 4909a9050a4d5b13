//! Entra ID: an application's token for a client assertion.
//!
//! Sources: Microsoft identity platform documentation, "OAuth 2.0 client credentials flow", third case: access token
//! request with a federated credential; "Microsoft Entra authentication and authorization error codes".

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::http::{Http, HttpError, Reply, Request};
use crate::jwt::Claims;
use crate::secret::{Secret, quote_claim, quote_foreign};
use crate::time::{Deadline, pause};

/// The waits for a federated identity credential that Entra ID's servers may not have seen yet.
///
/// Some servers see a new credential minutes before others do, so that the next request can succeed where one failed;
/// waiting those minutes out is the kubelet's affair. Source: Azure Workload Identity, issue 1200.
const PROPAGATION: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

/// The codes by which a credential that is not seen yet cannot be told from one that is not there.
const UNSEEN: [u32; 5] = [70_021, 70_025, 700_211, 700_212, 700_213];

/// A tenant's id or one of its domains, fit to stand in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantId(String);

impl TenantId {
    /// Reads a tenant such as `11111111-2222-3333-4444-555555555555` or `contoso.onmicrosoft.com`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        let labels = text.split('.').all(|label| !label.is_empty());
        (allowed && labels).then(|| Self(text.to_owned()))
    }

    /// The tenant as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why Entra ID gave no token.
#[derive(Debug, thiserror::Error)]
pub enum EntraError {
    /// No complete reply.
    #[error("cannot get a token from Entra ID at `{authority}`")]
    Transport {
        /// Where.
        authority: String,
        /// What happened.
        source: HttpError,
    },
    /// A refusal.
    #[error("Entra ID {0}")]
    Refused(Box<Refusal>),
    /// A reply without an access token.
    #[error("Entra ID answered without an access token")]
    Form,
}

/// What Entra ID refused, and what is needed to say why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The number of the AADSTS code.
    pub code: Option<u32>,
    /// The description without its code and its ids, cut and cleaned.
    pub reason: String,
    /// The tenant that was asked.
    pub tenant: String,
    /// The application that was asked for.
    pub client_id: String,
    /// What was shown.
    pub assertion: Assertion,
}

/// What a federated identity credential must say to accept a client assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assertion {
    /// Its issuer.
    pub issuer: String,
    /// Its subject.
    pub subject: String,
    /// Its audience, as credentials name it.
    pub audience: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(formatter, "refused with `AADSTS{code}`: {}", self.reason),
            None => write!(formatter, "answered {}", self.status),
        }
    }
}

impl Refusal {
    fn may_pass(&self) -> bool {
        self.code.is_some_and(|code| UNSEEN.contains(&code))
    }
}

/// One request for an application's token.
pub(super) struct Grant<'a> {
    pub(super) authority: &'a str,
    pub(super) tenant: &'a TenantId,
    pub(super) client_id: &'a str,
    pub(super) resource: Option<&'a str>,
    pub(super) assertion: &'a Secret,
    pub(super) audience: &'a str,
}

impl Grant<'_> {
    /// The application's token, asked for again while its credential may not have been seen yet.
    pub(super) async fn token(&self, http: &Http, deadline: Deadline) -> Result<Secret, EntraError> {
        for wait in PROPAGATION {
            match self.ask(http).await {
                Err(EntraError::Refused(refusal))
                    if refusal.may_pass() && deadline.remaining().is_some_and(|left| left > wait) =>
                {
                    pause(wait).await;
                }
                outcome => return outcome,
            }
        }
        self.ask(http).await
    }

    async fn ask(&self, http: &Http) -> Result<Secret, EntraError> {
        let reply = http.send(&self.request()).await;
        let reply = reply.map_err(|source| EntraError::Transport { authority: self.authority.to_owned(), source })?;
        if !reply.is_ok() {
            return Err(EntraError::Refused(Box::new(self.refusal(&reply))));
        }
        let token = serde_json::from_slice::<Token>(reply.body()).ok().filter(|token| !token.access_token.is_empty());
        Ok(token.ok_or(EntraError::Form)?.access_token)
    }

    fn request(&self) -> Request {
        let scope = format!("{}/.default", self.resource.unwrap_or(self.client_id));
        Request::post_form(
            format!("{}/{}/oauth2/v2.0/token", self.authority, self.tenant.as_str()),
            &[
                ("grant_type", "client_credentials"),
                ("client_id", self.client_id),
                ("scope", &scope),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", self.assertion.expose()),
            ],
        )
    }

    fn refusal(&self, reply: &Reply) -> Refusal {
        let (code, reason) = read_refusal(reply.body());
        let claims = Claims::read(self.assertion).unwrap_or_default();
        Refusal {
            status: reply.status.as_u16(),
            code,
            reason,
            tenant: self.tenant.as_str().to_owned(),
            client_id: quote_claim(self.client_id),
            assertion: Assertion {
                issuer: quote_claim(claims.iss.as_deref().unwrap_or_default()),
                subject: quote_claim(claims.sub.as_deref().unwrap_or_default()),
                audience: self.audience.to_owned(),
            },
        }
    }
}

/// Numbers are numbers here, and only the token matters, since Artifactory judges its expiry.
#[derive(Deserialize)]
struct Token {
    access_token: Secret,
}

/// The number of the code, and the words between it and the ids, which stand on the same line or on the next ones.
fn read_refusal(body: &[u8]) -> (Option<u32>, String) {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        error_codes: Vec<u32>,
        #[serde(default)]
        error_description: String,
    }
    let Ok(document) = serde_json::from_slice::<Document>(body) else { return (None, String::new()) };
    let text = document.error_description.split("Trace ID:").next().unwrap_or_default();
    let (code, words) = match text.strip_prefix("AADSTS").and_then(|text| text.split_once(':')) {
        Some((code, words)) => (code.parse().ok(), words),
        None => (None, text),
    };
    (code.or_else(|| document.error_codes.first().copied()), quote_foreign(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_cannot_leave_its_segment_of_the_path() {
        for text in ["11111111-2222-3333-4444-555555555555", "contoso.onmicrosoft.com"] {
            assert_eq!(TenantId::parse(text).expect(text).as_str(), text);
        }
        for text in ["", ".", "..", "a..b", "a/b", "a?b", "a#b", "a b", "%2e", "a@b", "a:b"] {
            assert_eq!(TenantId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_its_code_and_its_words_in_either_form() {
        for end in ["\r\nTrace ID: t\r\nCorrelation ID: c", " Trace ID: t Correlation ID: c"] {
            let body = serde_json::json!({
                "error": "invalid_client",
                "error_description": format!("AADSTS700213: No matching record.{end}"),
                "error_codes": [700_213],
            });
            let refusal = read_refusal(body.to_string().as_bytes());
            assert_eq!(refusal, (Some(700_213), "No matching record.".to_owned()));
        }
        assert_eq!(read_refusal(br#"{"error_codes":[90002]}"#), (Some(90_002), String::new()));
        assert_eq!(read_refusal(b"<html>"), (None, String::new()));
    }
}
