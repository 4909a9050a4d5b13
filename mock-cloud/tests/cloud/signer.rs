//! Calls to the JSON APIs of AWS, signed by the SDK's own signer with the credentials of a role.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use mock_cloud::MockCloud;
use reqwest::Response;
use serde_json::Value;

use crate::client::{client, get, json};

/// The key of a role.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl Key {
    /// The key that a document of credentials holds, the metadata service's or the agent's.
    pub(crate) fn of(document: &Value) -> Self {
        let text = |name: &str| document[name].as_str().unwrap().to_owned();
        Self { id: text("AccessKeyId"), secret: text("SecretAccessKey"), token: Some(text("Token")) }
    }

    /// The key of a role that is attached to the instance.
    pub(crate) async fn of_instance(cloud: &MockCloud, role: &str) -> Self {
        let url = format!("{}/latest/api/token", cloud.url());
        let token = client(None).put(url).header("x-aws-ec2-metadata-token-ttl-seconds", "60").send().await.unwrap();
        let path = format!("/latest/meta-data/iam/security-credentials/{role}");
        let token = token.text().await.unwrap();
        Self::of(&json(get(cloud, &path).header("x-aws-ec2-metadata-token", token).send().await.unwrap()).await)
    }
}

/// A call to an API, as it is signed and sent.
pub(crate) struct Call<'a> {
    /// The signing name.
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    /// The `Host`; unless told, the address of the mock.
    pub(crate) host: Option<&'a str>,
    pub(crate) target: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: String,
}

impl<'a> Call<'a> {
    /// A call of an operation of Secrets Manager or Cognito.
    pub(crate) fn new(operation: &'a str, input: &Value) -> Self {
        let service = if operation.starts_with("secretsmanager.") { "secretsmanager" } else { "cognito-idp" };
        Self {
            service,
            region: "us-east-1",
            host: None,
            target: operation,
            content_type: "application/x-amz-json-1.1",
            body: input.to_string(),
        }
    }

    /// The headers of the call, signed.
    pub(crate) fn signed(&self, cloud: &MockCloud, key: &Key) -> Vec<(String, String)> {
        let own = cloud.url().replace("http://", "");
        let host = self.host.unwrap_or(&own);
        let identity: Identity = Credentials::new(&key.id, &key.secret, key.token.clone(), None, "test").into();
        let now = Duration::from_secs(cloud.kit().clock.unix().try_into().unwrap());
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::UNIX_EPOCH + now)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = [("host", host), ("content-type", self.content_type), ("x-amz-target", self.target)];
        let body = SignableBody::Bytes(self.body.as_bytes());
        let signable = SignableRequest::new("POST", format!("http://{host}/"), headers.into_iter(), body);
        let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        let all = headers.into_iter().chain(instructions.headers());
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The answer to the call with these headers.
    pub(crate) async fn send(&self, cloud: &MockCloud, headers: &[(String, String)]) -> Response {
        let request = client(None).post(format!("{}/", cloud.url())).body(self.body.clone());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().await.unwrap()
    }

    /// The answer to the call, signed with a key.
    pub(crate) async fn ask(&self, cloud: &MockCloud, key: &Key) -> Response {
        self.send(cloud, &self.signed(cloud, key)).await
    }
}

/// The status, the name and the message of an error.
pub(crate) async fn error(response: Response) -> (u16, String, String) {
    let status = response.status().as_u16();
    let body = json(response).await;
    let message = body.get("Message").or_else(|| body.get("message")).and_then(Value::as_str).unwrap_or_default();
    (status, body["__type"].as_str().unwrap_or_default().to_owned(), message.to_owned())
}
