//! How a route's Artifactory is reached, as it is written.

use std::path::PathBuf;

use serde::Deserialize;

use crate::artifactory::Scheme;
use crate::config::{ConfigError, Environment};
use crate::http::{Exceptions, Proxies, Proxy};

/// The word `direct`, or a proxy.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected `direct`, or `url` with or without `credentialsFile`")]
pub(super) enum ProxyShape {
    Word(Word),
    Named(NamedShape),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Word {
    Direct,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NamedShape {
    url: String,
    credentials_file: Option<PathBuf>,
}

impl ProxyShape {
    /// The route's own word, which the variables have no say in.
    fn into_proxies(self) -> Result<Proxies, ConfigError> {
        match self {
            Self::Word(Word::Direct) => Ok(Proxies::Direct),
            Self::Named(NamedShape { url, credentials_file }) => {
                let proxy = Proxy::with_file(&url, credentials_file, "proxy.url")
                    .map_err(|reason| ConfigError::Proxy { name: "proxy.url", reason })?;
                Ok(Proxies::Through { proxy, except: Exceptions::default() })
            }
        }
    }
}

/// The proxies of a route: its own word, else that of the variables for its scheme.
pub(super) fn proxies(
    shape: Option<ProxyShape>,
    scheme: Scheme,
    environment: &Environment,
) -> Result<Proxies, ConfigError> {
    shape.map_or_else(|| environment.proxies(scheme), ProxyShape::into_proxies)
}
