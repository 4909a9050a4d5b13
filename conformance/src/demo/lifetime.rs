//! How long a token says that it lives.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The life of a token in seconds, as its claims have it: RFC 7519, sections 4.1.4 and 4.1.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// From issue to expiry.
    pub(crate) whole: i64,
    /// From now to expiry.
    pub(crate) left: i64,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
}

impl Lifetime {
    /// Reads a token's claims, unverified; `None` for what is no JWT or does not expire.
    pub(crate) fn of(token: &str, now: i64) -> Option<Self> {
        let mut segments = token.split('.');
        let (_header, claims, _signature) = (segments.next()?, segments.next()?, segments.next()?);
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
        let Claims { iat, exp } = serde_json::from_slice(&claims).ok()?;
        Some(Self { whole: exp - iat, left: exp - now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_lives_from_iat_to_exp() {
        let lifetime = Lifetime::of(&token(r#"{"iat":100,"exp":3700,"sub":"x"}"#), 110);
        assert_eq!(lifetime, Some(Lifetime { whole: 3600, left: 3590 }));
    }

    #[test]
    fn what_does_not_say_when_it_expires_has_no_lifetime() {
        for text in [token(r#"{"iat":100}"#), token("x"), "password".to_owned(), "a.b".to_owned(), String::new()] {
            assert_eq!(Lifetime::of(&text, 0), None, "{text}");
        }
    }
}
