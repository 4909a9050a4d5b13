//! Who a request comes from, and whether that opens what it asks for.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};

use super::Registry;
use super::challenge::{Origin, challenge};
use super::error;
use super::grant::Grant;
use super::route::{Endpoint, Route};
use crate::access::{Principal, Refusal};
use crate::service_error::{ArtifactoryError, RegistryError};

/// Who asks, and by what right.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Someone with a credential of the platform.
    Account(Principal),
    /// Somebody without one, where anonymous access is on.
    Anonymous(Principal),
    /// Someone with a registry token.
    Token(Grant),
}

/// Why a request is not served.
#[derive(Debug)]
pub(crate) enum Denial {
    /// It came without a credential, or with a token for something else.
    Challenged,
    /// Its credential is no good.
    Refused(Refusal),
    /// Something else is wrong with it.
    Failed(RegistryError),
}

/// A credential as it stands in the Authorization header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// RFC 7617.
    Basic { username: String, secret: String },
    /// RFC 6750.
    Bearer(String),
    /// Neither of them.
    Malformed,
}

impl Credential {
    /// Reads the header; `None` when there is none.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(AUTHORIZATION)?;
        Some(value.to_str().ok().and_then(Self::parse).unwrap_or(Self::Malformed))
    }

    fn parse(value: &str) -> Option<Self> {
        let (scheme, rest) = value.split_once(' ')?;
        let rest = rest.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => Some(Self::Bearer(rest.to_owned())),
            "basic" => {
                let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
                let (username, secret) = pair.split_once(':')?;
                Some(Self::Basic { username: username.to_owned(), secret: secret.to_owned() })
            }
            _ => None,
        }
    }
}

impl Registry {
    /// Tells who a request comes from.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Result<Caller, Denial> {
        match Credential::of(headers) {
            None => self.state.anonymous().map(Caller::Anonymous).ok_or(Denial::Challenged),
            Some(Credential::Basic { username, secret }) => {
                Ok(Caller::Account(self.state.authenticate(&username, &secret)?))
            }
            Some(Credential::Bearer(token)) => match self.grants.find(&token, self.now()) {
                Some(grant) => Ok(Caller::Token(grant?)),
                None => Ok(Caller::Account(self.state.authenticate_bearer(&token)?)),
            },
            Some(Credential::Malformed) => Err(Refusal::BadCredentials.into()),
        }
    }

    /// Returns the repository and the image that the caller may pull; `None` is for the ping.
    pub(crate) fn permit<'a>(&self, caller: &Caller, route: &'a Route) -> Result<Option<(&'a str, &'a str)>, Denial> {
        if route.endpoint == Endpoint::Ping {
            return Ok(None);
        }
        let repository = route.repository.as_deref().unwrap_or_default();
        let Some(image) = route.image().filter(|_| self.state.content.has_repository(repository)) else {
            return Err(error::name_unknown(repository).into());
        };
        let covered = match caller {
            Caller::Token(grant) => grant.covers(repository, image),
            Caller::Anonymous(principal) => principal.may_read(repository),
            Caller::Account(_) => true,
        };
        if !covered {
            return Err(Denial::Challenged);
        }
        if !caller.principal().may_read(repository) {
            return Err(error::no_permission(image).into());
        }
        Ok(Some((repository, image)))
    }
}

impl Caller {
    fn principal(&self) -> &Principal {
        match self {
            Self::Account(principal) | Self::Anonymous(principal) => principal,
            Self::Token(grant) => grant.principal(),
        }
    }
}

impl Denial {
    /// Writes the answer; those that a better credential would change carry the challenge.
    pub(crate) fn respond(self, origin: &Origin, route: &Route) -> Response {
        let mut response = match self {
            Self::Failed(error) => return error.into_response(),
            Self::Challenged => error::unauthorized().into_response(),
            Self::Refused(refusal) => refused(refusal),
        };
        if let Ok(value) = HeaderValue::from_str(&challenge(origin, route)) {
            response.headers_mut().insert(WWW_AUTHENTICATE, value);
        }
        response
    }
}

/// Writes a refused credential's answer, which is the Artifactory service's and not the registry's.
pub(crate) fn refused(refusal: Refusal) -> Response {
    ArtifactoryError::new(StatusCode::UNAUTHORIZED, refusal.to_string()).into_response()
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<RegistryError> for Denial {
    fn from(error: RegistryError) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::Credential::{Basic, Bearer};
    use super::*;

    #[test]
    fn a_credential_is_read_from_either_scheme() {
        let basic = |username: &str, secret: &str| Some(Basic { username: username.into(), secret: secret.into() });
        let cases = [
            ("Basic dXNlcjpwYXNz", basic("user", "pass")),
            ("basic  dXNlcjpwYXNz", basic("user", "pass")),
            ("Basic Z29vZ2xlL2dyb3VwOmE6Yg==", basic("google/group", "a:b")),
            ("Bearer abc", Some(Bearer("abc".into()))),
            ("Basic dXNlcg==", None),
            ("Basic !", None),
            ("Digest abc", None),
            ("Bearer", None),
        ];
        for (value, expected) in cases {
            assert_eq!(Credential::parse(value), expected, "{value}");
        }
    }
}
