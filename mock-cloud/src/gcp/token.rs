//! Access tokens and ID tokens of the instance's service account.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngCore as _;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::world::{GcpWorld, ServiceAccount};
use crate::query::Query;

/// Seconds that a fresh access token lives.
pub(super) const LIFETIME: i64 = 3599;

/// Seconds before its end until which the server hands out an access token that it has kept.
///
/// Source: googleapis/google-auth-library-python, `google/auth/_helpers.py`: the smallest cache of
/// a metadata server keeps a token until 4 minutes before its end.
pub(super) const KEPT_UNTIL: i64 = 240;

/// An access token as the server keeps it for one set of scopes.
#[derive(Clone)]
pub(super) struct AccessToken {
    token: String,
    expires_on: i64,
}

impl AccessToken {
    pub(super) fn draw(now: i64) -> Self {
        let mut random = [0; 120];
        rand::thread_rng().fill_bytes(&mut random);
        Self { token: format!("ya29.c.{}", BASE64_URL_SAFE_NO_PAD.encode(random)), expires_on: now + LIFETIME }
    }

    pub(super) fn is_kept(&self, now: i64) -> bool {
        self.expires_on - now > KEPT_UNTIL
    }

    /// Answers the token with the rest of its life.
    pub(super) fn reply(&self, now: i64) -> AccessTokenReply {
        AccessTokenReply { access_token: self.token.clone(), expires_in: self.expires_on - now, token_type: "Bearer" }
    }
}

/// The reply of the token endpoint.
///
/// Source: Compute Engine, Authenticate workloads to Google Cloud APIs using service accounts.
#[derive(Serialize)]
pub(super) struct AccessTokenReply {
    access_token: String,
    expires_in: i64,
    token_type: &'static str,
}

/// What an ID token says beside whom it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// The subject only.
    Standard,
    /// The address and the instance.
    Full,
    /// The licenses of the instance as well.
    FullWithLicenses,
}

impl Format {
    /// Reads `format=full` and `licenses=TRUE`; licenses need the full format.
    pub(super) fn of(query: &Query) -> Self {
        let licenses = query.first("licenses");
        match query.first("format") {
            Some("full") if licenses.is_some_and(|it| it.eq_ignore_ascii_case("true")) => Self::FullWithLicenses,
            Some("full") => Self::Full,
            _ => Self::Standard,
        }
    }
}

/// Writes the claims of an ID token, without `iss`; it lives one hour.
///
/// Source: Compute Engine, Verify the identity of VMs (Token contents).
pub(super) fn claims(
    world: &GcpWorld,
    account: &ServiceAccount,
    audience: &str,
    format: Format,
    now: i64,
) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    claim("aud", json!(audience));
    claim("azp", json!(account.unique_id));
    claim("sub", json!(account.unique_id));
    claim("iat", json!(now));
    claim("exp", json!(now + 3600));
    if format != Format::Standard {
        claim("email", json!(account.email));
        claim("email_verified", json!(true));
        let mut engine = compute_engine(world);
        if format == Format::FullWithLicenses {
            engine["license_id"] = json!(world.instance.licenses);
        }
        claim("google", json!({ "compute_engine": engine }));
    }
    claims
}

fn compute_engine(world: &GcpWorld) -> Value {
    json!({
        "instance_creation_timestamp": world.instance.created,
        "instance_id": world.instance.id.to_string(),
        "instance_name": world.instance.name,
        "project_id": world.project,
        "project_number": world.project_number,
        "zone": world.zone,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licenses_need_the_full_format() {
        for (query, format) in [
            ("", Format::Standard),
            ("format=standard", Format::Standard),
            ("licenses=TRUE", Format::Standard),
            ("format=full", Format::Full),
            ("format=full&licenses=FALSE", Format::Full),
            ("format=full&licenses=TRUE", Format::FullWithLicenses),
        ] {
            assert_eq!(Format::of(&Query::parse(Some(query))), format, "{query}");
        }
    }

    #[test]
    fn an_access_token_is_kept_until_four_minutes_before_its_end() {
        let token = AccessToken::draw(1000);
        assert!(token.is_kept(1000 + LIFETIME - 241));
        assert!(!token.is_kept(1000 + LIFETIME - 240));
    }

    #[test]
    fn no_two_access_tokens_are_the_same() {
        assert_ne!(AccessToken::draw(0).token, AccessToken::draw(0).token);
    }
}
