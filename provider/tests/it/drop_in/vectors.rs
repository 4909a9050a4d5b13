//! Entries of the incumbent's, as its chart renders them, pull unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use artifactory_credential_provider::image::ImagePattern;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::repository;
use crate::program::{Outcome, request, run_program};
use crate::site::Site;

/// The only text of an entry that is changed: the host of Artifactory.
const REGISTRY: &str = "acme.jfrog.io";

/// An entry of the kubelet's configuration, with its keys and no other.
///
/// Source: kubernetes `pkg/kubelet/apis/config/v1/types.go`, `CredentialProvider`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: String,
    api_version: String,
    match_images: Vec<String>,
    default_cache_duration: String,
    #[serde(default)]
    args: Vec<String>,
    env: Vec<Variable>,
    token_attributes: Option<TokenAttributes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variable {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenAttributes {
    service_account_token_audience: String,
    cache_type: String,
    require_service_account: bool,
    #[serde(default)]
    required_service_account_annotation_keys: Vec<String>,
    #[serde(default)]
    optional_service_account_annotation_keys: Vec<String>,
}

/// Whose pull it is.
#[derive(Clone, Copy, PartialEq)]
enum Puller {
    /// Nobody's: the kubelet sends an image.
    Node,
    /// A pod's whose service account has every annotation that an entry can ask for.
    OptedIn,
}

use Puller::{Node, OptedIn};

/// A file, whose pull it is, and the user whom the identity becomes.
const ENTRIES: [(&str, Puller, &str); 13] = [
    ("eks-assume-role.json", Node, "aws-puller"),
    ("eks-web-identity.json", Node, "aws-puller"),
    ("eks-web-identity.json", OptedIn, "aws-web-identity-puller"),
    ("eks-web-identity-required.json", OptedIn, "aws-web-identity-puller"),
    ("eks-external-role.json", Node, "aws-cross-account-puller"),
    ("eks-cognito.json", Node, "aws-cognito-puller"),
    ("aks-federated.yaml", Node, "azure-federated-puller"),
    ("aks-imds-direct.yaml", Node, "azure-puller"),
    ("aks-projected-token.yaml", OptedIn, "cluster-puller"),
    ("gke-node.yaml", Node, "google/google-node"),
    ("gke-projected-token.yaml", OptedIn, "cluster-puller"),
    ("openshift-aws.yaml", OptedIn, "aws-web-identity-puller"),
    ("openshift-azure.yaml", OptedIn, "cluster-puller"),
];

#[tokio::test]
async fn each_entry_of_the_incumbent_pulls_unchanged() {
    for (file, puller, user) in ENTRIES {
        if !cfg!(feature = "aws-sdk") && file == "eks-external-role.json" {
            continue;
        }
        let site = site(file).await;
        let outcome = entry(file).pull(&site, puller).await;
        assert_eq!(outcome.credential(&site.host()).0, user, "{file}: {}", outcome.stderr);
    }
}

#[test]
fn every_entry_is_pulled_with_and_is_one_that_a_kubelet_takes() {
    let files = std::fs::read_dir(folder()).expect("a folder").map(|file| file.expect("a file").file_name());
    let files: BTreeSet<_> = files.map(|name| name.into_string().expect("a name")).collect();
    let mut pulled: BTreeSet<_> = ENTRIES.map(|(file, ..)| file.to_owned()).into();
    pulled.insert("README.md".to_owned());
    assert_eq!(files, pulled);
    for (file, ..) in ENTRIES {
        let entry = entry(file);
        assert!(!entry.name.contains(['/', ' ']), "{file}: the kubelet looks the binary up by the entry's name");
        assert_eq!((entry.args.len(), entry.default_cache_duration.as_str()), (0, "4h"), "{file}");
        let patterns = entry.match_images.iter().map(|pattern| ImagePattern::parse(pattern).expect(pattern));
        assert!(patterns.into_iter().any(|pattern| pattern.matches("acme.jfrog.io/docker-local/hello")), "{file}");
        if let Some(attributes) = entry.token_attributes {
            assert_eq!(attributes.cache_type, "ServiceAccount", "{file}");
            let required = !attributes.required_service_account_annotation_keys.is_empty();
            assert!(
                attributes.require_service_account || !required,
                "{file}: the kubelet refuses one without the other"
            );
        }
    }
}

fn folder() -> PathBuf {
    repository("provider/vectors/incumbent")
}

/// The entry of a file, as a kubelet reads it: JSON is YAML.
fn entry(file: &str) -> Entry {
    let text = std::fs::read_to_string(folder().join(file)).expect(file);
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A node in its cloud. A role that trusts the node's without an external id, and a mapping for the audience of pods on
/// Azure, are what the built-in worlds lack.
async fn site(file: &str) -> Site {
    #[cfg(feature = "aws-sdk")]
    if file == "eks-external-role.json" {
        return crate::external_role::open_site().await;
    }
    let site = Site::start().await;
    let mapping = json!({
        "name": "azure-pods",
        "priority": 9,
        "claims": {"sub": "system:serviceaccount:default:app", "aud": "api://AzureADTokenExchange"},
        "token_spec": {
            "username": "cluster-puller",
            "scope": "applied-permissions/user",
            "audience": "*@*",
            "expires_in": 3600,
        },
    });
    site.administer("/access/api/v1/oidc/kubernetes/identity_mappings", mapping.to_string()).await;
    if file.starts_with("gke-") {
        // The address is one cloud's, as on a node; the mock has all three.
        for other in ["/latest/api/token", "/metadata/instance/compute"] {
            site.cloud.kit().faults.add(mock_kit::Fault::reply(other, 404, ""));
        }
    }
    site
}

impl Entry {
    /// A pull as the kubelet makes it: with the entry's environment and name, and of the pod what the entry asks for.
    async fn pull(&self, site: &Site, puller: Puller) -> Outcome {
        let program = Path::new(&site.directory()).join(&self.name);
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_artifactory-credential-provider"), &program)
                .expect("a link");
        }
        let outcome = run_program(&program, &[], &self.environment(site), &self.request(site, puller)).await;
        site.check_leaks(&outcome);
        outcome
    }

    /// The kubelet's own environment, which holds the mocks' addresses, and then the entry's.
    fn environment(&self, site: &Site) -> BTreeMap<String, String> {
        let mut environment = site.environment("none");
        let address = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        environment.retain(|name, _| address(name) && !name.ends_with("_REGION"));
        let system = format!("{}/system", site.directory());
        environment.insert("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT".to_owned(), system);
        let own = self.env.iter().map(|Variable { name, value }| (name.clone(), value.replace(REGISTRY, &site.host())));
        environment.extend(own);
        environment
    }

    fn request(&self, site: &Site, puller: Puller) -> Vec<u8> {
        let mut kubelet: Value = serde_json::from_slice(&request(&site.image())).expect("JSON");
        kubelet["apiVersion"] = self.api_version.as_str().into();
        if puller == OptedIn {
            let attributes = self.token_attributes.as_ref().expect("tokenAttributes");
            let token = site.pod_token("app", &attributes.service_account_token_audience);
            kubelet["serviceAccountToken"] = token.into();
            kubelet["serviceAccountAnnotations"] = attributes.shown(&annotations()).into();
        }
        kubelet.to_string().into_bytes()
    }
}

impl TokenAttributes {
    /// The annotations of a service account that the kubelet sends.
    fn shown(&self, annotations: &Map<String, Value>) -> Map<String, Value> {
        let keys = [&self.required_service_account_annotation_keys, &self.optional_service_account_annotation_keys];
        let asked = annotations.iter().filter(|(key, _)| keys.iter().any(|keys| keys.contains(key)));
        asked.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

fn annotations() -> Map<String, Value> {
    let annotations = json!({
        "JFrogExchange": "true",
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/web-identity-pull",
        "azure.workload.identity/client-id": "44444444-5555-4666-8777-888888888888",
        "iam.gke.io/gcp-service-account": "images@artifactory-demo.iam.gserviceaccount.com",
    });
    annotations.as_object().expect("annotations").clone()
}
