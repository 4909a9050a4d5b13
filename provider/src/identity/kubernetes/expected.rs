//! What a service account token must say of itself before it is sent anywhere.

use std::time::SystemTime;

use crate::jwt::Claims;
use crate::secret::{Secret, quote_claim};
use crate::time::unix;

/// The claims that are looked at locally; nothing here verifies a signature, which only the issuer's keys can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The audience that the token must carry; `None` leaves that to whoever receives it.
    pub audience: Option<String>,
    /// The issuer that the token must come from, byte for byte; `None` leaves that to whoever receives it.
    pub issuer: Option<String>,
}

/// Why a service account token cannot prove anything; found before it is sent.
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
    /// Its life has not begun.
    #[error("the service account token is not valid for another {ahead} s")]
    NotYetValid {
        /// Seconds until then.
        ahead: u64,
    },
    /// It is somebody else's.
    #[error("the service account token is from the issuer `{found}`, not from `{wanted}`")]
    Issuer {
        /// The token's issuer; empty when it names none.
        found: String,
        /// The issuer that is needed.
        wanted: String,
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

/// How far `nbf` may lie ahead, in seconds: the issuer is the cluster's API server, and its clock is not the node's. It is
/// what verifiers allow by default (Nimbus JOSE+JWT, `DefaultJWTClaimsVerifier.DEFAULT_MAX_CLOCK_SKEW_SECONDS`).
const CLOCK_SKEW: u64 = 60;

impl Expected {
    /// What a token says, if it holds now and says what is expected. The issuer comes before the audience: a token of
    /// another cluster is the wrong token, whatever it is for.
    ///
    /// # Errors
    /// For the first thing that is wrong with it.
    pub fn claims_of(&self, token: &Secret, now: SystemTime) -> Result<Claims, TokenError> {
        let claims = Claims::read(token).ok_or(TokenError::Form)?;
        let now = unix(now);
        let ago = claims.exp.map_or(0, |exp| now.saturating_sub(whole(exp)));
        if ago > 0 {
            return Err(TokenError::Expired { ago });
        }
        let ahead = claims.nbf.map_or(0, |nbf| whole(nbf).saturating_sub(now));
        if ahead > CLOCK_SKEW {
            return Err(TokenError::NotYetValid { ahead });
        }
        self.issued(&claims)?;
        self.meant(&claims)?;
        Ok(claims)
    }

    fn issued(&self, claims: &Claims) -> Result<(), TokenError> {
        match &self.issuer {
            Some(wanted) if claims.iss.as_ref() != Some(wanted) => Err(TokenError::Issuer {
                found: quote_claim(claims.iss.as_deref().unwrap_or_default()),
                wanted: wanted.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn meant(&self, claims: &Claims) -> Result<(), TokenError> {
        match &self.audience {
            Some(wanted) if !claims.aud.contains(wanted) => Err(TokenError::Audience {
                found: claims.aud.iter().map(|audience| format!("`{}`", quote_claim(audience))).collect(),
                wanted: wanted.clone(),
            }),
            _ => Ok(()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(seconds: f64) -> u64 {
    seconds as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn looked_at(expected: &Expected, payload: &str) -> Result<(), TokenError> {
        let token = Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)));
        expected.claims_of(&token, SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)).map(|_| ())
    }

    #[test]
    fn a_token_holds_from_its_beginning_to_its_end() {
        let table = [
            (r#"{"exp":1000,"nbf":1000}"#, Ok(())),
            (r#"{"exp":999}"#, Err(TokenError::Expired { ago: 1 })),
            (r#"{"exp":2000,"nbf":1060}"#, Ok(())),
            (r#"{"exp":2000,"nbf":1061}"#, Err(TokenError::NotYetValid { ahead: 61 })),
            (r#"{"exp":-1,"nbf":1e300}"#, Err(TokenError::Expired { ago: 1_000 })),
            ("{}", Ok(())),
        ];
        for (payload, expected) in table {
            assert_eq!(looked_at(&Expected::default(), payload), expected, "{payload}");
        }
    }

    #[test]
    fn issuer_and_audience_are_compared_byte_for_byte() {
        let expected = Expected { audience: Some("artifactory".into()), issuer: Some("https://k".into()) };
        let issuer = |found: &str| Err(TokenError::Issuer { found: found.into(), wanted: "https://k".into() });
        let audience = |found: &[&str]| {
            let found = found.iter().map(|audience| (*audience).to_owned()).collect();
            Err(TokenError::Audience { found, wanted: "artifactory".into() })
        };
        let table = [
            (r#"{"iss":"https://k","aud":["x","artifactory"]}"#, Ok(())),
            (r#"{"iss":"https://k/","aud":["artifactory"]}"#, issuer("https://k/")),
            (r#"{"aud":["artifactory"]}"#, issuer("")),
            (r#"{"iss":"https://other","aud":["vault"]}"#, issuer("https://other")),
            (r#"{"iss":"https://k","aud":["vault","Artifactory"]}"#, audience(&["`vault`", "`Artifactory`"])),
            (r#"{"iss":"https://k"}"#, audience(&[])),
        ];
        for (payload, result) in table {
            assert_eq!(looked_at(&expected, payload), result, "{payload}");
        }
    }
}
