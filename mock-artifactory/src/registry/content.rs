//! What the registry holds: repositories, their images, and the bytes behind each digest.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::digest::Digest;

/// Everything that can be pulled, by repository key and image name.
#[derive(Clone, Debug, Default)]
pub struct Content {
    repositories: BTreeMap<String, BTreeMap<String, Image>>,
}

impl Content {
    /// Starts without any repository.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a repository known, be it without images.
    pub fn add_repository(&mut self, key: &str) {
        self.repositories.entry(key.to_owned()).or_default();
    }

    /// Adds an image to a repository; tags of an image that is there already are added to it.
    pub fn add_image(&mut self, repository: &str, name: &str, image: Image) {
        let images = self.repositories.entry(repository.to_owned()).or_default();
        images.entry(name.to_owned()).or_default().merge(image);
    }

    /// Says whether there is a repository of this key.
    #[must_use]
    pub fn has_repository(&self, key: &str) -> bool {
        self.repositories.contains_key(key)
    }

    /// Returns the image of this name, such as `hello` or `team/app/api`.
    #[must_use]
    pub fn image(&self, repository: &str, name: &str) -> Option<&Image> {
        self.repositories.get(repository)?.get(name)
    }

    /// Returns a blob of whatever image holds it: the filestore is one for all repositories.
    pub(crate) fn stored(&self, digest: &Digest) -> Option<&Bytes> {
        let mut images = self.repositories.values().flat_map(BTreeMap::values);
        images.find_map(|image| image.blob(digest))
    }
}

/// One image: its tags, its manifests (one, or an index and those it lists) and its blobs.
#[derive(Clone, Debug, Default)]
pub struct Image {
    tags: BTreeMap<String, Digest>,
    manifests: BTreeMap<Digest, Manifest>,
    blobs: BTreeMap<Digest, Bytes>,
}

impl Image {
    /// Adds a manifest and returns its digest.
    pub fn add_manifest(&mut self, manifest: Manifest) -> Digest {
        let digest = Digest::of(&manifest.bytes);
        self.manifests.insert(digest.clone(), manifest);
        digest
    }

    /// Adds a config or a layer and returns its digest.
    pub fn add_blob(&mut self, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::of(&bytes);
        self.blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Points a tag at a manifest.
    pub fn tag(&mut self, tag: &str, digest: Digest) {
        self.tags.insert(tag.to_owned(), digest);
    }

    /// Returns the digest that a tag points at.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Option<&Digest> {
        self.tags.get(tag)
    }

    /// Lists the tags in lexical order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.keys().map(String::as_str)
    }

    /// Returns the manifest of this digest.
    #[must_use]
    pub fn manifest(&self, digest: &Digest) -> Option<&Manifest> {
        self.manifests.get(digest)
    }

    /// Returns the config or layer of this digest.
    #[must_use]
    pub fn blob(&self, digest: &Digest) -> Option<&Bytes> {
        self.blobs.get(digest)
    }

    fn merge(&mut self, other: Self) {
        self.tags.extend(other.tags);
        self.manifests.extend(other.manifests);
        self.blobs.extend(other.blobs);
    }
}

/// An image manifest or an index, byte for byte as it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The Content-Type it is served with.
    pub media_type: String,
    /// The exact bytes.
    pub bytes: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(tag: &str, text: &'static str) -> Image {
        let mut image = Image::default();
        image.add_blob(text);
        let digest = image.add_manifest(Manifest {
            media_type: "application/vnd.oci.image.manifest.v1+json".into(),
            bytes: text.into(),
        });
        image.tag(tag, digest);
        image
    }

    #[test]
    fn a_second_tag_joins_the_image_that_is_there() {
        let mut content = Content::new();
        content.add_image("docker-local", "team/app", image("1", "one"));
        content.add_image("docker-local", "team/app", image("2", "two"));
        let image = content.image("docker-local", "team/app").unwrap();
        assert_eq!(image.tags().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(image.tagged("2"), Some(&Digest::of(b"two")));
        assert_eq!(image.manifest(&Digest::of(b"one")).unwrap().bytes, "one");
        assert_eq!(content.stored(&Digest::of(b"two")).unwrap(), "two");
        assert_eq!(content.stored(&Digest::of(b"three")), None);
    }

    #[test]
    fn a_repository_without_images_is_known_and_another_is_not() {
        let mut content = Content::new();
        content.add_repository("empty");
        assert!(content.has_repository("empty"));
        assert!(!content.has_repository("other"));
        assert!(content.image("empty", "hello").is_none());
    }
}
