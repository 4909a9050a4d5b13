//! The variables that point a program at this world.

use std::collections::BTreeMap;

use crate::World;

/// Writes every variable: where the services answer, and whom each identity is.
///
/// The upper-case ones are the ecosystems' own, the lower-case ones those of the credential
/// provider; an identity that the world lacks has no variable.
pub(crate) fn environment(world: &World, url: &str) -> BTreeMap<String, String> {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
    set("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
    set("AWS_ENDPOINT_URL_STS", url);
    set("AWS_ENDPOINT_URL_SECRETS_MANAGER", url);
    set("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", url);
    set("AWS_REGION", &world.aws.region);
    set("AWS_DEFAULT_REGION", &world.aws.region);
    set("aws_auth_method", "assume_role");
    if let Some(role) = world.aws.roles.first() {
        set("aws_role_name", &role.name);
    }
    set("AZURE_POD_IDENTITY_AUTHORITY_HOST", url);
    set("azure_auth_method", "imds_direct");
    set("azure_tenant_id", &world.azure.tenant);
    set("azure_app_audience", "api://AzureADTokenExchange");
    if let Some(application) = world.azure.applications.first() {
        set("azure_app_client_id", &application.client_id);
    }
    if let Some(identity) = world.azure.user_assigned.first() {
        set("azure_nodepool_client_id", &identity.client_id);
    }
    set("GCE_METADATA_HOST", host);
    set("jfrog_oidc_audience", &world.gcp.audience);
    if let Some(account) = &world.gcp.service_account {
        set("google_service_account_email", &account.email);
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_world_sets_every_variable() {
        let variables = environment(&World::default(), "http://127.0.0.1:80");
        for (name, value) in [
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:80"),
            ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:80"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:80"),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://127.0.0.1:80"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("aws_auth_method", "assume_role"),
            ("aws_role_name", "artifactory-pull"),
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:80"),
            ("azure_auth_method", "imds_direct"),
            ("azure_tenant_id", "11111111-2222-4333-8444-555555555555"),
            ("azure_app_client_id", "44444444-5555-4666-8777-888888888888"),
            ("azure_nodepool_client_id", "22222222-3333-4444-8555-666666666666"),
            ("azure_app_audience", "api://AzureADTokenExchange"),
            ("GCE_METADATA_HOST", "127.0.0.1:80"),
            ("jfrog_oidc_audience", "artifactory"),
            ("google_service_account_email", "artifactory-pull@artifactory-demo.iam.gserviceaccount.com"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(variables.len(), 17);
    }

    #[test]
    fn an_identity_that_the_world_lacks_has_no_variable() {
        let mut world = World::default();
        world.aws.roles.clear();
        world.azure.user_assigned.clear();
        world.gcp.service_account = None;
        let variables = environment(&world, "http://127.0.0.1:80");
        for name in ["aws_role_name", "azure_nodepool_client_id", "google_service_account_email"] {
            assert!(!variables.contains_key(name), "{name}");
        }
    }
}
