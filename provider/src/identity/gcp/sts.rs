//! Google's Security Token Service, by hand: one call, which takes a cluster's token for an access token.
//!
//! Sources: Security Token Service REST reference, `v1.token`; RFC 8693 sections 2.1 and 2.2.

use serde::Deserialize;

use crate::http::{Http, HttpError, Request};
use crate::jwt::Claims;
use crate::secret::{Secret, quote_claim, quote_foreign};

/// The scope that the IAM Credentials API takes.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Why the service gave no access token.
#[derive(Debug, thiserror::Error)]
pub enum StsError {
    /// No complete reply.
    #[error("cannot reach Google's Security Token Service")]
    Transport(#[source] HttpError),
    /// A refusal, with the service's own code and words.
    #[error("Google's Security Token Service refused with `{code}`: {message}")]
    Refused {
        /// The error's code, such as `invalid_grant`.
        code: String,
        /// Its description, cut and cleaned.
        message: String,
        /// What the pool's provider would have to trust.
        claims: Box<SubjectClaims>,
    },
    /// A reply that is not what the service documents.
    #[error("Google's Security Token Service answered {status} in an unknown form")]
    Form {
        /// The HTTP status.
        status: u16,
    },
}

/// What a token says, as a pool's provider names it; empty where it is no JWT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectClaims {
    /// The issuer.
    pub issuer: String,
    /// The first audience.
    pub audience: String,
    /// The subject.
    pub subject: String,
}

impl SubjectClaims {
    pub(super) fn of(token: &Secret) -> Self {
        let claims = Claims::read(token).unwrap_or_default();
        Self {
            issuer: quote_claim(claims.iss.as_deref().unwrap_or_default()),
            audience: quote_claim(claims.aud.first().map_or("", String::as_str)),
            subject: quote_claim(claims.sub.as_deref().unwrap_or_default()),
        }
    }
}

/// A token to be taken by a pool's provider.
pub(super) struct Exchange<'a> {
    /// `//iam.googleapis.com/` and the name of the provider.
    pub(super) audience: &'a str,
    pub(super) subject_token: &'a Secret,
    /// A token type of RFC 8693 section 3.
    pub(super) subject_token_type: &'a str,
}

/// Exchanges a token at the service's address; the call needs no other credential.
pub(super) async fn access_token(http: &Http, url: String, exchange: &Exchange<'_>) -> Result<Secret, StsError> {
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", exchange.audience),
        ("scope", SCOPE),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token_type", exchange.subject_token_type),
        ("subject_token", exchange.subject_token.expose()),
    ];
    let reply = http.send(&Request::post_form(url, &fields)).await.map_err(StsError::Transport)?;
    let status = reply.status.as_u16();
    let form = |_| StsError::Form { status };
    if reply.is_ok() {
        let TokenReply { access_token } = serde_json::from_slice(reply.body()).map_err(form)?;
        return if access_token.is_empty() { Err(StsError::Form { status }) } else { Ok(access_token) };
    }
    let OauthError { error, error_description } = serde_json::from_slice(reply.body()).map_err(form)?;
    let claims = Box::new(SubjectClaims::of(exchange.subject_token));
    Err(StsError::Refused { code: quote_foreign(&error), message: quote_foreign(&error_description), claims })
}

#[derive(Deserialize)]
struct TokenReply {
    access_token: Secret,
}

/// Source: RFC 6749 section 5.2.
#[derive(Deserialize)]
struct OauthError {
    error: String,
    #[serde(default)]
    error_description: String,
}
