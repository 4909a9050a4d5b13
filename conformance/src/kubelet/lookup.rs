//! One look-up: every provider in turn, then the credentials in the order in which the pull tries them.
//!
//! Upstream: `provide` of <https://github.com/kubernetes/kubernetes>, `pkg/credentialprovider/plugin/plugin.go`, and
//! `externalCredentialProviderKeyring` in `plugins.go` (1.26 to 1.36).

mod plugin;
mod steps;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mock_kit::Clock;
use thiserror::Error;

use self::plugin::Plugin;
pub use self::steps::{EntryMatch, Kept, Miss, NotUsed, ProviderLookUp, SentToken, Step};
use super::cluster::Cluster;
use super::config::CredentialProviderConfig;
use super::exec::{Environment, TIMEOUT};
use super::image::ImageName;
use super::service_account::Pod;
use super::version::{Gate, KubeletVersion};
use crate::platform::is_executable;

/// A kubelet, as far as credential providers go; look-ups may run at the same time and share runs.
#[derive(Debug)]
pub struct Kubelet {
    settings: Settings,
    plugins: Vec<Plugin>,
}

/// What all providers of a kubelet share.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which kubelet.
    pub version: KubeletVersion,
    /// Whether service account mode is on.
    pub gate: Gate,
    /// Where the programs are.
    pub bin_dir: PathBuf,
    /// The kubelet's own environment.
    pub environment: Environment,
    /// How long a run may take.
    pub timeout: Duration,
    /// The time that the cache lives by.
    pub clock: Clock,
}

/// Why the kubelet stops at its start; the words are its own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegistrationError {
    /// No such directory.
    #[error("plugin binary directory {} did not exist", .0.display())]
    NoDirectory(PathBuf),
    /// A directory that cannot be looked at.
    #[error("error inspecting binary directory {}: {cause}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// No such program. The kubelet's message does not name it.
    #[error("plugin binary executable  did not exist")]
    NoProgram(PathBuf),
    /// A program that cannot be run.
    #[error("error inspecting binary executable : exec: {:?}: {cause}", .path)]
    Program {
        /// The program.
        path: PathBuf,
        /// The system's words.
        cause: &'static str,
    },
}

impl Settings {
    /// The settings of a kubelet of some version.
    #[must_use]
    pub fn new(version: KubeletVersion, bin_dir: &Path) -> Self {
        Self {
            version,
            gate: version.service_account_tokens(),
            bin_dir: bin_dir.to_owned(),
            environment: Environment::new(),
            timeout: TIMEOUT,
            clock: Clock::system(),
        }
    }

    /// Looks for the directory of the programs, which comes before the configuration is read.
    ///
    /// # Errors
    ///
    /// The kubelet stops.
    pub fn find_bin_dir(&self) -> Result<(), RegistrationError> {
        let path = self.bin_dir.clone();
        match std::fs::metadata(&path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RegistrationError::NoDirectory(path)),
            Err(error) => Err(RegistrationError::Directory { path, cause: error.to_string() }),
        }
    }

    fn now(&self) -> Duration {
        let nanos = self.clock.now().unix_timestamp_nanos();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
    }
}

impl Kubelet {
    /// Registers every provider of a configuration.
    ///
    /// # Errors
    ///
    /// The kubelet stops: a program is not there or cannot be run.
    pub fn registered(settings: Settings, config: CredentialProviderConfig) -> Result<Self, RegistrationError> {
        settings.find_bin_dir()?;
        for provider in &config.providers {
            program(&settings.bin_dir.join(&provider.name))?;
        }
        let now = settings.now();
        let plugins = config.providers.into_iter().map(|entry| Plugin::new(entry, settings.version, now)).collect();
        Ok(Self { settings, plugins })
    }

    /// Asks every provider about an image, one after another.
    pub async fn look_up(&self, image: &ImageName, pod: &Pod, cluster: &Cluster) -> Vec<ProviderLookUp> {
        let mut providers = Vec::new();
        for plugin in &self.plugins {
            providers.push(plugin.look_up(image, pod, cluster, &self.settings).await);
        }
        providers
    }
}

/// Go's `exec.LookPath` for a path: it must be there, be no directory, and be executable for somebody.
fn program(path: &Path) -> Result<(), RegistrationError> {
    let refused = |cause| Err(RegistrationError::Program { path: path.to_owned(), cause });
    match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(RegistrationError::NoProgram(path.to_owned())),
        Err(_) => refused("permission denied"),
        Ok(found) if found.is_dir() => refused("is a directory"),
        Ok(found) if !is_executable(&found) => refused("permission denied"),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
