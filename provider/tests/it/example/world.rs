//! The clouds in which an example's documents are true: the built-in ones, with these documents and no others.

use mock_cloud::World;
use serde_json::{Value, json};

use super::Example;

const EKS: &str = "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
/// The path of the cluster's issuer in the mock.
pub(super) const CLUSTER_PATH: &str = "id/0123456789ABCDEF0123456789ABCDEF";

pub(super) fn of(example: &Example) -> World {
    let mut world = World::default();
    world.kubernetes.issuer = Some(example.changed(EKS.to_owned(), None));
    match example.folder {
        "aws-instance-role" => {
            let trust: Value = example.json("trust-policy.json");
            world.aws.roles = read(json!([{"name": "eks-node", "trust": trust}]));
        }
        "aws-web-identity" => web_identity(example, &mut world),
        "aws-pod-identity" => pod_identity(example, &mut world),
        "aws-external-role" => external_role(example, &mut world),
        "aws-cognito" => {
            world.aws.cognito.issuer = Some("https://cognito-idp.us-east-1.amazonaws.com".to_owned());
            world.aws.roles[0].may_call = actions(&example.json("policy.json"));
        }
        "azure-managed-identity" | "azure-federated" | "azure-workload-identity" => azure(example, &mut world),
        "google-metadata" | "google-impersonation" | "google-workload-identity" | "google-application-default" => {
            google(example, &mut world);
        }
        "service-account-token" => {
            let provider: Value = example.json("oidc-provider.json");
            world.kubernetes.issuer = provider["issuer_url"].as_str().map(str::to_owned);
        }
        folder => panic!("no cloud for {folder}"),
    }
    world
}

fn read<T: serde::de::DeserializeOwned>(facts: Value) -> T {
    serde_json::from_value(facts).expect("facts of a world")
}

/// The role's name, at the end of its ARN.
fn name(role: &Value) -> &str {
    role.as_str().expect("an ARN").rsplit('/').next().expect("a name")
}

fn web_identity(example: &Example, world: &mut World) {
    let provider: Value = example.json("open-id-connect-provider.json");
    world.kubernetes.issuer = provider["Url"].as_str().map(str::to_owned);
    world.aws.oidc_providers = read(json!([{"issuer": "{kubernetes}", "clientIds": provider["ClientIDList"]}]));
    let account = example.yaml("service-account.yaml");
    let role = &account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
    let trust: Value = example.json("trust-policy.json");
    world.aws.other_roles = read(json!([{"name": name(role), "trust": trust}]));
}

fn pod_identity(example: &Example, world: &mut World) {
    let association: Value = example.json("association.json");
    let (role, trust): (_, Value) = (&association["roleArn"], example.json("trust-policy.json"));
    world.aws.other_roles = read(json!([{"name": name(role), "trust": trust}]));
    let part = |key: &str| association[key].clone();
    world.aws.pod_identity.associations =
        read(json!([{"namespace": part("namespace"), "serviceAccount": part("serviceAccount"), "role": role}]));
    association["clusterName"].as_str().expect("a cluster").clone_into(&mut world.kubernetes.name);
}

fn external_role(example: &Example, world: &mut World) {
    let (own, trust): (Value, Value) = (example.json("policy.json"), example.json("trust-policy.json"));
    let role = &own["Statement"][0]["Resource"];
    world.aws.roles = read(json!([{"name": "eks-node", "mayAssume": [role]}]));
    world.aws.other_roles = read(json!([{"name": name(role), "account": "444455556666", "trust": trust}]));
}

/// Every action that a policy allows.
fn actions(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let actions = statements.flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.clone(),
        action => vec![action.clone()],
    });
    actions.map(|action| action.as_str().expect("an action").to_owned()).collect()
}

/// A tenant whose issuer is called as in the examples, with the example's credential and no other.
fn azure(example: &Example, world: &mut World) {
    let provider: Value = example.json("oidc-provider.json");
    world.azure.issuer_v2 = provider["issuer_url"].as_str().map(str::to_owned);
    let credentials = &mut world.azure.applications[0].federated_credentials;
    credentials.clear();
    if example.has("federated-identity-credential.json") {
        credentials.push(example.json("federated-identity-credential.json"));
    }
    if example.has("service-account.yaml") {
        world.kubernetes.issuer = Some(credentials[0].issuer.clone());
    }
}

fn google(example: &Example, world: &mut World) {
    world.gcp.issuer = Some("https://accounts.google.com".to_owned());
    world.gcp.service_account.as_mut().expect("an account").email = "nodes@acme.iam.gserviceaccount.com".into();
    world.gcp.service_accounts.clear();
    world.gcp.workload_identity_providers.clear();
    if example.has("policy.json") {
        let policy: Value = example.json("policy.json");
        world.gcp.service_accounts =
            read(json!([{"email": "images@acme.iam.gserviceaccount.com", "uniqueId": "5", "policy": policy}]));
    }
    if example.has("pool-provider.json") {
        world.kubernetes.issuer = Some(EKS.replace("us-east-1", "eu-central-1"));
        world.gcp.workload_identity_providers = vec![example.json("pool-provider.json")];
    }
}
