//! SigV4A: an ECDSA signature for one day, one service and a set of regions.
//!
//! The key pair follows from the access key alone, so whoever knows the secret can verify.

use hmac::{Hmac, Mac};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use sha2::Sha256;

/// The name of the algorithm, which is part of the key derivation too.
pub(crate) const ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";

// The order of P-256 less two, NIST SP 800-186 section 3.2.1.3, big-endian.
const ORDER_LESS_TWO: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// Whether a hexadecimal DER signature verifies under the key pair of an access key.
pub(crate) fn is_signature(
    access_key_id: &str,
    secret_access_key: &str,
    string_to_sign: &[u8],
    signature: &str,
) -> bool {
    let signature = hex::decode(signature).ok();
    let signature = signature.and_then(|der| Signature::from_der(&der).ok());
    let key = verifying_key(access_key_id, secret_access_key);
    signature.is_some_and(|signature| key.verify(string_to_sign, &signature).is_ok())
}

/// The public key of an access key.
pub(crate) fn verifying_key(access_key_id: &str, secret_access_key: &str) -> VerifyingKey {
    let scalar = private_key(access_key_id, secret_access_key);
    let key = SigningKey::from_slice(&scalar).expect("a derived key lies in 1..order");
    *key.verifying_key()
}

// The derivation that aws-c-auth publishes (source/key_derivation.c), which is section A.2.2 of FIPS 186-5 fed by
// a counter-mode KDF of NIST SP 800-108: a candidate above the order less two is drawn again with the next counter,
// one that fits is used plus one.
fn private_key(access_key_id: &str, secret_access_key: &str) -> [u8; 32] {
    (1..=254)
        .map(|counter| candidate(access_key_id, secret_access_key, counter))
        .find(|candidate| *candidate <= ORDER_LESS_TWO)
        .map(plus_one)
        .expect("254 candidates above the order have a probability of 2^-8128")
}

fn candidate(access_key_id: &str, secret_access_key: &str, counter: u8) -> [u8; 32] {
    let key = format!("AWS4A{secret_access_key}");
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.chain_update(1_u32.to_be_bytes())
        .chain_update(ALGORITHM)
        .chain_update([0])
        .chain_update(access_key_id)
        .chain_update([counter])
        .chain_update(256_u32.to_be_bytes())
        .finalize()
        .into_bytes()
        .into()
}

fn plus_one(mut number: [u8; 32]) -> [u8; 32] {
    for byte in number.iter_mut().rev() {
        let (sum, overflowed) = byte.overflowing_add(1);
        *byte = sum;
        if !overflowed {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::signature::Signer;

    use super::*;

    const EXAMPLE_ID: &str = "AKIDEXAMPLE";
    const EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const RETRIED_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY00";

    fn public_point(access_key_id: &str, secret: &str) -> (String, String) {
        let point = verifying_key(access_key_id, secret).to_encoded_point(false);
        (hex::encode(point.x().unwrap()), hex::encode(point.y().unwrap()))
    }

    fn assert_point(access_key_id: &str, secret: &str, x: &str, y: &str) {
        assert_eq!(public_point(access_key_id, secret), (x.into(), y.into()));
    }

    // aws-c-auth, tests/key_derivation_tests.c.
    #[test]
    fn the_key_of_the_derivation_test_is_derived() {
        assert_point(
            "AKISORANDOMAASORANDOM",
            "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
            "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb",
            "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0",
        );
    }

    // aws-c-auth, tests/aws-signing-test-suite/v4a.
    #[test]
    fn the_key_of_the_signing_test_suite_is_derived() {
        assert_point(
            EXAMPLE_ID,
            EXAMPLE_SECRET,
            "b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1",
            "865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518",
        );
    }

    // Confirmed by awscrt 0.38.1: this public key verifies what it signs with that access key. The first candidate lies
    // above half the order.
    #[test]
    fn a_key_whose_first_candidate_lies_above_half_the_order_is_derived() {
        assert_eq!(
            hex::encode(private_key(EXAMPLE_ID, RETRIED_SECRET)),
            "85edb8fe9063364029c128658c49e98817465adbfe365eef91c7359476f80942"
        );
        assert_point(
            EXAMPLE_ID,
            RETRIED_SECRET,
            "77d9f7849868c30eb02f833d3472f0f660d14869bf3ed7c2bdab072b41b163f9",
            "bace4ecd23170433aedf76a498d6e12f96cea277e6b6c45638669f3a1d689105",
        );
    }

    // Early signers compared the candidate with half the order. The two published vectors cannot tell the difference.
    #[test]
    fn only_the_third_vector_tells_the_order_from_half_the_order() {
        let mut half_order = ORDER_LESS_TWO;
        half_order[31] += 2;
        let mut carry = 0;
        for byte in &mut half_order {
            (*byte, carry) = (*byte >> 1 | carry << 7, *byte & 1);
        }
        let by_half_order = |access_key_id, secret| {
            let mut candidates = (1..=254).map(|counter| candidate(access_key_id, secret, counter));
            plus_one(candidates.find(|candidate| *candidate <= half_order).unwrap())
        };
        assert_eq!(by_half_order(EXAMPLE_ID, EXAMPLE_SECRET), private_key(EXAMPLE_ID, EXAMPLE_SECRET));
        assert_ne!(by_half_order(EXAMPLE_ID, RETRIED_SECRET), private_key(EXAMPLE_ID, RETRIED_SECRET));
    }

    #[test]
    fn a_signature_verifies_for_its_key_and_its_text_only() {
        let key = SigningKey::from_slice(&private_key(EXAMPLE_ID, EXAMPLE_SECRET)).unwrap();
        let signature: Signature = key.sign(b"text");
        let signature = hex::encode(signature.to_der());
        assert!(is_signature(EXAMPLE_ID, EXAMPLE_SECRET, b"text", &signature));
        assert!(!is_signature(EXAMPLE_ID, EXAMPLE_SECRET, b"texT", &signature));
        assert!(!is_signature(EXAMPLE_ID, RETRIED_SECRET, b"text", &signature));
        assert!(!is_signature("AKIDEXAMPLF", EXAMPLE_SECRET, b"text", &signature));
        assert!(!is_signature(EXAMPLE_ID, EXAMPLE_SECRET, b"text", &signature[2..]));
        assert!(!is_signature(EXAMPLE_ID, EXAMPLE_SECRET, b"text", &format!("{signature}00")));
        assert!(!is_signature(EXAMPLE_ID, EXAMPLE_SECRET, b"text", ""));
    }

    #[test]
    fn adding_one_carries() {
        let mut number = [0; 32];
        number[31] = 0xff;
        assert_eq!(plus_one(number)[30..], [1, 0]);
    }
}
