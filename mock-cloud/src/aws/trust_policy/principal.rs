//! Whom a statement speaks of.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Verdict;
use super::one_or_many::OneOrMany;

/// Who attempts to assume a role.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Principal<'a> {
    /// A session of a role.
    Session {
        /// The ARN of the session.
        arn: &'a str,
        /// The ARN of its role.
        role_arn: &'a str,
        /// The account of its role.
        account: &'a str,
    },
    /// A service of AWS.
    Service(&'a str),
    /// Whoever an identity provider vouches for, by the ARN of the provider.
    Federated(&'a str),
}

/// The `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principals {
    /// `"*"`.
    Everyone,
    /// By kind.
    Named(Named),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Named {
    #[serde(rename = "AWS")]
    aws: OneOrMany<AwsPrincipal>,
    #[serde(rename = "Service")]
    service: OneOrMany<String>,
    #[serde(rename = "Federated")]
    federated: OneOrMany<String>,
}

/// `*`, an account, or the ARN of one principal; IAM takes no other wildcard.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct AwsPrincipal(String);

impl TryFrom<String> for AwsPrincipal {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_arn = text.starts_with("arn:") && text.split(':').count() == 6 && !text.contains(['*', '?']);
        if text == "*" || is_account || is_arn {
            Ok(Self(text))
        } else {
            Err(format!("invalid principal in policy: \"AWS\":\"{text}\""))
        }
    }
}

impl Default for Named {
    fn default() -> Self {
        Self { aws: Vec::new().into(), service: Vec::new().into(), federated: Vec::new().into() }
    }
}

impl Principals {
    /// One service.
    pub(crate) fn service(name: &str) -> Self {
        Self::Named(Named { service: vec![name.to_owned()].into(), ..Named::default() })
    }

    /// How they name a principal, `None` when they do not.
    pub(crate) fn grant(&self, principal: &Principal<'_>) -> Option<Verdict> {
        let Self::Named(named) = self else {
            return Some(Verdict::Allowed);
        };
        let is_among = |names: &OneOrMany<String>, name: &str| names.iter().any(|one| one == name);
        match principal {
            Principal::Session { arn, role_arn, account } => {
                let grants = named.aws.iter().filter_map(|one| one.grant(arn, role_arn, account));
                grants.max()
            }
            Principal::Service(name) => is_among(&named.service, name).then_some(Verdict::Allowed),
            Principal::Federated(arn) => is_among(&named.federated, arn).then_some(Verdict::Allowed),
        }
    }

    /// The same ones with another text for each occurrence of one in a federated principal.
    pub(crate) fn replacing(&self, text: &str, by: &str) -> Self {
        match self {
            Self::Everyone => Self::Everyone,
            Self::Named(named) => {
                let federated: Vec<String> = named.federated.iter().map(|name| name.replace(text, by)).collect();
                Self::Named(Named { federated: federated.into(), ..named.clone() })
            }
        }
    }
}

impl AwsPrincipal {
    // IAM user guide, AWS JSON policy elements: Principal. `*` and an ARN speak of the principal, an account of all
    // that its own administrators let do it.
    fn grant(&self, arn: &str, role_arn: &str, account: &str) -> Option<Verdict> {
        let Self(text) = self;
        let mut fields = text.split(':').skip(4);
        let is_root = fields.next() == Some(account) && fields.next() == Some("root");
        if [arn, role_arn, "*"].contains(&text.as_str()) {
            Some(Verdict::Allowed)
        } else {
            (is_root || text == account).then_some(Verdict::Delegated)
        }
    }
}

impl<'de> Deserialize<'de> for Principals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Forms;
        impl<'de> Visitor<'de> for Forms {
            type Value = Principals;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`*` or principals by kind")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Principals, E> {
                if text == "*" { Ok(Principals::Everyone) } else { Err(E::custom("invalid principal in policy")) }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Principals, A::Error> {
                Named::deserialize(MapAccessDeserializer::new(map)).map(Principals::Named)
            }
        }
        deserializer.deserialize_any(Forms)
    }
}
