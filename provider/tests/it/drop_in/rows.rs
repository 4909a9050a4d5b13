//! Which test observes which setting at the program's boundary, with a value and without.

use artifactory_credential_provider::config::incumbent::{ANNOTATIONS, Setting, VARIABLES};

use super::is_a_test;

/// A setting, and the tests that run the program with it and without it.
const OBSERVED: [(&str, &[&str]); 33] = [
    ("artifactory_url", &["an_image_of_another_registry_is_declined_without_a_request", "a_missing_variable_is_named"]),
    (
        "cloud_provider",
        &[
            "cloud_provider_says_whose_identity_is_proved",
            "each_cloud_is_known_by_its_firmware_and_no_service_is_looked_for",
        ],
    ),
    ("http_timeout_seconds", &["http_timeout_seconds_bounds_the_whole_pull"]),
    ("secret_ttl_seconds", &["secret_ttl_seconds_is_the_life_that_is_asked_for"]),
    ("log_level", &["what_has_no_effect_changes_nothing"]),
    ("disable_provider_autoupdate", &["no_update_is_looked_for_whatever_the_variables_say"]),
    ("JFROG_CREDENTIAL_PROVIDER_RELEASES_URL", &["no_update_is_looked_for_whatever_the_variables_say"]),
    ("JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_URL", &["no_update_is_looked_for_whatever_the_variables_say"]),
    ("JFROG_CREDENTIAL_PROVIDER_DOWNLOAD_SUFFIX", &["no_update_is_looked_for_whatever_the_variables_say"]),
    ("aws_auth_method", &["aws_auth_method_says_how_the_node_proves_itself"]),
    ("aws_role_name", &["aws_role_name_is_a_name_or_an_arn", "a_role_is_discovered_when_none_is_named"]),
    ("aws_region", &["aws_region_is_the_one_whose_sts_artifactory_asks"]),
    (
        "aws_external_role_arn",
        &["the_incumbents_variables_are_enough", "settings_that_sts_would_refuse_are_bad_configuration"],
    ),
    ("aws_external_role_session_duration_seconds", &["a_session_lasts_an_hour_unless_a_number_in_range_is_given"]),
    ("secret_name", &["the_variables_of_cognito_say_what_is_asked_for"]),
    ("user_pool_name", &["the_variables_of_cognito_say_what_is_asked_for"]),
    ("resource_server_name", &["the_variables_of_cognito_say_what_is_asked_for"]),
    ("user_pool_resource_scope", &["the_variables_of_cognito_say_what_is_asked_for"]),
    ("jfrog_oidc_provider_name", &["jfrog_oidc_provider_name_is_named_in_every_exchange_of_a_token"]),
    ("azure_auth_method", &["azure_auth_method_chooses_between_the_application_and_the_managed_identity"]),
    ("azure_app_client_id", &["the_variables_of_azure_name_the_application"]),
    ("azure_tenant_id", &["the_variables_of_azure_name_the_application"]),
    ("azure_nodepool_client_id", &["azure_nodepool_client_id_names_the_managed_identity"]),
    ("azure_app_audience", &["azure_app_audience_is_the_assertions_and_the_pods"]),
    ("azure_app_uri", &["azure_app_uri_is_the_resource_of_the_managed_identitys_token"]),
    ("azure_cloud_name", &["each_cloud_has_its_own_login_host_whoever_names_it"]),
    ("jfrog_token_audience", &["jfrog_token_audience_is_asked_of_artifactory_on_azure"]),
    (
        "google_service_account_email",
        &[
            "the_incumbents_entry_needs_one_request_for_the_vms_account_and_three_for_another",
            "the_default_account_serves_when_none_is_named",
        ],
    ),
    ("jfrog_oidc_audience", &["jfrog_oidc_audience_is_the_audience_of_both_tokens"]),
    ("JFrogExchange", &["only_the_word_true_is_an_opt_in"]),
    (
        "eks.amazonaws.com/role-arn",
        &["a_pod_that_opts_in_pulls_on_its_own_role", "a_role_annotation_without_the_opt_in_changes_nothing"],
    ),
    ("azure.workload.identity/client-id", &["annotations_that_the_entries_ask_for_and_nobody_reads_change_nothing"]),
    ("iam.gke.io/gcp-service-account", &["annotations_that_the_entries_ask_for_and_nobody_reads_change_nothing"]),
];

#[test]
fn every_setting_is_observed_by_a_test() {
    let settings: Vec<_> = VARIABLES.iter().chain(&ANNOTATIONS).map(|Setting { name, .. }| *name).collect();
    assert_eq!(settings, OBSERVED.map(|(name, _)| name), "a row without a test, or a test without a row");
    for (name, tests) in OBSERVED {
        assert!(!tests.is_empty(), "{name} has no test");
        for test in tests {
            assert!(is_a_test(test), "{name} is observed by `{test}`, which is no test");
        }
    }
}
