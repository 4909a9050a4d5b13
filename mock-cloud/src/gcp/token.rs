//! What the tokens of service accounts say, and how long the metadata server keeps them.

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

/// An access token as the server keeps it for one account and set of scopes.
#[derive(Clone)]
pub(super) struct KeptToken {
    pub(super) token: String,
    pub(super) expires_on: i64,
}

impl KeptToken {
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

/// Writes the claims that every ID token of an account has, without `iss`; it lives one hour.
pub(super) fn subject_claims(account: &ServiceAccount, audience: &str, now: i64) -> Map<String, Value> {
    let claims = [
        ("aud", json!(audience)),
        ("azp", json!(account.unique_id)),
        ("sub", json!(account.unique_id)),
        ("iat", json!(now)),
        ("exp", json!(now + 3600)),
    ];
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Writes the claims that name the account's address.
pub(super) fn email_claims(account: &ServiceAccount) -> Map<String, Value> {
    let claims = [("email", json!(account.email)), ("email_verified", json!(true))];
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Writes the claims of the instance that asks; none in the short format.
///
/// Source: Compute Engine, Verify the identity of VMs (Token contents).
pub(super) fn instance_claims(world: &GcpWorld, format: Format) -> Map<String, Value> {
    let mut claims = Map::new();
    if format != Format::Standard {
        let mut engine = compute_engine(world);
        if format == Format::FullWithLicenses {
            engine["license_id"] = json!(world.instance.licenses);
        }
        claims.insert("google".to_owned(), json!({ "compute_engine": engine }));
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
        let token = KeptToken { token: "ya29.c.x".into(), expires_on: 1000 + LIFETIME };
        assert!(token.is_kept(1000 + LIFETIME - 241));
        assert!(!token.is_kept(1000 + LIFETIME - 240));
    }
}
