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

/// What is above the limit or no number counts as an hour, as the incumbent has it: set-ups work with `86400`, whose sessions
/// last an hour. What STS would refuse is an error before STS is asked.
fn duration(environment: &Environment) -> Result<SessionDuration, ConfigError> {
    const NAME: &str = "aws_external_role_session_duration_seconds";
    let Some(value) = environment.value(NAME) else { return Ok(SessionDuration::HOUR) };
    match value.parse::<i64>() {
        Ok(seconds) if seconds <= LONGEST => {
            session_duration(NAME, value, Duration::from_secs(seconds.try_into().unwrap_or_default()))
        }
        _ => Ok(SessionDuration::HOUR),
    }
}

/// Source: AWS STS API reference, `AssumeRole`, `DurationSeconds`.
const LONGEST: i64 = 43_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_in_range_counts_and_one_that_the_incumbent_would_not_use_is_an_hour() {
        let read = |value: &str| {
            let name = "aws_external_role_session_duration_seconds".to_owned();
            duration(&Environment::from_iter([(name, value.to_owned())]))
        };
        for (value, seconds) in [("900", 900), ("43200", 43_200), ("43201", 3_600), ("86400", 3_600), ("12h", 3_600)] {
            let expected = SessionDuration::parse(Duration::from_secs(seconds)).expect("a duration");
            assert_eq!(read(value).expect(value), expected, "{value}");
        }
        for value in ["899", "0", "-3600"] {
            assert!(matches!(read(value), Err(ConfigError::Number { .. })), "{value}");
        }
    }
}
