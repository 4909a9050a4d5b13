//! What a service account token says of itself when Artifactory refuses it: the values that its set-up must have.

use crate::jwt::Claims;
use crate::secret::{Secret, quote_claim};

/// The claims by which Artifactory trusts and maps a cluster's token, cut and cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownToken {
    /// The issuer.
    pub issuer: String,
    /// The service account, as `system:serviceaccount:NAMESPACE:NAME`.
    pub subject: String,
    /// The first audience.
    pub audience: String,
}

impl ShownToken {
    /// Reads the claims of a token of a cluster; `None` for every other token.
    #[must_use]
    pub fn read(token: &Secret) -> Option<Self> {
        let Claims { iss, sub, aud, kubernetes: Some(_), .. } = Claims::read(token)? else { return None };
        let shown = |claim: Option<String>| quote_claim(&claim.unwrap_or_default());
        Some(Self { issuer: shown(iss), subject: shown(sub), audience: shown(aud.into_iter().next()) })
    }
}
