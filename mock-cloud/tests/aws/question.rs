//! A question to STS, signed by the SDK's own signer.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::{v4, v4a};
use aws_smithy_runtime_api::client::identity::Identity;

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
            query: QUERY,
            content_type: None,
            body: "",
        }
    }
}

impl Question<'_> {
    /// The headers that the SDK gives the question, signed with the role's credentials at the world's time.
    pub(crate) fn signed(&self, instance: &Instance, credentials: &serde_json::Value) -> Vec<(String, String)> {
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let token = Some(text("Token"));
        let identity: Identity =
            Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), token, None, "test").into();
        let now = Duration::from_secs(instance.kit.clock.unix().try_into().unwrap());
        let parameters = self.parameters(&identity, SystemTime::UNIX_EPOCH + now);
        let mut headers = vec![("host".to_owned(), self.host.to_owned())];
        headers.extend(self.content_type.map(|value| ("content-type".into(), value.into())));
        let signable = SignableRequest::new(
            self.method,
            format!("https://{}/?{}", self.host, self.query),
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
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = headers.chain([("connection", "close")]).collect();
        let target = if self.query.is_empty() { "/".into() } else { format!("/?{}", self.query) };
        send(instance.api(), self.method, &target, &headers, self.body.as_bytes())
    }

    /// The answer to the question, signed with the credentials of the moment.
    pub(crate) fn ask(&self, instance: &Instance) -> Answer {
        self.send(instance, &self.signed(instance, &instance.credentials()))
    }
}

/// The code and the message of an error.
pub(crate) fn error(answer: &Answer) -> (u16, &str, &str) {
    let element = |name: &str| {
        let (_, rest) = answer.body.split_once(&format!("<{name}>")).unwrap();
        rest.split_once('<').unwrap().0
    };
    (answer.status, element("Code"), element("Message"))
}
