//! A secret as it is kept.

use std::io;

use rand::Rng as _;
use rand::distributions::Alphanumeric;
use serde_json::json;
use uuid::Uuid;

use super::{Content, Protection, Secret};
use crate::aws::Facts;
use crate::aws::cognito::Cognito;
use crate::aws::region::partition_of;

/// A secret with what the service gave it when it was made.
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) version: String,
    pub(super) protection: Protection,
    value: Content,
}

impl Kept {
    /// Keeps a secret of a world, which may be that of a Cognito client.
    ///
    /// # Errors
    ///
    /// When no user pool has that client.
    pub(super) fn new(secret: &Secret, facts: &Facts, cognito: &Cognito) -> io::Result<Self> {
        let (region, account) = (&facts.world.region, &facts.world.account);
        let partition = partition_of(region).id;
        let suffix: String = rand::thread_rng().sample_iter(Alphanumeric).take(6).map(char::from).collect();
        let value = match &secret.content {
            Content::CognitoClient(name) => Content::Text(client(&secret.name, cognito, name)?),
            other => other.clone(),
        };
        Ok(Self {
            arn: format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{}-{suffix}", secret.name),
            name: secret.name.clone(),
            version: Uuid::new_v4().to_string(),
            protection: secret.protection,
            value,
        })
    }

    /// Whether an id is its name, its ARN, or its ARN without the hyphen and the six characters.
    ///
    /// [API reference, GetSecretValue](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html), `SecretId`.
    pub(super) fn is(&self, id: &str) -> bool {
        let partial = &self.arn[..self.arn.len() - 7];
        id == self.name || id == self.arn || id == partial
    }

    /// The name of the field that holds its value, and the value.
    pub(super) fn field(&self) -> (&'static str, &str) {
        match &self.value {
            Content::Text(text) | Content::CognitoClient(text) => ("SecretString", text),
            Content::Binary(bytes) => ("SecretBinary", bytes),
        }
    }
}

// The keys are those that jfrog/jfrog-credentials-provider reads.
fn client(secret: &str, cognito: &Cognito, name: &str) -> io::Result<String> {
    let unknown = || format!("the secret `{secret}` is that of the Cognito client `{name}`, which no user pool has");
    let (id, secret) = cognito.client(name).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, unknown()))?;
    Ok(json!({"client-id": id, "client-secret": secret}).to_string())
}
