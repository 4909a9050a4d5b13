//! What is worth saying beside an answer.
//!
//! The kubelet shows stderr only when a provider fails, and drops it otherwise. So a warning is read by whoever runs the
//! program by hand, and changes nothing for a pull.

use std::time::Duration;

use crate::kubelet::CredentialProviderResponse;

/// A credential that is kept for less than this is asked for again by nearly every pull.
const SHORT: Duration = Duration::from_mins(1);

/// The warning about an answer, a line with its hint; empty when there is nothing to say.
///
/// The usual reason is a mapping made by Terraform, whose tokens live for 60 seconds unless it is told otherwise. Source:
/// jfrog/terraform-provider-platform, `resource_oidc_identity_mapping.go`.
#[must_use]
pub fn about(response: &CredentialProviderResponse) -> String {
    if response.auth.is_empty() || response.cache_duration >= SHORT {
        return String::new();
    }
    format!(
        "warning: the kubelet may keep this credential for {} s only\n  hint: raise `expires_in` in the token_spec of \
         Artifactory's identity mapping (Terraform's default is 60 s), or take a static token with a longer life\n",
        response.cache_duration.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::{ApiVersion, CacheKeyType, RegistryAuth};
    use crate::secret::Secret;

    fn answer(seconds: u64) -> CredentialProviderResponse {
        let auth = RegistryAuth { username: "u".to_owned(), password: Secret::new("hunter2".to_owned()) };
        CredentialProviderResponse {
            api_version: ApiVersion::V1,
            cache_key_type: CacheKeyType::Registry,
            cache_duration: Duration::from_secs(seconds),
            auth: [("acme.jfrog.io".to_owned(), auth)].into(),
        }
    }

    #[test]
    fn a_short_life_is_warned_about_and_no_secret_is_told() {
        assert!(about(&answer(59)).contains("for 59 s only") && about(&answer(0)).contains("for 0 s only"));
        assert!(!about(&answer(0)).contains("hunter2"));
    }

    #[test]
    fn a_minute_and_a_declined_pull_are_no_reason_to_warn() {
        assert_eq!(about(&answer(60)), "");
        assert_eq!(about(&CredentialProviderResponse::declining(ApiVersion::V1)), "");
    }
}
