//! The instance metadata service of EC2.
//!
//! [User guide, Use IMDS](https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html);
//! layouts and headers are those of the recordings in
//! [smithy-rs](https://github.com/smithy-lang/smithy-rs/tree/main/aws/rust-runtime/aws-config/test-data/default-credential-provider-chain).

mod document;
mod metadata;
mod reply;
pub(crate) mod tokens;

use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use time::OffsetDateTime;

use self::reply::{Presence, Reply};
use super::Facts;
use super::world::{Listing, Tokens};

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html lists them.
const VERSIONS: &str = "1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 \
    2011-01-01 2011-05-01 2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30 2016-09-02 2018-03-28 \
    2018-08-17 2018-09-24 2019-10-01 2020-10-27 2021-01-03 2021-03-23 latest";

/// Where tokens are had, below the version.
const TOKEN_PATH: &str = "api/token";

/// Serves every version of the metadata service, and nothing beside it.
pub(crate) fn router(facts: Arc<Facts>) -> Router {
    Router::new().fallback(answer).with_state(facts)
}

async fn answer(State(facts): State<Arc<Facts>>, uri: Uri, method: Method, headers: HeaderMap) -> Response {
    let now = facts.clock.now();
    let (version, path) = split(uri.path());
    let reply = match (version, path) {
        _ if !facts.world.imds.enabled => Reply::error(StatusCode::FORBIDDEN),
        ("latest", TOKEN_PATH) => token(&facts, &method, &headers, now),
        (_, TOKEN_PATH) => Reply::error(StatusCode::FORBIDDEN),
        _ => data(&facts, &method, &headers, uri.path(), now),
    };
    // The answer to a token request, and no other, is sent with the hop limit as its TTL.
    if path == TOKEN_PATH && facts.world.imds.hops >= facts.world.imds.hop_limit {
        return pending().await;
    }
    reply.at(now, facts.started).into_response()
}

fn split(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    path.split_once('/').unwrap_or((path, ""))
}

fn token(facts: &Facts, method: &Method, headers: &HeaderMap, now: OffsetDateTime) -> Reply {
    if method != Method::PUT {
        return Reply::not_allowed("OPTIONS, PUT");
    }
    // The status is not documented, only that such requests are rejected.
    if headers.contains_key("x-forwarded-for") {
        return Reply::error(StatusCode::FORBIDDEN);
    }
    match facts.tokens.issue(headers, now) {
        Some((token, presence)) => Reply::text(token).with(presence),
        None => Reply::error(StatusCode::BAD_REQUEST),
    }
}

fn data(facts: &Facts, method: &Method, headers: &HeaderMap, path: &str, now: OffsetDateTime) -> Reply {
    if method != Method::GET && method != Method::HEAD {
        return Reply::not_allowed("GET, HEAD");
    }
    let presence = facts.tokens.presence(headers, now);
    let required = facts.world.imds.tokens == Tokens::Required;
    if presence == Presence::Unknown || presence == Presence::Absent && required {
        return Reply::error(StatusCode::UNAUTHORIZED);
    }
    found(facts, path, now).with(presence)
}

fn found(facts: &Facts, path: &str, now: OffsetDateTime) -> Reply {
    let (version, name) = split(path);
    if version.is_empty() {
        return Reply::data(VERSIONS.replace(' ', "\n"));
    }
    if !VERSIONS.split(' ').any(|known| known == version) {
        return Reply::error(StatusCode::NOT_FOUND);
    }
    let tree = metadata::tree(facts, now);
    // botocore, `InstanceMetadataRegionFetcher`, reads the zone with a final slash.
    let placement = name.strip_suffix('/').filter(|name| name.starts_with("meta-data/placement/"));
    if let Some(text) = tree.get(placement.unwrap_or(name)) {
        return Reply::data(text.clone());
    }
    let Some(listing) = metadata::listing(&tree, name.trim_end_matches('/')) else {
        return Reply::error(StatusCode::NOT_FOUND);
    };
    let moved = facts.world.imds.listing_without_slash == Listing::Moved;
    if moved && !path.ends_with('/') {
        return Reply::moved(&format!("{path}/"));
    }
    Reply::data(listing)
}
