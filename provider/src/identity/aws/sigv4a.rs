//! `GetCallerIdentity`, signed with SigV4A for Artifactory to send.
//!
//! The signature covers the STS host, which is not forwarded: Artifactory puts it in again when it calls that host.
//! Source: JFrog documentation, "Passwordless access for Amazon EKS"; AWS STS API reference, `GetCallerIdentity`.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4a;

use crate::endpoints::Region;
use crate::identity::SignedRequest;
use crate::identity::aws::imds::RoleCredentials;
use crate::secret::Secret;

/// The global STS, which exists in the partition `aws` only; used when no region can be had.
const GLOBAL_HOST: &str = "sts.amazonaws.com";

/// The headers of the signature that are forwarded; every one but `host`.
const FORWARDED: [&str; 4] = ["authorization", "x-amz-date", "x-amz-region-set", "x-amz-security-token"];

/// The request could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the caller identity request could not be signed: {reason}")]
pub struct SignError {
    /// The signer's reason; it never holds a key.
    pub reason: String,
}

/// Signs the call for the region's STS, or for the global one.
pub(super) fn caller_identity(credentials: &RoleCredentials, region: Option<Region>, at: SystemTime) -> Result<SignedRequest, SignError> {
    let host = region.as_ref().map_or_else(|| GLOBAL_HOST.to_owned(), Region::sts_host);
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let identity = Credentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        Some(credentials.session_token.expose().to_owned()),
        None,
        "instance role",
    )
    .into();
    let parameters = v4a::SigningParams::builder()
        .identity(&identity)
        .region_set(region.as_ref().map_or("*", Region::as_str))
        .name("sts")
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .map_err(failed)?;
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[])).map_err(failed)?;
    let (instructions, _) = sign(request, &parameters.into()).map_err(failed)?.into_parts();
    let headers = FORWARDED
        .into_iter()
        .filter_map(|name| instructions.headers().find(|(signed, _)| *signed == name).map(|(_, value)| (name, Secret::new(value.to_owned()))))
        .collect();
    Ok(SignedRequest { headers, region })
}

fn failed(error: impl std::error::Error) -> SignError {
    SignError { reason: error.to_string() }
}
