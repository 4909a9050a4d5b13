//! Reads an image from an OCI image layout on disk, checking every digest and size.
//!
//! OCI image specification, image-layout.md.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::content::{Image, Manifest};
use super::digest::Digest;

/// The only version there is: image-layout.md, "oci-layout file".
const LAYOUT_VERSION: &str = "1.0.0";
/// The annotation that tags a manifest: annotations.md.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A layout that cannot be served, with the file that is at fault.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {problem}", path.display())]
pub struct LayoutError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
    #[error("is not the JSON that its place asks for: {0}")]
    Malformed(serde_json::Error),
    #[error("has layout version `{0}` instead of `{LAYOUT_VERSION}`")]
    Version(String),
    #[error("names `{0}`, which is not a SHA-256 digest")]
    Name(String),
    #[error("holds content of another digest, `{0}`")]
    Content(Digest),
    #[error("holds {actual} bytes where its descriptor says {expected}")]
    Size { actual: u64, expected: u64 },
    #[error("holds neither one manifest only nor one annotated `{REF_NAME}: {0}`")]
    Tag(String),
}

impl Image {
    /// Reads the image that the layout in `directory` annotates with `tag`, or its only one.
    ///
    /// A multi-platform image arrives whole: the index, and every manifest and blob below it.
    ///
    /// # Errors
    ///
    /// When a file is missing, malformed, or is not what its descriptor says; the error names it.
    pub fn from_layout(directory: &Path, tag: &str) -> Result<Self, LayoutError> {
        let layout = Layout { directory };
        layout.expect_version()?;
        let descriptor = layout.descriptor(tag)?;
        let mut image = Self::default();
        let digest = layout.load_manifest(&descriptor, &mut image)?;
        image.tag(tag, digest);
        Ok(image)
    }
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

#[derive(Deserialize)]
struct Index {
    manifests: Vec<Descriptor>,
}

#[derive(Clone, Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// An image manifest or an index: what of it leads further.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

struct Layout<'a> {
    directory: &'a Path,
}

impl Layout<'_> {
    fn expect_version(&self) -> Result<(), LayoutError> {
        let path = self.directory.join("oci-layout");
        let Version { version } = parse(&path, &read(&path)?)?;
        if version == LAYOUT_VERSION {
            return Ok(());
        }
        Err(Problem::Version(version).of(&path))
    }

    fn descriptor(&self, tag: &str) -> Result<Descriptor, LayoutError> {
        let path = self.directory.join("index.json");
        let Index { manifests } = parse(&path, &read(&path)?)?;
        let annotated =
            manifests.iter().find(|descriptor| descriptor.annotations.get(REF_NAME).is_some_and(|name| name == tag));
        match (annotated, manifests.as_slice()) {
            (Some(descriptor), _) | (None, [descriptor]) => Ok(descriptor.clone()),
            _ => Err(Problem::Tag(tag.to_owned()).of(&path)),
        }
    }

    fn load_manifest(&self, descriptor: &Descriptor, image: &mut Image) -> Result<Digest, LayoutError> {
        let (path, bytes) = self.blob(descriptor)?;
        let document: Document = parse(&path, &bytes)?;
        for child in &document.manifests {
            self.load_manifest(child, image)?;
        }
        for blob in document.config.iter().chain(&document.layers) {
            image.add_blob(self.blob(blob)?.1);
        }
        Ok(image.add_manifest(Manifest {
            media_type: document.media_type.unwrap_or_else(|| descriptor.media_type.clone()),
            bytes: bytes.into(),
        }))
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<(PathBuf, Vec<u8>), LayoutError> {
        let blobs = self.directory.join("blobs/sha256");
        let expected = Digest::parse(&descriptor.digest)
            .ok_or_else(|| Problem::Name(descriptor.digest.clone()).of(self.directory))?;
        let path = blobs.join(expected.hex());
        let bytes = read(&path)?;
        let (size, actual) = (bytes.len() as u64, Digest::of(&bytes));
        if size != descriptor.size {
            let expected = descriptor.size;
            return Err(Problem::Size { actual: size, expected }.of(&path));
        }
        if actual != expected {
            return Err(Problem::Content(actual).of(&path));
        }
        Ok((path, bytes))
    }
}

impl Problem {
    fn of(self, path: &Path) -> LayoutError {
        LayoutError { path: path.to_owned(), problem: self }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LayoutError> {
    fs::read(path).map_err(|error| Problem::Unreadable(error).of(path))
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, LayoutError> {
    serde_json::from_slice(bytes).map_err(|error| Problem::Malformed(error).of(path))
}
