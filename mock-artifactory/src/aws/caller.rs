//! The caller's identity: a signed request that someone else made, sent to STS as it was signed.

use http::{HeaderMap, StatusCode, header};

/// The headers that carry the signature.
///
/// `Host` is signed as well and not among them: the server puts STS's own there, and a client that
/// forwards its `Host` header only reaches another virtual server (a 403 in front of the real one).
///
/// Source: jfrog/jfrog-credentials-provider, `internal/sign/signer.go`.
const FORWARDED: [&str; 4] = ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-region-set"];

/// Which STS to ask, known by the name that the client signed for.
///
/// Source: jfrog/jfrog-credentials-provider: `?region=` since commit 4e8973d. Without it the real
/// server asks the global host for a minute before it tries a regional one; the mock asks the
/// global host only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StsHost(String);

/// Who AWS says the caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssumedRole {
    pub(crate) account: String,
    pub(crate) role: String,
}

/// What STS said of a caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// It is a session of a role.
    Role(AssumedRole),
    /// It is someone whom no role mapping can name: a user, the root, another partition.
    Other,
}

/// Why the caller is not known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallerError {
    /// STS refused the request, with this status and code.
    #[error("AWS STS refused the request: {status} {code}")]
    Refused { status: StatusCode, code: String },
    /// STS did not answer, or not as it should.
    #[error("AWS STS did not answer")]
    Unavailable,
}

impl StsHost {
    /// The host of a region, or the global one; `None` when the text is no region.
    ///
    /// Source of the suffixes: botocore, `partitions.json`.
    pub(crate) fn of(region: Option<&str>) -> Option<Self> {
        let Some(region) = region.filter(|region| !region.is_empty()) else {
            return Some(Self("sts.amazonaws.com".to_owned()));
        };
        let is_region = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        is_region.then(|| Self(format!("sts.{region}.{suffix}")))
    }
}

/// Asks STS who signed the request whose headers these are.
pub(crate) async fn identify(
    client: &reqwest::Client,
    sts: &str,
    host: &StsHost,
    headers: &HeaderMap,
) -> Result<Caller, CallerError> {
    let url = format!("{}/?Action=GetCallerIdentity&Version=2011-06-15", sts.trim_end_matches('/'));
    let mut request = client.get(url).headers(mock_kit::trace::onward()).header(header::HOST, &host.0);
    for name in FORWARDED {
        for value in headers.get_all(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.map_err(|_| CallerError::Unavailable)?;
    let status = answer.status();
    let body = answer.text().await.map_err(|_| CallerError::Unavailable)?;
    if status != StatusCode::OK {
        let code = element(&body, "Code").unwrap_or("no code").to_owned();
        return Err(CallerError::Refused { status, code });
    }
    let arn = element(&body, "Arn").ok_or(CallerError::Unavailable)?;
    Ok(AssumedRole::parse(arn).map_or(Caller::Other, Caller::Role))
}

impl AssumedRole {
    /// Source: AWS IAM user guide, IAM identifiers:
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    fn parse(arn: &str) -> Option<Self> {
        let (account, rest) = arn.strip_prefix("arn:aws:sts::")?.split_once(":assumed-role/")?;
        let (role, _session) = rest.split_once('/')?;
        Some(Self { account: account.to_owned(), role: role.to_owned() })
    }
}

/// The text of the first element of a name; ARNs and codes hold nothing that XML escapes.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_names_the_host_and_nothing_else_can() {
        let cases = [
            (None, Some("sts.amazonaws.com")),
            (Some(""), Some("sts.amazonaws.com")),
            (Some("eu-central-1"), Some("sts.eu-central-1.amazonaws.com")),
            (Some("cn-north-1"), Some("sts.cn-north-1.amazonaws.com.cn")),
            (Some("us-gov-west-1"), Some("sts.us-gov-west-1.amazonaws.com")),
            (Some("evil.example.com/"), None),
            (Some("*"), None),
            (Some("US-EAST-1"), None),
        ];
        for (region, host) in cases {
            assert_eq!(StsHost::of(region), host.map(|host| StsHost(host.to_owned())), "{region:?}");
        }
    }

    #[test]
    fn only_a_session_of_a_role_in_the_partition_aws_is_a_role() {
        let role = AssumedRole { account: "111122223333".into(), role: "pull".into() };
        assert_eq!(AssumedRole::parse("arn:aws:sts::111122223333:assumed-role/pull/i-01"), Some(role));
        for arn in [
            "arn:aws:iam::111122223333:user/pull",
            "arn:aws:iam::111122223333:root",
            "arn:aws-cn:sts::111122223333:assumed-role/pull/i-01",
            "arn:aws:sts::111122223333:assumed-role/pull",
            "arn:aws:sts::111122223333:federated-user/pull",
        ] {
            assert_eq!(AssumedRole::parse(arn), None, "{arn}");
        }
    }
}
