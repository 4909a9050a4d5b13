//! The kubelet in a terminal: whom it asks about an image, what it learns, and which credentials the pull would try.
//!
//! ```text
//!  image ──▶ repository ──▶ each provider: entries, service account, cache, run ──▶ credentials in order
//! ```
//!
//! Nothing is pulled. Several images share one kubelet, so that the second may be answered from the cache.
//!
//! # Layout
//!
//! - `pod_file`: the pod, its service account, its token and its pull secrets
//! - `docker_config`: credentials of pull secrets and of the node
//! - `report`: what happened, without secrets
//! - `screen`: shows it

mod docker_config;
mod pod_file;
mod report;
mod screen;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use thiserror::Error;

use self::docker_config::DockerConfigError;
use self::pod_file::{PodFile, PodFileError};
use self::report::{CredentialReport, ImageReport, Report, Source};
use crate::demo::{Show, Verdict};
use crate::kubelet::{
    ConfigError, CredentialProviderConfig, Environment, Gate, ImageName, Keyring, Kubelet, KubeletVersion,
    ProviderLookUp, RegistrationError, RegistryAuth, Settings, Source as ConfigSource,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration of credential providers, a file or a directory.
    pub config: PathBuf,
    /// The directory of their programs.
    pub bin_dir: PathBuf,
    /// The pod that the images are for; none is a static pod without a service account.
    pub pod: Option<PathBuf>,
    /// The node's own Docker configuration.
    pub node_config: Option<PathBuf>,
    /// Which kubelet.
    pub version: KubeletVersion,
    /// Whether service account mode is on; `None` is as the version has it.
    pub gate: Option<Gate>,
    /// The images, in the order in which they are looked up.
    pub images: Vec<String>,
    /// The environment that programs get.
    pub environment: Environment,
}

