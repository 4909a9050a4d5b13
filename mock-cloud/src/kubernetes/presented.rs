//! Service account tokens verified as whoever trusts the cluster does: by its published keys and nothing else.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

use super::Kubernetes;

/// The pod that a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PresentedPod {
    pub(crate) namespace: String,
    pub(crate) service_account: String,
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// Why a token speaks for no pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Signature, issuer or audience are not those that are trusted, or it is no token at all.
    Untrusted,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is bound to no pod.
    Unbound,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
    nbf: Option<f64>,
    sub: String,
    #[serde(rename = "kubernetes.io")]
    private: Option<Private>,
}

#[derive(Deserialize)]
struct Private {
    namespace: String,
    serviceaccount: Object,
    pod: Option<Object>,
}

#[derive(Deserialize)]
struct Object {
    name: String,
    uid: String,
}

impl Kubernetes {
    /// The pod that a token of this cluster for an audience speaks for now.
    ///
    /// # Errors
    ///
    /// The first flaw of the token, the order being that of the variants.
    pub(crate) fn presented(&self, token: &str, audience: &str) -> Result<PresentedPod, Flaw> {
        let Claims { exp, nbf, sub, private } = self.claims_of(token, audience).ok_or(Flaw::Untrusted)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in 53 bits")]
        let now = self.clock.unix() as f64;
        if exp <= now {
            return Err(Flaw::Expired);
        }
        if nbf.is_some_and(|start| start > now) {
            return Err(Flaw::NotYetValid);
        }
        let Private { namespace, serviceaccount, pod } = private.ok_or(Flaw::Unbound)?;
        let pod = pod.ok_or(Flaw::Unbound)?;
        let service_account = serviceaccount.name;
        if sub != format!("system:serviceaccount:{namespace}:{service_account}") || serviceaccount.uid.is_empty() {
            return Err(Flaw::Unbound);
        }
        Ok(PresentedPod { namespace, service_account, name: pod.name, uid: pod.uid })
    }

    fn claims_of(&self, token: &str, audience: &str) -> Option<Claims> {
        let keys: JwkSet = serde_json::from_value(self.issuer.keys().jwks()).ok()?;
        let key = DecodingKey::from_jwk(keys.find(&decode_header(token).ok()?.kid?)?).ok()?;
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_issuer(&[self.issuer.url()]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // The library knows only real time, and the world has its own.
        rules.validate_exp = false;
        decode(token, &key, &rules).ok().map(|token| token.claims)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mock_kit::{Kit, SigningKey};
    use serde_json::{Value, json};

    use super::super::{Pod, TokenRequest};
    use super::*;
    use crate::World;

    const AUDIENCE: &str = "pods.eks.amazonaws.com";

    fn cluster() -> (Kubernetes, Kit) {
        let kit = Kit::new();
        (Kubernetes::new(&World::default().kubernetes, "http://127.0.0.1:80", &kit), kit)
    }

    fn token(cluster: &Kubernetes) -> String {
        let request = TokenRequest::bound(AUDIENCE, Pod { name: "web-0".into(), uid: "uid".into() });
        cluster.service_account_token("default", "app", &request).unwrap().token
    }

    fn claims(token: &str) -> Value {
        use base64::Engine as _;
        let payload = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    #[test]
    fn a_bound_token_speaks_for_its_pod() {
        let (cluster, _kit) = cluster();
        let pod = cluster.presented(&token(&cluster), AUDIENCE).unwrap();
        assert_eq!((pod.namespace.as_str(), pod.service_account.as_str()), ("default", "app"));
        assert_eq!((pod.name.as_str(), pod.uid.as_str()), ("web-0", "uid"));
    }

    #[test]
    fn a_token_for_another_audience_or_of_another_issuer_is_not_trusted() {
        let (cluster, _kit) = cluster();
        let token = token(&cluster);
        assert_eq!(cluster.presented(&token, "sts.amazonaws.com"), Err(Flaw::Untrusted));
        let mut foreign = claims(&token);
        foreign["iss"] = json!("https://elsewhere.test");
        let foreign = cluster.issuer().sign(foreign.as_object().unwrap().clone());
        assert_eq!(cluster.presented(&foreign, AUDIENCE), Err(Flaw::Untrusted));
    }

    #[test]
    fn a_token_that_the_cluster_did_not_sign_is_not_trusted() {
        let (cluster, _kit) = cluster();
        let token = token(&cluster);
        let kid = cluster.issuer().keys().current().key_id().to_owned();
        let header = json!({ "kid": kid }).as_object().unwrap().clone();
        let forged = SigningKey::named("presented-test").sign(header, &claims(&token));
        assert_eq!(cluster.presented(&forged, AUDIENCE), Err(Flaw::Untrusted));
        assert_eq!(cluster.presented("a.b.c", AUDIENCE), Err(Flaw::Untrusted));
        cluster.issuer().keys().rotate();
        assert!(cluster.presented(&token, AUDIENCE).is_ok());
        cluster.issuer().keys().retire();
        assert_eq!(cluster.presented(&token, AUDIENCE), Err(Flaw::Untrusted));
    }

    #[test]
    fn a_token_is_good_for_its_time_only() {
        let (cluster, kit) = cluster();
        let token = token(&cluster);
        let mut early = claims(&token);
        early["nbf"] = json!(cluster.clock.unix() + 60);
        let early = cluster.issuer().sign(early.as_object().unwrap().clone());
        assert_eq!(cluster.presented(&early, AUDIENCE), Err(Flaw::NotYetValid));
        kit.clock.advance(Duration::from_mins(61));
        assert_eq!(cluster.presented(&token, AUDIENCE), Err(Flaw::Expired));
    }

    #[test]
    fn a_token_of_no_pod_speaks_for_none() {
        let (cluster, _kit) = cluster();
        let request = TokenRequest { audiences: vec![AUDIENCE.into()], ..TokenRequest::default() };
        let unbound = cluster.service_account_token("default", "app", &request).unwrap().token;
        assert_eq!(cluster.presented(&unbound, AUDIENCE), Err(Flaw::Unbound));
        for (pointer, value) in
            [("/sub", json!("system:serviceaccount:default:other")), ("/kubernetes.io/serviceaccount/uid", json!(""))]
        {
            let mut altered = claims(&token(&cluster));
            *altered.pointer_mut(pointer).unwrap() = value;
            let altered = cluster.issuer().sign(altered.as_object().unwrap().clone());
            assert_eq!(cluster.presented(&altered, AUDIENCE), Err(Flaw::Unbound), "{pointer}");
        }
    }
}
