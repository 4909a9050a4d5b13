//! A role of another account as an identity of a route.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::caller;
use crate::config::external_role::{external_id, sdk, session_duration, session_name, session_tags};
use crate::config::file::{RouteContext, duration};
use crate::config::{ConfigError, role_arn};
use crate::identity::aws::{ExternalRole, RoleSession, SessionDuration, SessionName};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::config::file) struct ExternalRoleShape {
    role_arn: String,
    external_id: Option<String>,
    session_name: Option<String>,
    session_duration: Option<String>,
    #[serde(default)]
    session_tags: BTreeMap<String, String>,
    region: Option<String>,
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
