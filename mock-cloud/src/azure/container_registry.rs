//! Azure Container Registry: a token of Entra ID becomes a refresh token, and that a token for pulls.
//!
//! ```text
//! POST /oauth2/exchange  grant_type=access_token&service=HOST&access_token=ENTRA ─▶ {"refresh_token": JWT}
//! ```
//!
//! The real service signs with a key of its own; here it is the tenant's, since nobody but the registry reads the token,
//! and its issuer and audience keep it apart.
//!
//! Source: Azure/acr, `docs/AAD-OAuth.md`, "Calling POST /oauth2/exchange to get an ACR refresh token".

use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Azure;
use super::world::TokenVersion;
use crate::query::Query;

/// Who a registry says that it is in its tokens. Source: Azure/acr, `docs/AAD-OAuth.md`, a decoded refresh token.
const ISSUER: &str = "Azure Container Registry";

/// The user that a refresh token is the password of. Source: Azure Container Registry, "Authenticate with a registry",
/// `az acr login --expose-token`.
pub(crate) const USERNAME: &str = "00000000-0000-0000-0000-000000000000";

/// Seconds that a refresh token lives: "the token used by `az acr login` is valid for 3 hours", same page.
const LIFETIME: i64 = 3 * 3600;

/// The grants that come with a token of Entra ID, same source.
const GRANTS: [&str; 2] = ["access_token", "access_token_refresh_token"];

/// What the token of Entra ID may be for. Source: Azure Container Registry, "Disable ARM audience tokens".
const AUDIENCES: [&str; 3] =
    ["https://containerregistry.azure.net", "https://management.azure.com", "https://management.core.windows.net"];

/// Why a registry does not exchange a token or let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A parameter is absent or not one of the registry.
    Request(&'static str),
    /// The token is none of the tenant's, is over, or is for something else.
    Token,
    /// Its owner may not pull.
    Forbidden,
}

/// What a token of Entra ID says.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    oid: String,
    exp: i64,
}

impl Azure {
    /// Exchanges a token of Entra ID at the registry with a host name.
    pub(crate) async fn refresh_token(&self, host: &str, form: &Query) -> Result<String, Refusal> {
        let needed = |name| form.first(name).filter(|it| !it.is_empty()).ok_or(Refusal::Request(name));
        if !GRANTS.contains(&needed("grant_type")?) {
            return Err(Refusal::Request("grant_type"));
        }
        if needed("service")? != host {
            return Err(Refusal::Request("service"));
        }
        if form.first("tenant").is_some_and(|tenant| !tenant.eq_ignore_ascii_case(&self.world().tenant)) {
            return Err(Refusal::Token);
        }
        let owner = self.owner(needed("access_token")?).await?;
        let pullers = self.world().container_registries.iter().find(|it| it.host() == host);
        if !pullers.is_some_and(|registry| registry.pullers.contains(&owner)) {
            return Err(Refusal::Forbidden);
        }
        Ok(self.sign_refresh_token(host, &owner))
    }

    /// Whether a user name and a password open the registry with a host name.
    pub(crate) fn admits(&self, host: &str, username: &str, password: &str) -> Result<(), Refusal> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[host]);
        rules.set_issuer(&[ISSUER]);
        // The time is that of the world and not of this machine.
        rules.validate_exp = false;
        let key = self.0.v1.keys().current().decoding_key();
        let token = decode::<Map<String, Value>>(password, &key, &rules).map_err(|_| Refusal::Token)?;
        let expiry = token.claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        let is_good = username == USERNAME && expiry > self.0.clock.unix();
        if is_good { Ok(()) } else { Err(Refusal::Token) }
    }

    /// The object id of whom a token is about, which the tenant's keys must have signed.
    async fn owner(&self, token: &str) -> Result<String, Refusal> {
        // Whose it is decides which keys are asked for; nothing of it counts before these have verified it.
        let claims = insecure_decode::<Claims>(token).map_err(|_| Refusal::Token)?.claims;
        let audience = claims.aud.strip_suffix('/').unwrap_or(&claims.aud);
        if !AUDIENCES.contains(&audience) || claims.exp <= self.0.clock.unix() {
            return Err(Refusal::Token);
        }
        let own = [TokenVersion::V1, TokenVersion::V2].map(|version| self.issuer(version).url().to_owned());
        let published = self.0.published_issuers.iter().find(|(name, _)| *name == claims.iss && own.contains(name));
        let (issuer, published_at) = published.ok_or(Refusal::Token)?;
        let verified = self.0.issuers.signed(token, issuer, published_at, &[Algorithm::RS256]).await;
        verified.map(|()| claims.oid).map_err(|_| Refusal::Token)
    }

    // The fields of a decoded refresh token, same source.
    fn sign_refresh_token(&self, host: &str, owner: &str) -> String {
        let now = self.0.clock.unix();
        let claims = json!({
            "jti": uuid::Uuid::new_v4().to_string(),
            "sub": owner,
            "nbf": now - 300,
            "exp": now + LIFETIME,
            "iat": now - 300,
            "iss": ISSUER,
            "aud": host,
            "version": "1.0",
            "tenant": self.world().tenant,
            "permissions": {"actions": ["read"]},
            "grant_type": "refresh_token",
        });
        self.0.v1.keys().current().sign(Map::new(), &claims)
    }
}
