//! Where a configuration is read from, and the hash that the kubelet publishes of it.
//!
//! Directories: <https://github.com/kubernetes/kubernetes/pull/131658>; the hash:
//! <https://github.com/kubernetes/kubernetes/pull/133016>.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::super::version::KubeletVersion;
use super::ConfigError;

/// One file of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    /// Its path.
    pub path: String,
    /// All of it.
    pub content: Vec<u8>,
}

/// The files of a configuration, in the order in which they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(Vec<ConfigFile>);

impl Source {
    /// Takes files as they are.
    #[must_use]
    pub fn from_files(files: Vec<ConfigFile>) -> Self {
        Self(files)
    }

    /// Reads a file; since 1.34 also the files of a directory, by name, that end in `.json`, `.yaml` or `.yml`.
    ///
    /// # Errors
    ///
    /// The kubelet does not start with that path.
    pub fn read(path: &str, version: KubeletVersion) -> Result<Self, ConfigError> {
        if path.is_empty() {
            return Err(ConfigError::EmptyPath);
        }
        if !version.reads_directories() {
            let what = "external registry credential provider configuration from";
            return Ok(Self(vec![file(path, what)?]));
        }
        let access = |error: io::Error| ConfigError::Access {
            path: path.to_owned(),
            cause: format!("stat {path}: {}", system_words(&error)),
        };
        if !std::fs::metadata(path).map_err(access)?.is_dir() {
            return Ok(Self(vec![file(path, "file")?]));
        }
        let paths = paths_in(path)?;
        if paths.is_empty() {
            return Err(ConfigError::EmptyDirectory(path.to_owned()));
        }
        paths.iter().map(|path| file(path, "file")).collect::<Result<_, _>>().map(Self)
    }

    /// The files, in order.
    #[must_use]
    pub fn files(&self) -> &[ConfigFile] {
        &self.0
    }

    /// The hash in the metric `kubelet_credential_provider_config_info`, since 1.34.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for ConfigFile { content, .. } in &self.0 {
            hash.update((content.len() as u64).to_be_bytes());
            hash.update(content);
        }
        format!("sha256:{}", hex::encode(hash.finalize()))
    }
}

/// The files of a directory that count, byte-wise by path; what is in its directories does not.
fn paths_in(directory: &str) -> Result<Vec<String>, ConfigError> {
    let broken = |error: io::Error| ConfigError::Read {
        what: "directory",
        path: directory.to_owned(),
        cause: format!("open {directory}: {}", system_words(&error)),
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let is_directory = entry.file_type().map_err(broken)?.is_dir();
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_directory && [".json", ".yaml", ".yml"].iter().any(|suffix| name.ends_with(suffix)) {
            paths.push(Path::new(directory).join(name).to_string_lossy().into_owned());
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

fn file(path: &str, what: &'static str) -> Result<ConfigFile, ConfigError> {
    let content = std::fs::read(path).map_err(|error| {
        let step = if error.kind() == io::ErrorKind::IsADirectory { "read" } else { "open" };
        ConfigError::Read { what, path: path.to_owned(), cause: format!("{step} {path}: {}", system_words(&error)) }
    })?;
    Ok(ConfigFile { path: path.to_owned(), content })
}

/// What Go calls an error of the system.
fn system_words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}
