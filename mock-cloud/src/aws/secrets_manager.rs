//! AWS Secrets Manager: one operation, `GetSecretValue`, for whoever signs and may.
//!
//! ```text
//! POST /  X-Amz-Target: secretsmanager.GetSecretValue  {"SecretId": NAME or ARN}
//! ```
//!
//! The order is: shape of the input, permission of the role, then the secret, so that a caller who may not ask does not
//! learn what exists. [API reference, GetSecretValue](https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html).

mod secret;
mod world;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use self::secret::Kept;
pub use self::world::{Content, Protection, Secret};
use super::cognito::Cognito;
use super::json::{Api, Call, Failure, epoch};
use super::{Aws, Facts};

const ACTION: &str = "secretsmanager:GetSecretValue";

/// The stage of the version that a caller gets unless it asks for another.
const CURRENT: &str = "AWSCURRENT";

/// The secrets of one account; clones share them.
#[derive(Clone)]
pub struct SecretsManager(Arc<Account>);

struct Account {
    facts: Arc<Facts>,
    secrets: Vec<Kept>,
}

/// What `GetSecretValue` is asked.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Question {
    #[serde(default)]
    secret_id: Option<String>,
    #[serde(default)]
    version_id: Option<String>,
    #[serde(default)]
    version_stage: Option<String>,
}

impl SecretsManager {
    /// Keeps the secrets of a world, among them those of its Cognito clients.
    ///
    /// # Errors
    ///
    /// When a secret is that of a Cognito client that no user pool has.
    pub fn new(aws: &Aws, cognito: &Cognito) -> io::Result<Self> {
        let facts = Arc::clone(&aws.0);
        let secrets = facts.world.secrets.iter().map(|secret| Kept::new(secret, &facts, cognito));
        let secrets = secrets.collect::<io::Result<_>>()?;
        Ok(Self(Arc::new(Account { facts, secrets })))
    }

    /// Serves the API at `/`.
    pub fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(self.clone())
    }

    /// Answers the value of every secret.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.0.secrets.iter().map(|secret| secret.field().1.to_owned()).collect()
    }
}

async fn answer(State(manager): State<SecretsManager>, request: Request) -> Response {
    let account = &*manager.0;
    let perform = |call: &Call| match call.operation.as_str() {
        "GetSecretValue" => account.value(call),
        _ => Err(Failure::UnknownOperation),
    };
    Api::SecretsManager.answer(&account.facts, request, perform).await
}

impl Account {
    fn value(&self, call: &Call) -> Result<Value, Failure> {
        let question: Question = call.input()?;
        let id = question.id()?;
        call.is_allowed(ACTION, id)?;
        let mut secrets = self.secrets.iter().filter(|_| call.is_at_home(&self.facts));
        let secret = secrets.find(|secret| secret.is(id)).ok_or_else(|| not_found(""))?;
        secret.is_readable()?;
        question.fits(secret)?;
        let (field, value) = secret.field();
        Ok(json!({
            "ARN": secret.arn,
            "CreatedDate": epoch(self.facts.started),
            "Name": secret.name,
            field: value,
            "VersionId": secret.version,
            "VersionStages": [CURRENT],
        }))
    }
}

impl Question {
    // `SecretId` has 1 to 2,048 characters: botocore, data/secretsmanager/2017-10-17/service-2.json.
    fn id(&self) -> Result<&str, Failure> {
        let complaint = match self.secret_id.as_deref() {
            None => "Value null at 'secretId' failed to satisfy constraint: Member must not be null".into(),
            Some("") => constraint("", "greater than or equal to 1"),
            Some(id) if id.len() > 2048 => constraint(id, "less than or equal to 2048"),
            Some(id) => return Ok(id),
        };
        Err(Failure::exception("ValidationException", format!("1 validation error detected: {complaint}")))
    }

    fn fits(&self, secret: &Kept) -> Result<(), Failure> {
        if let Some(stage) = self.version_stage.as_deref().filter(|stage| *stage != CURRENT) {
            return Err(not_found(&format!(" value for staging label: {stage}")));
        }
        if let Some(version) = self.version_id.as_deref().filter(|version| *version != secret.version) {
            return Err(not_found(&format!(" value for VersionId: {version}")));
        }
        Ok(())
    }
}

impl Kept {
    // The first text is quoted in issues of hashicorp/terraform-provider-aws, the second stands in botocore's model, the
    // third in the AWS Knowledge Center, "Access to KMS is not allowed".
    fn is_readable(&self) -> Result<(), Failure> {
        let (code, message) = match self.protection {
            Protection::None => return Ok(()),
            Protection::Deleted => (
                "InvalidRequestException",
                "You can't perform this operation on the secret because it was marked for deletion.",
            ),
            Protection::KeyBroken => (
                "DecryptionFailure",
                "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
            ),
            Protection::KeyDenied => ("AccessDeniedException", "Access to KMS is not allowed"),
        };
        Err(Failure::exception(code, message))
    }
}

fn constraint(value: &str, length: &str) -> String {
    format!("Value '{value}' at 'secretId' failed to satisfy constraint: Member must have length {length}")
}

// getmoto/moto, moto/secretsmanager/exceptions.py.
fn not_found(what: &str) -> Failure {
    let end = if what.is_empty() { "." } else { what };
    Failure::exception("ResourceNotFoundException", format!("Secrets Manager can't find the specified secret{end}"))
}
