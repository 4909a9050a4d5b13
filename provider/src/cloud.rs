//! Which cloud the node is on, where the configuration names none.
//!
//! ```text
//! DMI, hypervisor ──▶ what is kept of this boot ──▶ three metadata services at once
//! files, no network   a file below /run             300 ms, never through a proxy
//! ```
//!
//! The first step that knows the cloud decides. Only what the network said is kept: the files are as fast as the kept one.
//!
//! # Why
//!
//! - **Why files first?** The three metadata services share one address. A node of no cloud waits for them in vain, and a
//!   network in between can answer for them. The firmware is the hypervisor's own word.
//! - **Why can a kept finding not be wrong for the whole boot?** It is kept only once an identity of that cloud was proved,
//!   and dropped as soon as none is, so that the next pull looks again.

use std::fmt;
use std::path::Path;

use crate::endpoints::Endpoints;
use crate::http::HttpError;
use crate::time::Deadline;

mod dmi;
mod kept;
mod metadata;

pub use dmi::Dmi;

/// A cloud that the program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Google,
}

/// The words of the clouds, as `cloud_provider` takes them.
pub const CLOUDS: &str = "aws, azure, google";

impl Cloud {
    /// The cloud of a word, as `cloud_provider` takes it.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Aws, Self::Azure, Self::Google].into_iter().find(|cloud| cloud.word() == word)
    }

    /// The cloud's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Google => "google",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Aws => "AWS",
            Self::Azure => "Azure",
            Self::Google => "Google Cloud",
        })
    }
}

/// The cloud that the node is on, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The cloud.
    pub cloud: Cloud,
    /// What says so, as a clause.
    pub evidence: String,
    /// Which step knew it.
    pub step: Step,
    /// What the services of the other clouds had answered by then.
    pub others: Vec<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.cloud, self.evidence)?;
        self.others.iter().try_for_each(|other| write!(formatter, "; {other}"))
    }
}

/// A step of the detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The files of firmware and hypervisor.
    Dmi,
    /// What an earlier pull of this boot has kept.
    Kept,
    /// The metadata services.
    Metadata,
}

/// Why the cloud is not known.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// No step knows the cloud.
    #[error("no cloud is named and none was found: {}", .findings.join("; "))]
    NotFound {
        /// What each step found instead.
        findings: Vec<String>,
    },
    /// The metadata services could not be asked at all.
    #[error("no cloud is named and the metadata services cannot be asked")]
    Metadata(#[source] HttpError),
}

/// Finds the cloud: by files, by what is kept, by the metadata services, in this order.
///
/// `system` is the directory that `/sys`, `/proc` and `/run` lie in.
///
/// # Errors
/// When no step knows the cloud, or the pull's deadline passes before.
pub async fn detect(system: &Path, endpoints: &Endpoints, deadline: Deadline) -> Result<Found, CloudError> {
    let dmi = Dmi::read(system);
    if let Some((cloud, evidence)) = dmi.cloud() {
        return Ok(Found { cloud, evidence, step: Step::Dmi, others: Vec::new() });
    }
    if let Some(found) = kept::read(system) {
        return Ok(found);
    }
    let heard = metadata::ask(endpoints, deadline).await.map_err(CloudError::Metadata)?;
    heard.map_err(|heard| CloudError::NotFound { findings: [vec![dmi.to_string()], heard].concat() })
}

impl Found {
    /// Keeps what the network said once it has proved an identity, and drops what was kept once it has not.
    pub fn settle<T, E>(&self, system: &Path, proof: &Result<T, E>) {
        match (self.step, proof) {
            (Step::Metadata, Ok(_)) => kept::write(system, self),
            (Step::Kept, Err(_)) => kept::remove(system),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_known_by_its_word_and_by_no_other() {
        for (word, cloud) in CLOUDS.split(", ").zip([Cloud::Aws, Cloud::Azure, Cloud::Google]) {
            assert_eq!((Cloud::parse(word), cloud.word()), (Some(cloud), word));
        }
        for word in ["", "gcp", "AWS", "aws "] {
            assert_eq!(Cloud::parse(word), None, "{word}");
        }
    }
}
