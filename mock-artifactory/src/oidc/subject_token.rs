//! Subject tokens: whether a provider's issuer signed this one, and whether it holds now.

use serde_json::Value;

use super::keys::{KeyError, Keys};
use super::provider::TokenIssuer;
use crate::jwt::{self, Claims, JwtError};

/// Why a subject token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectTokenError {
    /// It is no token, or not signed by the key it names.
    #[error("Invalid token, {0}")]
    Jwt(#[from] JwtError),
    /// It is another issuer's.
    #[error("Invalid token, issuer")]
    Issuer,
    /// It has no `exp`.
    #[error("Invalid token, no expiry")]
    NoExpiry,
    /// Its `exp` is over.
    #[error("Invalid token, expired")]
    Expired,
    /// Its `nbf` or `iat` is to come.
    #[error("Invalid token, not yet valid")]
    NotYetValid,
    /// Its provider takes another organization's only.
    #[error("Invalid token, organization")]
    Organization,
    /// Its provider takes another application's only.
    #[error("Invalid token, application")]
    Application,
    /// The issuer has no such key.
    #[error("Invalid token, unknown key")]
    UnknownKey,
    /// The issuer's keys cannot be fetched. Source of the text: jfrog/setup-jfrog-cli issue 155.
    #[error("Failed to get public key")]
    NoPublicKey,
}

/// When a token is looked at, in seconds since 1970, and by how much it may miss that.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: i64,
    /// The leeway, in both directions.
    pub leeway: i64,
}

/// The claims of a token that one of these issuers signed and that holds now.
///
/// # Errors
///
/// When it is not so; the first reason that is found.
pub async fn verified(
    token: &str,
    issuers: &[TokenIssuer],
    keys: &Keys,
    moment: Moment,
) -> Result<Claims, SubjectTokenError> {
    let header = jwt::header(token)?;
    let unverified = jwt::unverified_claims(token).ok_or(JwtError::Malformed)?;
    let claim = unverified.get("iss").and_then(Value::as_str);
    let issuer = issuers.iter().find(|issuer| Some(issuer.claim.as_str()) == claim).ok_or(SubjectTokenError::Issuer)?;
    let key = keys.find(&issuer.url, &header, moment.now).await?;
    let claims = jwt::verified_claims(token, header.algorithm, &key)?;
    moment.is_within(&claims)?;
    Ok(claims)
}

impl Moment {
    fn is_within(self, claims: &Claims) -> Result<(), SubjectTokenError> {
        let seconds = |name| claims.get(name).and_then(Value::as_f64);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let (earliest, latest) = ((self.now - self.leeway) as f64, (self.now + self.leeway) as f64);
        if seconds("exp").ok_or(SubjectTokenError::NoExpiry)? <= earliest {
            return Err(SubjectTokenError::Expired);
        }
        let is_to_come = |name| seconds(name).is_some_and(|time| time > latest);
        if is_to_come("nbf") || is_to_come("iat") { Err(SubjectTokenError::NotYetValid) } else { Ok(()) }
    }
}

impl From<KeyError> for SubjectTokenError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unavailable => Self::NoPublicKey,
            KeyError::Unknown => Self::UnknownKey,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_hold_up_to_the_leeway_and_not_a_second_more() {
        let cases = [
            (json!({"exp": 941}), Ok(())),
            (json!({"exp": 940}), Err(SubjectTokenError::Expired)),
            (json!({"exp": 2000, "nbf": 1060, "iat": 1060}), Ok(())),
            (json!({"exp": 2000, "nbf": 1061}), Err(SubjectTokenError::NotYetValid)),
            (json!({"exp": 2000, "iat": 1061}), Err(SubjectTokenError::NotYetValid)),
            (json!({"exp": "2000"}), Err(SubjectTokenError::NoExpiry)),
            (json!({}), Err(SubjectTokenError::NoExpiry)),
        ];
        for (claims, expected) in cases {
            let moment = Moment { now: 1000, leeway: 60 };
            assert_eq!(moment.is_within(claims.as_object().unwrap()), expected, "{claims}");
        }
    }
}
