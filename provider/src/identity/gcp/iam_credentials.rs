//! The IAM Service Account Credentials API, by hand: one call, `generateIdToken`.
//!
//! Sources: Service Account Credentials REST reference, `projects.serviceAccounts.generateIdToken`; `google.rpc.Status` and
//! `google.api.ErrorReason` in googleapis/googleapis.

use serde::Deserialize;
use serde_json::json;

use super::Target;
use crate::http::{Http, HttpError, Request};
use crate::jwt::Claims;
use crate::secret::{Secret, quote_foreign};

/// Why the API signed no ID token.
#[derive(Debug, thiserror::Error)]
pub enum IamCredentialsError {
    /// No complete reply.
    #[error("cannot reach Google's IAM Credentials API")]
    Transport(#[source] HttpError),
    /// A refusal, with the API's own words.
    #[error("Google's IAM Credentials API refused with `{}` for `{}`: {}", .0.code, .0.service_account, .0.message)]
    Refused(Box<Refusal>),
    /// A reply that is not what the API documents.
    #[error("Google's IAM Credentials API answered {status} in an unknown form")]
    Form {
        /// The HTTP status.
        status: u16,
    },
}

/// A refusal of the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The account that was to be acted as.
    pub service_account: String,
    /// The reason of the error's details, else the name of its status.
    pub code: String,
    /// Its message, cut and cleaned.
    pub message: String,
    /// Who wanted to.
    pub caller: Caller,
}

/// Who acts as a service account, as a policy names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The VM's service account.
    Node,
    /// An identity of a workload identity pool.
    Federated {
        /// `principal://..`
        member: String,
    },
}

/// Has an ID token signed at the API's address for an account.
pub(super) async fn id_token(
    http: &Http,
    url: String,
    target: &Target,
    access_token: &Secret,
    caller: Caller,
    audience: &str,
) -> Result<Secret, IamCredentialsError> {
    let delegates = target.delegates.iter().map(|account| format!("projects/-/serviceAccounts/{account}"));
    let body = json!({
        "audience": audience,
        "includeEmail": true,
        "delegates": delegates.collect::<Vec<_>>(),
    });
    let bearer = Secret::new(format!("Bearer {}", access_token.expose()));
    let request = Request::post_json(url, &body).secret_header("authorization", &bearer);
    let reply = http.send(&request).await.map_err(IamCredentialsError::Transport)?;
    let status = reply.status.as_u16();
    let form = |_| IamCredentialsError::Form { status };
    if reply.is_ok() {
        let IdTokenReply { token } = serde_json::from_slice(reply.body()).map_err(form)?;
        return if Claims::read(&token).is_some() { Ok(token) } else { Err(IamCredentialsError::Form { status }) };
    }
    let ErrorDocument { error } = serde_json::from_slice(reply.body()).map_err(form)?;
    Err(IamCredentialsError::Refused(Box::new(Refusal {
        service_account: target.service_account.clone(),
        code: quote_foreign(&error.reason()),
        message: quote_foreign(&error.message),
        caller,
    })))
}

#[derive(Deserialize)]
struct IdTokenReply {
    token: Secret,
}

#[derive(Deserialize)]
struct ErrorDocument {
    error: RpcStatus,
}

#[derive(Deserialize)]
struct RpcStatus {
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    reason: Option<String>,
}

impl RpcStatus {
    /// The reason of the details, which is finer than the status.
    fn reason(&self) -> String {
        let reason = self.details.iter().find_map(|detail| detail.reason.clone());
        reason.unwrap_or_else(|| self.status.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(document: &str) -> String {
        serde_json::from_str::<ErrorDocument>(document).expect("an error").error.reason()
    }

    #[test]
    fn a_detailed_reason_wins_over_the_status() {
        let detailed = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"@type":"x"},
            {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","metadata":{}}]}}"#;
        assert_eq!(reason(detailed), "IAM_PERMISSION_DENIED");
        assert_eq!(reason(r#"{"error":{"code":404,"message":"m","status":"NOT_FOUND"}}"#), "NOT_FOUND");
    }
}
