//! The requests that AWS's own signer signed, see `tests/aws/signing-test-suite/README.md`.

use std::fs;
use std::path::{Path, PathBuf};

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::authorization::Authorization;
use super::{Refusal, SignedRequest, is_signed_by};
use crate::aws::timestamp;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct Case {
    method: Method,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Case {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let (line, fields) = head.split_once('\n').unwrap();
        let (method, rest) = line.split_once(' ').unwrap();
        let target = rest.strip_suffix(" HTTP/1.1").unwrap();
        let mut headers = HeaderMap::new();
        for field in fields.lines() {
            let (name, value) = field.split_once(':').unwrap();
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
        }
        Self {
            method: method.parse().unwrap(),
            query: target.split_once('?').map_or("", |(_, query)| query).into(),
            headers,
            body: body.into(),
        }
    }

    fn is_signed_by(&self, secret: &str) -> bool {
        let authorization = Authorization::from_headers(&self.headers).unwrap();
        let request = SignedRequest {
            method: &self.method,
            path: "/",
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        let credential = authorization.credential().unwrap();
        let date = timestamp::parse_basic(authorization.date).unwrap();
        is_signed_by(&request, &authorization, &credential, date, secret)
    }
}

fn cases(version: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/signing-test-suite").join(version);
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

fn assert_all_verify(version: &str) {
    let files = cases(version);
    assert_eq!(files.len(), 21);
    for file in files {
        let case = Case::read(&file);
        assert!(case.is_signed_by(SECRET), "{}", file.display());
        assert!(!case.is_signed_by("another secret"), "{}", file.display());
        let longer = Case { query: format!("{}&another=1", case.query), ..case };
        assert!(!longer.is_signed_by(SECRET), "{}", file.display());
    }
}

#[test]
fn every_sigv4_request_of_the_suite_verifies() {
    assert_all_verify("v4");
}

#[test]
fn every_sigv4a_request_of_the_suite_verifies() {
    assert_all_verify("v4a");
}

#[test]
fn a_session_token_added_after_signing_is_refused() {
    for file in cases("v4").into_iter().chain(cases("v4a")) {
        let case = Case::read(&file);
        let authorization = Authorization::from_headers(&case.headers).unwrap();
        let refusal = authorization.covers_what_it_must(&case.headers).err();
        let added_after = file.ends_with("post-sts-header-after.txt");
        let expected = added_after.then(|| Refusal::HeadersNotSigned("x-amz-security-token".into()));
        assert_eq!(refusal, expected, "{}", file.display());
    }
}
