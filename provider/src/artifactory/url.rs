//! Where an Artifactory is: a host and perhaps a port.

use std::fmt;

/// The address of an Artifactory, always reached over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactoryUrl(String);

/// Why a text is not an Artifactory address; each names its remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactoryUrlError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// `https://` or another scheme in front.
    #[error("it starts with a scheme")]
    Scheme,
    /// `user@` or `user:password@` in front of the host.
    #[error("it carries user information")]
    UserInformation,
    /// A path or a slash behind the host.
    #[error("it carries a slash or a path")]
    Path,
    /// No host name, or a port that is none.
    #[error("it is not a host with an optional port")]
    Host,
}

impl ArtifactoryUrl {
    /// Reads `host` or `host:port`, as the incumbent's `artifactory_url` is written.
    ///
    /// # Errors
    /// For a scheme, user information, a slash or path, and what is no host or port.
    pub fn parse(text: &str) -> Result<Self, ArtifactoryUrlError> {
        if text.is_empty() {
            return Err(ArtifactoryUrlError::Empty);
        }
        if text.contains('@') {
            return Err(ArtifactoryUrlError::UserInformation);
        }
        if text.contains("://") {
            return Err(ArtifactoryUrlError::Scheme);
        }
        if text.contains('/') {
            return Err(ArtifactoryUrlError::Path);
        }
        let url = reqwest::Url::parse(&format!("https://{text}/")).map_err(|_| ArtifactoryUrlError::Host)?;
        // The kubelet reads `[::1]` without a port as a class of characters, and so would a route.
        let matchable = !text.ends_with(']');
        let plain =
            matchable && url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.ends_with(':');
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'%');
        if plain && visible && url.port() != Some(0) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ArtifactoryUrlError::Host)
        }
    }

    /// The registry host as image names carry it, port included.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0
    }

    /// The address of one of Artifactory's endpoints; `path` starts with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("https://{}{path}", self.0)
    }
}

impl fmt::Display for ArtifactoryUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_with_or_without_a_port_is_an_address() {
        for text in ["acme.jfrog.io", "127.0.0.1:8443", "[::1]:8443", "localhost:1", "art"] {
            let url = ArtifactoryUrl::parse(text).expect(text);
            assert_eq!(url.host(), text);
            assert_eq!(url.endpoint("/access"), format!("https://{text}/access"));
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        use ArtifactoryUrlError::{Empty, Host, Path, Scheme, UserInformation};
        let table = [
            ("", Empty),
            ("https://acme.jfrog.io", Scheme),
            ("https://acme.jfrog.io/", Scheme),
            ("acme.jfrog.io/", Path),
            ("acme.jfrog.io/artifactory", Path),
            ("user:pw@acme.jfrog.io", UserInformation),
            ("https://user@acme.jfrog.io", UserInformation),
            ("acme.jfrog.io:", Host),
            ("acme.jfrog.io:x", Host),
            ("acme.jfrog.io:0", Host),
            ("acme.jfrog.io:70000", Host),
            ("acme jfrog io", Host),
            (" acme.jfrog.io", Host),
            ("acme.jfrog.io?x", Host),
            ("acme.jfrog.io#x", Host),
            ("acme.jfrog.io\\evil", Host),
            ("acme%2ejfrog.io", Host),
            ("::1", Host),
            ("[::1]", Host),
        ];
        for (text, reason) in table {
            assert_eq!(ArtifactoryUrl::parse(text), Err(reason), "{text}");
        }
    }
}
