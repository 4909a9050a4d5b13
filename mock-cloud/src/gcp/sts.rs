//! The Security Token Service: a token of a trusted issuer becomes a federated access token.
//!
//! ```text
//! request ─▶ provider of a pool ─▶ issuer, audience, time ─▶ signature ─▶ mapping, condition ─▶ access token
//! ```
//!
//! Sources: Security Token Service REST reference, `v1.token`; RFC 8693. In which order the service looks at a token is not
//! recorded anywhere.

mod error;
mod request;

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Json, Router};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use self::error::StsError;
use self::request::Exchange;
use super::Gcp;
use super::access_token::Grant;
use super::pool::{NoIdentity, PoolProvider};
use super::principal::Principal;
use super::token::LIFETIME;
use crate::discovery::Unverified;

/// Source: IAM documentation, "Configure Workload Identity Federation with other identity providers": RS256 or ES256.
const ALGORITHMS: &[Algorithm] = &[Algorithm::RS256, Algorithm::ES256];

pub(super) fn router(gcp: &Gcp) -> Router {
    Router::new().route("/v1/token", post(token)).fallback(no_method).with_state(gcp.clone())
}

async fn token(State(gcp): State<Gcp>, request: Request) -> Result<Json<Value>, StsError> {
    let exchange = Exchange::read(request).await?;
    gcp.exchange(&exchange).await.map(Json)
}

async fn no_method() -> Response {
    axum::response::IntoResponse::into_response(http::StatusCode::NOT_FOUND)
}

impl Gcp {
    async fn exchange(&self, exchange: &Exchange) -> Result<Value, StsError> {
        let provider = self.pool_provider(&exchange.audience)?;
        let claims = self.trusted(provider, &exchange.subject_token).await?;
        let identity = provider.identity(&claims).map_err(|reason| match reason {
            NoIdentity::Unmapped(attribute) => StsError::unmapped(&attribute),
            NoIdentity::Condition => StsError::condition(),
        })?;
        let expires_on = self.0.clock.unix() + LIFETIME;
        let principal = Principal::Federated(identity);
        let grant = Grant { principal, scopes: exchange.scopes.clone(), expires_on };
        Ok(json!({
            "access_token": self.0.access_tokens.issue("ya29.d.", grant),
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer",
            "expires_in": LIFETIME,
        }))
    }

    /// The provider that an audience names.
    fn pool_provider(&self, audience: &str) -> Result<&PoolProvider, StsError> {
        let name = audience.strip_prefix("//iam.googleapis.com/");
        let name = name.filter(|name| name.starts_with("projects/") && name.contains("/providers/"));
        let name = name.ok_or_else(StsError::audience)?;
        let mut providers = self.world().workload_identity_providers.iter();
        let provider = providers.find(|provider| provider.name == name && !provider.disabled);
        provider.ok_or_else(StsError::target)
    }

    /// The claims of a token that a provider trusts now.
    async fn trusted(&self, provider: &PoolProvider, token: &str) -> Result<Value, StsError> {
        let claims = request::claims(token).ok_or_else(StsError::no_token)?;
        let issuer = &provider.oidc.issuer_uri;
        if claims["iss"].as_str() != Some(issuer) {
            return Err(StsError::issuer(claims["iss"].as_str().unwrap_or_default(), issuer));
        }
        let audiences = match &claims["aud"] {
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        let expected = provider.audiences();
        if !audiences.iter().any(|audience| expected.iter().any(|it| it == audience)) {
            return Err(StsError::token_audience(&audiences.join(", "), &expected[0]));
        }
        let (now, at) = (self.0.clock.unix(), |name: &str| claims[name].as_i64());
        let (Some(expiry), Some(start)) = (at("exp"), at("iat")) else { return Err(StsError::no_token()) };
        if expiry <= now || start > now || at("nbf").is_some_and(|start| start > now) {
            return Err(StsError::stale(start));
        }
        let signed = self.0.issuers.signed(token, issuer, provider.published_at(), ALGORITHMS).await;
        signed.map_err(|unverified| match unverified {
            Unverified::Unreachable => StsError::unreachable(),
            Unverified::Key | Unverified::Token => StsError::no_token(),
        })?;
        Ok(claims)
    }
}
