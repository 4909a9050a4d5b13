//! SigV4: a keyed hash for one day, one region and one service.

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Whether a hexadecimal signature is the one that the secret gives for a scope, `day/region/service/aws4_request`.
///
/// [IAM user guide, Create a signed AWS API request](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#derive-signing-key).
pub(crate) fn is_signature(secret_access_key: &str, scope: &str, string_to_sign: &[u8], signature: &str) -> bool {
    let key = scope.split('/').fold(format!("AWS4{secret_access_key}").into_bytes(), |key, part| {
        mac(&key, part.as_bytes()).finalize().into_bytes().to_vec()
    });
    let Ok(signature) = hex::decode(signature) else {
        return false;
    };
    mac(&key, string_to_sign).verify_slice(&signature).is_ok()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The case get-vanilla of the AWS Signature Version 4 test suite,
    // https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4/get-vanilla.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SCOPE: &str = "20150830/us-east-1/service/aws4_request";
    const STRING_TO_SIGN: &[u8] = b"AWS4-HMAC-SHA256\n20150830T123600Z\n\
        20150830/us-east-1/service/aws4_request\n\
        bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63";
    const SIGNATURE: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

    #[test]
    fn the_published_signature_is_the_one() {
        assert!(is_signature(SECRET, SCOPE, STRING_TO_SIGN, SIGNATURE));
    }

    #[test]
    fn no_other_secret_scope_text_or_signature_fits() {
        let other_scope = "20150831/us-east-1/service/aws4_request";
        let flipped = SIGNATURE.replacen('5', "4", 1);
        for (secret, scope, text, signature) in [
            ("wJalr", SCOPE, STRING_TO_SIGN, SIGNATURE),
            (SECRET, other_scope, STRING_TO_SIGN, SIGNATURE),
            (SECRET, SCOPE, b"".as_slice(), SIGNATURE),
            (SECRET, SCOPE, STRING_TO_SIGN, &flipped),
            (SECRET, SCOPE, STRING_TO_SIGN, &SIGNATURE[..62]),
            (SECRET, SCOPE, STRING_TO_SIGN, "no hex"),
            (SECRET, SCOPE, STRING_TO_SIGN, ""),
        ] {
            assert!(!is_signature(secret, scope, text, signature));
        }
    }
}
