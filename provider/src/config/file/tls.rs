//! How a route's Artifactory is made sure of, as it is written.

use std::path::PathBuf;

use rustls::pki_types::DnsName;
use serde::Deserialize;

use super::Place;
use crate::artifactory::Scheme;
use crate::config::{ConfigError, Environment, RouteProblem};
use crate::http::{ClientCertificate, MinimumVersion, Pin, Roots, Tls};

/// How a route's Artifactory is made sure of.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TlsShape {
    /// A PEM file with the certificate authorities to trust. Default: `SSL_CERT_FILE`, else the system's bundle.
    ca_file: Option<PathBuf>,
    /// Whether the file's authorities stand in the place of the others, or beside them. Default: `replace`.
    ca_mode: Option<CaMode>,
    /// A PEM file with the certificate that the Artifactory is shown when it asks for one, and those of its issuers. Default:
    /// none.
    client_certificate_file: Option<PathBuf>,
    /// A PEM file with its key, without a passphrase.
    client_key_file: Option<PathBuf>,
    /// The oldest version of TLS that is spoken: `1.2` or `1.3`. Default: `1.2`.
    #[cfg_attr(test, schemars(extend("enum" = ["1.2", "1.3", null])))]
    minimum_version: Option<String>,
    /// The name that the server is asked for and that its certificate must hold. Default: the host of `artifactoryUrl`.
    server_name: Option<String>,
    /// The keys one of which the server's certificate must have, each as `sha256/` and base64. Default: any that is trusted.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pins: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
enum CaMode {
    /// The file's authorities only.
    #[default]
    Replace,
    /// The file's authorities, and those that are trusted without it.
    Add,
}

/// The settings of a route; what is left out is taken from the environment.
pub(super) fn tls(
    shape: Option<TlsShape>,
    scheme: Scheme,
    place: Place,
    environment: &Environment,
) -> Result<Tls, ConfigError> {
    match (shape, scheme) {
        (None, _) => Ok(environment.tls()),
        (Some(_), Scheme::Http) => Err(place.wrong(RouteProblem::Unused("tls"))),
        (Some(shape), Scheme::Https) => shape.into_tls(place, environment),
    }
}

impl TlsShape {
    fn into_tls(self, place: Place, environment: &Environment) -> Result<Tls, ConfigError> {
        let client_certificate = match (self.client_certificate_file, self.client_key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ClientCertificate {
                certificate: named(place, "tls.clientCertificateFile", certificate)?,
                key: named(place, "tls.clientKeyFile", key)?,
            }),
            (Some(_), None) => return Err(lonely(place, "tls.clientCertificateFile", "tls.clientKeyFile")),
            (None, Some(_)) => return Err(lonely(place, "tls.clientKeyFile", "tls.clientCertificateFile")),
        };
        Ok(Tls {
            roots: roots(self.ca_file, self.ca_mode, place, environment)?,
            client_certificate,
            minimum_version: self.minimum_version.as_deref().map(minimum_version).transpose()?.unwrap_or_default(),
            server_name: self.server_name.map(server_name).transpose()?,
            pins: self.pins.map(|texts| pins(&texts, place)).transpose()?.unwrap_or_default(),
        })
    }
}

fn roots(
    file: Option<PathBuf>,
    mode: Option<CaMode>,
    place: Place,
    environment: &Environment,
) -> Result<Roots, ConfigError> {
    let Some(file) = file else {
        return if mode.is_some() { Err(lonely(place, "tls.caMode", "tls.caFile")) } else { Ok(environment.roots()) };
    };
    let file = named(place, "tls.caFile", file)?;
    Ok(match mode.unwrap_or_default() {
        CaMode::Replace => Roots::file(file),
        CaMode::Add => environment.roots().and(file),
    })
}

fn minimum_version(text: &str) -> Result<MinimumVersion, ConfigError> {
    let known = [MinimumVersion::Tls12, MinimumVersion::Tls13];
    known.into_iter().find(|version| version.as_str() == text).ok_or_else(|| ConfigError::Choice {
        name: "tls.minimumVersion",
        value: text.to_owned(),
        choices: "1.2, 1.3",
    })
}

/// An address is none: a server is asked for a name, and an address is the host of the connection itself.
fn server_name(text: String) -> Result<DnsName<'static>, ConfigError> {
    let expected = "a host name such as `artifactory.example.com`, without a port and no address";
    DnsName::try_from(text).map_err(|_| ConfigError::Text { name: "tls.serverName", expected })
}

fn pins(texts: &[String], place: Place) -> Result<Vec<Pin>, ConfigError> {
    if texts.is_empty() {
        return Err(place.wrong(RouteProblem::Empty("tls.pins")));
    }
    let expected = "a list of `sha256/` and the base64 of 32 bytes each";
    let pins = texts.iter().map(|text| text.parse());
    pins.collect::<Result<_, _>>().map_err(|_| ConfigError::Text { name: "tls.pins", expected })
}

fn named(place: Place, key: &'static str, path: PathBuf) -> Result<PathBuf, ConfigError> {
    if path.as_os_str().is_empty() { Err(place.wrong(RouteProblem::Empty(key))) } else { Ok(path) }
}

fn lonely(place: Place, key: &'static str, other: &'static str) -> ConfigError {
    place.wrong(RouteProblem::Needs(key, other))
}
