//! Where a proxy is and who asks it.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::Target;
use crate::secret::Secret;
use crate::secret_file::{self, SecretFileError};

/// The largest file with a proxy's credentials, in bytes.
const CREDENTIALS_LIMIT: usize = 4096;

/// A proxy, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How the connection to the proxy itself is made.
    pub(super) scheme: ProxyScheme,
    pub(super) target: Target,
    /// Who asks.
    pub credentials: ProxyCredentials,
    /// The variable or key that names the proxy.
    pub(super) named_by: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyScheme {
    /// Plain; TLS to the target goes through it all the same.
    Http,
    /// TLS, with the roots of the transport.
    Https,
}

/// Who asks a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyCredentials {
    /// Nobody in particular.
    Anonymous,
    /// `user:password` of the address.
    Inline(Secret),
    /// A file with `user:password`, read at each pull.
    File(PathBuf),
}

/// Why a text is not the address of a proxy. The text can hold a password and is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyAddressError {
    /// A SOCKS proxy.
    #[error("it names a SOCKS proxy, which this program does not speak to")]
    Socks,
    /// Another scheme.
    #[error("its scheme is neither `http` nor `https`")]
    Scheme,
    /// No host name, or a port that is none.
    #[error("it is not a host with an optional port")]
    Host,
    /// User information where a file has to have it.
    #[error("it carries user information")]
    UserInformation,
}

impl Proxy {
    /// Reads `host:port`, `http://host:port` or `https://host:port`, each with or without `user:password@`.
    ///
    /// Without a scheme it is `http`, and without a port the scheme's own, as Go reads it.
    /// Source: Go module `golang.org/x/net`, package `http/httpproxy`.
    ///
    /// # Errors
    /// For another scheme, and for what is no host or port.
    pub fn parse(text: &str, named_by: &'static str) -> Result<Self, ProxyAddressError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "https" => ProxyScheme::Https,
            scheme if scheme.starts_with("socks") => return Err(ProxyAddressError::Socks),
            _ => return Err(ProxyAddressError::Scheme),
        };
        let url = Url::parse(&format!("{}://{rest}", scheme.name())).map_err(|_| ProxyAddressError::Host)?;
        let target = Target::of(&url).filter(|target| target.port() != 0).ok_or(ProxyAddressError::Host)?;
        Ok(Self { scheme, target, credentials: credentials(&url), named_by })
    }

    /// The same with credentials of a file, which is the only place for them there.
    ///
    /// # Errors
    /// As [`Proxy::parse`], and for credentials in the address.
    pub fn with_file(
        text: &str,
        credentials: Option<PathBuf>,
        named_by: &'static str,
    ) -> Result<Self, ProxyAddressError> {
        let proxy = Self::parse(text, named_by)?;
        match proxy.credentials {
            ProxyCredentials::Anonymous => {
                let credentials = credentials.map_or(ProxyCredentials::Anonymous, ProxyCredentials::File);
                Ok(Self { credentials, ..proxy })
            }
            _ => Err(ProxyAddressError::UserInformation),
        }
    }

    /// Its address as a configuration writes it, without who asks it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{self}", self.scheme.name())
    }

    /// The variable or key that names it.
    #[must_use]
    pub fn named_by(&self) -> &'static str {
        self.named_by
    }

    /// The value of `Proxy-Authorization`, where somebody asks.
    pub(super) fn authorization(&self) -> Result<Option<Secret>, SecretFileError> {
        let pair = match &self.credentials {
            ProxyCredentials::Anonymous => return Ok(None),
            ProxyCredentials::Inline(pair) => pair.clone(),
            ProxyCredentials::File(path) => read(path)?,
        };
        Ok(Some(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))))
    }
}

/// Source: RFC 7617 section 2.
fn credentials(url: &Url) -> ProxyCredentials {
    let plain = |text| percent_decode_str(text).decode_utf8_lossy();
    if url.username().is_empty() && url.password().is_none() {
        return ProxyCredentials::Anonymous;
    }
    let password = plain(url.password().unwrap_or_default());
    ProxyCredentials::Inline(Secret::new(format!("{}:{password}", plain(url.username()))))
}

