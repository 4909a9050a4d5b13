//! How a route's Artifactory is reached, as it is written.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::artifactory::Scheme;
use crate::config::{ConfigError, Environment};
use crate::http::{Exceptions, Proxies, Proxy};

/// The key that names a proxy.
pub(in crate::config) const KEY: &str = "proxy.url";

/// The word `direct`, or a proxy.
pub(super) enum ProxyShape {
    Direct,
    Named(NamedShape),
}

/// A proxy.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NamedShape {
    /// The proxy: `http://host:port`, or `https://host:port` for TLS to the proxy itself.
    url: String,
    /// A file with a line of `user:password`, read at each pull. Default: none.
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

#[cfg(test)]
impl schemars::JsonSchema for ProxyShape {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ProxyShape".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let named = generator.subschema_for::<NamedShape>();
        schemars::json_schema!({ "oneOf": [{ "const": "direct" }, named] })
    }
}

impl ProxyShape {
    /// The route's own word, which the variables have no say in.
    fn into_proxies(self) -> Result<Proxies, ConfigError> {
        match self {
            Self::Direct => Ok(Proxies::Direct),
            Self::Named(NamedShape { url, credentials_file }) => {
                let proxy = Proxy::with_file(&url, credentials_file, KEY)
                    .map_err(|reason| ConfigError::Proxy { name: KEY, reason })?;
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
