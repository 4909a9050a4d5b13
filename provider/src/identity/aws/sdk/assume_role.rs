//! `AssumeRole` by the SDK's client.
//!
//! Source: AWS STS API reference, `AssumeRole`.

use std::time::SystemTime;

use aws_credential_types::Credentials as SdkCredentials;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, IdentityCache};
use aws_sdk_sts::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role::builders::AssumeRoleFluentBuilder;
use aws_sdk_sts::types::{Credentials, Tag};
use aws_sdk_sts::{Client, Config};

use super::http::{SdkHttp, transport};
use super::{Clock, from_sdk, sdk_region};
use crate::config::Network;
use crate::endpoints::Region;
use crate::http::HttpError;
use crate::identity::aws::credentials::AwsCredentials;
use crate::identity::aws::refusal::Refusal;
use crate::identity::aws::{AwsError, ExternalRoleError, RoleSession, StsError};
use crate::time::Deadline;

/// Opens the session; the call goes to the region's own STS.
pub(super) async fn assume_role(
    network: &Network,
    region: &Region,
    base: &AwsCredentials,
    session: &RoleSession,
    deadline: Deadline,
) -> Result<AwsCredentials, AwsError> {
    let sts = network.endpoints.sts(region);
    let http = SdkHttp::cloud(network, deadline).map_err(|source| unreachable(&sts, source))?;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .sleep_impl(Clock)
        .time_source(Clock)
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .region(sdk_region(region))
        .endpoint_url(&sts)
        .credentials_provider(base.to_sdk())
        .build();
    let reply = question(&Client::from_conf(config), session).send().await;
    let reply = reply.map_err(|error| refused(&error, &sts, session))?;
    reply.credentials.and_then(usable).ok_or(AwsError::Sts(StsError::Form { status: 200 }))
}

fn question(client: &Client, session: &RoleSession) -> AssumeRoleFluentBuilder {
    let tags = session.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    // A tag without its key or value is no tag; both are there.
    let tags: Vec<Tag> = tags.filter_map(Result::ok).collect();
    client
        .assume_role()
        .role_arn(session.role.as_str())
        .role_session_name(session.name.as_str())
        .duration_seconds(session.duration.seconds())
        .set_external_id(session.external_id.as_ref().map(|id| id.as_str().to_owned()))
        .set_tags(Some(tags).filter(|tags| !tags.is_empty()))
}

/// The session's credentials; a session has an end and a token.
fn usable(credentials: Credentials) -> Option<AwsCredentials> {
    let Credentials { access_key_id, secret_access_key, session_token, expiration, .. } = credentials;
    let expiration = SystemTime::try_from(expiration).ok()?;
    let name = env!("CARGO_PKG_NAME");
    from_sdk(&SdkCredentials::new(access_key_id, secret_access_key, Some(session_token), Some(expiration), name))
        .filter(|credentials| credentials.session_token.is_some())
}

fn refused(error: &SdkError<AssumeRoleError>, sts: &str, session: &RoleSession) -> AwsError {
    if let Some(source) = transport(error) {
        return unreachable(sts, source);
    }
    match error.code() {
        Some(code) => {
            let refusal = Refusal::new(code, error.message().unwrap_or_default(), session);
            ExternalRoleError::Refused(Box::new(refusal)).into()
        }
        None => StsError::Form { status: error.raw_response().map_or(0, |reply| reply.status().as_u16()) }.into(),
    }
}

fn unreachable(sts: &str, source: HttpError) -> AwsError {
    let host = sts.split_once("://").map_or(sts, |(_, host)| host).to_owned();
    StsError::Transport { host, source }.into()
}
