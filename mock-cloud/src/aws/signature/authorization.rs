//! The `Authorization` header and the headers that it must cover.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, header};
use sha2::{Digest, Sha256};

use super::{Refusal, region_set, sigv4a};

/// The two ways to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// SigV4.
    Hmac,
    /// SigV4A.
    Ecdsa,
}

/// What an `Authorization` header and the date beside it say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    /// How the request was signed.
    pub(crate) algorithm: Algorithm,
    /// The signature, hexadecimal.
    pub(crate) signature: &'a str,
    /// The value of `X-Amz-Date`, else of `Date`.
    pub(crate) date: &'a str,
    credential: &'a str,
    signed_headers: &'a str,
}

/// The access key and the scope that a signature is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Credential<'a> {
    /// The access key id.
    pub(crate) access_key_id: &'a str,
    /// All after the access key id.
    pub(crate) scope: &'a str,
    /// The day, `yyyymmdd`.
    pub(crate) date: &'a str,
    /// The region, `None` in SigV4A.
    pub(crate) region: Option<&'a str>,
    /// The service.
    pub(crate) service: &'a str,
    /// `aws4_request`.
    pub(crate) terminator: &'a str,
}

impl Algorithm {
    /// The name in the header and in the string to sign.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hmac => "AWS4-HMAC-SHA256",
            Self::Ecdsa => sigv4a::ALGORITHM,
        }
    }

    fn parse(name: &str) -> Result<Self, Refusal> {
        let known = [Self::Hmac, Self::Ecdsa].into_iter().find(|one| one.name() == name);
        known.ok_or_else(|| Refusal::Algorithm(name.into()))
    }
}

impl<'a> Authorization<'a> {
    /// Reads the header; parts of it that come twice count as missing.
    ///
    /// # Errors
    ///
    /// [`Refusal::Missing`] for no header or one of another scheme, else what is incomplete about it.
    pub(crate) fn from_headers(headers: &'a HeaderMap) -> Result<Self, Refusal> {
        let header = only(headers, header::AUTHORIZATION.as_str()).ok_or(Refusal::Missing)?;
        let (name, parts) = header.trim().split_once(' ').unwrap_or((header, ""));
        if !name.starts_with("AWS4-") {
            return Err(Refusal::Missing);
        }
        let algorithm = Algorithm::parse(name)?;
        let parts = key_values(parts).ok_or_else(|| Refusal::KeyValue(hash(header)))?;
        let [credential, signature, signed_headers] =
            ["Credential", "Signature", "SignedHeaders"].map(|name| part(&parts, name));
        let date = only(headers, dated_by(headers));
        let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (credential, signature, signed_headers, date)
        else {
            return Err(Refusal::Incomplete {
                missing: missing([credential, signature, signed_headers, date]),
                hash: hash(header),
            });
        };
        Ok(Self { algorithm, signature, date, credential, signed_headers })
    }

    /// The names of the signed headers in their order.
    pub(crate) fn signed_headers(&self) -> Vec<&'a str> {
        self.signed_headers.split(';').collect()
    }

    /// Refuses a signature that leaves out the host, the date, the region set or an `x-amz-` header that is present.
    ///
    /// The rule is that of the
    /// [IAM user guide](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request).
    /// Some services bend it for a session token added after signing; this one keeps to it. A region set means nothing to
    /// SigV4 and may be added to it unsigned, as jfrog/jfrog-secret-rotator-lambda does. The text for headers other than the
    /// host is versitygw's.
    pub(crate) fn covers_what_it_must(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let signed = self.signed_headers();
        if !signed.contains(&"host") {
            return Err(Refusal::HostNotSigned);
        }
        let unsigned: Vec<&str> =
            must_be_signed(self.algorithm, headers).into_iter().filter(|name| !signed.contains(name)).collect();
        if unsigned.is_empty() { Ok(()) } else { Err(Refusal::HeadersNotSigned(unsigned.join(", "))) }
    }

    /// The access key and the scope.
    ///
    /// # Errors
    ///
    /// [`Refusal::Credential`] unless there are five parts, or four in SigV4A. The text for the latter follows that
    /// for the former.
    pub(crate) fn credential(&self) -> Result<Credential<'a>, Refusal> {
        let parts: Vec<&str> = self.credential.split('/').collect();
        let (access_key_id, scope) = self.credential.split_once('/').unwrap_or_default();
        match (self.algorithm, parts.as_slice()) {
            (Algorithm::Hmac, [_, date, region, service, terminator]) => {
                Ok(Credential { access_key_id, scope, date, region: Some(region), service, terminator })
            }
            (Algorithm::Ecdsa, [_, date, service, terminator]) => {
                Ok(Credential { access_key_id, scope, date, region: None, service, terminator })
            }
            (algorithm, _) => Err(Refusal::Credential {
                parts: if algorithm == Algorithm::Hmac { 5 } else { 4 },
                example: match algorithm {
                    Algorithm::Hmac => "keyid/date/region/service/term",
                    Algorithm::Ecdsa => "keyid/date/service/term",
                },
                got: self.credential.into(),
            }),
        }
    }
}

