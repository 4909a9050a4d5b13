//! The AWS JSON 1.1 protocol, by hand: each call is one POST, signed with `SigV4`.
//!
//! Sources: Smithy, "AWS JSON 1.1 protocol"; IAM user guide, "AWS Signature Version 4 for API requests".

use std::fmt;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::endpoints::{CognitoEndpoints, Region};
use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::aws::SignError;
use crate::identity::aws::credentials::AwsCredentials;
use crate::secret::{Secret, quote_foreign};
use crate::time::now;

/// The media type of the protocol. Source: Smithy, as above.
const MEDIA_TYPE: &str = "application/x-amz-json-1.1";

/// The headers that the signer adds.
const SIGNED: [&str; 3] = ["x-amz-date", "x-amz-security-token", "authorization"];

/// The errors that may pass by themselves, which come with status 400.
///
/// Source: botocore `data/_retry.json`, `throttling` and `too_many_requests`.
const THROTTLING: [&str; 3] = ["ThrottlingException", "ThrottledException", "TooManyRequestsException"];

/// A call. Each needs the right to the action of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads a secret.
    GetSecretValue,
    /// Lists the user pools of the account and region.
    ListUserPools,
    /// Describes a user pool.
    DescribeUserPool,
    /// Lists the resource servers of a user pool.
    ListResourceServers,
}

impl Operation {
    /// The action that a policy allows.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::GetSecretValue => "secretsmanager:GetSecretValue",
            Self::ListUserPools => "cognito-idp:ListUserPools",
            Self::DescribeUserPool => "cognito-idp:DescribeUserPool",
            Self::ListResourceServers => "cognito-idp:ListResourceServers",
        }
    }

    /// The service's name in a signature, which its actions begin with as well.
    fn signing_name(self) -> &'static str {
        self.action().split(':').next().unwrap_or_default()
    }

    /// The value of `X-Amz-Target`. Source: botocore, `targetPrefix` of `secretsmanager` and `cognito-idp`.
    fn target(self) -> &'static str {
        match self {
            Self::GetSecretValue => "secretsmanager.GetSecretValue",
            Self::ListUserPools => "AWSCognitoIdentityProviderService.ListUserPools",
            Self::DescribeUserPool => "AWSCognitoIdentityProviderService.DescribeUserPool",
            Self::ListResourceServers => "AWSCognitoIdentityProviderService.ListResourceServers",
        }
    }

    fn base(self, endpoints: &CognitoEndpoints, region: &Region) -> String {
        match self {
            Self::GetSecretValue => endpoints.secrets_manager(region),
            Self::ListUserPools | Self::DescribeUserPool | Self::ListResourceServers => endpoints.user_pools(region),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.action())
    }
}

/// Why a call gave nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No complete reply.
    #[error("cannot call {operation} in {}", .region.as_str())]
    Transport {
        /// The call.
        operation: Operation,
        /// The region.
        region: Region,
        /// What happened.
        source: HttpError,
    },
    /// A refusal, with the service's own code and words.
    #[error(
        "{operation} in {} was refused with `{code}`{}",
        .region.as_str(), .message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
    )]
    Refused {
        /// The call.
        operation: Operation,
        /// The region.
        region: Region,
        /// What it was about: a secret, or a user pool; nothing for a listing of all.
        resource: Option<String>,
        /// The error's code, such as `AccessDeniedException`.
        code: String,
        /// Its message, cut and cleaned.
        message: Option<String>,
    },
    /// A reply that is not what the service documents.
    #[error("{operation} was answered {status} in an unknown form")]
    Form {
        /// The call.
        operation: Operation,
        /// The HTTP status.
        status: u16,
    },
    /// The signature.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// Signs and sends calls to one region.
pub(super) struct JsonClient<'pull> {
    pub(super) http: &'pull Http,
    pub(super) endpoints: &'pull CognitoEndpoints,
    pub(super) region: &'pull Region,
    pub(super) credentials: &'pull AwsCredentials,
}

impl JsonClient<'_> {
    /// Makes a call; `resource` is what an error names.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        operation: Operation,
        resource: Option<&str>,
        input: &Value,
    ) -> Result<T, CallError> {
        let region = || self.region.clone();
        let request = self.sign(operation, input)?.retried_if(is_throttled);
        let transport = |source| CallError::Transport { operation, region: region(), source };
        let reply = self.http.send(&request).await.map_err(transport)?;
        let form = |_| CallError::Form { operation, status: reply.status.as_u16() };
        if reply.is_ok() {
            return serde_json::from_slice(reply.body()).map_err(form);
        }
        let refusal: Refusal = serde_json::from_slice(reply.body()).map_err(form)?;
        let code = quote_foreign(refusal.code());
        let message = refusal.message.or(refusal.capital_message).as_deref().map(quote_foreign);
        Err(CallError::Refused { operation, region: region(), resource: resource.map(str::to_owned), code, message })
    }

    fn sign(&self, operation: Operation, input: &Value) -> Result<Request, SignError> {
        let url = format!("{}/", operation.base(self.endpoints, self.region));
        let body = input.to_string();
        let headers = [("content-type", MEDIA_TYPE), ("x-amz-target", operation.target())];
        let identity = self.credentials.identity();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region.as_str())
            .name(operation.signing_name())
            .time(now())
            .settings(SigningSettings::default())
            .build()
            .map_err(SignError::from_signer)?;
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", &url, headers.into_iter(), body).map_err(SignError::from_signer)?;
        let (instructions, _) = sign(signable, &parameters.into()).map_err(SignError::from_signer)?.into_parts();
        let mut request = Request::post_json(url.clone(), input);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for name in SIGNED {
            if let Some((_, value)) = instructions.headers().find(|(known, _)| *known == name) {
                request = request.secret_header(name, &Secret::new(value.to_owned()));
            }
        }
        Ok(request)
    }
}

/// An error document. Source: Smithy, "AWS JSON 1.1 protocol", "Operation error serialization"; AWS services write either
/// case of `message`.
#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    shape: String,
    message: Option<String>,
    #[serde(rename = "Message")]
    capital_message: Option<String>,
}

impl Refusal {
    /// The name of the error, which may stand behind a namespace and before an address.
    fn code(&self) -> &str {
        let name = self.shape.rsplit('#').next().unwrap_or_default();
        name.split(':').next().unwrap_or_default()
    }
}

fn is_throttled(reply: &Reply) -> bool {
    !reply.is_ok()
        && serde_json::from_slice::<Refusal>(reply.body()).is_ok_and(|refusal| THROTTLING.contains(&refusal.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Refusal {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn an_errors_code_stands_between_namespace_and_address() {
        for shape in
            ["NotFound", "com.amazonaws.x#NotFound", "NotFound:http://internal.amazon.com/", "a.b#NotFound:http://x/"]
        {
            assert_eq!(refusal(&format!("{{\"__type\":\"{shape}\"}}")).code(), "NotFound", "{shape}");
        }
    }

    #[test]
    fn a_message_is_read_in_either_case() {
        assert_eq!(refusal(r#"{"__type":"x","message":"m"}"#).message.as_deref(), Some("m"));
        assert_eq!(refusal(r#"{"__type":"x","Message":"m"}"#).capital_message.as_deref(), Some("m"));
    }
}
