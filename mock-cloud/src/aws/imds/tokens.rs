//! The session tokens of IMDSv2.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use http::HeaderMap;
use time::OffsetDateTime;

use super::reply::Presence;
use crate::aws::session::random_bytes;

/// The request header with the wanted lifetime; the response header with the remaining one.
pub(crate) const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// The request header with the token.
const TOKEN: &str = "x-aws-ec2-metadata-token";

/// The tokens that were issued, without limit on their number, each with its end.
#[derive(Default)]
pub(crate) struct SessionTokens(Mutex<BTreeMap<String, OffsetDateTime>>);

impl SessionTokens {
    /// Issues a token, `None` unless the request names a lifetime of 1 to 21,600 seconds.
    pub(crate) fn issue(&self, headers: &HeaderMap, now: OffsetDateTime) -> Option<(String, Presence)> {
        let seconds = lifetime(headers)?;
        let end = now + Duration::from_secs(seconds);
        // 40 bytes are 54 letters and `==`; recorded tokens begin with `AQAEA`.
        let token = BASE64_URL_SAFE.encode([&[1, 0, 4, 0], random_bytes(36).as_slice()].concat());
        self.lock().insert(token.clone(), end);
        Some((token, Presence::Valid(seconds)))
    }

    /// What a request says about its session.
    pub(crate) fn presence(&self, headers: &HeaderMap, now: OffsetDateTime) -> Presence {
        let mut values = headers.get_all(TOKEN).iter();
        let Some(value) = values.next() else {
            return Presence::Absent;
        };
        let token = value.to_str().ok().filter(|_| values.next().is_none());
        let end = token.and_then(|token| self.lock().get(token).copied());
        // A session that has begun a second still has it: recordings show 21600 right after the request for 21600.
        let left = end.and_then(|end| Duration::try_from(end - now).ok());
        match left.map(|left| left.as_millis().div_ceil(1000)) {
            None | Some(0) => Presence::Unknown,
            Some(seconds) => Presence::Valid(u64::try_from(seconds).unwrap_or(u64::MAX)),
        }
    }

    /// Every token issued so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, OffsetDateTime>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lifetime(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(TTL)?.to_str().ok()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| text.parse().ok()).flatten()?;
    // Six hours at most: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html.
    (1..=21_600).contains(&seconds).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn header(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    #[test]
    fn a_lifetime_is_a_whole_number_of_seconds_up_to_six_hours() {
        for (text, seconds) in [("1", Some(1)), ("60", Some(60)), ("21600", Some(21_600))] {
            assert_eq!(lifetime(&header(TTL, text)), seconds);
        }
        for text in ["", "0", "21601", "-1", "+60", "60s", "6e1", "60.0", "99999999999999999999"] {
            assert_eq!(lifetime(&header(TTL, text)), None, "{text}");
        }
        assert_eq!(lifetime(&HeaderMap::new()), None);
    }

    #[test]
    fn a_token_looks_like_a_recorded_one() {
        let (token, _) = SessionTokens::default().issue(&header(TTL, "60"), NOW).unwrap();
        assert_eq!(token.len(), 56);
        assert!(token.starts_with("AQAEA") && token.ends_with("=="), "{token}");
        assert!(!token.contains(['+', '/']), "{token}");
    }

    #[test]
    fn a_token_is_valid_until_its_last_second() {
        let tokens = SessionTokens::default();
        let (token, issued) = tokens.issue(&header(TTL, "60"), NOW).unwrap();
        let presence = |seconds| tokens.presence(&header(TOKEN, &token), NOW + Duration::from_secs(seconds));
        assert_eq!(issued, Presence::Valid(60));
        assert_eq!(presence(0), Presence::Valid(60));
        assert_eq!(presence(59), Presence::Valid(1));
        assert_eq!(presence(60), Presence::Unknown);
    }

    #[test]
    fn no_other_token_is_known() {
        let tokens = SessionTokens::default();
        let (token, _) = tokens.issue(&header(TTL, "60"), NOW).unwrap();
        for other in ["", &token[..55], &token.to_lowercase(), &token.replacen('A', "B", 1)] {
            assert_eq!(tokens.presence(&header(TOKEN, other), NOW), Presence::Unknown);
        }
        let mut twice = header(TOKEN, &token);
        twice.append(TOKEN, HeaderValue::from_str(&token).unwrap());
        assert_eq!(tokens.presence(&twice, NOW), Presence::Unknown);
        assert_eq!(tokens.presence(&HeaderMap::new(), NOW), Presence::Absent);
    }
}
