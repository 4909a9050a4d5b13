//! The issuer of a token, whose keys vouch for it.

use jsonwebtoken::Algorithm;

use super::super::error::StsError;
use super::claims::no_token;
use crate::relying_party::{Distrust, RelyingParty};

// IAM user guide, Create an OpenID Connect (OIDC) identity provider in IAM, lists the algorithms that AWS takes.
const ALGORITHMS: &[Algorithm] =
    &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

/// The way to every issuer.
pub(crate) struct Issuers(RelyingParty);

impl Issuers {
    /// Prepares the way.
    pub(crate) fn new() -> Self {
        Self(RelyingParty::new("mock-cloud-sts", ALGORITHMS))
    }

    /// Whether the issuer, whose documents lie below a URL, signed a token.
    ///
    /// # Errors
    ///
    /// [`StsError::IdpCommunication`] for an issuer that cannot be reached, [`StsError::InvalidIdentityToken`] for one
    /// whose documents are none or lack the key, and for a signature that is not the key's.
    pub(crate) async fn signed(&self, token: &str, issuer: &str, published_at: &str) -> Result<(), StsError> {
        self.0.signed(token, issuer, published_at).await.map_err(|distrust| match distrust {
            Distrust::Unreachable => StsError::IdpCommunication,
            Distrust::NoKey => no_key(),
            Distrust::NoToken => no_token(),
        })
    }
}

/// An issuer that publishes nothing usable. The live text really has two spaces.
fn no_key() -> StsError {
    let text = "Couldn't retrieve verification key from your identity provider,  please reference \
                AssumeRoleWithWebIdentity documentation for requirements";
    StsError::InvalidIdentityToken(text.into())
}
