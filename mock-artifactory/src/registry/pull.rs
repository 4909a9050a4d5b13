//! Answers a permitted request from the content: manifests, blobs and tags.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LINK, RANGE,
};
use http::{Method, StatusCode};
use serde_json::json;

use super::content::{Image, Manifest};
use super::digest::Digest;
use super::error;
use super::range::Range;
use super::route::Reference;
use crate::service_error::RegistryError;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Serves a manifest or index by tag or digest.
pub(crate) fn manifest(
    headers: &HeaderMap,
    (name, image): (&str, Option<&Image>),
    reference: &Reference,
) -> Result<Response, RegistryError> {
    let unknown = || error::manifest_unknown(name);
    let digest = match reference {
        Reference::Digest(digest) => digest,
        Reference::Tag(tag) => image.and_then(|image| image.tagged(tag)).ok_or_else(unknown)?,
        Reference::Malformed => return Err(error::digest_invalid()),
    };
    let manifest = image.and_then(|image| image.manifest(digest)).ok_or_else(unknown)?;
    if !accepts(headers, manifest) {
        return Err(unknown());
    }
    let mut response = content(&manifest.bytes, digest, Range::Whole);
    if let Ok(media_type) = HeaderValue::from_str(&manifest.media_type) {
        response.headers_mut().insert(CONTENT_TYPE, media_type);
    }
    Ok(response)
}

/// Says whether the client can take the manifest.
///
/// Only a list of manifest types that leaves this one out is a no: plain HTTP clients ask for
/// `*/*`, for `application/json`, or for nothing.
fn accepts(headers: &HeaderMap, manifest: &Manifest) -> bool {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = values
        .flat_map(|value| value.split(','))
        .map(|item| item.split(';').next().unwrap_or(item).trim())
        .filter(|item| !item.is_empty())
        .peekable();
    types.peek().is_none() || types.any(|item| item == manifest.media_type || !is_manifest_type(item))
}

/// Media types of manifests and indexes: OCI image specification, media-types.md, and Docker's
/// "Image Manifest Version 2, Schema 2".
fn is_manifest_type(media_type: &str) -> bool {
    let kind = media_type
        .strip_prefix("application/vnd.oci.image.")
        .or_else(|| media_type.strip_prefix("application/vnd.docker.distribution."));
    kind.is_some_and(|kind| kind.starts_with("manifest.") || kind.starts_with("index."))
}

/// Serves a config or a layer, or the part of it that a Range header asks for.
pub(crate) fn blob(method: &Method, headers: &HeaderMap, bytes: &Bytes, digest: &Digest) -> Response {
    let range = headers.get(RANGE).filter(|_| method == Method::GET);
    let range = Range::parse(range.and_then(|value| value.to_str().ok()), bytes.len());
    let mut response = content(bytes, digest, range);
    let octets = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, octets);
    let unit = HeaderValue::from_static("bytes");
    response.headers_mut().insert(ACCEPT_RANGES, unit);
    response
}

fn content(bytes: &Bytes, digest: &Digest, range: Range) -> Response {
    let length = bytes.len();
    let (status, part, content_range) = match range {
        Range::Whole => (StatusCode::OK, bytes.clone(), None),
        Range::Part { first, last } => {
            let content_range = format!("bytes {first}-{last}/{length}");
            (StatusCode::PARTIAL_CONTENT, bytes.slice(first..=last), Some(content_range))
        }
        Range::Unsatisfiable => {
            let content_range = format!("bytes */{length}");
            (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), Some(content_range))
        }
    };
    let named = [(CONTENT_DIGEST, digest.to_string()), (ETAG, format!("\"{}\"", digest.hex()))];
    match content_range {
        Some(value) => (status, named, [(CONTENT_RANGE, value)], part).into_response(),
        None => (status, named, part).into_response(),
    }
}

/// Which tags a client wants: at most `number` of those that sort after `last`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    number: Option<usize>,
    last: Option<String>,
}

impl Page {
    /// Reads the `n` and `last` of a query.
    pub(crate) fn parse(query: &[(String, String)]) -> Result<Self, RegistryError> {
        let value = |name| query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let number = match value("n") {
            Some(text) => Some(text.parse().map_err(|_| error::page_invalid(text))?),
            None => None,
        };
        Ok(Self { number, last: value("last").cloned() })
    }
}

/// Lists an image's tags; `path` is the request's own, which the link to the next page repeats.
pub(crate) fn tags(path: &str, (name, image): (&str, Option<&Image>), page: &Page) -> Result<Response, RegistryError> {
    let image = image.ok_or_else(|| error::name_unknown(name))?;
    let after = |tag: &&str| page.last.as_deref().is_none_or(|last| *tag > last);
    let mut tags: Vec<&str> = image.tags().filter(after).collect();
    let more = page.number.is_some_and(|number| tags.len() > number);
    tags.truncate(page.number.unwrap_or(tags.len()));
    let next = match (tags.last(), page.number) {
        (Some(last), Some(number)) if more => Some([(LINK, format!("<{path}?last={last}&n={number}>; rel=\"next\""))]),
        _ => None,
    };
    let list = axum::Json(json!({ "name": name, "tags": tags }));
    Ok(match next {
        Some(link) => (link, list).into_response(),
        None => list.into_response(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
    const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

    #[test]
    fn only_a_list_of_other_manifest_types_leaves_a_manifest_out() {
        let manifest = Manifest { media_type: OCI.into(), bytes: Bytes::new() };
        let both = format!("{DOCKER}, {OCI};q=0.9");
        let others = format!("{DOCKER},{OCI_INDEX}");
        let any = format!("{DOCKER}, */*");
        let cases = [
            (vec![], true),
            (vec![""], true),
            (vec!["*/*"], true),
            (vec!["application/json"], true),
            (vec![OCI], true),
            (vec![DOCKER, OCI], true),
            (vec![both.as_str()], true),
            (vec![any.as_str()], true),
            (vec![DOCKER], false),
            (vec![others.as_str()], false),
            (vec![DOCKER, OCI_INDEX], false),
        ];
        for (values, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in &values {
                headers.append(ACCEPT, value.parse().unwrap());
            }
            assert_eq!(accepts(&headers, &manifest), expected, "{values:?}");
        }
    }
}
