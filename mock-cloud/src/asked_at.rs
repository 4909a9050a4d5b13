//! Where a request was sent, for documents whose links lead to where they were asked for.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::header::HOST;
use http::request::Parts;

use crate::front::Transport;

/// The URL of the host that a request over TLS was sent to; plain requests have none.
///
/// Whatever an issuer is called, its keys are where its discovery document was asked for: over TLS at a real name, or at
/// the plain listener, which other services of the same world ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskedAt(Option<String>);

impl AskedAt {
    /// That URL without a final slash, or the given one.
    pub(crate) fn or(&self, plain: &str) -> String {
        self.0.clone().unwrap_or_else(|| plain.to_owned())
    }
}

impl<S: Sync> FromRequestParts<S> for AskedAt {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let over_tls = parts.extensions.get() == Some(&Transport::Tls);
        Ok(Self(host.filter(|_| over_tls).map(|host| format!("https://{host}"))))
    }
}