/// One line of `user:password`; a password may hold colons.
fn read(path: &Path) -> Result<Secret, SecretFileError> {
    let pair = secret_file::read(path, CREDENTIALS_LIMIT)?;
    let is_pair = pair.expose().contains(':') && !pair.expose().contains(char::is_control);
    let cause = "it is not one line of `user:password`".to_owned();
    if is_pair { Ok(pair) } else { Err(SecretFileError { path: path.to_owned(), cause }) }
}

impl ProxyScheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where the proxy is, without who asks it.
impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Proxy, ProxyAddressError> {
        Proxy::parse(text, "HTTPS_PROXY")
    }

    #[test]
    fn an_address_is_read_as_go_reads_it() {
        use ProxyScheme::{Http, Https};
        for (text, scheme, place) in [
            ("http://proxy.example:3128", Http, "proxy.example:3128"),
            ("HTTP://proxy.example:3128/", Http, "proxy.example:3128"),
            ("proxy.example:3128", Http, "proxy.example:3128"),
            ("proxy.example", Http, "proxy.example:80"),
            ("https://proxy.example", Https, "proxy.example:443"),
            ("http://[2001:db8::1]:3128", Http, "[2001:db8::1]:3128"),
            (" 10.0.0.1:3128 ", Http, "10.0.0.1:3128"),
        ] {
            let proxy = parse(text).expect(text);
            assert_eq!((proxy.scheme, proxy.to_string().as_str()), (scheme, place), "{text}");
            assert_eq!(proxy.authorization(), Ok(None), "{text}");
            assert_eq!(parse(&proxy.url()), Ok(proxy), "{text}");
        }
    }

    #[test]
    fn user_and_password_are_unescaped_and_not_shown() {
        for (text, pair) in [
            ("http://robot:hunter2@proxy.example:3128", "robot:hunter2"),
            ("robot:hunter2@proxy.example:3128", "robot:hunter2"),
            ("http://DOMAIN%5Crobot:p%40ss%3A%2F@proxy.example:3128", "DOMAIN\\robot:p@ss:/"),
            ("http://robot@proxy.example:3128", "robot:"),
            ("http://:hunter2@proxy.example:3128", ":hunter2"),
        ] {
            let proxy = parse(text).expect(text);
            let authorization = proxy.authorization().expect("no file").expect("credentials");
            assert_eq!(authorization.expose(), format!("Basic {}", STANDARD.encode(pair)), "{text}");
            assert_eq!(proxy.to_string(), "proxy.example:3128");
            assert!(!format!("{proxy:?}").contains("hunter2"), "{proxy:?}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_proxy_is_refused_with_its_reason() {
        for (text, reason) in [
            ("socks5://proxy.example:1080", ProxyAddressError::Socks),
            ("SOCKS5h://proxy.example:1080", ProxyAddressError::Socks),
            ("ftp://proxy.example", ProxyAddressError::Scheme),
            ("http://", ProxyAddressError::Host),
            ("http://:3128", ProxyAddressError::Host),
            ("proxy.example:port", ProxyAddressError::Host),
            ("proxy.example:0", ProxyAddressError::Host),
            ("proxy example", ProxyAddressError::Host),
        ] {
            assert_eq!(parse(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn a_file_is_read_each_time_and_must_hold_a_pair() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let path = file.path().to_owned();
        let proxy = Proxy::with_file("proxy.example:3128", Some(path.clone()), "proxy.url").expect("a proxy");
        for (content, pair) in [("robot:hunter2\n", "robot:hunter2"), ("robot:a:b\r\n", "robot:a:b"), (":", ":")] {
            std::fs::write(&path, content).expect("written");
            let authorization = proxy.authorization().expect(content).expect("credentials");
            assert_eq!(authorization.expose(), format!("Basic {}", STANDARD.encode(pair)));
        }
        for content in ["", "\n", "robot", "robot:hunter2\nrobot:hunter3\n", "robot:hunter2\0"] {
            std::fs::write(&path, content).expect("written");
            let error = proxy.authorization().expect_err(content).to_string();
            assert!(error.ends_with("`user:password`") && !error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn credentials_beside_a_file_are_refused() {
        for credentials in [None, Some(PathBuf::from("/etc/proxy"))] {
            let refused = Proxy::with_file("http://robot:hunter2@proxy.example:3128", credentials, "proxy.url");
            assert_eq!(refused, Err(ProxyAddressError::UserInformation));
        }
    }
}
