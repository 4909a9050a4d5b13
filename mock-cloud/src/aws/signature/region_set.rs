//! The regions that a SigV4A signature is good for.

use http::HeaderMap;

/// The header that names them, in the order and spelling that was signed.
pub(crate) const HEADER: &str = "x-amz-region-set";

/// Whether the one region set of a request holds a region.
///
/// Items are names or globs separated by commas, as clients sign them; an item of other characters spoils the set.
pub(crate) fn contains(headers: &HeaderMap, region: &str) -> bool {
    let mut sets = headers.get_all(HEADER).iter();
    let set = sets.next().filter(|_| sets.next().is_none());
    let set = set.and_then(|set| set.to_str().ok()).unwrap_or_default();
    let items: Vec<&str> = set.split(',').map(str::trim).collect();
    items.iter().all(|item| is_item(item)) && items.iter().any(|item| matches(item, region))
}

fn is_item(item: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"*-".contains(&byte);
    !item.is_empty() && item.bytes().all(allowed)
}

fn matches(item: &str, region: &str) -> bool {
    let Some((head, tail)) = item.split_once('*') else {
        return item == region;
    };
    let Some(rest) = region.strip_prefix(head) else {
        return false;
    };
    (0..=rest.len()).any(|skipped| matches(tail, &rest[skipped..]))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn set_contains(set: &'static str, region: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static(set));
        contains(&headers, region)
    }

    #[test]
    fn a_set_holds_its_names_and_what_its_globs_match() {
        for set in [
            "us-west-2",
            "eu-west-1,us-west-2",
            "eu-west-1, us-west-2",
            "*",
            "us-*",
            "us-west-*",
            "*-west-*",
            "us*2",
            "us-west-2*",
        ] {
            assert!(set_contains(set, "us-west-2"), "{set}");
        }
    }

    #[test]
    fn a_set_holds_nothing_else() {
        for set in [
            "",
            "us-west-1",
            "us-west-22",
            "us-west",
            "eu-*",
            "us-*-1",
            "us-west-2,",
            "us-west-2,,eu-west-1",
            "US-WEST-2",
            "us-west-2;eu-west-1",
            "us_west_2,us-west-2",
            "us-west-2 us-west-2",
        ] {
            assert!(!set_contains(set, "us-west-2"), "{set}");
        }
    }

    #[test]
    fn a_request_has_one_set() {
        let mut headers = HeaderMap::new();
        assert!(!contains(&headers, "us-west-2"));
        headers.append(HEADER, HeaderValue::from_static("us-west-2"));
        assert!(contains(&headers, "us-west-2"));
        headers.append(HEADER, HeaderValue::from_static("*"));
        assert!(!contains(&headers, "us-west-2"));
    }
}
