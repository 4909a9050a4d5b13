//! Access tokens: whom each speaks for, to which services, and until when.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngCore as _;

use super::principal::Principal;

/// Every access token that was handed out.
#[derive(Default)]
pub(super) struct AccessTokens(Mutex<HashMap<String, Grant>>);

/// What an access token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) principal: Principal,
    pub(super) scopes: Vec<String>,
    /// Seconds since 1970.
    pub(super) expires_on: i64,
}

/// Why an access token is good for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoGrant {
    Unknown,
    Expired,
}

impl AccessTokens {
    /// Hands out a token; its prefix is that of the service that does.
    pub(super) fn issue(&self, prefix: &str, grant: Grant) -> String {
        let mut random = [0; 120];
        rand::thread_rng().fill_bytes(&mut random);
        let token = format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(random));
        self.lock().insert(token.clone(), grant);
        token
    }

    /// What a token is good for now.
    pub(super) fn grant(&self, token: &str, now: i64) -> Result<Grant, NoGrant> {
        let grant = self.lock().get(token).cloned().ok_or(NoGrant::Unknown)?;
        if grant.expires_on <= now { Err(NoGrant::Expired) } else { Ok(grant) }
    }

    /// Every token so far.
    pub(super) fn all(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Grant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_until_its_end_and_no_two_are_the_same() {
        let tokens = AccessTokens::default();
        let grant = Grant { principal: Principal::ServiceAccount("a@p".into()), scopes: vec![], expires_on: 100 };
        let token = tokens.issue("ya29.", grant.clone());
        assert_ne!(token, tokens.issue("ya29.", grant.clone()));
        assert_eq!(tokens.grant(&token, 99), Ok(grant));
        assert_eq!(tokens.grant(&token, 100), Err(NoGrant::Expired));
        assert_eq!(tokens.grant("ya29.other", 99), Err(NoGrant::Unknown));
        assert_eq!(tokens.all().len(), 2);
    }
}
