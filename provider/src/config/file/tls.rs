//! How a route's Artifactory is made sure of, as it is written.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::Environment;
use crate::http::{Roots, Tls};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TlsShape {
    ca_file: Option<PathBuf>,
}

impl TlsShape {
    /// What is left out is taken from the environment.
    pub(super) fn into_tls(self, environment: &Environment) -> Tls {
        Tls { roots: self.ca_file.map_or_else(|| environment.roots(), Roots::File) }
    }
}
