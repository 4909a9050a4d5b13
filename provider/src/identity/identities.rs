//! Whose identities a route has: those that the configuration names, or those of the cloud that the node is found on.

use std::path::PathBuf;

use super::{IdentityError, IdentityOrder, IdentitySource, Proved};
use crate::cloud::{Cloud, detect};
use crate::config::{ConfigError, Network};
use crate::kubelet::Workload;
use crate::time::Deadline;

/// Where the identity of a route comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identities {
    /// These.
    Named(Vec<IdentitySource>),
    /// Those of the cloud that the node is on.
    Detected(Box<Detected>),
}

/// The identities of each cloud, read before it is known which of them the node is on. What another cloud lacks is no error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The directory that `/sys`, `/proc` and `/run` lie in.
    pub system: PathBuf,
    /// Those of a node on AWS.
    pub aws: Result<Vec<IdentitySource>, ConfigError>,
    /// Those of a node on Azure.
    pub azure: Result<Vec<IdentitySource>, ConfigError>,
    /// Those of a node on Google Cloud.
    pub google: Result<Vec<IdentitySource>, ConfigError>,
}

impl Identities {
    /// Has one of the identities proved, in the route's order.
    ///
    /// # Errors
    /// When no identity can be proved, or the cloud that the node is on cannot be found or is not configured.
    pub async fn prove(
        &self,
        order: IdentityOrder,
        workload: Option<&Workload>,
        network: &Network,
        deadline: Deadline,
    ) -> Result<Proved<'_>, IdentityError> {
        let detected = match self {
            Self::Named(sources) => return order.prove(sources, workload, network, deadline).await,
            Self::Detected(detected) => detected,
        };
        let found = detect(&detected.system, &network.endpoints, deadline).await?;
        tracing::Span::current().record("credential_provider.cloud", found.to_string());
        let proved = match detected.sources(found.cloud) {
            Ok(sources) => order.prove(sources, workload, network, deadline).await,
            Err(error) => Err(IdentityError::Configuration(error.clone())),
        };
        found.settle(&detected.system, &proved);
        proved.map_err(|source| IdentityError::OnCloud { found, source: Box::new(source) })
    }
}

impl Detected {
    fn sources(&self, cloud: Cloud) -> Result<&[IdentitySource], &ConfigError> {
        let sources = match cloud {
            Cloud::Aws => &self.aws,
            Cloud::Azure => &self.azure,
            Cloud::Google => &self.google,
        };
        sources.as_deref()
    }
}
