//! EC2's instance metadata service, version 2 only.
//!
//! Source: AWS EC2 user guide, "Use the Instance Metadata Service to access instance metadata" and "Retrieve security
//! credentials from instance metadata".

use serde::Deserialize;

use crate::endpoints::{InstanceMetadata, Partition, Region};
use crate::http::{Http, HttpError, Reply, Request};
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::each_cause;
use crate::secret::{Secret, quote_foreign};

mod error;

pub use error::{ImdsError, MetadataItem};

/// The life asked for a metadata session token, in seconds; one pull is over long before.
const SESSION_SECONDS: &str = "60";

/// An open session with the metadata service.
pub(super) struct Imds<'pull> {
    http: &'pull Http,
    base: &'pull str,
    session: Secret,
}

impl<'pull> Imds<'pull> {
    /// Opens a session at the first address that can be connected to.
    pub(super) async fn open(http: &'pull Http, metadata: &'pull InstanceMetadata) -> Result<Self, ImdsError> {
        let item = MetadataItem::Session;
        let mut refused = Vec::new();
        for base in metadata.addresses() {
            match Self::open_at(http, base).await {
                Err(ImdsError::Transport { source: source @ HttpError::Connect { .. }, .. }) => {
                    refused.push((base, source));
                }
                outcome => return outcome,
            }
        }
        Err(match <[_; 1]>::try_from(refused) {
            Ok([(_, source)]) => ImdsError::Transport { item, source },
            Err(none) if none.is_empty() => ImdsError::Forbidden,
            Err(several) => ImdsError::Unreachable { causes: each_cause(&several) },
        })
    }

    /// Opens a session by `PUT /latest/api/token`; there is no way back to version 1.
    async fn open_at(http: &'pull Http, base: &'pull str) -> Result<Self, ImdsError> {
        let item = MetadataItem::Session;
        let request = Request::put(format!("{base}/latest/api/token"))
            .header("x-aws-ec2-metadata-token-ttl-seconds", SESSION_SECONDS);
        let reply = http.send(&request).await.map_err(|source| ImdsError::Transport { item, source })?;
        match reply.status.as_u16() {
            200 => {}
            403 => return Err(ImdsError::Disabled),
            status => return Err(ImdsError::Status { item, status }),
        }
        let session = reply.text().trim().to_owned();
        if session.is_empty() || !session.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ImdsError::Form { item });
        }
        Ok(Self { http, base, session: Secret::new(session) })
    }

    /// The one role of the instance.
    pub(super) async fn only_role(&self) -> Result<String, ImdsError> {
        let item = MetadataItem::Roles;
        let reply = self.get(item, "/latest/meta-data/iam/security-credentials/").await?;
        let listing = match reply.status.as_u16() {
            200 => reply.text(),
            404 => return Err(ImdsError::NoRole),
            status => return Err(ImdsError::Status { item, status }),
        };
        let roles: Vec<&str> = listing.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match roles.as_slice() {
            [] => Err(ImdsError::NoRole),
            [role] if is_role_name(role) => Ok((*role).to_owned()),
            [_] => Err(ImdsError::Form { item }),
            several => Err(ImdsError::SeveralRoles { roles: quote_foreign(&several.join(", ")) }),
        }
    }

    /// The credentials of a role.
    pub(super) async fn credentials(&self, role: &str) -> Result<AwsCredentials, ImdsError> {
        let item = MetadataItem::Credentials;
        let reply = self.get(item, &format!("/latest/meta-data/iam/security-credentials/{role}")).await?;
        match reply.status.as_u16() {
            200 => role_credentials(reply.body()),
            404 => Err(ImdsError::UnknownRole { role: role.to_owned() }),
            status => Err(ImdsError::Status { item, status }),
        }
    }

    /// The instance's region by its placement, else by its identity document; `None` when it has neither and is of the
    /// partition that has a global STS.
    pub(super) async fn region(&self) -> Result<Option<Region>, ImdsError> {
        let item = MetadataItem::Region;
        let placement = self.get(item, "/latest/meta-data/placement/region").await?;
        let name = match placement.status.as_u16() {
            200 => placement.text().trim().to_owned(),
            404 => match self.documented_region().await? {
                Some(region) => region,
                None => return self.commercial().await.map(|()| None),
            },
            status => return Err(ImdsError::Status { item, status }),
        };
        Region::parse(&name).map(Some).ok_or_else(|| ImdsError::UnknownRegion { region: quote_foreign(&name) })
    }

    async fn documented_region(&self) -> Result<Option<String>, ImdsError> {
        let item = MetadataItem::Region;
        let reply = self.get(item, "/latest/dynamic/instance-identity/document").await?;
        match reply.status.as_u16() {
            200 => {}
            404 => return Ok(None),
            status => return Err(ImdsError::Status { item, status }),
        }
        let document: IdentityDocument = serde_json::from_slice(reply.body()).map_err(|_| ImdsError::Form { item })?;
        Ok(Some(document.region))
    }

    /// Refuses an instance that is not known to be of the partition `aws`.
    async fn commercial(&self) -> Result<(), ImdsError> {
        let item = MetadataItem::Partition;
        let reply = self.get(item, "/latest/meta-data/services/partition").await?;
        match reply.status.as_u16() {
            200 if Partition::named(reply.text().trim()).is_some_and(Partition::is_commercial) => Ok(()),
            200 | 404 => Err(ImdsError::NoRegion),
            status => Err(ImdsError::Status { item, status }),
        }
    }

    async fn get(&self, item: MetadataItem, path: &str) -> Result<Reply, ImdsError> {
        let request =
            Request::get(format!("{}{path}", self.base)).secret_header("x-aws-ec2-metadata-token", &self.session);
        self.http.send(&request).await.map_err(|source| ImdsError::Transport { item, source })
    }
}

