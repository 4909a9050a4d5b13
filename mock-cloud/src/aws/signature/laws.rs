//! Laws of the verifier with the SDK's signer on the other side: what it signs is accepted, and nothing else.

use std::time::Duration;

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::Refusal;
use super::signed::{QUERY, REGION, Scheme, Signed, session, sigv4a};
use crate::aws::timestamp;

fn schemes() -> impl Strategy<Value = Scheme> {
    let others = prop::collection::vec("[a-z]{2}-[a-z]{4,9}-[1-9]", 0..3);
    let region_set = (others, prop::sample::select(vec![REGION, "*", "eu-*", "eu-west-*", "*-1"]));
    prop_oneof![
        Just(Scheme::SigV4),
        region_set.prop_map(|(mut items, ours)| {
            items.push(ours.into());
            items.sort();
            Scheme::SigV4a { region_set: items.join(",") }
        }),
    ]
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 1..200)]
}

prop_compose! {
    fn signed()(
        scheme in schemes(),
        secret in "[A-Za-z0-9/+]{40}",
        token in "[A-Za-z0-9/+=]{1,900}",
        unix in 1_500_000_000_u64..4_000_000_000,
        extra in "[A-Za-z0-9 %+=/~._-]{0,20}",
        body in bodies(),
    ) -> Signed {
        let extra = utf8_percent_encode(&extra, NON_ALPHANUMERIC);
        let query = format!("{QUERY}&z={extra}");
        Signed::new(&scheme, session(&secret, &token), unix, &query, &body)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_sdk_signs_is_accepted(signed in signed()) {
        prop_assert_eq!(signed.refusal(), None);
    }

    #[test]
    fn a_changed_byte_of_the_signature_is_refused(signed in signed(), place in any::<prop::sample::Index>()) {
        let header = signed.value("authorization");
        let start = signed.signature_start();
        let place = start + place.index(header.len() - start);
        let other = if header.as_bytes()[place] == b'0' { "1" } else { "0" };
        let tampered = [&header[..place], other, &header[place + 1..]].concat();
        prop_assert_eq!(signed.with("authorization", &tampered).refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_secret_is_refused(mut signed in signed(), secret in "[a-z]{40}") {
        signed.session.secret_access_key = secret;
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn a_changed_header_is_refused(signed in signed(), value in "[a-z]{1,9}") {
        let signed = signed.with("x-amz-meta", &value);
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_host_is_refused(signed in signed(), region in "[a-z]{2}-[a-z]{5}-[1-9]") {
        let signed = signed.with("host", &format!("sts.{region}.amazonaws.com"));
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_query_is_refused(mut signed in signed(), addition in "&[a-z]{1,9}=[a-z]{0,9}") {
        signed.query += &addition;
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_body_is_refused(mut signed in signed(), byte in any::<u8>()) {
        signed.body.push(byte);
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_method_is_refused(mut signed in signed()) {
        signed.method = Method::PUT;
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_time_of_the_day_is_refused(signed in signed(), seconds in 1_u32..60) {
        let other = signed.at + Duration::from_secs(seconds.into());
        prop_assume!(other.date() == signed.at.date());
        let signed = signed.with("x-amz-date", &timestamp::basic(other));
        prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn another_day_is_refused(signed in signed()) {
        let other = signed.at + Duration::from_hours(24);
        let signed = signed.with("x-amz-date", &timestamp::basic(other));
        let refusal = signed.refusal_at(other);
        prop_assert!(matches!(&refusal, Some(Refusal::Scope(text)) if text.starts_with("Date in Credential scope")), "{refusal:?}");
    }

    #[test]
    fn a_session_token_of_another_is_refused(signed in signed(), token in "[A-Za-z0-9/+=]{1,900}") {
        prop_assume!(token != signed.session.token);
        let foreign = signed.clone().with("x-amz-security-token", &token);
        prop_assert_eq!(foreign.refusal(), Some(Refusal::UnknownToken));
        // Even when it is the one that the world knows: the signature covers the value.
        let mut renamed = foreign;
        renamed.session.token = token;
        prop_assert_eq!(renamed.refusal(), Some(Refusal::Mismatch));
    }

    #[test]
    fn a_request_without_its_session_token_is_refused(mut signed in signed()) {
        signed.headers.remove("x-amz-security-token");
        prop_assert_eq!(signed.refusal(), Some(Refusal::UnknownToken));
    }

    #[test]
    fn an_unknown_key_is_refused_before_a_bad_signature(mut signed in signed(), id in "ASIB[A-Z2-7]{16}") {
        signed.session.access_key_id = id;
        signed.body.push(0);
        prop_assert_eq!(signed.refusal(), Some(Refusal::UnknownToken));
    }

    #[test]
    fn a_region_set_of_other_regions_is_refused(regions in prop::collection::vec("us-[a-z]{4,9}-[1-9]", 1..4)) {
        let refusal = sigv4a(&regions.join(",")).refusal();
        prop_assert_eq!(refusal, Some(Refusal::Scope("Credential should be scoped to a valid region. ".into())));
    }

    #[test]
    fn a_widened_region_set_is_refused(region in "eu-[a-z]{4,9}-[1-9]") {
        prop_assume!(region != REGION);
        for wider in ["*".to_owned(), REGION.into(), format!("{region},{REGION}")] {
            let signed = sigv4a(&region).with("x-amz-region-set", &wider);
            prop_assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
        }
    }
}
