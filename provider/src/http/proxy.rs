//! Through which proxy a far service is reached.

use super::HttpError;
use crate::secret::Secret;

/// Proxy settings as the environment gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `HTTPS_PROXY`: where TLS connections to Artifactory go through.
    pub https: Option<Secret>,
    /// `NO_PROXY`: hosts that are reached directly.
    pub except: Option<String>,
}

impl Proxies {
    pub(super) fn apply_to(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, HttpError> {
        let builder = builder.no_proxy();
        let Some(proxy) = &self.https else { return Ok(builder) };
        let except = reqwest::NoProxy::from_string(&loopback_and(self.except.as_deref()));
        let proxy =
            reqwest::Proxy::https(proxy.expose()).map_err(|_| HttpError::Address { url: "HTTPS_PROXY".to_owned() })?;
        Ok(builder.proxy(proxy.no_proxy(except)))
    }
}

/// Loopback is never behind a proxy, whatever the environment says.
fn loopback_and(except: Option<&str>) -> String {
    ["localhost,127.0.0.0/8,::1", except.unwrap_or_default()].join(",")
}