fn must_be_signed(algorithm: Algorithm, headers: &HeaderMap) -> BTreeSet<&str> {
    let names = headers.keys().map(HeaderName::as_str);
    names
        .filter(|name| name.starts_with("x-amz-") && *name != region_set::HEADER)
        .chain([dated_by(headers)])
        .chain((algorithm == Algorithm::Ecdsa).then_some(region_set::HEADER))
        .collect()
}

fn dated_by(headers: &HeaderMap) -> &'static str {
    if headers.contains_key("x-amz-date") { "x-amz-date" } else { "date" }
}

fn key_values(parts: &str) -> Option<Vec<(&str, &str)>> {
    let parts = parts.split(',').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=')).collect()
}

fn part<'a>(parts: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    let mut values = parts.iter().filter(|(key, _)| *key == name);
    let (_, value) = values.next().filter(|_| values.next().is_none())?;
    Some(*value).filter(|value| !value.is_empty())
}

fn missing(found: [Option<&str>; 4]) -> String {
    let sentences = [
        "Authorization header requires 'Credential' parameter. ",
        "Authorization header requires 'Signature' parameter. ",
        "Authorization header requires 'SignedHeaders' parameter. ",
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
    ];
    let missing = sentences.into_iter().zip(found);
    missing.filter(|(_, found)| found.is_none()).map(|(sentence, _)| sentence).collect()
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none());
    value.and_then(|value| value.to_str().ok())
}

