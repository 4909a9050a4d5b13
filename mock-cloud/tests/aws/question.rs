//! A question to STS, signed by the SDK's own signer.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::{v4, v4a};
use aws_smithy_runtime_api::client::identity::Identity;
use mock_kit::Clock;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::instance::Instance;
use crate::wire::{Answer, send};

pub(crate) const QUERY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// What a question is signed for.
#[derive(Clone, Copy)]
pub(crate) enum For<'a> {
    /// One region, by SigV4.
    Region(&'a str),
    /// A set of regions, by SigV4A.
    Regions(&'a str),
}

/// A question to STS before it is signed.
pub(crate) struct Question<'a> {
    pub(crate) host: &'a str,
    pub(crate) signed_for: For<'a>,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a str,
}

impl Default for Question<'_> {
    fn default() -> Self {
        Self {
            host: "sts.us-east-1.amazonaws.com",
            signed_for: For::Regions("*"),
            method: "GET",
            path: "/",
            query: QUERY,
            content_type: None,
            body: "",
        }
    }
}

impl Question<'_> {
    /// The headers that the SDK gives the question, signed with the role's credentials at the world's time.
    pub(crate) fn signed(&self, instance: &Instance, credentials: &serde_json::Value) -> Vec<(String, String)> {
        self.signed_at(&instance.kit.clock, credentials)
    }

    /// The same for any world, at the time of its clock.
    pub(crate) fn signed_at(&self, clock: &Clock, credentials: &serde_json::Value) -> Vec<(String, String)> {
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let token = Some(text("Token"));
        let identity: Identity =
            Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), token, None, "test").into();
        let now = Duration::from_secs(clock.unix().try_into().unwrap());
        let parameters = self.parameters(&identity, SystemTime::UNIX_EPOCH + now);
        let mut headers = vec![("host".to_owned(), self.host.to_owned())];
        headers.extend(self.content_type.map(|value| ("content-type".into(), value.into())));
        let signable = SignableRequest::new(
            self.method,
            format!("https://{}{}?{}", self.host, self.path, self.query),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(self.body.as_bytes()),
        );
        let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        let added = instructions.headers();
        let added: Vec<_> = added.map(|(name, value)| (name.into(), value.into())).collect();
        headers.extend(added);
        headers
    }

    fn parameters<'a>(&'a self, identity: &'a Identity, time: SystemTime) -> SigningParams<'a> {
        let settings = SigningSettings::default();
        match self.signed_for {
            For::Region(region) => v4::SigningParams::builder()
                .identity(identity)
                .region(region)
                .name("sts")
                .time(time)
                .settings(settings)
                .build()
                .unwrap()
                .into(),
            For::Regions(set) => v4a::SigningParams::builder()
                .identity(identity)
                .region_set(set)
                .name("sts")
                .time(time)
                .settings(settings)
                .build()
                .unwrap()
                .into(),
        }
    }

    /// The answer to the question with other headers.
    pub(crate) fn send(&self, instance: &Instance, headers: &[(String, String)]) -> Answer {
        self.send_to(instance.api(), headers)
    }

    /// The same for the service at any address.
    pub(crate) fn send_to(&self, address: SocketAddr, headers: &[(String, String)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = headers.chain([("connection", "close")]).collect();
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let target = format!("{}{query}", self.path);
        send(address, self.method, &target, &headers, self.body.as_bytes())
    }

    /// The answer to the question, signed with the credentials of the moment.
    pub(crate) fn ask(&self, instance: &Instance) -> Answer {
        self.ask_as(&instance.credentials(), instance)
    }

    /// The answer to the question, signed with these credentials.
    pub(crate) fn ask_as(&self, credentials: &serde_json::Value, instance: &Instance) -> Answer {
        self.send(instance, &self.signed(instance, credentials))
    }
}

/// A form or a query of these parameters.
pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The text of the first element of a name.
pub(crate) fn element<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let (_, rest) = answer.body.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{}", answer.body));
    rest.split_once("</").unwrap().0
}

/// The credentials in an answer, named as the metadata service names them.
pub(crate) fn credentials(answer: &Answer) -> serde_json::Value {
    serde_json::json!({
        "AccessKeyId": element(answer, "AccessKeyId"),
        "SecretAccessKey": element(answer, "SecretAccessKey"),
        "Token": element(answer, "SessionToken"),
        "Expiration": element(answer, "Expiration"),
    })
}

/// The code and the message of an error.
pub(crate) fn error(answer: &Answer) -> (u16, &str, &str) {
    (answer.status, element(answer, "Code"), element(answer, "Message"))
}
