//! What the kubelet does with a credential provider in one pull.
//!
//! ```text
//!  image ──▶ repository ──▶ request ──▶ exec ──▶ response ──▶ credentials by registry
//!            completed,     JSON on     at most  strict JSON
//!            no tag         stdin       a minute on stdout
//! ```
//!
//! # Layout
//!
//! One file a rule; each names what it follows upstream.
//!
//! - `image`: image names, completed and split
//! - `matching`: which images an entry of `matchImages` is for
//! - `config`: the configuration, read and held against its rules
//! - `request`: what is written to standard input, byte for byte
//! - `exec`: the child process: environment, time limit, output
//! - `response`: what is accepted from standard output
//! - `cache`: what is kept, under which key, for how long
//! - `keyring`: which credentials a pull tries, in which order
//! - `service_account`: whether a provider is asked for a pod; `cluster`: who issues the token
//! - `lookup`: all of it for one image; `log`: what the kubelet logs of it
//! - `version`: what differs between versions of the kubelet
//! - `duration`, `json`, `type_meta`, `go_text`: Go's notations

mod cache;
mod cluster;
mod config;
mod duration;
mod exec;
mod go_text;
mod image;
mod json;
mod keyring;
mod log;
mod lookup;
mod matching;
mod request;
mod response;
mod service_account;
mod type_meta;
mod version;

use thiserror::Error;

pub use cache::{AccountKey, Cache, Hit, KeyError, cache_key, expiry, flight_key, registry_of, stored_key, token_hash};
pub use cluster::Cluster;
pub use config::{
    CacheType, ConfigError, ConfigFile, CredentialProviderConfig, DecodeError, FieldError, ProviderEntry, RawConfig,
    ServiceAccountNeed, Source, TokenAttributes,
};
pub use duration::{DurationError, GoDuration};
pub use exec::{Ending, Environment, Provider, Run, TIMEOUT};
pub use image::{ImageError, ImageName};
pub use keyring::{IgnoredKey, Keyring, is_on_default_registry, normalised_key};
pub use log::{Level, LogLine};
pub use lookup::{
    EntryMatch, Kept, Kubelet, Miss, NotUsed, ProviderLookUp, RegistrationError, SentToken, Settings, Step,
};
pub use matching::{BadPattern, GoVersion, ImageAddress, ImagePattern, MatchError, Mismatch, UrlError, matches};
pub use request::{ApiVersion, CredentialProviderRequest};
pub use response::{CacheKeyType, CredentialProviderResponse, Decoded, RegistryAuth, ResponseError};
pub use service_account::{Admission, Pod, ServiceAccount, Skip};
pub use version::{Decoding, Gate, KubeletVersion, UnknownGate, UnknownVersion};

/// Every document of a YAML file, with the words of YAML 1.1.
///
/// # Errors
///
/// It is no YAML; the text says where.
pub fn yaml_documents(content: &[u8]) -> Result<Vec<serde_json::Value>, String> {
    let documents = config::documents(content).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().map(json::Json::into_value).collect())
}

/// Why the kubelet has no answer after a run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// The run failed, so that its output counts for nothing.
    #[error("the run ended with {0}")]
    Failed(Ending),
    /// The output is no response that the kubelet uses.
    #[error(transparent)]
    Response(#[from] ResponseError),
}

impl Run {
    /// What the kubelet makes of the run.
    ///
    /// # Errors
    ///
    /// The kubelet goes on without credentials from this provider.
    pub fn answer(&self, version: ApiVersion, decoding: Decoding) -> Result<CredentialProviderResponse, NoAnswer> {
        match self.ending {
            Ending::Exited(0) => Ok(CredentialProviderResponse::parse(&self.stdout, version, decoding)?),
            ending => Err(NoAnswer::Failed(ending)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_response_of_a_failed_run_counts_for_nothing() {
        let stdout = br#"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Image"}"#;
        let run = |ending| Run { ending, stdout: stdout.to_vec(), stderr: Vec::new() };
        assert!(run(Ending::Exited(0)).answer(ApiVersion::V1, Decoding::Strict).is_ok());
        for ending in [Ending::Exited(1), Ending::Signalled(9), Ending::TimedOut] {
            assert_eq!(run(ending).answer(ApiVersion::V1, Decoding::Strict), Err(NoAnswer::Failed(ending)));
        }
    }
}
