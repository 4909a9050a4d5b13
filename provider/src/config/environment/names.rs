//! The names of this program's variables, by which a misspelt one is known.

use super::incumbent::NAMES;
use crate::config::similar;

/// Those that this program has beside the incumbent's.
const OWN: [&str; 11] = [
    "KSCP_REGISTRY_USERNAME",
    "KSCP_REGISTRY_PASSWORD",
    "KSCP_CACHE_DURATION",
    "KSCP_CACHE_TYPE",
    "SCP_REGISTRY_USERNAME",
    "SCP_REGISTRY_PASSWORD",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_LOG_FILE",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_METRICS_FILE",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT",
];

/// What the names of this program's variables begin with, and no other program's.
const BEGINNINGS: [&str; 6] =
    ["artifactory_", "aws_", "azure_", "google_", "jfrog_", "ARTIFACTORY_CREDENTIAL_PROVIDER_"];

/// Whether a variable of this name means something here.
pub(in crate::config) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || OWN.contains(&name)
}

/// The known name that an unknown one was probably meant to be.
pub(in crate::config) fn nearest(name: &str) -> Option<&'static str> {
    similar(name, NAMES.into_iter().chain(OWN))
}

/// Whether an unknown name looks like one of this program's, by its beginning or as a slip of the pen.
pub(in crate::config) fn looks_like_ours(name: &str) -> bool {
    let begins = BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
    // Other programs have variables in capitals, such as `AWS_REGION`; few have them in small letters.
    let is_slip = || !name.contains(|character: char| character.is_ascii_uppercase()) && nearest(name).is_some();
    !is_known(name) && (begins || is_slip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_ours_is_recognised_and_another_programs_is_left_alone() {
        for (name, expected) in [
            ("aws_regoin", Some(Some("aws_region"))),
            ("secret_ttl_secnds", Some(Some("secret_ttl_seconds"))),
            ("cloud_provder", Some(Some("cloud_provider"))),
            ("jfrog_something_else", Some(None)),
            ("log_levle", Some(Some("log_level"))),
            ("ARTIFACTORY_CREDENTIAL_PROVIDER_NOPE", Some(None)),
            ("aws_region", None),
            ("AWS_REGION", None),
            ("ARTIFACTORY_URL", None),
            ("HTTPS_PROXY", None),
            ("https_proxy", None),
            ("http_proxy", None),
            ("no_proxy", None),
            ("PATH", None),
        ] {
            assert_eq!(looks_like_ours(name).then(|| nearest(name)), expected, "{name}");
        }
    }
}
