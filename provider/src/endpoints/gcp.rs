//! The hosts of Google's services beyond the metadata server.

use super::remote;
use crate::config::{ConfigError, Environment};

/// Google's own universe. Source: AIP-4119, "Universe domain".
const UNIVERSE: &str = "googleapis.com";

/// Base addresses of Google's services, without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcpServices {
    /// The IAM Service Account Credentials API.
    pub iam_credentials: String,
    /// The Security Token Service.
    pub sts: String,
}

impl GcpServices {
    /// The services of the universe that `GOOGLE_CLOUD_UNIVERSE_DOMAIN` (Google client libraries) names, or those at the
    /// addresses of `CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS` and `CLOUDSDK_API_ENDPOINT_OVERRIDES_STS` (gcloud
    /// properties `api_endpoint_overrides/*`).
    ///
    /// # Errors
    /// When a variable holds something that is no such domain or address.
    pub(super) fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let universe = environment.value("GOOGLE_CLOUD_UNIVERSE_DOMAIN").unwrap_or(UNIVERSE);
        if !is_domain(universe) {
            return Err(ConfigError::RemoteEndpoint { variable: "GOOGLE_CLOUD_UNIVERSE_DOMAIN" });
        }
        let service = |name: &str, variable| {
            let told = remote(environment, [variable])?;
            Ok(told.map_or_else(|| format!("https://{name}.{universe}"), |(_, address)| address))
        };
        Ok(Self {
            iam_credentials: service("iamcredentials", "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS")?,
            sts: service("sts", "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS")?,
        })
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<GcpServices, ConfigError> {
        GcpServices::from_environment(&Environment::from_iter([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn a_universe_has_its_own_hosts() {
        let own = with("other", "x").expect("services");
        assert_eq!(own.iam_credentials, "https://iamcredentials.googleapis.com");
        assert_eq!(own.sts, "https://sts.googleapis.com");
        let other = with("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "apis.example.com").expect("services");
        assert_eq!(other.sts, "https://sts.apis.example.com");
        for bad in ["localhost", "evil.example/", "a b.c", "x:80.y", ".com"] {
            assert!(with("GOOGLE_CLOUD_UNIVERSE_DOMAIN", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_access_token_goes_to_tls_or_loopback_only() {
        let told = with("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", "http://127.0.0.1:81/").expect("services");
        assert_eq!(told.iam_credentials, "http://127.0.0.1:81");
        assert_eq!(told.sts, "https://sts.googleapis.com");
        let told = with("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "https://sts.private.example/").expect("services");
        assert_eq!(told.sts, "https://sts.private.example");
        assert!(with("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "http://sts.private.example/").is_err());
    }
}
