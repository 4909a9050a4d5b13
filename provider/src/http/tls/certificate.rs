//! What a certificate says of itself, for people: whose it is, who issued it, and when it holds.
//!
//! Nothing here decides about trust: that is the TLS library's. Of what cannot be read nothing is said.

use rustls::pki_types::CertificateDer;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// ASN.1 tags. Source: ITU-T X.690 section 8.1.2.
mod tag {
    pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(super) const UTC_TIME: u8 = 0x17;
    pub(super) const GENERALIZED_TIME: u8 = 0x18;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const SET: u8 = 0x31;
    pub(super) const VERSION: u8 = 0xa0;
}

/// The attributes of a name that are shown, by the last arc of `2.5.4`. Source: RFC 4519 section 2, RFC 4514 section 3.
const ATTRIBUTES: [(u8, &str); 6] = [(3, "CN"), (6, "C"), (7, "L"), (8, "ST"), (10, "O"), (11, "OU")];

/// The most that is shown of a name, in characters.
const NAME_LIMIT: usize = 200;

/// What a certificate says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) subject: Name<'a>,
    pub(super) issuer: Name<'a>,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

/// A distinguished name, compared by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'a>(&'a [u8]);

impl<'a> Facts<'a> {
    /// Reads a certificate. Source: RFC 5280 section 4.1.
    pub(super) fn of(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        let mut signed = Der(Der(certificate).expect(tag::SEQUENCE)?);
        let mut fields = Der(signed.expect(tag::SEQUENCE)?);
        let (first, _) = fields.next()?;
        if first == tag::VERSION {
            fields.next()?;
        }
        let _signature_algorithm = fields.expect(tag::SEQUENCE)?;
        let issuer = Name(fields.expect(tag::SEQUENCE)?);
        let mut validity = Der(fields.expect(tag::SEQUENCE)?);
        let (not_before, not_after) = (moment(validity.next()?)?, moment(validity.next()?)?);
        let subject = Name(fields.expect(tag::SEQUENCE)?);
        Some(Self { subject, issuer, not_before, not_after })
    }
}

impl Name<'_> {
    /// The name in words of a peer, cut and cleaned, such as `CN=Issuing CA, O=Acme`.
    pub(super) fn in_words(self) -> String {
        let mut attributes = Vec::new();
        let mut sets = Der(self.0);
        while let Some(set) = sets.expect(tag::SET) {
            let mut set = Der(set);
            while let Some(attribute) = set.expect(tag::SEQUENCE) {
                attributes.extend(in_words(Der(attribute)));
            }
        }
        let words = attributes.join(", ");
        if words.is_empty() { "a certificate without a name".to_owned() } else { shown(&words) }
    }
}

/// A peer's words, made fit for a message: one line and short.
fn shown(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(NAME_LIMIT).collect()
}

fn in_words(mut attribute: Der<'_>) -> Option<String> {
    let [0x55, 0x04, arc] = attribute.expect(tag::OBJECT_IDENTIFIER)? else { return None };
    let (_, name) = ATTRIBUTES.into_iter().find(|(known, _)| known == arc)?;
    let (_, value) = attribute.next()?;
    Some(format!("{name}={}", String::from_utf8_lossy(value)))
}

/// A time of a certificate. Source: RFC 5280 section 4.1.2.5: always in UTC, with seconds; the years of two digits are 1950 to
/// 2049.
fn moment((kind, text): (u8, &[u8])) -> Option<OffsetDateTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z').filter(|text| text.is_ascii())?;
    let (year, rest) = text.split_at_checked(if kind == tag::GENERALIZED_TIME { 4 } else { 2 })?;
    let mut year: i32 = year.parse().ok()?;
    if kind == tag::UTC_TIME {
        year += if year < 50 { 2000 } else { 1900 };
    }
    let part = |index: usize| rest.get(index * 2..index * 2 + 2)?.parse::<u8>().ok();
    let date = Date::from_calendar_date(year, Month::try_from(part(0)?).ok()?, part(1)?).ok()?;
    let time = Time::from_hms(part(2)?, part(3)?, part(4)?).ok()?;
    (rest.len() == 10).then(|| PrimitiveDateTime::new(date, time).assume_utc())
}

