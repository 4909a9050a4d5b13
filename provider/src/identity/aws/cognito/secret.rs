//! The secret: a JSON document with the client's id and secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::identity::aws::cognito::CognitoError;
use crate::identity::aws::json::{JsonClient, Operation};
use crate::secret::Secret;

/// Why a secret is not a client's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It is no JSON object whose values are texts.
    #[error("the secret `{secret}` is no JSON object with the texts `client-id` and `client-secret`")]
    Form {
        /// The secret's name.
        secret: String,
    },
    /// It lacks a key, or has nothing for it.
    #[error("the secret `{secret}` has no `{key}`")]
    Key {
        /// The secret's name.
        secret: String,
        /// The key.
        key: &'static str,
    },
}

/// A client of a user pool.
pub(super) struct Client {
    pub(super) id: Secret,
    pub(super) secret: Secret,
}

/// Reads the client from a secret.
pub(super) async fn client(aws: &JsonClient<'_>, secret: &str) -> Result<Client, CognitoError> {
    let input = json!({"SecretId": secret});
    let value: SecretValue = aws.call(Operation::GetSecretValue, Some(secret), &input).await?;
    Ok(value.into_client(secret)?)
}

/// A secret's value: one of the two. Source: AWS Secrets Manager API reference, `GetSecretValue`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<Secret>,
    secret_binary: Option<Secret>,
}

/// The keys that the incumbent reads, among others that it does not. Source: jfrog-credentials-provider 1.4.0, AWS.md, "Store
/// Cognito Credentials in AWS Secrets Manager".
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    client_id: Option<Secret>,
    client_secret: Option<Secret>,
}

impl SecretValue {
    fn into_client(self, secret: &str) -> Result<Client, SecretError> {
        let form = || SecretError::Form { secret: secret.to_owned() };
        let bytes = match (&self.secret_string, &self.secret_binary) {
            (Some(text), _) => Zeroizing::new(text.expose().as_bytes().to_vec()),
            (None, Some(encoded)) => Zeroizing::new(STANDARD.decode(encoded.expose()).map_err(|_| form())?),
            (None, None) => return Err(form()),
        };
        let Document { client_id, client_secret } = serde_json::from_slice(&bytes).map_err(|_| form())?;
        let filled = |value: Option<Secret>, key| {
            let value = value.filter(|value| !value.is_empty());
            value.ok_or_else(|| SecretError::Key { secret: secret.to_owned(), key })
        };
        Ok(Client { id: filled(client_id, "client-id")?, secret: filled(client_secret, "client-secret")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reply: &str) -> Result<(String, String), SecretError> {
        let value: SecretValue = serde_json::from_str(reply).expect(reply);
        let client = value.into_client("s")?;
        Ok((client.id.expose().to_owned(), client.secret.expose().to_owned()))
    }

    fn text(document: &str) -> String {
        json!({"SecretString": document}).to_string()
    }

    #[test]
    fn a_client_is_read_from_text_and_from_bytes() {
        let document = r#"{"client-id": "i", "client-secret": "s", "note": 1}"#;
        let client = Ok(("i".to_owned(), "s".to_owned()));
        assert_eq!(read(&text(document)), client);
        assert_eq!(read(&json!({"SecretBinary": STANDARD.encode(document)}).to_string()), client);
    }

    #[test]
    fn a_missing_or_empty_key_is_named() {
        for (document, key) in [
            (r#"{"client-secret": "s"}"#, "client-id"),
            (r#"{"client-id": "", "client-secret": "s"}"#, "client-id"),
            (r#"{"client-id": "i", "client_secret": "s"}"#, "client-secret"),
        ] {
            assert_eq!(read(&text(document)), Err(SecretError::Key { secret: "s".to_owned(), key }), "{document}");
        }
    }

    #[test]
    fn what_is_no_such_document_is_refused() {
        let numbers = text(r#"{"client-id": 1, "client-secret": "s"}"#);
        for reply in ["{}", r#"{"SecretBinary": "*"}"#, &text("hunter2"), &text("[]"), &numbers] {
            assert_eq!(read(reply), Err(SecretError::Form { secret: "s".to_owned() }), "{reply}");
        }
    }
}
