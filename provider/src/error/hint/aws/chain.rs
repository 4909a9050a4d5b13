//! Remedies of the credentials that the node has.

use crate::error::hint::transport;
use crate::identity::aws::{ChainError, Origin};

pub(super) fn chain(error: &ChainError) -> String {
    match error {
        ChainError::NoneFound { .. } => {
            "attach an instance profile to the node and check that it reaches 169.254.169.254 (hop limit, firewall), or set \
             AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or \
             AWS_CONTAINER_CREDENTIALS_FULL_URI in the `env` of the provider's entry"
                .into()
        }
        ChainError::Transport { origin, source } => transport(source, asked(*origin)),
        ChainError::Client(source) => transport(source, "AWS"),
        ChainError::Failed { origin, .. } | ChainError::Form { origin } => mend(*origin).into(),
    }
}

/// Whom a source asks.
fn asked(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment | Origin::Profile | Origin::WebIdentity => "AWS STS (AWS_ENDPOINT_URL_STS)",
        Origin::Container => "the address of AWS_CONTAINER_CREDENTIALS_FULL_URI",
        Origin::InstanceMetadata => "169.254.169.254",
    }
}

fn mend(origin: Origin) -> &'static str {
    match origin {
        Origin::Environment => "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the `env` of the provider's entry",
        Origin::Profile => {
            "check the profile of AWS_PROFILE (else `default`) in the files AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
        }
        Origin::WebIdentity => {
            "check the file AWS_WEB_IDENTITY_TOKEN_FILE, and that the role AWS_ROLE_ARN trusts its token's issuer, aud and sub"
        }
        Origin::Container => {
            "check AWS_CONTAINER_CREDENTIALS_FULL_URI (https, or http to an IP address of loopback, ECS or EKS) and \
             AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, or unset them"
        }
        Origin::InstanceMetadata => {
            "check the instance profile's role: ec2.amazonaws.com must be allowed sts:AssumeRole"
        }
    }
}
