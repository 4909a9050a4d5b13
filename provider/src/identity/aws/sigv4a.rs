//! `GetCallerIdentity`, signed with SigV4A for Artifactory to send.
//!
//! The signature covers the STS host, which is not forwarded: Artifactory puts it in again when it calls that host. It makes
//! the host of the region's name, so the plain one is signed for, whatever variant the provider itself calls.
//! Source: JFrog documentation, "Passwordless access for Amazon EKS"; AWS STS API reference, `GetCallerIdentity`.

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4a;

use crate::endpoints::{EndpointVariant, GLOBAL_STS_HOST, Region};
use crate::identity::SignedRequest;
use crate::identity::aws::credentials::AwsCredentials;
use crate::secret::Secret;

/// The headers of the signature that are forwarded; every one but `host`.
const FORWARDED: [&str; 4] = ["authorization", "x-amz-date", "x-amz-region-set", "x-amz-security-token"];

/// The request could not be signed.
#[derive(Debug, thiserror::Error)]
#[error("the request could not be signed: {reason}")]
pub struct SignError {
    /// The signer's reason; it never holds a key.
    pub reason: String,
}

/// Signs the call for the region's STS, or for the global one.
pub(super) fn caller_identity(
    credentials: &AwsCredentials,
    region: Option<Region>,
    at: SystemTime,
) -> Result<SignedRequest, SignError> {
    let host = match &region {
        Some(region) => region.sts_host(EndpointVariant::Standard),
        None => GLOBAL_STS_HOST.to_owned(),
    };
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let identity = credentials.identity();
    let parameters = v4a::SigningParams::builder()
        .identity(&identity)
        .region_set(region.as_ref().map_or("*", Region::as_str))
        .name("sts")
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .map_err(SignError::from_signer)?;
    let request = SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]))
        .map_err(SignError::from_signer)?;
    let (instructions, _) = sign(request, &parameters.into()).map_err(SignError::from_signer)?.into_parts();
    let headers = FORWARDED
        .into_iter()
        .filter_map(|name| {
            instructions
                .headers()
                .find(|(signed, _)| *signed == name)
                .map(|(_, value)| (name, Secret::new(value.to_owned())))
        })
        .collect();
    Ok(SignedRequest { headers, region })
}

impl SignError {
    pub(super) fn from_signer(error: impl std::error::Error) -> Self {
        Self { reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn signed(region: Option<&str>) -> SignedRequest {
        let credentials = AwsCredentials::until("2100-01-01T00:00:00Z");
        let region = region.map(|name| Region::parse(name).expect("a region"));
        caller_identity(&credentials, region, SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160))
            .expect("a signature")
    }

    fn header<'r>(request: &'r SignedRequest, name: &str) -> &'r str {
        request.headers.iter().find(|(known, _)| *known == name).expect(name).1.expose()
    }

    #[test]
    fn the_host_is_signed_and_not_among_the_headers() {
        let request = signed(Some("eu-central-1"));
        let names: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, FORWARDED);
        assert!(
            header(&request, "authorization")
                .contains("SignedHeaders=host;x-amz-date;x-amz-region-set;x-amz-security-token, ")
        );
        assert!(header(&request, "authorization").contains("Credential=ASIAEXAMPLE/20150830/sts/aws4_request, "));
        assert_eq!(header(&request, "x-amz-date"), "20150830T123600Z");
        assert_eq!(header(&request, "x-amz-security-token"), "session-token");
    }

    #[test]
    fn a_users_own_key_sends_no_session_token() {
        let key =
            AwsCredentials { session_token: None, expiration: None, ..AwsCredentials::until("2100-01-01T00:00:00Z") };
        let request = caller_identity(&key, None, SystemTime::UNIX_EPOCH).expect("a signature");
        let names: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, FORWARDED[..3]);
        assert!(header(&request, "authorization").contains("SignedHeaders=host;x-amz-date;x-amz-region-set, "));
    }

    #[test]
    fn the_region_set_is_the_region_or_everything() {
        assert_eq!(header(&signed(Some("cn-north-1")), "x-amz-region-set"), "cn-north-1");
        assert_eq!(header(&signed(None), "x-amz-region-set"), "*");
    }

    /// The signer derives the private key of the specification for this pair, which a derivation that compares with half
    /// of the curve's order gets wrong, as for every second pair. Confirmed with awscrt 0.38.1, whose signatures the public key of this one verifies.
    #[test]
    fn the_key_derivation_compares_with_the_whole_order() {
        let key = v4a::generate_signing_key("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY00");
        assert_eq!(hex::encode(key.as_ref()), "85edb8fe9063364029c128658c49e98817465adbfe365eef91c7359476f80942");
    }
}
