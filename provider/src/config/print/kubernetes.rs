//! Service account tokens.

use super::Map;
use crate::identity::kubernetes::{Expected, OptIn, ServiceAccountToken, ServiceAccountTokenFile};

pub(super) fn service_account_token(identity: &ServiceAccountToken) -> Map {
    let ServiceAccountToken { opt_in, expected: wanted, provider: _ } = identity;
    let word = match opt_in {
        OptIn::EveryToken => "everyToken",
        OptIn::Annotated => "annotated",
    };
    expected(Map::default().with("optIn", word), wanted)
}

pub(super) fn service_account_token_file(identity: &ServiceAccountTokenFile) -> Map {
    let ServiceAccountTokenFile { path, expected: wanted, provider: _ } = identity;
    expected(Map::default().with("path", path.as_path()), wanted)
}

fn expected(map: Map, wanted: &Expected) -> Map {
    let Expected { audience, issuer } = wanted;
    map.with_some("audience", audience.as_deref()).with_some("issuer", issuer.as_deref())
}
