//! Remedies of Secrets Manager and Cognito.

use super::super::transport;
use crate::endpoints::Region;
use crate::identity::aws::{CallError, CognitoError, Operation, PoolError, SecretError, TokenEndpointError};

pub(super) fn cognito(error: &CognitoError) -> String {
    match error {
        CognitoError::NoRegion => "set `aws_region` (`region`)".into(),
        CognitoError::Call(error) => call(error),
        CognitoError::Secret(SecretError::Form { .. } | SecretError::Key { .. }) => {
            "store {\"client-id\": \"...\", \"client-secret\": \"...\"} in the secret, as the user pool's app client has them"
                .into()
        }
        CognitoError::Pool(error) => pool(error),
        CognitoError::Token(error) => token(error),
    }
}

fn call(error: &CallError) -> String {
    match error {
        CallError::Transport { operation, region, source } => {
            transport(source, &format!("{} in {}", service(*operation), region.as_str()))
        }
        CallError::Form { operation, .. } => {
            format!("check that no proxy or captive portal answers for {}", service(*operation))
        }
        CallError::Sign(_) => "check the node's clock and the role; report this if both are right".into(),
        CallError::Refused { operation, region, resource, code, .. } => {
            refused(*operation, region, resource.as_deref(), code)
        }
    }
}

fn refused(operation: Operation, region: &Region, resource: Option<&str>, code: &str) -> String {
    match code {
        "AccessDeniedException" => denied(operation, region, resource),
        "ResourceNotFoundException" if operation == Operation::GetSecretValue => format!(
            "set `secret_name` (`secretName`) to a secret of {region} (an ARN for one of another account), or \
             `aws_region` (`region`) to the region of `{}`",
            resource.unwrap_or_default(),
            region = region.as_str(),
        ),
        "ResourceNotFoundException" => {
            format!("set `userPoolId` to the id of a user pool of {}, or `aws_region` (`region`)", region.as_str())
        }
        "DecryptionFailure" => "check that the KMS key of the secret is enabled, and allow the role kms:Decrypt on it".into(),
        "InvalidRequestException" => "restore the secret if it is scheduled for deletion (aws secretsmanager restore-secret)".into(),
        "InvalidSignatureException" => {
            "check the node's clock (timedatectl), and that no proxy changes requests to AWS".into()
        }
        "ExpiredTokenException" | "UnrecognizedClientException" => {
            "check the node's clock, and that the region belongs to the role's partition and is enabled in its account".into()
        }
        "ThrottlingException" | "TooManyRequestsException" => {
            "a configuration file with `userPoolId`, or `tokenEndpoint` and `resourceServerIdentifier`, needs fewer calls".into()
        }
        _ => format!("check the names of the secret and the user pool, and the state of {}", service(operation)),
    }
}

/// The statement that the role lacks. An account is left open, since nothing here knows it.
fn denied(operation: Operation, region: &Region, resource: Option<&str>) -> String {
    let arn = |rest: String| format!("arn:{}:{rest}", region.partition().name);
    let region = region.as_str();
    let resource = match (operation, resource) {
        (_, None) => "*".to_owned(),
        (_, Some(whole)) if whole.starts_with("arn:") => whole.to_owned(),
        (Operation::GetSecretValue, Some(name)) => arn(format!("secretsmanager:{region}:*:secret:{name}-*")),
        (_, Some(pool)) => arn(format!("cognito-idp:{region}:*:userpool/{pool}")),
    };
    let statement =
        format!("{{\"Effect\": \"Allow\", \"Action\": \"{}\", \"Resource\": \"{resource}\"}}", operation.action());
    match operation {
        Operation::GetSecretValue => {
            format!("add to the role's policy: {statement}; and kms:Decrypt on the secret's key if it is your own")
        }
        _ => format!("add to the role's policy: {statement}"),
    }
}

fn service(operation: Operation) -> &'static str {
    match operation {
        Operation::GetSecretValue => "AWS Secrets Manager",
        Operation::ListUserPools | Operation::DescribeUserPool | Operation::ListResourceServers => "Amazon Cognito",
    }
}

fn pool(error: &PoolError) -> String {
    match error {
        PoolError::UnknownPool { .. } => {
            "set `user_pool_name` (`userPoolName`) to a user pool's name, or `aws_region` (`region`) to its region".into()
        }
        PoolError::SeveralPools { .. } => "set `userPoolId` to one of them in a configuration file, or rename one".into(),
        PoolError::NoDomain { pool } => {
            format!("give it one: aws cognito-idp create-user-pool-domain --user-pool-id {pool} --domain PREFIX")
        }
        PoolError::UnknownHost { .. } => {
            "give the user pool a custom domain, or set `tokenEndpoint` and `resourceServerIdentifier` in a configuration file"
                .into()
        }
        PoolError::UnknownServer { pool, .. } => format!(
            "set `resource_server_name` (`resourceServerName`) to one that this lists: aws cognito-idp list-resource-servers \
             --user-pool-id {pool} --max-results 50"
        ),
        PoolError::SeveralServers { .. } => {
            "set `resourceServerIdentifier` to one of them in a configuration file, or rename one".into()
        }
        PoolError::Endless { .. } => "check that no proxy or emulator answers for Amazon Cognito".into(),
    }
}

fn token(error: &TokenEndpointError) -> String {
    match error {
        TokenEndpointError::Transport { source, .. } => transport(source, "the user pool's domain"),
        TokenEndpointError::Form { .. } => {
            "check that the user pool's domain is active, and that no proxy or captive portal answers for it".into()
        }
        TokenEndpointError::Refused { code, scope, .. } => match code.as_str() {
            "invalid_client" => {
                "store the `client-id` and the current `client-secret` of an app client of this user pool in the secret".into()
            }
            "invalid_scope" => format!(
                "check `user_pool_resource_scope` (`scope`), and allow `{scope}` to the app client (AllowedOAuthScopes)"
            ),
            "unauthorized_client" | "invalid_grant" => {
                "allow the app client the flow `client_credentials` (AllowedOAuthFlows, AllowedOAuthFlowsUserPoolClient)".into()
            }
            _ => "check the app client: a secret, the flow `client_credentials`, and the scope".into(),
        },
    }
}
