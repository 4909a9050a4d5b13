//! The names of this program's variables, by which a misspelt one is known.

use crate::config::similar;

/// The incumbent's variables, and those that this program has of its own.
const KNOWN: [&str; 35] = [
    "artifactory_url",
    "cloud_provider",
    "http_timeout_seconds",
    "secret_ttl_seconds",
    "log_level",
    "disable_provider_autoupdate",
    "aws_auth_method",
    "aws_role_name",
    "aws_region",
    "aws_external_role_arn",
    "aws_external_role_session_duration_seconds",
    "secret_name",
    "user_pool_name",
    "resource_server_name",
    "user_pool_resource_scope",
    "azure_auth_method",
    "azure_app_audience",
    "azure_app_client_id",
    "azure_app_uri",
    "azure_cloud_name",
    "azure_nodepool_client_id",
    "azure_tenant_id",
    "jfrog_oidc_audience",
    "jfrog_oidc_provider_name",
    "jfrog_token_audience",
    "google_service_account_email",
    "KSCP_REGISTRY_USERNAME",
    "KSCP_REGISTRY_PASSWORD",
    "KSCP_CACHE_DURATION",
    "KSCP_CACHE_TYPE",
    "SCP_REGISTRY_USERNAME",
    "SCP_REGISTRY_PASSWORD",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_IDENTITY_ORDER",
    "ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT",
];

/// What the names of this program's variables begin with, and no other program's.
const BEGINNINGS: [&str; 6] =
    ["artifactory_", "aws_", "azure_", "google_", "jfrog_", "ARTIFACTORY_CREDENTIAL_PROVIDER_"];

/// Whether a variable of this name means something here.
pub(in crate::config) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// The known name that an unknown one was probably meant to be.
pub(in crate::config) fn nearest(name: &str) -> Option<&'static str> {
    similar(name, KNOWN)
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
    fn every_variable_of_the_incumbent_is_known() {
        for setting in super::super::incumbent::VARIABLES {
            assert!(is_known(setting.name) || setting.name.starts_with("JFROG_"), "{}", setting.name);
        }
    }

    #[test]
    fn a_name_of_ours_is_recognised_and_another_programs_is_left_alone() {
        for (name, expected) in [
            ("aws_regoin", Some(Some("aws_region"))),
            ("secret_ttl_secnds", Some(Some("secret_ttl_seconds"))),
            ("cloud_provder", Some(Some("cloud_provider"))),
            ("jfrog_something_else", Some(None)),
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
