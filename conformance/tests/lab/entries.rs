//! Entries of the kubelet's configuration as operators have them, with nothing that is for tests.

use std::path::Path;

use serde_json::{Value, json};

/// One identity on a machine of one cloud.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// The machine, as `--cloud` names it.
    pub(crate) machine: &'static str,
    pub(crate) configured: Configured,
    pub(crate) pod: Option<Pod>,
    /// Who the puller becomes.
    pub(crate) username: &'static str,
}

/// How the entry configures the provider.
pub(crate) enum Configured {
    /// By `env`.
    Variables(Vec<(&'static str, &'static str)>),
    /// By a file with one route, without `artifactoryUrl`.
    Route(Value),
}

/// Whose image it is.
#[derive(Clone, Copy)]
pub(crate) struct Pod {
    pub(crate) audience: &'static str,
    pub(crate) service_account: &'static str,
    pub(crate) annotations: &'static [(&'static str, &'static str)],
}

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const APPLICATION: &str = "44444444-5555-4666-8777-888888888888";
const IMAGES: &str = "images@artifactory-demo.iam.gserviceaccount.com";
const POOL_PROVIDER: &str = "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/demo";
const EXTERNAL_ROLE: &str = "arn:aws:iam::444455556666:role/cross-account-pull";
/// Whom a mapping to groups makes: Artifactory names no user, and the provider names the mapping.
const GROUPS: &str = "google/google-node";

/// Every identity, on the machine that it belongs to; that machine's own token lies in a file.
pub(crate) fn all(token_file: &Path) -> Vec<Entry> {
    [aws(), azure(), google(), cluster(token_file)].into_iter().flatten().collect()
}

fn variables(
    name: &'static str,
    machine: &'static str,
    variables: &[(&'static str, &'static str)],
    username: &'static str,
) -> Entry {
    Entry { name, machine, configured: Configured::Variables(variables.to_vec()), pod: None, username }
}

fn route(name: &'static str, machine: &'static str, route: Value, username: &'static str) -> Entry {
    Entry { name, machine, configured: Configured::Route(route), pod: None, username }
}

fn for_pod(
    entry: Entry,
    audience: &'static str,
    service_account: &'static str,
    annotations: &'static [(&'static str, &'static str)],
) -> Entry {
    Entry { pod: Some(Pod { audience, service_account, annotations }), ..entry }
}

fn aws() -> Vec<Entry> {
    let role = [("aws_auth_method", "assume_role"), ("aws_role_name", "artifactory-pull")];
    let named = [&[("cloud_provider", "aws")][..], &role].concat();
    let cognito = [
        ("cloud_provider", "aws"),
        ("aws_auth_method", "cognito_oidc"),
        ("aws_role_name", "artifactory-pull"),
        ("secret_name", "artifactory/cognito"),
        ("user_pool_name", "artifactory-pool"),
        ("resource_server_name", "artifactory"),
        ("user_pool_resource_scope", "pull"),
        ("jfrog_oidc_provider_name", "cognito"),
    ];
    let external = json!({"roleArn": EXTERNAL_ROLE, "externalId": "artifactory-external-id"});
    let web_identity = &[
        ("JFrogExchange", "true"),
        ("eks.amazonaws.com/role-arn", "arn:aws:iam::111122223333:role/web-identity-pull"),
    ];
    vec![
        variables("instance role", "aws", &named, "aws-puller"),
        variables("instance role, cloud found", "aws", &role, "aws-puller"),
        for_pod(
            variables("web identity", "aws", &named, "aws-web-identity-puller"),
            "sts.amazonaws.com",
            "app",
            web_identity,
        ),
        for_pod(
            route("pod identity", "aws", json!({"identity": {"awsPodIdentity": {}}}), "aws-pod-identity-puller"),
            "pods.eks.amazonaws.com",
            "pod-identity",
            &[],
        ),
        route(
            "cross-account role",
            "aws",
            json!({"identity": {"awsExternalRole": external}}),
            "aws-cross-account-puller",
        ),
        variables("cognito", "aws", &cognito, "aws-cognito-puller"),
    ]
}

fn azure() -> Vec<Entry> {
    let azure = [
        ("azure_tenant_id", TENANT),
        ("azure_app_client_id", APPLICATION),
        ("azure_nodepool_client_id", "22222222-3333-4444-8555-666666666666"),
        ("azure_app_audience", "api://AzureADTokenExchange"),
        ("jfrog_oidc_provider_name", "azure"),
    ];
    let direct = [&azure[..], &[("azure_auth_method", "imds_direct")]].concat();
    let federated = [&azure[..], &[("cloud_provider", "azure")]].concat();
    let workload = json!({
        "identity": {"azureWorkloadIdentity": {"tenantId": TENANT}},
        "oidcProvider": {"name": "azure"},
    });
    vec![
        variables("managed identity, cloud found", "azure", &direct, "azure-puller"),
        variables("federated", "azure", &federated, "azure-federated-puller"),
        for_pod(
            route("azure workload identity", "azure", workload, "azure-federated-puller"),
            "api://AzureADTokenExchange",
            "app",
            &[("JFrogExchange", "true"), ("azure.workload.identity/client-id", APPLICATION)],
        ),
    ]
}

fn google() -> Vec<Entry> {
    let own = [
        ("google_service_account_email", "artifactory-pull@artifactory-demo.iam.gserviceaccount.com"),
        ("jfrog_oidc_audience", "artifactory"),
        ("jfrog_oidc_provider_name", "google"),
    ];
    let of =
        |identity: Value| json!({"identity": identity, "oidcProvider": {"name": "google", "audience": "artifactory"}});
    let impersonation = json!({"gcpImpersonation": {"serviceAccount": IMAGES, "audience": "artifactory"}});
    let workload = json!({"gcpWorkloadIdentity": {
        "workloadIdentityProvider": POOL_PROVIDER, "serviceAccount": IMAGES, "audience": "artifactory"}});
    let default = json!({"gcpApplicationDefault": {"audience": "artifactory"}});
    vec![
        variables("metadata server, cloud found", "google", &own, GROUPS),
        route("impersonation", "google", of(impersonation), "google-images-puller"),
        for_pod(
            route("google workload identity", "google", of(workload), "google-images-puller"),
            "google-sts",
            "app",
            &[],
        ),
        route("application default credentials", "google", of(default), GROUPS),
    ]
}

fn cluster(token_file: &Path) -> Vec<Entry> {
    let of = |identity: Value| json!({"identity": identity, "oidcProvider": {"name": "kubernetes", "audience": "artifactory"}});
    let token = of(json!({"serviceAccountToken": {"audience": "artifactory"}}));
    let file = of(json!({"serviceAccountTokenFile": {"path": token_file, "audience": "artifactory"}}));
    vec![
        for_pod(route("service account token", "none", token, "cluster-puller"), "artifactory", "app", &[]),
        route("the node's token file", "none", file, "cluster-puller"),
    ]
}
