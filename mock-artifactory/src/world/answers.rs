//! The knobs: statuses and limits that the public sources leave open or that a real server
//! configures.

use serde::Deserialize;

/// How the server answers where the real one's answer is not known or depends on its configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answers {
    /// Seconds by which a subject token's `exp`, `nbf` and `iat` may miss the server's clock.
    /// Artifactory does not document its own; the default is that of the usual Java library (Nimbus
    /// `DefaultJWTClaimsVerifier`, `DEFAULT_MAX_CLOCK_SKEW_SECONDS`).
    pub leeway_seconds: i64,
    /// Status for a subject token with a wrong signature, issuer or time. The guide for `OpenShift`
    /// of jfrog/jfrog-credentials-provider says 401.
    pub refused_subject_token: u16,
    /// Status when no identity mapping matches: 403 in jfrog/jfrog-credentials-provider issue 63,
    /// 401 in its guide for `OpenShift`.
    pub no_mapping: u16,
    /// Status when a claim that `username_pattern` or `groups_pattern` needs is missing or does not match; the
    /// documentation says only that the exchange fails.
    pub unmatched_pattern: u16,
    /// Status when a mapping gives the token no name; jfrog/terraform-provider-artifactory issue 1246 has the text only.
    pub nameless_token: u16,
    /// Status for an unknown `provider_name`; no public capture.
    pub unknown_provider: u16,
    /// Status when STS refuses the forwarded request; no public capture.
    pub refused_caller: u16,
    /// Status for an AWS role that no user has; no public capture.
    pub unmapped_role: u16,
    /// Greatest lifetime in seconds of a token whose request names one; 0 is no limit, as
    /// `token.max-expiry` has it by default.
    pub max_expires_in: u64,
    /// Whether blobs are answered with a redirect to a signed address, as servers with cloud
    /// storage do.
    pub redirect_blobs: bool,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            leeway_seconds: 60,
            refused_subject_token: 401,
            no_mapping: 403,
            unmatched_pattern: 400,
            nameless_token: 400,
            unknown_provider: 404,
            refused_caller: 401,
            unmapped_role: 403,
            max_expires_in: 0,
            redirect_blobs: false,
        }
    }
}

impl Answers {
    /// A lifetime, or the greatest one where it is longer.
    #[must_use]
    pub fn capped(&self, expires_in: u64) -> u64 {
        if self.max_expires_in == 0 { expires_in } else { expires_in.min(self.max_expires_in) }
    }
}
