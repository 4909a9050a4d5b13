//! Images from OCI layouts on disk: served whole, or refused with the file that is at fault.

use std::fs;
use std::path::Path;

use mock_artifactory::registry::{Digest, Image};
use mock_artifactory::world;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{ALICE, Server, basic};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

struct Layout(TempDir);

impl Layout {
    /// A layout whose index tags one multi-platform image `v1`, beside a single-platform one `small`.
    fn multi_platform() -> Self {
        let layout = Self(TempDir::new().unwrap());
        fs::create_dir_all(layout.path().join("blobs/sha256")).unwrap();
        layout.write("oci-layout", json!({"imageLayoutVersion": "1.0.0"}).to_string());
        let amd64 = layout.add_manifest("amd64");
        let arm64 = layout.add_manifest("arm64");
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [amd64, arm64]});
        let mut index = layout.add(INDEX, index.to_string().as_bytes());
        index["annotations"] = json!({"org.opencontainers.image.ref.name": "v1"});
        let mut small = layout.add_manifest("s390x");
        small["annotations"] = json!({"org.opencontainers.image.ref.name": "small"});
        layout.write_index(&[index, small]);
        layout
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn write_index(&self, manifests: &[Value]) {
        self.write("index.json", json!({"schemaVersion": 2, "manifests": manifests}).to_string());
    }

    fn index(&self) -> Vec<Value> {
        let text = fs::read(self.path().join("index.json")).unwrap();
        let index: Value = serde_json::from_slice(&text).unwrap();
        index["manifests"].as_array().unwrap().clone()
    }

    fn add(&self, media_type: &str, content: &[u8]) -> Value {
        let digest = Digest::of(content);
        self.write(&format!("blobs/sha256/{}", digest.hex()), content);
        json!({"mediaType": media_type, "digest": digest.to_string(), "size": content.len()})
    }

    /// A manifest without a mediaType of its own, which the specification leaves optional.
    fn add_manifest(&self, architecture: &str) -> Value {
        let config = json!({"architecture": architecture, "os": "linux"}).to_string();
        let config = self.add("application/vnd.oci.image.config.v1+json", config.as_bytes());
        let layer = self.add("application/vnd.oci.image.layer.v1.tar", architecture.as_bytes());
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        let mut descriptor = self.add(MANIFEST, manifest.to_string().as_bytes());
        descriptor["platform"] = json!({"architecture": architecture, "os": "linux"});
        descriptor
    }

    fn blob(&self, descriptor: &Value) -> std::path::PathBuf {
        let digest = Digest::parse(descriptor["digest"].as_str().unwrap()).unwrap();
        self.path().join("blobs/sha256").join(digest.hex())
    }

    fn refusal(&self, tag: &str) -> String {
        Image::from_layout(self.path(), tag).unwrap_err().to_string()
    }
}

#[tokio::test]
async fn a_multi_platform_image_is_pulled_down_to_its_layers() {
    let layout = Layout::multi_platform();
    let server = Server::with(|world| {
        world.images.push(world::Image {
            repository: "docker-local".into(),
            name: "team/multi".into(),
            tag: "v1".into(),
            oci_layout: Some(layout.path().to_owned()),
        });
    });
    let ask = async |rest: &str| server.get(&format!("/v2/docker-local/team/multi/{rest}"), &basic(ALICE)).await;
    let index = ask("manifests/v1").await;
    assert_eq!((index.status.as_u16(), index.header("content-type")), (200, INDEX));
    for child in index.json()["manifests"].as_array().unwrap() {
        let digest = child["digest"].as_str().unwrap();
        let manifest = ask(&format!("manifests/{digest}")).await;
        assert_eq!((manifest.status.as_u16(), manifest.header("content-type")), (200, MANIFEST));
        assert_eq!(Digest::of(&manifest.body).to_string(), digest);
        let layer = manifest.json()["layers"][0]["digest"].as_str().unwrap().to_owned();
        let blob = ask(&format!("blobs/{layer}")).await;
        assert_eq!(blob.body, child["platform"]["architecture"].as_str().unwrap());
    }
    assert_eq!(ask("manifests/small").await.status, 404);
}

#[test]
fn the_tag_picks_the_annotated_manifest_or_the_only_one() {
    let layout = Layout::multi_platform();
    let descriptors = layout.index();
    let tagged = |tag| Image::from_layout(layout.path(), tag).unwrap().tagged(tag).unwrap().to_string();
    assert_eq!(tagged("v1"), descriptors[0]["digest"]);
    assert_eq!(tagged("small"), descriptors[1]["digest"]);
    assert!(layout.refusal("other").contains("index.json` holds neither one manifest only nor one annotated"));
    layout.write_index(&descriptors[..1]);
    assert_eq!(tagged("other"), descriptors[0]["digest"]);
    layout.write_index(&[]);
    assert!(layout.refusal("other").contains("index.json"));
}

#[test]
fn a_file_that_is_missing_or_malformed_is_named() {
    for file in ["oci-layout", "index.json"] {
        let layout = Layout::multi_platform();
        layout.write(file, "{");
        assert!(layout.refusal("v1").contains(&format!("{file}` is not the JSON")), "{}", layout.refusal("v1"));
        fs::remove_file(layout.path().join(file)).unwrap();
        assert!(layout.refusal("v1").contains(&format!("{file}` cannot be read")), "{}", layout.refusal("v1"));
    }
    let layout = Layout::multi_platform();
    layout.write("oci-layout", json!({"imageLayoutVersion": "2.0.0"}).to_string());
    assert!(layout.refusal("v1").contains("oci-layout` has layout version `2.0.0` instead of `1.0.0`"));
}

#[test]
fn a_blob_that_is_not_what_its_descriptor_says_is_named() {
    let layout = Layout::multi_platform();
    let small = layout.index()[1].clone();
    let path = layout.blob(&small);
    let content = fs::read(&path).unwrap();
    let refused_with = |problem: &str| {
        let refusal = layout.refusal("small");
        assert!(refusal.starts_with(&format!("`{}` {problem}", path.display())), "{refusal}");
    };

    fs::write(&path, [&content[..], b" "].concat()).unwrap();
    refused_with(&format!("holds {} bytes where its descriptor says {}", content.len() + 1, content.len()));
    let changed = String::from_utf8(content.clone()).unwrap().replacen('2', "3", 1);
    fs::write(&path, changed).unwrap();
    refused_with("holds content of another digest");
    fs::remove_file(&path).unwrap();
    refused_with("cannot be read");
}

#[test]
fn a_layer_deep_in_an_index_is_looked_at_too() {
    let layout = Layout::multi_platform();
    let layer = layout.path().join("blobs/sha256").join(Digest::of(b"arm64").hex());
    fs::write(&layer, "ARM64").unwrap();
    assert!(layout.refusal("v1").contains(&layer.display().to_string()));
    assert!(Image::from_layout(layout.path(), "small").is_ok());
}

#[test]
fn a_name_that_leads_out_of_the_layout_is_refused() {
    let layout = Layout::multi_platform();
    for digest in ["sha256:../../../etc/passwd", "sha512:00", ""] {
        let descriptor = json!({"mediaType": MANIFEST, "digest": digest, "size": 1});
        layout.write_index(&[descriptor]);
        assert!(layout.refusal("v1").contains("which is not a SHA-256 digest"), "{digest}");
    }
}