fn hash(header: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(header))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const COMPLETE: &str = "AWS4-HMAC-SHA256 Credential=AKID/20260102/us-east-1/sts/aws4_request, \
        SignedHeaders=host;x-amz-date, Signature=00";

    fn headers(authorization: &str, others: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        for (name, value) in others {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn refusal(authorization: &str, others: &[(&'static str, &'static str)]) -> Refusal {
        let headers = headers(authorization, others);
        Authorization::from_headers(&headers).unwrap_err()
    }

    const DATED: [(&str, &str); 1] = [("x-amz-date", "20260102T030405Z")];

    #[test]
    fn a_complete_header_is_read_whatever_its_spacing() {
        for header in [COMPLETE, &COMPLETE.replace(", ", ","), &COMPLETE.replace(", ", " ,  ")] {
            let headers = headers(header, &DATED);
            let authorization = Authorization::from_headers(&headers).unwrap();
            let credential = authorization.credential().unwrap();
            assert_eq!(credential.access_key_id, "AKID");
            assert_eq!(credential.region, Some("us-east-1"));
            assert_eq!(credential.scope, "20260102/us-east-1/sts/aws4_request");
            assert_eq!(authorization.signed_headers(), ["host", "x-amz-date"]);
            assert_eq!(authorization.covers_what_it_must(&headers), Ok(()));
        }
    }

    #[test]
    fn a_date_that_comes_twice_is_none() {
        let twice = [DATED[0], DATED[0], ("date", "20260102T030405Z")];
        let text = refusal(COMPLETE, &twice).to_string();
        assert!(text.starts_with("Authorization header requires existence of either"), "{text}");
    }

    #[test]
    fn a_request_without_an_aws_signature_is_missing_its_token() {
        for header in ["", "Basic YTpi", "Bearer x", "AWS AKID:sig", "AWS4"] {
            assert_eq!(refusal(header, &DATED), Refusal::Missing, "{header}");
        }
        assert_eq!(Authorization::from_headers(&HeaderMap::new()), Err(Refusal::Missing));
        let twice = [DATED[0], ("authorization", COMPLETE)];
        assert_eq!(refusal(COMPLETE, &twice), Refusal::Missing);
    }

    #[test]
    fn what_is_incomplete_is_said_in_the_words_of_aws() {
        let hash_of = |header: &str| hash(header);
        for (header, others, text) in [
            ("AWS4-HMAC-SHA1 x", &DATED[..], "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'. ".to_owned()),
            (
                "AWS4-HMAC-SHA256 Credential",
                &DATED,
                format!(
                    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and \
                     encoded with Base64): '{}'.",
                    hash_of("AWS4-HMAC-SHA256 Credential")
                ),
            ),
            (
                "AWS4-HMAC-SHA256 Credential=a,Credential=b, SignedHeaders=",
                &[],
                format!(
                    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
                     parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires \
                     existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and encoded with \
                     Base64) Authorization={}",
                    hash_of("AWS4-HMAC-SHA256 Credential=a,Credential=b, SignedHeaders=")
                ),
            ),
        ] {
            let refusal = refusal(header, others);
            assert_eq!(refusal.to_string(), text);
            assert_eq!(refusal.code(), "IncompleteSignature");
        }
    }

    #[test]
    fn a_credential_has_the_parts_of_its_algorithm() {
        for (algorithm, parts, credential) in [
            ("AWS4-HMAC-SHA256", 5, "AKID"),
            ("AWS4-HMAC-SHA256", 5, "AKID/20260102/sts/aws4_request"),
            ("AWS4-HMAC-SHA256", 5, "AKID/20260102/us-east-1/sts/aws4_request/"),
            ("AWS4-ECDSA-P256-SHA256", 4, "AKID/20260102/us-east-1/sts/aws4_request"),
        ] {
            let headers =
                headers(&format!("{algorithm} Credential={credential},SignedHeaders=host,Signature=00"), &DATED);
            let text = Authorization::from_headers(&headers).unwrap().credential().unwrap_err().to_string();
            assert!(text.starts_with(&format!("Credential must have exactly {parts} ")), "{text}");
            assert!(text.ends_with(&format!(", got '{credential}'")), "{text}");
        }
    }

    #[test]
    fn the_host_the_date_and_every_amazon_header_must_be_signed() {
        let ecdsa = "AWS4-ECDSA-P256-SHA256 Credential=a,SignedHeaders=host;x-amz-date,Signature=00";
        let extra = [DATED[0], ("x-amz-security-token", "t"), ("x-amzn-trace-id", "i")];
        let region_set = [DATED[0], ("x-amz-region-set", "us-east-1")];
        let added = headers(COMPLETE, &region_set);
        assert!(Authorization::from_headers(&added).unwrap().covers_what_it_must(&added).is_ok(), "no part of SigV4");
        let unhosted = COMPLETE.replace("host;", "");
        let undated = COMPLETE.replace(";x-amz-date", "");
        let old = [("date", "20260102T030405Z")];
        for (header, others, refusal) in [
            (COMPLETE, &extra[..], "Header(s) not signed: x-amz-security-token."),
            (ecdsa, &DATED, "Header(s) not signed: x-amz-region-set."),
            (&undated, &DATED, "Header(s) not signed: x-amz-date."),
            (COMPLETE, &old, "Header(s) not signed: date."),
            (&unhosted, &DATED, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
        ] {
            let headers = headers(header, others);
            let authorization = Authorization::from_headers(&headers).unwrap();
            let text = authorization.covers_what_it_must(&headers).unwrap_err().to_string();
            assert!(text.ends_with(refusal), "{text}");
        }
    }
}
