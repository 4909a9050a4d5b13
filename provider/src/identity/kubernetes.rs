//! Kubernetes: service account tokens, the pod's or the node's own, looked at before they are sent anywhere.
//!
//! The service account needs no right. For a pod's token the group `system:nodes` needs the verb
//! `request-serviceaccounts-token-audience` on its audience.
//!
//! Source: Kubernetes documentation, "Managing Service Accounts", the claims of a bound token.

use crate::artifactory::OidcProvider;
use crate::identity::{PassedOver, Proof, opted_in, token};
use crate::jwt::Claims;
use crate::kubelet::Workload;
use crate::secret::Secret;
use crate::time::now;

mod expected;
mod shown;
mod token_file;

pub use expected::{Expected, TokenError};
pub use shown::ShownToken;
pub use token_file::{ServiceAccountTokenFile, TokenFileError};

/// The pod's service account token, sent to Artifactory as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountToken {
    /// When a pod's token is used.
    pub opt_in: OptIn,
    /// What the token must say of itself.
    pub expected: Expected,
    /// The OIDC provider that trusts the cluster's issuer.
    pub provider: OidcProvider,
}

/// When a pod's own identity is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptIn {
    /// Whenever the kubelet sends a token.
    EveryToken,
    /// When the service account is annotated with `JFrogExchange: "true"`.
    Annotated,
}

impl OptIn {
    pub(super) fn applies_to(self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        if self == Self::Annotated {
            opted_in(workload)?;
        }
        token(workload).map(|_| ())
    }
}

impl ServiceAccountToken {
    pub(super) fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        self.opt_in.applies_to(workload)
    }

    /// Hands out the token once it is known to hold now, to be of the right issuer and for the right audience.
    ///
    /// # Errors
    /// When it is missing, no JWT, expired, not yet valid, of another issuer, or for another audience.
    pub fn prove(&self, workload: Option<&Workload>) -> Result<Proof<'_>, TokenError> {
        let token = token(workload).map_err(|_| TokenError::Missing)?;
        self.expected.claims_of(token, now())?;
        Ok(Proof::IdToken { token: token.clone(), provider: &self.provider })
    }
}

/// The pod's token and what it says, if it holds now and is for the audience.
pub(super) fn usable<'w>(
    workload: Option<&'w Workload>,
    audience: Option<&str>,
) -> Result<(&'w Secret, Claims), TokenError> {
    let token = token(workload).map_err(|_| TokenError::Missing)?;
    let expected = Expected { audience: audience.map(str::to_owned), issuer: None };
    Ok((token, expected.claims_of(token, now())?))
}
