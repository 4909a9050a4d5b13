//! The variables that point a program at this world.

use std::collections::BTreeMap;

use crate::World;
use crate::aws::secrets_manager::Content;
use crate::services::Urls;

/// Writes every variable: where the services answer, and whom each identity is.
///
/// The upper-case ones are the ecosystems' own, the lower-case ones those of the credential
/// provider; an identity that the world lacks has no variable. Without `azure_auth_method` the others that begin with
/// `azure_` are those of the federated identity.
pub(crate) fn environment(world: &World, urls: &Urls) -> BTreeMap<String, String> {
    let url = urls.plain.as_str();
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
    set("ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL", &format!("{}/cognito", urls.tls));
    set("AZURE_POD_IDENTITY_AUTHORITY_HOST", url);
    set("AZURE_AUTHORITY_HOST", &urls.tls);
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
    set("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", url);
    set("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", url);
    set("jfrog_oidc_audience", &world.gcp.audience);
    for (name, value) in cognito(world).into_iter().flatten() {
        set(name, value);
    }
    if let Some(account) = &world.gcp.service_account {
        set("google_service_account_email", &account.email);
    }
    variables
}

/// What a program names to get a token of the first Cognito client that the world keeps the secret of.
fn cognito(world: &World) -> Option<[(&'static str, &str); 4]> {
    let (secret, client) = world.aws.secrets.iter().find_map(|secret| match &secret.content {
        Content::CognitoClient(client) => Some((secret, client)),
        _ => None,
    })?;
    let mut pools = world.aws.cognito.user_pools.iter();
    let (pool, client) =
        pools.find_map(|pool| Some((pool, pool.clients.iter().find(|known| known.name == *client)?)))?;
    let (identifier, scope) = client.scopes.first()?.rsplit_once('/')?;
    let server = pool.resource_servers.iter().find(|server| server.identifier == identifier)?;
    Some([
        ("secret_name", &secret.name),
        ("user_pool_name", &pool.name),
        ("resource_server_name", &server.name),
        ("user_pool_resource_scope", scope),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls() -> Urls {
        Urls { plain: "http://127.0.0.1:80".to_owned(), tls: "https://127.0.0.1:443".to_owned() }
    }

    #[test]
    fn the_built_in_world_sets_every_variable() {
        let variables = environment(&World::default(), &urls());
        for (name, value) in [
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:80"),
            ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:80"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:80"),
            ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "http://127.0.0.1:80"),
            ("ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL", "https://127.0.0.1:443/cognito"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("aws_auth_method", "assume_role"),
            ("aws_role_name", "artifactory-pull"),
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:80"),
            ("AZURE_AUTHORITY_HOST", "https://127.0.0.1:443"),
            ("azure_auth_method", "imds_direct"),
            ("azure_tenant_id", "11111111-2222-4333-8444-555555555555"),
            ("azure_app_client_id", "44444444-5555-4666-8777-888888888888"),
            ("azure_nodepool_client_id", "22222222-3333-4444-8555-666666666666"),
            ("azure_app_audience", "api://AzureADTokenExchange"),
            ("GCE_METADATA_HOST", "127.0.0.1:80"),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", "http://127.0.0.1:80"),
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "http://127.0.0.1:80"),
            ("jfrog_oidc_audience", "artifactory"),
            ("secret_name", "artifactory/cognito"),
            ("user_pool_name", "artifactory-pool"),
            ("resource_server_name", "artifactory"),
            ("user_pool_resource_scope", "pull"),
            ("google_service_account_email", "artifactory-pull@artifactory-demo.iam.gserviceaccount.com"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(variables.len(), 25);
    }

    #[test]
    fn an_identity_that_the_world_lacks_has_no_variable() {
        let mut world = World::default();
        world.aws.roles.clear();
        world.azure.user_assigned.clear();
        world.gcp.service_account = None;
        world.aws.secrets.clear();
        let variables = environment(&world, &urls());
        for name in ["aws_role_name", "azure_nodepool_client_id", "google_service_account_email", "secret_name"] {
            assert!(!variables.contains_key(name), "{name}");
        }
    }
}