/// What is left of a sequence of elements in the Distinguished Encoding Rules. Source: ITU-T X.690 section 8.1.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element's tag and content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Four bytes are more than any certificate that a handshake carries.
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
                (length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    /// The next element's content, if its tag is this one.
    fn expect(&mut self, expected: u8) -> Option<&'a [u8]> {
        let (tag, content) = self.next()?;
        (tag == expected).then_some(content)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use mock_kit::{Authority, Leaf, Validity};
    use proptest::prelude::*;
    use rustls::pki_types::pem::PemObject as _;
    use time::macros::datetime;

    use super::*;

    /// A certificate, and itself in PEM.
    pub(in crate::http) fn a_certificate() -> (CertificateDer<'static>, String) {
        let authority = Authority::generate();
        let pem = authority.certificate_pem();
        (CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate"), pem.to_owned())
    }

    /// A name of these bytes, whatever they mean.
    pub(in crate::http) fn name(bytes: &[u8]) -> Name<'_> {
        Name(bytes)
    }

    #[test]
    fn a_certificate_tells_whose_it_is_who_issued_it_and_when_it_holds() {
        let authority = Authority::named("Issuing CA");
        for (validity, from, until) in [
            (Validity::Past, datetime!(2020-01-01 00:00 UTC), datetime!(2021-01-01 00:00 UTC)),
            (Validity::Future, datetime!(2100-01-01 00:00 UTC), datetime!(2101-01-01 00:00 UTC)),
        ] {
            let pem = authority.sign(&Leaf::client("node-1").valid(validity)).certificates_pem;
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
            let facts = Facts::of(&certificate).expect("facts");
            assert_eq!(
                (facts.subject.in_words(), facts.issuer.in_words()),
                ("CN=node-1".into(), "CN=Issuing CA".into())
            );
            assert_eq!((facts.not_before, facts.not_after), (from, until));
        }
    }

    /// The oracle is OpenSSL.
    #[test]
    fn a_certificate_of_another_program_is_read_as_well() {
        let pem = include_bytes!("../../../vectors/tls/pinned.pem");
        let certificate = CertificateDer::from_pem_slice(pem).expect("a certificate");
        let facts = Facts::of(&certificate).expect("facts");
        assert_eq!(facts.subject.in_words(), "C=NL, O=Acme, Inc., CN=artifactory.example.com");
        assert_eq!(facts.subject, facts.issuer);
        assert_eq!(facts.not_before, datetime!(2026-11-21 23:38:51 UTC));
        assert_eq!(facts.not_after, datetime!(2126-10-28 23:38:51 UTC));
    }

    #[test]
    fn times_are_read_in_both_forms_and_nothing_else_is() {
        let utc = |text: &str| moment((tag::UTC_TIME, text.as_bytes()));
        assert_eq!(utc("491231235959Z"), Some(datetime!(2049-12-31 23:59:59 UTC)));
        assert_eq!(utc("500101000000Z"), Some(datetime!(1950-01-01 00:00 UTC)));
        assert_eq!(moment((tag::GENERALIZED_TIME, b"20500101000000Z")), Some(datetime!(2050-01-01 00:00 UTC)));
        for text in ["", "Z", "4912312359Z", "491231235959", "491331235959Z", "491231235959+0100", "4912312359590Z"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_without_a_known_attribute_has_words_too() {
        assert_eq!(Name(&[]).in_words(), "a certificate without a name");
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_is_no_panic(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..500) {
            let mut bytes = bytes_of_one();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(cut);
            if let Some(facts) = Facts::of(&CertificateDer::from(bytes)) {
                let _ = (facts.subject.in_words(), facts.issuer.in_words());
            }
        }
    }

    fn bytes_of_one() -> Vec<u8> {
        static BYTES: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| a_certificate().0.to_vec());
        BYTES.clone()
    }
}