/// The one field of the instance-identity document that matters here.
#[derive(Deserialize)]
struct IdentityDocument {
    region: String,
}

/// Whether a name can be a role's. Source: IAM API reference, `CreateRole`, `RoleName`.
pub(crate) fn is_role_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
}

/// The reply of `security-credentials/ROLE`: only `Code` tells a refusal, its status is 200 as well.
fn role_credentials(body: &[u8]) -> Result<AwsCredentials, ImdsError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document {
        code: String,
        message: Option<String>,
        access_key_id: Option<String>,
        secret_access_key: Option<Secret>,
        token: Option<Secret>,
        expiration: Option<String>,
    }
    let form = || ImdsError::Form { item: MetadataItem::Credentials };
    let document: Document = serde_json::from_slice(body).map_err(|_| form())?;
    if document.code != "Success" {
        let message = document.message.as_deref().map(quote_foreign);
        return Err(ImdsError::Refused { code: quote_foreign(&document.code), message });
    }
    let Document { access_key_id, secret_access_key, token, expiration, .. } = document;
    AwsCredentials::complete(access_key_id, secret_access_key, token, expiration.as_deref()).ok_or_else(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: &str, expiration: &str) -> String {
        format!(
            r#"{{"Code":"{code}","Message":"m","AccessKeyId":"ASIA","SecretAccessKey":"k","Token":"t","Expiration":"{expiration}","Type":"AWS-HMAC"}}"#
        )
    }

    #[test]
    fn credentials_are_read() {
        let credentials = role_credentials(body("Success", "2030-01-02T03:04:05Z").as_bytes()).expect("credentials");
        assert_eq!(
            (credentials.access_key_id.as_str(), credentials.session_token.as_ref().map(Secret::expose)),
            ("ASIA", Some("t"))
        );
    }

    #[test]
    fn any_code_but_success_is_a_refusal_with_its_message() {
        let error =
            role_credentials(br#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role x."}"#)
                .expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "the role's credentials were refused with code `AssumeRoleUnauthorizedAccess`: EC2 cannot assume the role x."
        );
    }

    #[test]
    fn an_incomplete_document_is_refused() {
        for text in ["", "{}", r#"{"Code":"Success"}"#, &body("Success", "tomorrow")] {
            assert!(matches!(role_credentials(text.as_bytes()), Err(ImdsError::Form { .. })), "{text}");
        }
    }

    #[test]
    fn a_path_is_no_role_name() {
        for name in ["node-role", "a", "A+b=c,d.e@f_g-1"] {
            assert!(is_role_name(name), "{name}");
        }
        for name in ["", "a/b", "arn:aws:iam::1:role/x", "a b", "../x", &"x".repeat(65)] {
            assert!(!is_role_name(name), "{name}");
        }
    }
}
