//! A role of another account as an identity of a route.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::caller;
use crate::config::external_role::{external_id, sdk, session_duration, session_name, session_tags};
use crate::config::file::{RouteContext, duration};
use crate::config::{ConfigError, role_arn};
use crate::identity::aws::{ExternalRole, RoleSession, SessionDuration, SessionName};

/// A role that the node's own credentials may assume, in another account for one.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config::file) struct ExternalRoleShape {
    /// The role's ARN.
    role_arn: String,
    /// What the role's owner asks for (`sts:ExternalId`). Default: none.
    external_id: Option<String>,
    /// The session's name in CloudTrail. Default: `artifactory-pull@` and the node's name.
    session_name: Option<String>,
    /// How long the session lasts, `15m` to `12h`, and at most `1h` from a role's credentials. Default: `1h`.
    session_duration: Option<String>,
    /// The session's tags; they need `sts:TagSession`. Default: none.
    #[serde(default)]
    session_tags: BTreeMap<String, String>,
    /// The region whose STS Artifactory asks, such as `eu-central-1`. Default: `aws_region`, `AWS_REGION`, the pod's
    /// issuer's, the instance's.
    region: Option<String>,
    /// The life asked for Artifactory's token, such as `4h`. Default: `secret_ttl_seconds`, else `5h`.
    token_lifetime: Option<String>,
}

impl ExternalRoleShape {
    pub(in crate::config::file) fn into_identity(self, route: &RouteContext<'_>) -> Result<ExternalRole, ConfigError> {
        Ok(ExternalRole {
            sdk: sdk("awsExternalRole")?,
            session: RoleSession {
                role: role_arn("roleArn", &self.role_arn)?,
                external_id: self.external_id.map(|text| external_id("externalId", &text)).transpose()?,
                name: match self.session_name {
                    Some(name) => session_name("sessionName", &name)?,
                    None => SessionName::of_node(&route.environment.node),
                },
                duration: match self.session_duration {
                    Some(text) => session_duration("sessionDuration", &text, duration("sessionDuration", &text)?)?,
                    None => SessionDuration::HOUR,
                },
                tags: session_tags("sessionTags", self.session_tags)?,
            },
            caller: caller(self.region, self.token_lifetime, route.environment)?,
        })
    }
}
