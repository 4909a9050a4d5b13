//! `/access/api/v1/cert/root`: the certificate whose key verifies access tokens.
//!
//! The real one signs itself. This one is signed by a key that is thrown away, because the kit's keys sign tokens only;
//! clients take the public key out of it (vault-plugin-secrets-artifactory, `getRootCert`) and do not look at its issuer.

use std::sync::Arc;

use axum::extract::State as Extracted;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use mock_kit::SigningKey;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::{BigUint, RsaPublicKey};

use crate::admin::Caller;
use crate::state::State;

/// The certificate's DER in base64, for whoever has logged in. Source of the form: vault-plugin-secrets-artifactory.
pub(crate) async fn root(_: Caller, Extracted(state): Extracted<Arc<State>>) -> String {
    BASE64_STANDARD.encode(der(state.tokens.key()).expect("an RSA key can be certified"))
}

/// A public RSA key in the form in which certificates hold it (RFC 8017, appendix A.1.1).
struct PublicKey(Vec<u8>);

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

fn der(key: &SigningKey) -> Option<Vec<u8>> {
    let jwk = key.jwk();
    let number = |name: &str| BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
    let (modulus, exponent) = (BigUint::from_bytes_be(&number("n")?), BigUint::from_bytes_be(&number("e")?));
    let public = RsaPublicKey::new(modulus, exponent).ok()?.to_pkcs1_der().ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Mock Access root");
    let issuer = Issuer::new(params.clone(), KeyPair::generate().ok()?);
    let certificate = params.signed_by(&PublicKey(public.into_vec()), &issuer).ok()?;
    Some(certificate.der().to_vec())
}
