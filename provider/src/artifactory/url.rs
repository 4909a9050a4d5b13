//! Where an Artifactory is: a host, perhaps a port, and perhaps a path before its own.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

/// The paths that Artifactory has below its address, which are not part of it.
///
/// Source: JFrog REST API; every path of it begins with `/artifactory` or `/access`, and its pages with `/ui`.
const OWN_PATHS: [&str; 3] = ["artifactory", "access", "ui"];

/// The address of an Artifactory: scheme, host as it was written and as image names carry it, and the path that a reverse
/// proxy has put in front, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactoryUrl(String);

/// How an Artifactory is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// Why a text is not an Artifactory address; each names its remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactoryUrlError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// A scheme that Artifactory is not reached by.
    #[error("its scheme is neither `https` nor `http`")]
    Scheme,
    /// `user@` or `user:password@` in front of the host.
    #[error("it carries user information")]
    UserInformation,
    /// A path that Artifactory has below its address.
    #[error("it ends with a path of Artifactory's own")]
    OwnPath,
    /// A path that no request can be made below.
    #[error("it carries a path that is none")]
    Path,
    /// No host name, or a port that is none.
    #[error("it is not a host with an optional port")]
    Host,
}

impl ArtifactoryUrl {
    /// Reads `host` or `host:port`, with or without `https://` or `http://` before it and a path behind it.
    ///
    /// Without a scheme it is `https`, as the incumbent's `artifactory_url` is written. A slash at the end has no meaning.
    ///
    /// # Errors
    /// For another scheme, user information, Artifactory's own paths, and what is no host, port or path.
    pub fn parse(text: &str) -> Result<Self, ArtifactoryUrlError> {
        if text.is_empty() {
            return Err(ArtifactoryUrlError::Empty);
        }
        if text.contains('@') {
            return Err(ArtifactoryUrlError::UserInformation);
        }
        let (scheme, rest) = match text.split_once("://") {
            None => (Scheme::Https, text),
            Some((name, rest)) => (Scheme::parse(name).ok_or(ArtifactoryUrlError::Scheme)?, rest),
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self(format!("{}{}{}", scheme.start(), parse_host(host)?, parse_prefix(path)?)))
    }

    /// The registry host as image names carry it, port included.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self.after_scheme();
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }

    /// How it is spoken to.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        if self.0.starts_with(Scheme::Http.start()) { Scheme::Http } else { Scheme::Https }
    }

    /// The address of one of Artifactory's endpoints; `path` starts with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether what is sent to it can be read on the way: without TLS, and over a network.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().trim_matches(['[', ']']);
        let stays_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        self.scheme() == Scheme::Http && !stays_here
    }

    fn after_scheme(&self) -> &str {
        &self.0[self.scheme().start().len()..]
    }
}

impl Scheme {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    fn start(self) -> &'static str {
        match self {
            Self::Http => "http://",
            Self::Https => "https://",
        }
    }
}

fn parse_host(text: &str) -> Result<&str, ArtifactoryUrlError> {
    let url = Url::parse(&format!("https://{text}/")).map_err(|_| ArtifactoryUrlError::Host)?;
    // The kubelet reads `[::1]` without a port as a class of characters, and so would a route.
    let matchable = !text.ends_with(']');
    let plain =
        matchable && url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !text.ends_with(':');
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'%');
    if plain && visible && url.port() != Some(0) { Ok(text) } else { Err(ArtifactoryUrlError::Host) }
}

/// The path with a slash before it and none behind it. What a URL would write in another way is none.
fn parse_prefix(text: &str) -> Result<String, ArtifactoryUrlError> {
    let path = text.trim_end_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    if path.rsplit('/').next().is_some_and(|last| OWN_PATHS.contains(&last)) {
        return Err(ArtifactoryUrlError::OwnPath);
    }
    let prefix = format!("/{path}");
    let same = Url::parse(&format!("https://host{prefix}")).is_ok_and(|url| url[..] == format!("https://host{prefix}"));
    let plain = same && !path.contains(['?', '#', '%']) && path.split('/').all(|segment| !segment.is_empty());
    if plain { Ok(prefix) } else { Err(ArtifactoryUrlError::Path) }
}

/// The shortest way to write it.
impl fmt::Display for ArtifactoryUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.scheme() == Scheme::Http { &self.0 } else { self.after_scheme() })
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
            assert_eq!(url.to_string(), text);
            for same in [format!("https://{text}"), format!("HTTPS://{text}/"), format!("{text}/")] {
                assert_eq!(ArtifactoryUrl::parse(&same).as_ref(), Ok(&url), "{same}");
            }
        }
    }

    #[test]
    fn a_path_of_a_reverse_proxy_stands_before_artifactorys_own() {
        for (text, host, endpoint) in [
            ("proxy.example/jfrog", "proxy.example", "https://proxy.example/jfrog/access"),
            ("https://proxy.example/a/b-c/", "proxy.example", "https://proxy.example/a/b-c/access"),
            ("http://localhost:8081/jfrog", "localhost:8081", "http://localhost:8081/jfrog/access"),
        ] {
            let url = ArtifactoryUrl::parse(text).expect(text);
            assert_eq!((url.host(), url.endpoint("/access").as_str()), (host, endpoint));
        }
    }

    #[test]
    fn plain_http_is_exposed_unless_it_stays_on_the_node() {
        for (text, exposed) in [
            ("http://artifactory.lan:8081", true),
            ("http://10.0.0.1", true),
            ("http://localhost.example", true),
            ("http://[2001:db8::1]:8081", true),
            ("http://localhost:8081", false),
            ("http://127.9.9.9:8081", false),
            ("http://[::1]:8081", false),
            ("https://artifactory.lan:8081", false),
            ("artifactory.lan:8081", false),
        ] {
            let url = ArtifactoryUrl::parse(text).expect(text);
            assert_eq!(url.is_exposed(), exposed, "{text}");
            assert_eq!(ArtifactoryUrl::parse(&url.to_string()), Ok(url), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        use ArtifactoryUrlError::{Empty, Host, OwnPath, Path, Scheme, UserInformation};
        let table = [
            ("", Empty),
            ("ftp://acme.jfrog.io", Scheme),
            ("://acme.jfrog.io", Scheme),
            ("https://acme.jfrog.io/artifactory", OwnPath),
            ("acme.jfrog.io/artifactory/", OwnPath),
            ("acme.jfrog.io/jfrog/access", OwnPath),
            ("acme.jfrog.io/ui", OwnPath),
            ("acme.jfrog.io/a//b", Path),
            ("acme.jfrog.io/../b", Path),
            ("acme.jfrog.io/a?b", Path),
            ("acme.jfrog.io/a#b", Path),
            ("acme.jfrog.io/%61", Path),
            ("acme.jfrog.io/a b", Path),
            ("acme.jfrog.io/a\\b", Path),
            ("user:pw@acme.jfrog.io", UserInformation),
            ("https://user@acme.jfrog.io", UserInformation),
            ("https://", Host),
            ("https:///x", Host),
            ("/x", Host),
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
