//! Where the subject token of an external account is: in a file or at an address.
//!
//! Source: AIP-4117, "Determining the subject token in file-sourced credentials" and "... in URL-sourced credentials".

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde_json::Value;

use crate::http::{HttpError, Request};
use crate::identity::gcp::subject_token::{from_text, read};
use crate::identity::gcp::{GcpError, Google, SubjectTokenError};
use crate::secret::Secret;

/// Where the token is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    File { path: PathBuf, format: Format },
    Url { url: String, reach: Reach, headers: BTreeMap<String, Secret>, format: Format },
}

/// In which form the token is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// As it is.
    Text,
    /// In a field of a JSON object.
    Json { field: String },
}

/// How an address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// On this node or its link: plain HTTP, never through a proxy.
    Link,
    /// By TLS.
    Cloud,
}

impl Source {
    /// An address that a token may come from: TLS anywhere, plain HTTP from the node and its link only.
    pub(super) fn url(url: String, headers: BTreeMap<String, Secret>, format: Format) -> Option<Self> {
        let parsed = reqwest::Url::parse(&url).ok()?;
        let host = parsed.host_str()?.trim_matches(['[', ']']);
        let near = host == "localhost"
            || host.parse().is_ok_and(|address: IpAddr| match address {
                IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
                IpAddr::V6(address) => address.is_loopback(),
            });
        let reach = match parsed.scheme() {
            "https" => Reach::Cloud,
            "http" if near => Reach::Link,
            _ => return None,
        };
        Some(Self::Url { url, reach, headers, format })
    }

    /// The token.
    pub(super) async fn read(&self, google: &Google<'_>) -> Result<Secret, GcpError> {
        match self {
            Self::File { path, format: Format::Text } => Ok(from_text(read(path)?.expose(), path)?),
            Self::File { path, format: Format::Json { field } } => {
                let place = || format!("`{field}` of the token file `{}`", path.display());
                Ok(field_of(read(path)?.expose(), field).ok_or_else(|| SubjectTokenError::Empty { place: place() })?)
            }
            Self::Url { url, reach, headers, format } => {
                let mut request = Request::get(url.clone());
                for (name, value) in headers {
                    request = request.secret_header(name, value);
                }
                let reply = match reach {
                    Reach::Link => google.metadata.send(&request).await,
                    Reach::Cloud => google.cloud()?.send(&request).await,
                };
                let reply = reply.map_err(|error: HttpError| SubjectTokenError::Transport(error))?;
                if !reply.is_ok() {
                    return Err(SubjectTokenError::Refused { status: reply.status.as_u16() }.into());
                }
                let token = match format {
                    Format::Text => Some(Secret::new(reply.text().trim().to_owned())),
                    Format::Json { field } => field_of(&reply.text(), field),
                };
                let place = "the reply from the subject token's address".to_owned();
                Ok(token.filter(|token| !token.is_empty()).ok_or(SubjectTokenError::Empty { place })?)
            }
        }
    }
}

fn field_of(text: &str, field: &str) -> Option<Secret> {
    let document: Value = serde_json::from_str(text).ok()?;
    document.get(field)?.as_str().filter(|token| !token.is_empty()).map(|token| Secret::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_the_node_and_its_link() {
        let reach = |url: &str| match Source::url(url.to_owned(), BTreeMap::new(), Format::Text) {
            Some(Source::Url { reach, .. }) => Some(reach),
            _ => None,
        };
        assert_eq!(reach("http://169.254.169.254/metadata?resource=x"), Some(Reach::Link));
        assert_eq!(reach("http://[::1]:80/"), Some(Reach::Link));
        assert_eq!(reach("https://tokens.example/token"), Some(Reach::Cloud));
        for url in ["http://tokens.example/", "http://10.0.0.1/", "file:///etc/passwd", "token"] {
            assert_eq!(reach(url), None, "{url}");
        }
    }
}
