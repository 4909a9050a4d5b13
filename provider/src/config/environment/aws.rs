//! AWS by the incumbent's variables.

use std::time::Duration;

use super::{provider_without_audience, seconds};
use crate::config::external_role::sdk;
use crate::config::{ConfigError, DEFAULT_TOKEN_LIFETIME, Environment};
use crate::endpoints::Region;
use crate::identity::{IdentitySource, aws};

mod external_role;

/// The node's identity, and before it the annotated role of a pod that has opted in.
pub(super) fn identities(environment: &Environment) -> Result<Vec<IdentitySource>, ConfigError> {
    let caller = caller(environment)?;
    let node = match environment.value("aws_auth_method") {
        None | Some("assume_role") => instance_role(environment, caller.clone())?,
        Some("assume_external_role") => {
            IdentitySource::AwsExternalRole(external_role::external_role(environment, caller.clone())?)
        }
        Some("cognito_oidc") => cognito(environment)?,
        Some(value) => {
            return Err(ConfigError::Choice {
                name: "aws_auth_method",
                value: value.to_owned(),
                choices: "assume_role, assume_external_role, cognito_oidc",
            });
        }
    };
    Ok(vec![IdentitySource::AwsWebIdentity(aws::WebIdentity { role: aws::RoleChoice::Annotated, caller }), node])
}

fn caller(environment: &Environment) -> Result<aws::CallerIdentity, ConfigError> {
    Ok(aws::CallerIdentity { region: region(environment)?, token_lifetime: token_lifetime(environment)? })
}

/// The life that the environment asks for Artifactory's token.
pub(in crate::config) fn token_lifetime(environment: &Environment) -> Result<Duration, ConfigError> {
    Ok(seconds(environment, "secret_ttl_seconds")?.unwrap_or(DEFAULT_TOKEN_LIFETIME))
}

fn instance_role(environment: &Environment, caller: aws::CallerIdentity) -> Result<IdentitySource, ConfigError> {
    Ok(IdentitySource::AwsInstanceRole(aws::InstanceRole { role_name: role_name(environment)?, caller }))
}

/// A client of a user pool. The incumbent passes `aws_region` over here; it counts as it does for a role.
fn cognito(environment: &Environment) -> Result<IdentitySource, ConfigError> {
    let text = |variable, purpose| environment.required(variable, purpose).map(str::to_owned);
    Ok(IdentitySource::AwsCognito(aws::Cognito {
        base: base_credentials(environment)?,
        region: region(environment)?,
        secret_name: text("secret_name", "names the secret that holds the client's id and secret")?,
        server: aws::AuthorizationServer::UserPool {
            pool: aws::UserPool::Named(text("user_pool_name", "names the user pool of Cognito")?),
            resource_server: aws::ResourceServer::Named(text(
                "resource_server_name",
                "names the user pool's resource server",
            )?),
        },
        scope: text("user_pool_resource_scope", "names a scope of the resource server")?,
        provider: provider_without_audience(environment)?,
    }))
}

/// The SDK's default chain where one of its variables sets up a source, as the incumbent takes it always; else the instance's
/// role, which is the chain's last source and needs no SDK.
fn base_credentials(environment: &Environment) -> Result<aws::BaseCredentials, ConfigError> {
    match CREDENTIALS.into_iter().find(|name| environment.value(name).is_some()) {
        Some(name) => sdk(name).map(aws::BaseCredentials::Chain),
        None => role_name(environment).map(aws::BaseCredentials::InstanceRole),
    }
}

/// The variables that set up a source of credentials before the instance's role. Source: AWS SDKs and tools reference,
/// "Standardized credential providers".
const CREDENTIALS: [&str; 7] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// The instance's role by its name, or by its ARN, as the incumbent's documents call the value.
pub(in crate::config) fn role_name(environment: &Environment) -> Result<Option<String>, ConfigError> {
    let Some(value) = environment.value("aws_role_name") else { return Ok(None) };
    let arn = aws::RoleArn::parse(value);
    crate::config::role_name("aws_role_name", arn.as_ref().map_or(value, aws::RoleArn::name)).map(Some)
}

/// The region that the environment names: the incumbent's variable, then the SDKs'.
pub(in crate::config) fn region(environment: &Environment) -> Result<Option<Region>, ConfigError> {
    let set = ["aws_region", "AWS_REGION"].into_iter().find_map(|name| Some((name, environment.value(name)?)));
    set.map(|(name, value)| crate::config::region(name, value)).transpose()
}
