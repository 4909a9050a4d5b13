//! Kubernetes: the pod's service account token, looked at before it is sent anywhere.
//!
//! Source: Kubernetes documentation, "Managing Service Accounts", the claims of a bound token.

use crate::artifactory::OidcProvider;
use crate::identity::{PassedOver, Proof, opted_in, token};
use crate::jwt::Claims;
use crate::kubelet::Workload;
use crate::secret::{Secret, quote_claim};
use crate::time::{now, unix};

/// The pod's service account token, sent to Artifactory as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountToken {
    /// When a pod's token is used.
    pub opt_in: OptIn,
    /// The audience that the token must carry; `None` leaves that to Artifactory.
    pub audience: Option<String>,
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

/// Why the pod's token cannot prove anything; found before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No token came.
    #[error("the request carries no service account token")]
    Missing,
    /// Not a JWT.
    #[error("the service account token is no JWT")]
    Form,
    /// Its life is over.
    #[error("the service account token expired {ago} s ago")]
    Expired {
        /// Seconds since then.
        ago: u64,
    },
    /// It is for somebody else.
    #[error("the service account token is for {}, not for `{wanted}`", .found.join(", "))]
    Audience {
        /// The token's audiences.
        found: Vec<String>,
        /// The audience that is needed.
        wanted: String,
    },
}

impl ServiceAccountToken {
    pub(super) fn applies_to(&self, workload: Option<&Workload>) -> Result<(), PassedOver> {
        self.opt_in.applies_to(workload)
    }

    /// Hands out the token once it is known to be alive and for the right audience.
    ///
    /// # Errors
    /// When it is missing, no JWT, expired, or for another audience.
    pub fn prove(&self, workload: Option<&Workload>) -> Result<Proof<'_>, TokenError> {
        let (token, _) = usable(workload, self.audience.as_deref())?;
        Ok(Proof::IdToken { token: token.clone(), provider: &self.provider })
    }
}

/// The pod's token and what it says, if it is alive and for the audience.
pub(super) fn usable<'w>(
    workload: Option<&'w Workload>,
    audience: Option<&str>,
) -> Result<(&'w Secret, Claims), TokenError> {
    let token = token(workload).map_err(|_| TokenError::Missing)?;
    let claims = Claims::read(token).ok_or(TokenError::Form)?;
    let ago = claims.exp.map_or(0, |exp| unix(now()).saturating_sub(whole(exp)));
    if ago > 0 {
        return Err(TokenError::Expired { ago });
    }
    match audience {
        Some(wanted) if !claims.aud.iter().any(|audience| audience == wanted) => Err(TokenError::Audience {
            found: claims.aud.iter().map(|audience| format!("`{}`", quote_claim(audience))).collect(),
            wanted: wanted.to_owned(),
        }),
        _ => Ok((token, claims)),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(seconds: f64) -> u64 {
    seconds as u64
}
