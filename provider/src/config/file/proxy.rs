//! How a route's Artifactory is reached, as it is written.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::artifactory::Scheme;
use crate::config::{ConfigError, Environment};
use crate::http::{Exceptions, Proxies, Proxy};

/// The word `direct`, or a proxy.
pub(super) enum ProxyShape {
    Direct,
    Named(NamedShape),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NamedShape {
    url: String,
    credentials_file: Option<PathBuf>,
}

/// By hand, so that a misspelt key is named: of an untagged enum only the whole is.
impl<'de> Deserialize<'de> for ProxyShape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shape;
        impl<'de> Visitor<'de> for Shape {
            type Value = ProxyShape;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("`direct` or a proxy's `url`")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<ProxyShape, E> {
                if word == "direct" { Ok(ProxyShape::Direct) } else { Err(E::unknown_variant(word, &["direct"])) }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ProxyShape, A::Error> {
                NamedShape::deserialize(MapAccessDeserializer::new(map)).map(ProxyShape::Named)
            }
        }
        deserializer.deserialize_any(Shape)
    }
}

impl ProxyShape {
    /// The route's own word, which the variables have no say in.
    fn into_proxies(self) -> Result<Proxies, ConfigError> {
        match self {
            Self::Direct => Ok(Proxies::Direct),
            Self::Named(NamedShape { url, credentials_file }) => {
                let proxy = Proxy::with_file(&url, credentials_file, "proxy.url")
                    .map_err(|reason| ConfigError::Proxy { name: "proxy.url", reason })?;
                Ok(Proxies::Through { proxy: proxy.into(), except: Exceptions::default() })
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
