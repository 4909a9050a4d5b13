//! A whole world with a cluster whose pods have tokens.

use std::net::SocketAddr;

use mock_cloud::{MockCloud, World};
use serde_json::{Value, json};

use crate::question::{Question, form};
use crate::wire::{Answer, send};

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/web-identity-pull";
pub(crate) const DISCOVERY: &str = "/id/0123456789ABCDEF0123456789ABCDEF/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/id/0123456789ABCDEF0123456789ABCDEF/keys";

/// A served world.
pub(crate) struct Cluster {
    pub(crate) cloud: MockCloud,
    pub(crate) address: SocketAddr,
}

impl Cluster {
    pub(crate) async fn start(world: World) -> Self {
        let cloud = MockCloud::start(world).await.unwrap();
        let address = cloud.url().strip_prefix("http://").unwrap().parse().unwrap();
        Self { cloud, address }
    }

    /// The default world.
    pub(crate) async fn default() -> Self {
        Self::start(World::default()).await
    }

    pub(crate) fn now(&self) -> i64 {
        self.cloud.kit().clock.unix()
    }

    /// The `iss` of the cluster's tokens.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/id/0123456789ABCDEF0123456789ABCDEF", self.cloud.url())
    }

    pub(crate) fn control(&self, path: &str, document: &Value) -> Answer {
        let headers = [("connection", "close"), ("content-type", "application/json")];
        send(self.address, "POST", path, &headers, document.to_string().as_bytes())
    }

    /// A token that an issuer of the world signs.
    pub(crate) fn signed_by(&self, issuer: &str, claims: &Value) -> String {
        let answer = self.control(&format!("/__mock/issuers/{issuer}/tokens"), claims);
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        answer["token"].as_str().unwrap().into()
    }

    /// The token of the pod that the default role trusts, with other claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let mut all = json!({"aud": ["sts.amazonaws.com"], "sub": "system:serviceaccount:default:app"});
        let all_claims = all.as_object_mut().unwrap();
        for (name, value) in claims.as_object().unwrap() {
            all_claims.insert(name.clone(), value.clone());
        }
        all_claims.retain(|_, value| !value.is_null());
        self.signed_by("kubernetes", &all)
    }

    /// What STS answers to these parameters, which nobody has signed.
    pub(crate) fn ask(&self, parameters: &[(&str, &str)]) -> Answer {
        self.ask_at("/", parameters)
    }

    /// The same at another path.
    pub(crate) fn ask_at(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let call = [("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15")];
        let body = form(&[call.as_slice(), parameters].concat());
        let headers = [("connection", "close"), ("content-type", "application/x-www-form-urlencoded")];
        send(self.address, "POST", path, &headers, body.as_bytes())
    }

    /// What STS answers to a token for a role.
    pub(crate) fn assume(&self, role_arn: &str, token: &str) -> Answer {
        self.ask(&[("RoleArn", role_arn), ("RoleSessionName", "app-1"), ("WebIdentityToken", token)])
    }

    /// What STS answers to a question that was signed with these credentials.
    pub(crate) fn ask_as(&self, credentials: &Value, question: &Question<'_>) -> Answer {
        question.send_to(self.address, &question.signed_at(&self.cloud.kit().clock, credentials))
    }
}
