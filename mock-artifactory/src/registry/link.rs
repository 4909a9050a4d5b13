//! Signed, expiring addresses of blobs, as servers whose storage is a cloud bucket redirect to.

use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;

use super::digest::Digest;

/// Seconds that an address is good for; a server's own choice, short so that tests can outwait it.
const LIFETIME: i64 = 300;

/// The key that signs addresses, made at start.
#[derive(Clone)]
pub(crate) struct LinkKey([u8; 32]);

/// Why an address opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// It is unsigned, or was changed.
    Signature,
    /// Its time is over.
    Expired,
}

impl LinkKey {
    /// Makes a fresh key.
    pub(crate) fn generate() -> Self {
        Self(rand::thread_rng().r#gen())
    }

    /// Writes the path and query under which a blob may be fetched for a while from `now`.
    pub(crate) fn sign(&self, digest: &Digest, now: i64) -> String {
        let expires = now + LIFETIME;
        let signature = hex::encode(self.mac(digest, expires).finalize().into_bytes());
        format!("/filestore/{digest}?Expires={expires}&Signature={signature}")
    }

    /// Tells whether the parts of an address are what [`LinkKey::sign`] wrote.
    pub(crate) fn verify(&self, digest: &Digest, expires: i64, signature: &str, now: i64) -> Result<(), LinkError> {
        let signature = hex::decode(signature).map_err(|_| LinkError::Signature)?;
        let mac = self.mac(digest, expires);
        mac.verify_slice(&signature).map_err(|_| LinkError::Signature)?;
        if now < expires { Ok(()) } else { Err(LinkError::Expired) }
    }

    fn mac(&self, digest: &Digest, expires: i64) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.chain_update(format!("{digest}\n{expires}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(path: &str) -> &str {
        path.split_once("&Signature=").unwrap().1
    }

    #[test]
    fn an_address_opens_its_own_blob_until_it_expires() {
        let (key, digest) = (LinkKey::generate(), Digest::of(b"layer"));
        let path = key.sign(&digest, 1000);
        let verify = |digest, expires, now| key.verify(digest, expires, signature(&path), now);
        assert_eq!(verify(&digest, 1300, 1299), Ok(()));
        assert_eq!(verify(&digest, 1300, 1300), Err(LinkError::Expired));
        assert_eq!(verify(&digest, 1301, 1299), Err(LinkError::Signature));
        assert_eq!(verify(&Digest::of(b"other"), 1300, 1299), Err(LinkError::Signature));
    }

    #[test]
    fn an_address_of_another_server_is_refused() {
        let digest = Digest::of(b"layer");
        let path = LinkKey::generate().sign(&digest, 1000);
        let other = LinkKey::generate();
        assert_eq!(other.verify(&digest, 1300, signature(&path), 1000), Err(LinkError::Signature));
        assert_eq!(other.verify(&digest, 1300, "not hex", 1000), Err(LinkError::Signature));
    }
}
