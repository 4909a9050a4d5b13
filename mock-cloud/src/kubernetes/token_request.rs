//! Service account tokens as the API server issues them on request.
//!
//! Source of the claims: kubernetes/kubernetes, `pkg/serviceaccount/claims.go`; of the refusals:
//! `pkg/registry/core/serviceaccount/storage/token.go` and `pkg/apis/authentication/validation`.

use std::sync::PoisonError;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Kubernetes, ServiceAccount};

/// The audience of the API server unless told otherwise, as `kubeadm` and EKS set it up.
const OWN_AUDIENCE: &str = "https://kubernetes.default.svc";

/// Source: kubernetes/kubernetes, `pkg/apis/authentication/v1/defaults.go`.
const LIFETIME: u64 = 3600;

/// Source: kubernetes/kubernetes, `pkg/apis/authentication/validation/validation.go`.
const SHORTEST: u64 = 600;
const LONGEST: u64 = 1 << 32;

/// What a token is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct TokenRequest {
    /// Whom the token is for; none stands for the API server itself.
    pub audiences: Vec<String>,
    /// The pod that the token is bound to.
    pub pod: Option<Pod>,
    /// Seconds that the token lives, 600 at least; unless told, an hour.
    pub expiration_seconds: Option<u64>,
}

/// A pod on the node of the world.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its UUID; unless told, a fresh one.
    #[serde(default = "fresh_uid")]
    pub uid: String,
}

/// A token that was issued.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountToken {
    /// The token, a compact JWS.
    pub token: String,
    /// When it expires, as RFC 3339.
    pub expiration_timestamp: String,
}

/// Why no token is issued, in the words of the API server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// No such service account.
    #[error("serviceaccounts \"{0}\" not found")]
    NotFound(String),
    /// A lifetime that no token has.
    #[error("TokenRequest.authentication.k8s.io \"\" is invalid: {0}")]
    Invalid(String),
}

impl std::fmt::Debug for ServiceAccountToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = formatter.debug_struct("ServiceAccountToken");
        debug.field("expiration_timestamp", &self.expiration_timestamp).finish_non_exhaustive()
    }
}

impl Pod {
    /// A pod with a fresh UUID.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), uid: fresh_uid() }
    }
}

impl TokenRequest {
    /// A request for a token that is bound to a pod and good for an hour.
    #[must_use]
    pub fn bound(audience: &str, pod: Pod) -> Self {
        Self { audiences: vec![audience.into()], pod: Some(pod), expiration_seconds: None }
    }

    fn seconds(&self) -> Result<i64, TokenRefusal> {
        let seconds = self.expiration_seconds.unwrap_or(LIFETIME);
        let refusal = match seconds {
            ..SHORTEST => "may not specify a duration less than 10 minutes",
            SHORTEST..=LONGEST => return Ok(i64::try_from(seconds).expect("2^32 fits")),
            _ => "may not specify a duration larger than 2^32 seconds",
        };
        Err(TokenRefusal::Invalid(format!("spec.expirationSeconds: Invalid value: {seconds}: {refusal}")))
    }
}

impl Kubernetes {
    /// Issues a token of a service account.
    ///
    /// # Errors
    ///
    /// When there is no such service account or no token may live so long.
    pub fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        request: &TokenRequest,
    ) -> Result<ServiceAccountToken, TokenRefusal> {
        let account = self.world().service_account(namespace, name);
        let account = account.ok_or_else(|| TokenRefusal::NotFound(name.into()))?;
        let seconds = request.seconds()?;
        let token = self.issuer().sign(self.claims(account, request, seconds));
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).push(token.clone());
        let expiration = self.clock.now() + Duration::from_secs(seconds.unsigned_abs());
        Ok(ServiceAccountToken { token, expiration_timestamp: rfc3339(expiration) })
    }

    fn claims(&self, account: &ServiceAccount, request: &TokenRequest, seconds: i64) -> Map<String, Value> {
        let ServiceAccount { namespace, name, uid, .. } = account;
        let now = self.clock.unix();
        let own = [OWN_AUDIENCE.to_owned()];
        let audiences = if request.audiences.is_empty() { own.as_slice() } else { &request.audiences };
        let mut private = json!({"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}});
        if let Some(pod) = &request.pod {
            let node = &self.world().node;
            private["node"] = json!({"name": node.name, "uid": node.uid});
            private["pod"] = json!({"name": pod.name, "uid": pod.uid});
        }
        let claims = [
            ("aud", json!(audiences)),
            ("exp", json!(now + seconds)),
            ("iat", json!(now)),
            ("iss", json!(self.issuer().url())),
            ("jti", json!(fresh_uid())),
            ("kubernetes.io", private),
            ("nbf", json!(now)),
            ("sub", json!(format!("system:serviceaccount:{namespace}:{name}"))),
        ];
        claims.into_iter().map(|(claim, value)| (claim.to_owned(), value)).collect()
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.truncate_to_second().format(&Rfc3339).expect("a year of four digits")
}

fn fresh_uid() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_ten_minutes_at_least_and_an_hour_unless_told() {
        let seconds = |expiration_seconds| TokenRequest { expiration_seconds, ..Default::default() }.seconds();
        assert_eq!(seconds(None), Ok(3600));
        assert_eq!(seconds(Some(600)), Ok(600));
        assert_eq!(seconds(Some(1 << 32)), Ok(1 << 32));
        let text = seconds(Some(599)).unwrap_err().to_string();
        assert!(text.ends_with("Invalid value: 599: may not specify a duration less than 10 minutes"), "{text}");
        let text = seconds(Some((1 << 32) + 1)).unwrap_err().to_string();
        assert!(text.ends_with(": may not specify a duration larger than 2^32 seconds"), "{text}");
    }
}
