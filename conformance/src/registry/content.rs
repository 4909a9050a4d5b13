//! Digests, descriptors and manifests.
//!
//! Source: <https://github.com/opencontainers/image-spec>, `descriptor.md` and `manifest.md`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// The manifests of one image, as an `Accept` header has them; lists of images are left out, since this client would
/// have to choose a platform.
pub(super) const MANIFEST_TYPES: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*";

/// A SHA-256 digest, `sha256:` and 64 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(String);

/// What stands for a piece of content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The digest of the content.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// How content differs from its descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DigestError {
    /// Other bytes.
    #[error("the content has digest `{got}` and not `{expected}`")]
    Digest {
        /// What the descriptor says.
        expected: Digest,
        /// What it is.
        got: Digest,
    },
    /// More or fewer bytes.
    #[error("the content has {got} bytes and not {expected}")]
    Size {
        /// What the descriptor says.
        expected: u64,
        /// What it is.
        got: u64,
    },
}

/// The part of a manifest that a pull needs.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
}

impl Digest {
    /// Reads a digest; `None` for one of another algorithm, and for none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let encoded = text.strip_prefix("sha256:")?;
        let is_lower_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        (encoded.len() == 64 && encoded.bytes().all(is_lower_hex)).then(|| Self(text.to_owned()))
    }

    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(bytes))))
    }
}

impl Descriptor {
    pub(super) fn verify(&self, bytes: &[u8]) -> Result<(), DigestError> {
        let (expected, got) = (self.size, bytes.len() as u64);
        if expected != got {
            return Err(DigestError::Size { expected, got });
        }
        let (expected, got) = (&self.digest, Digest::of(bytes));
        if *expected == got { Ok(()) } else { Err(DigestError::Digest { expected: expected.clone(), got }) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no digest of SHA-256"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sha256_in_lower_case() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(Digest::parse(empty), Some(Digest::of(b"")));
        assert_eq!(Digest::parse(&empty.to_uppercase()), None);
        assert_eq!(Digest::parse(&empty.replace("sha256", "sha512")), None);
        assert_eq!(Digest::parse(&empty[..70]), None);
    }

    #[test]
    fn content_that_differs_from_its_descriptor_is_refused() {
        let descriptor = Descriptor { digest: Digest::of(b"abc"), size: 3 };
        assert_eq!(descriptor.verify(b"abc"), Ok(()));
        assert!(matches!(descriptor.verify(b"abd"), Err(DigestError::Digest { .. })));
        assert_eq!(descriptor.verify(b"abcd"), Err(DigestError::Size { expected: 3, got: 4 }));
    }

    #[test]
    fn a_list_of_images_is_no_manifest_of_one() {
        let index = r#"{"schemaVersion":2,"manifests":[]}"#;
        assert!(serde_json::from_str::<Manifest>(index).is_err());
    }
}
