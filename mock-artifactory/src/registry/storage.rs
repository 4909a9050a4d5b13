//! Blobs by redirect: the registry points at a signed address, the storage behind it serves.
//!
//! Cloud storage refuses a request that brings both a signature and an Authorization header
//! (terraform-provider-artifactory issue 22), and so does this: a client must leave its credential
//! behind when it follows the redirect.

use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION};
use http::{Method, StatusCode, Uri};

use super::Registry;
use super::challenge::host;
use super::digest::Digest;
use super::link::LinkError;
use super::pull;
use super::token::parameters;

impl Registry {
    /// Points at a blob's address on the storage's host.
    pub(crate) fn redirect(&self, headers: &HeaderMap, digest: &Digest) -> Response {
        let (scheme, host) = (self.scheme(), storage_host(host(headers)));
        let path = self.links.sign(digest, self.now());
        let location = format!("{scheme}://{host}{path}");
        (StatusCode::FOUND, [(LOCATION, location)]).into_response()
    }

    /// Serves an address that [`Registry::redirect`] gave out.
    pub(crate) fn stored(
        &self,
        digest: &str,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
    ) -> Result<Response, StorageError> {
        if headers.contains_key(AUTHORIZATION) {
            return Err(StorageError::TwoCredentials);
        }
        let query = parameters(uri);
        let value = |name| query.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        let digest = Digest::parse(digest).ok_or(StorageError::NoSuchKey)?;
        let expires = value("Expires").and_then(|text| text.parse().ok());
        let (Some(expires), Some(signature)) = (expires, value("Signature")) else {
            return Err(StorageError::Unsigned);
        };
        self.links.verify(&digest, expires, signature, self.now())?;
        let bytes = self.state.content.stored(&digest).ok_or(StorageError::NoSuchKey)?;
        Ok(pull::blob(method, headers, bytes, &digest))
    }
}

/// Returns another name of the same machine, so that clients see the redirect leave the host.
///
/// A client decides by the host's name whether its credential may go along (Go's net/http,
/// `shouldCopyHeaderOnRedirect`). Of a machine with one name only, the storage has the same.
fn storage_host(host: &str) -> String {
    let (name, port) = host.rsplit_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let other = match name {
        "127.0.0.1" => "localhost",
        "localhost" => "127.0.0.1",
        _ => return host.to_owned(),
    };
    port.map_or_else(|| other.to_owned(), |port| format!("{other}:{port}"))
}

/// Why the storage does not serve (Amazon S3 API reference, "Error responses").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StorageError {
    /// The address is signed and the client brought its credential along.
    TwoCredentials,
    /// The address is not signed.
    Unsigned,
    /// The signature is another address's.
    Signature,
    /// The address is too old.
    Expired,
    /// There is no such blob.
    NoSuchKey,
}

impl From<LinkError> for StorageError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Signature => Self::Signature,
            LinkError::Expired => Self::Expired,
        }
    }
}

impl IntoResponse for StorageError {
    fn into_response(self) -> Response {
        let (status, code, message) = match self {
            Self::TwoCredentials => (
                StatusCode::BAD_REQUEST,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, \
                 Signature query string parameter or the Authorization header should be specified",
            ),
            Self::Unsigned => (StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"),
            Self::Signature => (
                StatusCode::FORBIDDEN,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            ),
            Self::Expired => (StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
            Self::NoSuchKey => (StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
        };
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::storage_host;

    #[test]
    fn the_storage_of_a_loopback_server_has_the_other_loopback_name() {
        let cases = [
            ("127.0.0.1:8443", "localhost:8443"),
            ("localhost:8443", "127.0.0.1:8443"),
            ("localhost", "127.0.0.1"),
            ("artifactory.example:8443", "artifactory.example:8443"),
            ("artifactory.example", "artifactory.example"),
            ("[::1]:8443", "[::1]:8443"),
        ];
        for (host, expected) in cases {
            assert_eq!(storage_host(host), expected, "{host}");
        }
    }
}
