//! Builds the image that is there when nobody brought one: two layers of text files.

use std::io;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::content::{Image, Manifest};
use super::digest::Digest;

/// OCI image specification, media-types.md.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

impl Image {
    /// Builds a valid OCI image for the architecture of this build and gives it a tag.
    ///
    /// The bytes, and therefore the digests, are the same at every start.
    #[must_use]
    pub fn hello(tag: &str) -> Self {
        let layers = [
            Layer::of(&[("hello.txt", "Hello from Artifactory.\n")]),
            Layer::of(&[("etc/", ""), ("etc/motd", "This image holds text files only.\n")]),
        ];
        let mut image = Self::default();
        let config = config(&layers).to_string();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(CONFIG, config.as_bytes()),
            "layers": layers.each_ref().map(|layer| descriptor(LAYER, &layer.compressed)),
        });
        image.add_blob(config);
        for layer in layers {
            image.add_blob(layer.compressed);
        }
        let digest = image.add_manifest(Manifest { media_type: MANIFEST.into(), bytes: manifest.to_string().into() });
        image.tag(tag, digest);
        image
    }
}

struct Layer {
    diff_id: Digest,
    compressed: Vec<u8>,
}

impl Layer {
    /// Archives `files` (a name that ends in `/` is a directory) with no time and no owner.
    fn of(files: &[(&str, &str)]) -> Self {
        let archive = archive(files).expect("writing to memory does not fail");
        let compressed = compress(&archive).expect("writing to memory does not fail");
        Self { diff_id: Digest::of(&archive), compressed }
    }
}

fn archive(files: &[(&str, &str)]) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let directory = name.ends_with('/');
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(if directory { tar::EntryType::Directory } else { tar::EntryType::Regular });
        header.set_mode(if directory { 0o755 } else { 0o644 });
        header.set_size(text.len() as u64);
        header.set_mtime(0);
        builder.append_data(&mut header, name, text.as_bytes())?;
    }
    builder.into_inner()
}

fn compress(archive: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    io::Write::write_all(&mut encoder, archive)?;
    encoder.finish()
}

fn config(layers: &[Layer]) -> Value {
    json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {},
        "rootfs": {
            "type": "layers",
            "diff_ids": layers.iter().map(|layer| layer.diff_id.to_string()).collect::<Vec<_>>(),
        },
    })
}

/// Writes this build's architecture the way images do: with Go's names, where they differ.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({
        "mediaType": media_type,
        "digest": Digest::of(content).to_string(),
        "size": content.len(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn parts(image: &Image) -> (Value, Value) {
        let manifest = image.manifest(image.tagged("1").unwrap()).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap();
        let digest = Digest::parse(manifest["config"]["digest"].as_str().unwrap()).unwrap();
        let config = serde_json::from_slice(image.blob(&digest).unwrap()).unwrap();
        (manifest, config)
    }

    #[test]
    fn the_bytes_are_the_same_at_every_start() {
        assert_eq!(Image::hello("1").tagged("1"), Image::hello("1").tagged("1"));
    }

    #[test]
    fn each_diff_id_is_the_digest_of_the_layer_unpacked() {
        let image = Image::hello("1");
        let (manifest, config) = parts(&image);
        let layers = manifest["layers"].as_array().unwrap();
        let diff_ids = config["rootfs"]["diff_ids"].as_array().unwrap();
        assert_eq!((layers.len(), diff_ids.len()), (2, 2));
        for (layer, diff_id) in layers.iter().zip(diff_ids) {
            let digest = Digest::parse(layer["digest"].as_str().unwrap()).unwrap();
            let blob = image.blob(&digest).unwrap();
            assert_eq!(layer["size"], blob.len());
            let mut archive = Vec::new();
            flate2::read::GzDecoder::new(&blob[..]).read_to_end(&mut archive).unwrap();
            assert_eq!(diff_id, &Digest::of(&archive).to_string());
        }
    }

    #[test]
    fn the_layers_hold_readable_text_files() {
        let image = Image::hello("1");
        let (manifest, _) = parts(&image);
        let mut names = Vec::new();
        for layer in manifest["layers"].as_array().unwrap() {
            let digest = Digest::parse(layer["digest"].as_str().unwrap()).unwrap();
            let blob = image.blob(&digest).unwrap();
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&blob[..]));
            for entry in archive.entries().unwrap() {
                names.push(entry.unwrap().path().unwrap().display().to_string());
            }
        }
        assert_eq!(names, ["hello.txt", "etc/", "etc/motd"]);
    }

    #[test]
    fn the_config_names_the_platform_of_the_build() {
        let (_, config) = parts(&Image::hello("1"));
        assert_eq!(config["os"], "linux");
        assert_eq!(config["architecture"], architecture());
        assert_ne!(config["architecture"], "x86_64");
    }
}