/// Why there is nothing to show.
#[derive(Debug, Error)]
pub enum PullError {
    /// The kubelet would not start.
    #[error("kubelet {version} does not start: {message}\n  hint: {hint}")]
    Start {
        /// Which kubelet.
        version: KubeletVersion,
        /// Its own words.
        message: String,
        /// What to do.
        hint: String,
    },
    /// The pod cannot be read.
    #[error(transparent)]
    Pod(#[from] PodFileError),
    /// The node's Docker configuration cannot be read.
    #[error(transparent)]
    DockerConfig(#[from] DockerConfigError),
    /// The report cannot be written.
    #[error("failed to write the report")]
    Write(#[from] io::Error),
}

/// Looks up every image and shows what happened.
///
/// # Errors
///
/// The kubelet would not start, or a file cannot be read. The verdict has failed if some image has no credential.
pub async fn run(options: &Options, show: Show, out: &mut dyn Write) -> Result<Verdict, PullError> {
    let kubelet = Start { version: options.version };
    let mut settings = Settings::new(options.version, &options.bin_dir);
    settings.environment.clone_from(&options.environment);
    settings.gate = options.gate.unwrap_or(settings.gate);
    settings.find_bin_dir().map_err(|error| kubelet.registration(&error))?;
    let path = options.config.to_string_lossy();
    let source = ConfigSource::read(&path, options.version).map_err(|error| kubelet.config(&error))?;
    let config = CredentialProviderConfig::of(&source, options.version, settings.gate);
    let config = config.map_err(|error| kubelet.config(&error))?;
    let pod = options.pod.as_deref().map(PodFile::read).transpose()?.unwrap_or_default();
    let node = options.node_config.as_deref().map(docker_config::read).transpose()?.unwrap_or_default();
    let clock = settings.clock.clone();
    let kubelet = Kubelet::registered(settings, config).map_err(|error| kubelet.registration(&error))?;

    let mut report = Report::new(options, &source, &pod);
    for image in &options.images {
        let looked_up = look_up(&kubelet, image, &pod, &node, options.version).await;
        report.images.push(ImageReport::of(image, looked_up, &pod, clock.now()));
    }
    screen::show(&report, show, out)?;
    Ok(report.verdict())
}

/// What was found for one image.
type LookedUp = Result<(ImageName, Vec<ProviderLookUp>, Vec<CredentialReport>), String>;

async fn look_up(kubelet: &Kubelet, image: &str, pod: &PodFile, node: &Auth, version: KubeletVersion) -> LookedUp {
    let name = ImageName::parse(image).map_err(|error| error.to_string())?;
    let providers = kubelet.look_up(&name, &pod.pod, &pod.cluster).await;
    let credentials = credentials(&name, &providers, pod, node, version);
    Ok((name, providers, credentials))
}

/// Credentials by key of `auth`.
type Auth = BTreeMap<String, RegistryAuth>;

/// The credentials of all sources: pull secrets, the node's own, providers.
fn credentials(
    image: &ImageName,
    providers: &[ProviderLookUp],
    pod: &PodFile,
    node: &Auth,
    version: KubeletVersion,
) -> Vec<CredentialReport> {
    let new = || Keyring::<(Source, &RegistryAuth)>::new(version.go());
    let (mut secrets, mut own, mut plugins) = (new(), new(), new());
    for (name, auth) in &pod.pull_secrets {
        secrets.add(auth.iter().map(|(key, auth)| (key.as_str(), (Source::PullSecret(name.clone()), auth))));
    }
    own.add(node.iter().map(|(key, auth)| (key.as_str(), (Source::Node, auth))));
    for ProviderLookUp { provider, auth, .. } in providers {
        plugins.add(auth.iter().map(|(key, auth)| (key.as_str(), (Source::Provider(provider.clone()), auth))));
    }
    let found = [&secrets, &own, &plugins].map(|keyring| {
        let found = keyring.look_up(image.repository()).into_iter();
        found.map(|(key, (source, auth))| CredentialReport::new(key, source, auth)).collect::<Vec<_>>()
    });
    found.into_iter().flatten().collect()
}

/// A kubelet that is about to start.
struct Start {
    version: KubeletVersion,
}

impl Start {
    fn registration(&self, error: &RegistrationError) -> PullError {
        let hint = match error {
            RegistrationError::NoDirectory(path) | RegistrationError::Directory { path, .. } => format!(
                "name a directory that the kubelet can read with --bin-dir (--image-credential-provider-bin-dir on the \
                 node); `{}` is not one",
                path.display()
            ),
            RegistrationError::NoProgram(path) => format!(
                "put the program at `{}`, or change `providers[].name` in the configuration: it is the file name of the \
                 program",
                path.display()
            ),
            RegistrationError::Program { path, .. } => {
                format!("make `{0}` an executable file: chmod +x {0}", path.display())
            }
        };
        PullError::Start { version: self.version, message: error.to_string(), hint }
    }

    fn config(&self, error: &ConfigError) -> PullError {
        let hint = match error {
            ConfigError::Read { cause, .. } if cause.ends_with("is a directory") => {
                "configuration directories are read since 1.34: name one file with --config"
            }
            ConfigError::EmptyPath | ConfigError::Access { .. } | ConfigError::Read { .. } => {
                "name a file, or since 1.34 a directory, that the kubelet can read with --config"
            }
            ConfigError::EmptyDirectory(_) => "put a file there whose name ends in .json, .yaml or .yml",
            ConfigError::DuplicateName(_) | ConfigError::RegisteredTwice(_) => {
                "give each entry of `providers`, in all files, a name of its own"
            }
            ConfigError::Decode { .. } | ConfigError::Content(_) => {
                "correct the file: fields are those of CredentialProviderConfig in kubelet.config.k8s.io/v1, their case \
                 counts, and in YAML 1.1 y, n, yes, no, on and off are booleans"
            }
            ConfigError::Invalid(_) => {
                "correct the fields that are named; an error does not say which entry it is about"
            }
        };
        PullError::Start { version: self.version, message: error.to_string(), hint: hint.to_owned() }
    }
}
