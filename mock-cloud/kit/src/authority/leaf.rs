//! What a certificate says of its holder.

use std::time::Duration;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::clock::Clock;

/// How long certificates hold, before and after the present.
const PAST: Duration = Duration::from_hours(24);
const FUTURE: Duration = Duration::from_hours(24 * 365);

/// When a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Since yesterday, for a year.
    Present,
    /// In the year 2020.
    Past,
    /// In the year 2100.
    Future,
}

/// A certificate that is to be signed.
#[derive(Clone)]
pub struct Leaf {
    common_name: String,
    names: Vec<String>,
    purpose: ExtendedKeyUsagePurpose,
    validity: Validity,
    key_pem: Option<String>,
}

impl Leaf {
    /// A server's certificate for these host names and IP addresses, with a fresh key.
    #[must_use]
    pub fn server(names: &[String]) -> Self {
        Self {
            common_name: "Mock server".to_owned(),
            names: names.to_vec(),
            purpose: ExtendedKeyUsagePurpose::ServerAuth,
            validity: Validity::Present,
            key_pem: None,
        }
    }

    /// A client's certificate, with a fresh key.
    #[must_use]
    pub fn client(common_name: &str) -> Self {
        Self { common_name: common_name.to_owned(), purpose: ExtendedKeyUsagePurpose::ClientAuth, ..Self::server(&[]) }
    }

    /// The same for these host names and IP addresses.
    #[must_use]
    pub fn also_for(mut self, names: &[String]) -> Self {
        self.names = names.to_vec();
        self
    }

    /// The same at another time.
    #[must_use]
    pub fn valid(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self
    }

    /// The same for this key, in PKCS#8 PEM.
    #[must_use]
    pub fn with_key(mut self, key_pem: &str) -> Self {
        self.key_pem = Some(key_pem.to_owned());
        self
    }

    pub(super) fn key(&self) -> KeyPair {
        match &self.key_pem {
            Some(pem) => KeyPair::from_pem(pem).expect("the key of a certificate is PKCS#8 PEM"),
            None => KeyPair::generate().expect("the system has randomness"),
        }
    }

    pub(super) fn params(&self) -> CertificateParams {
        let mut params = params(&self.common_name, self.validity);
        let names = CertificateParams::new(self.names.clone()).expect("names of a certificate are ASCII");
        params.subject_alt_names = names.subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![self.purpose.clone()];
        params.use_authority_key_identifier_extension = true;
        params
    }
}

pub(super) fn params(common_name: &str, validity: Validity) -> CertificateParams {
    let now = Clock::system().now();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    (params.not_before, params.not_after) = match validity {
        Validity::Present => (now - PAST, now + FUTURE),
        Validity::Past => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
        Validity::Future => (date_time_ymd(2100, 1, 1), date_time_ymd(2101, 1, 1)),
    };
    params
}
