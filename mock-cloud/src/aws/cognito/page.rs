//! The pages of a listing, and the tokens that lead from one to the next.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::aws::json::Failure;
use crate::aws::session::random_bytes;

/// How long a page of a listing may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// 1 to 60, and always said.
    UserPools,
    /// 1 to 50, and 50 unless said.
    ResourceServers,
}

/// The pages of one run of the mock, whose tokens are of no use in another.
pub(super) struct Pages(Vec<u8>);

impl Pages {
    pub(super) fn new() -> Self {
        Self(random_bytes(32))
    }

    /// One page of a listing's items, and the token of the next, `None` on the last.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` for a token that was not handed out for this listing.
    pub(super) fn page<'a, T>(
        &self,
        listing: &str,
        all: &'a [T],
        size: usize,
        token: Option<&str>,
    ) -> Result<(&'a [T], Option<String>), Failure> {
        let start = match token {
            None => 0,
            Some(token) => self.start(listing, token).filter(|start| *start <= all.len()).ok_or_else(foreign)?,
        };
        let end = all.len().min(start + size);
        let next = (end < all.len()).then(|| self.token(listing, end));
        Ok((&all[start..end], next))
    }

    fn token(&self, listing: &str, start: usize) -> String {
        let start = u32::try_from(start).unwrap_or(u32::MAX).to_be_bytes();
        BASE64_URL_SAFE_NO_PAD.encode([&start[..], &self.seal(listing, start)].concat())
    }

    fn start(&self, listing: &str, token: &str) -> Option<usize> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (start, seal) = bytes.split_first_chunk::<4>()?;
        (seal == self.seal(listing, *start)).then(|| usize::try_from(u32::from_be_bytes(*start)).ok())?
    }

    fn seal(&self, listing: &str, start: [u8; 4]) -> Vec<u8> {
        let mut seal = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        seal.update(listing.as_bytes());
        seal.update(&start);
        seal.finalize().into_bytes().to_vec()
    }
}

impl Limit {
    // botocore, data/cognito-idp/2016-04-18/service-2.json, `PoolQueryLimitType` and `ListResourceServersLimitType`.
    fn most(self) -> u8 {
        match self {
            Self::UserPools => 60,
            Self::ResourceServers => 50,
        }
    }

    /// The size of a page for which `MaxResults` asks.
    ///
    /// # Errors
    ///
    /// `InvalidParameterException` for a number out of bounds, and for none where one must be said.
    pub(super) fn size(self, results: Option<i64>) -> Result<usize, Failure> {
        let most = self.most();
        let (value, constraint) = match results {
            None if self == Self::ResourceServers => return Ok(most.into()),
            None => ("null".to_owned(), "not be null".to_owned()),
            Some(results) if results < 1 => {
                (format!("'{results}'"), "have value greater than or equal to 1".to_owned())
            }
            Some(results) => match u8::try_from(results).ok().filter(|results| *results <= most) {
                Some(results) => return Ok(results.into()),
                None => (format!("'{results}'"), format!("have value less than or equal to {most}")),
            },
        };
        Err(constraint_error(&format!(
            "Value {value} at 'maxResults' failed to satisfy constraint: Member must {constraint}"
        )))
    }
}

/// An input that the model of the API does not allow.
pub(super) fn constraint_error(complaint: &str) -> Failure {
    Failure::exception("InvalidParameterException", format!("1 validation error detected: {complaint}"))
}

fn foreign() -> Failure {
    Failure::exception("InvalidParameterException", "Invalid pagination token given.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_hold_everything_once_and_in_order() {
        let (pages, all) = (Pages::new(), [1, 2, 3, 4, 5, 6, 7]);
        for size in 1..9 {
            let (mut seen, mut token) = (Vec::<i32>::new(), None);
            loop {
                let (page, next) = pages.page("pools", &all, size, token.as_deref()).unwrap();
                assert!(page.len() <= size);
                seen.extend(page);
                token = next;
                if token.is_none() {
                    break;
                }
            }
            assert_eq!(seen, all, "{size}");
        }
    }

    #[test]
    fn a_token_is_good_for_its_own_listing_and_its_own_run() {
        let (pages, all) = (Pages::new(), [1, 2]);
        let token = pages.page("pools", &all, 1, None).unwrap().1.unwrap();
        assert_eq!(pages.page("pools", &all, 1, Some(&token)).unwrap(), (&all[1..], None));
        let mut changed = token.clone().into_bytes();
        changed[5] = if changed[5] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(pages.page("servers", &all, 1, Some(&token)), Err(foreign()));
        assert_eq!(pages.page("pools", &all, 1, Some(&changed)), Err(foreign()));
        assert_eq!(Pages::new().page("pools", &all, 1, Some(&token)), Err(foreign()));
        assert_eq!(pages.page("pools", &all, 1, Some("1")), Err(foreign()));
    }

    #[test]
    fn a_page_has_a_size_within_its_bounds() {
        assert_eq!(Limit::UserPools.size(Some(1)), Ok(1));
        assert_eq!(Limit::UserPools.size(Some(60)), Ok(60));
        assert_eq!(Limit::ResourceServers.size(None), Ok(50));
        for (limit, results, end) in [
            (
                Limit::UserPools,
                None,
                "Value null at 'maxResults' failed to satisfy constraint: Member must not be null",
            ),
            (
                Limit::UserPools,
                Some(0),
                "'0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ),
            (
                Limit::UserPools,
                Some(61),
                "'61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60",
            ),
            (Limit::ResourceServers, Some(51), "Member must have value less than or equal to 50"),
            (Limit::ResourceServers, Some(300), "Member must have value less than or equal to 50"),
        ] {
            let text = limit.size(results).unwrap_err().to_string();
            assert!(text.starts_with("1 validation error detected: Value ") && text.ends_with(end), "{text}");
        }
    }
}
