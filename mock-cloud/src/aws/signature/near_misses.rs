//! What the verifier says to dates, scopes and tokens that are a little off.

use std::time::Duration;

use super::Refusal;
use super::signed::{QUERY, Scheme, Signed, session, sigv4a};

#[test]
fn a_date_may_be_off_by_the_window_and_no_second_more() {
    let signed = sigv4a("*");
    for (offset, text) in [
        (-900, None),
        (
            -901,
            Some(
                "Signature not yet current: 20270115T080000Z is still later than 20270115T075959Z (20270115T074459Z + 15 min.)",
            ),
        ),
        (900, None),
        (
            901,
            Some(
                "Signature expired: 20270115T080000Z is now earlier than 20270115T080001Z (20270115T081501Z - 15 min.)",
            ),
        ),
    ] {
        let refusal = signed.refusal_at(signed.at + time::Duration::seconds(offset));
        assert_eq!(refusal.map(|refusal| refusal.to_string()).as_deref(), text);
    }
}

#[test]
fn an_expired_session_is_refused_even_with_a_bad_signature() {
    let mut signed = sigv4a("*");
    signed.session.expiration = signed.at + Duration::from_secs(1);
    assert_eq!(signed.refusal(), None);
    signed.session.expiration = signed.at;
    assert_eq!(signed.refusal(), Some(Refusal::ExpiredToken));
    signed.body.push(0);
    assert_eq!(signed.refusal(), Some(Refusal::ExpiredToken));
}

#[test]
fn a_wrong_scope_is_told_part_by_part() {
    let signed = Signed::new(&Scheme::SigV4, session("secret", "token"), 1_800_000_000, QUERY, b"");
    let header = signed.value("authorization");
    let region = "Credential should be scoped to a valid region. ";
    let service = "Credential should be scoped to correct service: 'sts'. ";
    let terminator = "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ";
    for (scope, text) in [
        ("20270115/us-west-2/sts/aws4_request", region.to_owned()),
        ("20270115/eu-west-1/iam/aws4_request", service.to_owned()),
        ("20270115/us-west-2/iam/aws4_request", format!("{region}{service}")),
        ("20270115/eu-west-1/sts/aws5_request", terminator.to_owned()),
        (
            "20270114/EU-WEST-1/sts/aws4_request",
            format!(
                "{region}Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                 '20270114' != '20270115', from '20270115T080000Z'. "
            ),
        ),
    ] {
        let tampered = header.replace("20270115/eu-west-1/sts/aws4_request", scope);
        let refusal = signed.clone().with("authorization", &tampered).refusal();
        assert_eq!(refusal, Some(Refusal::Scope(text)), "{scope}");
    }
}

#[test]
fn the_key_of_another_session_does_not_open_this_one() {
    let mut signed = sigv4a("*");
    let others = sigv4a("*").session;
    signed.session.token = others.token;
    signed.session.secret_access_key = others.secret_access_key;
    assert_eq!(signed.refusal(), Some(Refusal::Mismatch));
}

#[test]
fn the_token_must_come_once() {
    let mut signed = sigv4a("*");
    let token = signed.headers["x-amz-security-token"].clone();
    signed.headers.append("x-amz-security-token", token);
    assert_eq!(signed.refusal(), Some(Refusal::UnknownToken));
}

#[test]
fn a_date_of_another_format_is_told() {
    let signed = sigv4a("*").with("x-amz-date", "2027-01-15T08:00:00Z");
    let text = "Date must be in ISO-8601 'basic format'. Got '2027-01-15T08:00:00Z'. See http://en.wikipedia.org/wiki/ISO_8601";
    assert_eq!(signed.refusal().unwrap().to_string(), text);
}

#[test]
fn a_header_of_amazon_added_after_signing_is_refused() {
    let signed = sigv4a("*").with("x-amz-target", "elsewhere");
    assert_eq!(signed.refusal(), Some(Refusal::HeadersNotSigned("x-amz-target".into())));
    assert_eq!(sigv4a("*").with("x-amzn-trace-id", "1").refusal(), None);
}
