//! The canonical form of a request, which is what a signature covers.

use http::{HeaderMap, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sha2::{Digest, Sha256};

use super::SignedRequest;

// The unreserved characters of RFC 3986, which SigV4 leaves as they are:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The canonical request, `None` when a header that should be signed is absent.
pub(crate) fn canonical_request(request: &SignedRequest<'_>, signed_headers: &[&str]) -> Option<Vec<u8>> {
    let mut canonical = Vec::new();
    for line in [request.method.as_str(), &canonical_path(request.path), &canonical_query(request.query)] {
        canonical.extend(line.as_bytes());
        canonical.push(b'\n');
    }
    for name in signed_headers {
        canonical.extend(name.as_bytes());
        canonical.push(b':');
        canonical.extend(canonical_value(request.headers, name)?);
        canonical.push(b'\n');
    }
    canonical.push(b'\n');
    canonical.extend(signed_headers.join(";").as_bytes());
    canonical.push(b'\n');
    canonical.extend(hex::encode(Sha256::digest(request.body)).as_bytes());
    Some(canonical)
}

// Every service but S3 encodes the path once more than the wire does.
fn canonical_path(path: &str) -> String {
    let segments: Vec<String> = path.split('/').map(|segment| encode(segment.as_bytes())).collect();
    segments.join("/")
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn recode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    encode(&percent_decode(spaced.as_bytes()).collect::<Vec<u8>>())
}

fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

// Values are trimmed, runs of spaces become one, values of one name are joined by commas.
fn canonical_value(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let values: Vec<Vec<u8>> = headers.get_all(name).iter().map(|value| single_spaced(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

fn single_spaced(value: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;

    #[test]
    fn a_query_is_sorted_and_encoded_once() {
        for (query, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&A=3", "A=3&a=1&a=2"),
            ("a&b=", "a=&b="),
            ("a=b=c", "a=b%3Dc"),
            ("a=x+y%20z", "a=x%20y%20z"),
            ("a=%2f%2B~-._", "a=%2F%2B~-._"),
            ("a=%zz", "a=%25zz"),
            ("a=\u{e9}", "a=%C3%A9"),
            ("a-b=1&a=2", "a=2&a-b=1"),
        ] {
            assert_eq!(canonical_query(query), canonical, "{query}");
        }
    }

    #[test]
    fn a_path_is_encoded_once_more() {
        assert_eq!(canonical_path("/"), "/");
        assert_eq!(canonical_path("/a%20b/c d"), "/a%2520b/c%20d");
    }

    #[test]
    fn header_values_lose_their_excess_spaces_and_are_joined() {
        let mut headers = HeaderMap::new();
        headers.append("My-Header", HeaderValue::from_static("  a   b \"c  d\" "));
        headers.append("my-header", HeaderValue::from_static("e\tf"));
        let value = canonical_value(&headers, "my-header").unwrap();
        assert_eq!(value, b"a b \"c d\",e\tf");
        assert_eq!(canonical_value(&headers, "absent"), None);
        assert_eq!(canonical_value(&headers, "not a name"), None);
    }

    #[test]
    fn the_canonical_request_has_the_documented_layout() {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("sts.amazonaws.com"));
        headers.insert("x-amz-date", HeaderValue::from_static("20260102T030405Z"));
        let request = SignedRequest {
            method: &Method::GET,
            path: "/",
            query: "Version=2011-06-15&Action=GetCallerIdentity",
            headers: &headers,
            body: b"",
        };
        let canonical = canonical_request(&request, &["host", "x-amz-date"]).unwrap();
        assert_eq!(
            String::from_utf8(canonical).unwrap(),
            "GET\n/\nAction=GetCallerIdentity&Version=2011-06-15\nhost:sts.amazonaws.com\nx-amz-date:20260102T030405Z\n\n\
             host;x-amz-date\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(canonical_request(&request, &["host", "date"]), None);
    }
}
