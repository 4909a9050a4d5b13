//! Vectors of `config_dir`: directories of configurations, and hashes.
//!
//! A file of a directory is given by its content or by what it is: `<v1 cfg test1>` is an entry `test1` in a configuration
//! of version `v1`, `name duplicate` an entry of that name, `WrongKind` a configuration of that kind, `ok` a good one.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;
use serde_json::Value;

use super::outcome::Outcome;
use crate::kubelet::{ConfigError, ConfigFile, CredentialProviderConfig, KubeletVersion, Source};

#[derive(Deserialize)]
#[serde(untagged)]
enum Vector {
    Directory {
        files: BTreeMap<String, String>,
        valid: bool,
        #[serde(default)]
        reason: String,
        since: Option<String>,
    },
    Hash {
        files_in_order: Vec<String>,
        hash: String,
    },
}

pub(super) fn outcome(entry: &Value) -> Outcome {
    Outcome::read(entry, |vector: Vector| match vector {
        Vector::Directory { files, valid, reason, since } => match Written::new(&files) {
            Err(error) => Outcome::skipped(&format!("its files cannot be written: {error}")),
            Ok(written) => of_directory(&files, &written, valid, &reason, since.as_deref()),
        },
        Vector::Hash { files_in_order, hash } => {
            let file = |content: String| ConfigFile { path: String::new(), content: content.into_bytes() };
            let source = Source::from_files(files_in_order.into_iter().map(file).collect());
            Outcome::of("hash", [(hash, source.hash())])
        }
    })
}

/// A directory on disk, which goes when it is dropped.
struct Written(tempfile::TempDir);

impl Written {
    fn new(files: &BTreeMap<String, String>) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        for (name, text) in files {
            let path = folder.path().join(name);
            let content = content(name, text).ok_or_else(|| io::Error::other(format!("`{text}` is not understood")))?;
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, content)?;
        }
        Ok(Self(folder))
    }

    /// The names of the entries, or the error.
    fn read(&self, version: KubeletVersion) -> Result<String, ConfigError> {
        let source = Source::read(&self.0.path().to_string_lossy(), version)?;
        let config = CredentialProviderConfig::of(&source, version, version.service_account_tokens())?;
        let names: Vec<_> = config.providers.into_iter().map(|provider| provider.name).collect();
        Ok(names.join(","))
    }
}

fn of_directory(
    files: &BTreeMap<String, String>,
    written: &Written,
    valid: bool,
    reason: &str,
    since: Option<&str>,
) -> Outcome {
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let about = format!("directory of {}", names.join(", "));
    let said = |version| match written.read(version) {
        Ok(_) => "valid".to_owned(),
        Err(error) if valid => format!("invalid: {error}"),
        Err(_) => "invalid".to_owned(),
    };
    let expected = if valid { "valid" } else { "invalid" };
    let newest = (expected.to_owned(), said(KubeletVersion::OF_VECTORS));
    // A list of names at the end of the reason is the order.
    let order = reason.rsplit_once(": ").filter(|(_, names)| valid && names.contains(',') && !names.contains(' '));
    let order =
        order.map(|(_, names)| (names.to_owned(), written.read(KubeletVersion::OF_VECTORS).unwrap_or_default()));
    let before = since.filter(|since| *since == "1.34").and_then(|_| "1.33".parse().ok());
    let before = before
        .map(|version| ("invalid (1.33)".to_owned(), format!("{} (1.33)", kind_of(written.read(version).is_ok()))));
    Outcome::of(&about, [newest].into_iter().chain(order).chain(before))
}

const fn kind_of(is_valid: bool) -> &'static str {
    if is_valid { "valid" } else { "invalid" }
}

/// The content of a file: what is given, or what it is said to be; `None` if that is not understood.
fn content(name: &str, text: &str) -> Option<String> {
    if text.is_empty() || text.contains(['\n', '{']) || text.contains("kind:") {
        return Some(text.to_owned());
    }
    let (mut version, mut kind) = ("kubelet.config.k8s.io/v1".to_owned(), "CredentialProviderConfig");
    let own = name.replace(['.', '/'], "-");
    let mut providers = own.as_str();
    let words: Vec<_> = text.trim_matches(['<', '>']).split_whitespace().collect();
    for (position, word) in words.iter().enumerate() {
        let is_named = position > 0 && ["cfg", "name", "provider"].contains(&words[position - 1]);
        match *word {
            names if is_named => providers = names,
            "v1" | "v1beta1" | "v1alpha1" => version = format!("kubelet.config.k8s.io/{word}"),
            "WrongKind" => kind = "WrongKind",
            "duplicate" => providers = "duplicate",
            "empty" => return Some(String::new()),
            "invalid" | "garbage" | "broken" => return Some("[".to_owned()),
            "ok" | "skipped" | "ignored" | "valid" | "good" | "cfg" | "config" | "name" | "provider" => {}
            _ => return None,
        }
    }
    let provider = |name: &str| {
        format!(
            r#"{{"name":"{name}","matchImages":["r.io"],"defaultCacheDuration":"1m",
               "apiVersion":"credentialprovider.kubelet.k8s.io/v1"}}"#
        )
    };
    let providers: Vec<_> = providers.split(',').map(provider).collect();
    Some(format!(r#"{{"apiVersion":"{version}","kind":"{kind}","providers":[{}]}}"#, providers.join(",")))
}
