//! What a token says, before anybody vouches for it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::super::error::StsError;

/// The claims of a token that AWS looks at.
#[derive(Debug)]
pub(crate) struct Claims {
    /// `iss`.
    pub(crate) issuer: String,
    /// `aud`, one or many.
    pub(crate) audiences: Vec<String>,
    /// `sub`.
    pub(crate) subject: String,
    /// `amr`, none or many.
    pub(crate) methods: Vec<String>,
    expiry: i64,
    not_before: Option<i64>,
}

impl Claims {
    /// Reads the claims of a token without a look at its signature.
    ///
    /// # Errors
    ///
    /// [`StsError::InvalidIdentityToken`] for a text that is no token, and for one that lacks a claim.
    pub(crate) fn read(token: &str) -> Result<Self, StsError> {
        let segments: Vec<&str> = token.split('.').collect();
        let [header, payload, _] = segments[..] else {
            return Err(no_token());
        };
        json(header).ok_or_else(no_token)?;
        let claims = json(payload).ok_or_else(no_token)?;
        let missing = |name: &str| StsError::InvalidIdentityToken(format!("Missing a required claim: {name}"));
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let audiences = Some(texts(&claims, "aud")).filter(|audiences| !audiences.is_empty());
        Ok(Self {
            issuer: text("iss").ok_or_else(|| missing("iss"))?,
            audiences: audiences.ok_or_else(|| missing("aud"))?,
            subject: text("sub").ok_or_else(|| missing("sub"))?,
            expiry: claims.get("exp").and_then(Value::as_i64).ok_or_else(|| missing("exp"))?,
            not_before: claims.get("nbf").and_then(Value::as_i64),
            methods: texts(&claims, "amr"),
        })
    }

    /// # Errors
    ///
    /// When the token is over, or is to begin later; the text for the latter is not recorded anywhere.
    pub(crate) fn are_current(&self, now: OffsetDateTime) -> Result<(), StsError> {
        let now = now.unix_timestamp();
        if self.expiry <= now {
            return Err(StsError::ExpiredIdentityToken { now, expiry: self.expiry });
        }
        if self.not_before.is_some_and(|start| start > now) {
            return Err(StsError::InvalidIdentityToken("Token is not yet valid".into()));
        }
        Ok(())
    }
}

/// A text that is no token.
pub(crate) fn no_token() -> StsError {
    let text = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    StsError::InvalidIdentityToken(text.into())
}

fn json(segment: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(segment).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn texts(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Many(Vec<String>),
    }
    let texts = claims.get(name).map(Texts::deserialize);
    match texts {
        Some(Ok(Texts::One(text))) => vec![text],
        Some(Ok(Texts::Many(texts))) => texts,
        Some(Err(_)) | None => Vec::new(),
    }
}
