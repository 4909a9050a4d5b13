//! Keys that a server must have, beside a certificate that is trusted.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

/// The SHA-256 of a key as certificates hold it (`SubjectPublicKeyInfo`), written `sha256/` and base64.
///
/// Source: RFC 7469 section 2.4. curl's `--pinnedpubkey` writes the same as `sha256//`, which is understood as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

/// A text that is no pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not `sha256/` and the base64 of 32 bytes")]
pub struct PinError;

impl Pin {
    /// The pin of a certificate's key, as the TLS library itself reads it.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, rustls::Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &key).as_ref());
        Ok(Self(hash))
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let hash = text.strip_prefix("sha256/").ok_or(PinError)?;
        // The base64 of 32 bytes has 44 characters, the first of which can be a slash too.
        let hash = hash.strip_prefix('/').filter(|hash| hash.len() == 44).unwrap_or(hash);
        let hash = STANDARD.decode(hash).map_err(|_| PinError)?;
        hash.try_into().map(Self).map_err(|_| PinError)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256/{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pin({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    /// The oracle is OpenSSL.
    #[test]
    fn the_pin_of_a_certificate_is_that_of_its_key() {
        let certificate = CertificateDer::from_pem_slice(include_bytes!("../../../vectors/tls/pinned.pem"));
        let pin = Pin::of(&certificate.expect("a certificate")).expect("a key");
        let expected = include_str!("../../../vectors/tls/pinned.pin").trim();
        assert_eq!(pin.to_string(), format!("sha256/{expected}"));
    }

    #[test]
    fn both_ways_to_write_a_pin_are_one_pin() {
        let hash = "/7HiAcTwRrAJEzRLFCTzWW2DIGsDvJlbLgX7TYDYFKo=";
        let pin: Pin = format!("sha256/{hash}").parse().expect("a pin");
        assert_eq!(format!("sha256//{hash}").parse(), Ok(pin));
        assert_eq!(pin.to_string(), format!("sha256/{hash}"));
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        let hash = "r7HiAcTwRrAJEzRLFCTzWW2DIGsDvJlbLgX7TYDYFKo=";
        for text in [
            String::new(),
            hash.to_owned(),
            format!("sha1/{hash}"),
            format!("sha256///{hash}"),
            format!("sha256/ {hash}"),
            format!("sha256/{}", &hash[..43]),
            "sha256/AAAA".to_owned(),
            "sha256/".to_owned(),
        ] {
            assert_eq!(text.parse::<Pin>(), Err(PinError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_pin_is_read_again(hash in any::<[u8; 32]>()) {
            prop_assert_eq!(Pin(hash).to_string().parse(), Ok(Pin(hash)));
            prop_assert_eq!(Pin(hash).to_string().replacen('/', "//", 1).parse(), Ok(Pin(hash)));
        }
    }
}
