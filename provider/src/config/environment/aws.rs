//! AWS by the incumbent's variables.

use super::seconds;
use crate::config::{ConfigError, DEFAULT_TOKEN_LIFETIME, Environment};
use crate::endpoints::Region;
use crate::identity::{IdentitySource, aws};

/// The node's role, and before it the annotated role of a pod that has opted in.
pub(super) fn identities(environment: &Environment) -> Result<Vec<IdentitySource>, ConfigError> {
    match environment.value("aws_auth_method") {
        None | Some("assume_role") => {}
        Some(value) => {
            return Err(ConfigError::Choice {
                name: "aws_auth_method",
                value: value.to_owned(),
                choices: "assume_role",
            });
        }
    }
    let caller = aws::CallerIdentity {
        region: region(environment)?,
        token_lifetime: seconds(environment, "secret_ttl_seconds")?.unwrap_or(DEFAULT_TOKEN_LIFETIME),
    };
    let role_name = environment.value("aws_role_name");
    let role_name = role_name.map(|value| crate::config::role_name("aws_role_name", value)).transpose()?;
    Ok(vec![
        IdentitySource::AwsWebIdentity(aws::WebIdentity { role: aws::RoleChoice::Annotated, caller: caller.clone() }),
        IdentitySource::AwsInstanceRole(aws::InstanceRole { role_name, caller }),
    ])
}

/// The region that the environment names: the incumbent's variable, then the SDKs'.
pub(in crate::config) fn region(environment: &Environment) -> Result<Option<Region>, ConfigError> {
    let set = ["aws_region", "AWS_REGION"].into_iter().find_map(|name| Some((name, environment.value(name)?)));
    set.map(|(name, value)| crate::config::region(name, value)).transpose()
}
