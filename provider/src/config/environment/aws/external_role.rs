//! A role of another account by the incumbent's variables.

use std::time::Duration;

use crate::config::external_role::{sdk, session_duration};
use crate::config::{ConfigError, Environment, role_arn};
use crate::identity::aws::{CallerIdentity, ExternalRole, RoleSession, SessionDuration, SessionName, SessionTags};

/// The variables know neither an external id nor tags; a configuration file does.
pub(super) fn external_role(environment: &Environment, caller: CallerIdentity) -> Result<ExternalRole, ConfigError> {
    let arn = environment.required("aws_external_role_arn", "names the role to be assumed")?;
    Ok(ExternalRole {
        sdk: sdk("assume_external_role")?,
        session: RoleSession {
            role: role_arn("aws_external_role_arn", arn)?,
            external_id: None,
            name: SessionName::of_node(&environment.node),
            duration: duration(environment)?,
            tags: SessionTags::default(),
        },
        caller,
    })
}

/// The incumbent takes what it does not understand for an hour; here it is an error, since the role's owner may count on
/// what is written.
fn duration(environment: &Environment) -> Result<SessionDuration, ConfigError> {
    const NAME: &str = "aws_external_role_session_duration_seconds";
    let Some(value) = environment.value(NAME) else { return Ok(SessionDuration::HOUR) };
    session_duration(NAME, value, value.parse().map(Duration::from_secs).unwrap_or_default())
}
