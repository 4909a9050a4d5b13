//! Remedies where the cloud was looked for.

use super::transport;
use crate::cloud::{CLOUDS, CloudError, Found, Step};

pub(super) fn detection(error: &CloudError) -> String {
    match error {
        CloudError::NotFound { .. } => {
            format!("set `cloud_provider` to one of: {CLOUDS}, or let the node reach its cloud's metadata service")
        }
        CloudError::Metadata(error) => transport(error, "the metadata service"),
    }
}

/// The remedy of what failed on a cloud, and what to do where the node is on another one: firmware knows better than a network.
pub(super) fn otherwise(remedy: String, found: &Found) -> String {
    match found.step {
        Step::Dmi => remedy,
        Step::Kept | Step::Metadata => {
            format!("{remedy}; if the node is on another cloud, set `cloud_provider` to one of: {CLOUDS}")
        }
    }
}
