//! The files of `provider/examples/google-*`, loaded into the mocks as Google Cloud, Artifactory and the kubelet take them.

use std::path::PathBuf;

use mock_cloud::gcp::{PoolProvider, ServiceAccount};
use serde_json::{Value, json};

use crate::program::{Outcome, run};
use crate::site::Site;

const IMAGES: &str = "images@acme.iam.gserviceaccount.com";
const ISSUER: &str = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";

/// The folder of one identity.
struct Example(&'static str);

impl Example {
    fn text(&self, name: &str) -> String {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(self.0).join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The worlds in which the files are true.
    async fn site(&self) -> Site {
        let mut world = mock_cloud::World::default();
        world.kubernetes.issuer = Some(ISSUER.to_owned());
        world.gcp.service_account.as_mut().expect("an account").email = "nodes@acme.iam.gserviceaccount.com".into();
        world.gcp.service_accounts = vec![ServiceAccount {
            email: IMAGES.to_owned(),
            unique_id: "5".to_owned(),
            scopes: Vec::new(),
            policy: serde_json::from_str(&self.text("policy.json")).expect("a policy"),
        }];
        let providers = if self.0 == "google-workload-identity" { vec![self.pool_provider()] } else { Vec::new() };
        world.gcp.workload_identity_providers = providers;
        let mut artifactory = mock_artifactory::World::default();
        artifactory.providers.clear();
        let mut user = artifactory.users.iter().find(|user| user.name == "azure-puller").expect("a user").clone();
        user.name = "images".into();
        artifactory.users.push(user);
        let site = Site::with(world, artifactory).await;
        site.administer("/access/api/v1/oidc", self.artifactory(&site, "oidc-provider.json")).await;
        let mapping = self.artifactory(&site, "identity-mapping.json");
        site.administer("/access/api/v1/oidc/google/identity_mappings", mapping).await;
        site
    }

    fn pool_provider(&self) -> PoolProvider {
        serde_json::from_str(&self.text("pool-provider.json")).expect("a provider of a pool")
    }

    /// A document of Artifactory's, with the mock's address of Google's issuer.
    fn artifactory(&self, site: &Site, name: &str) -> String {
        let issuer = format!("{}/google", site.cloud.url());
        self.text(name).replace("https://accounts.google.com", &issuer)
    }

    /// The kubelet's entry.
    fn entry(&self) -> Value {
        let mut config: Value = serde_saphyr::from_str(&self.text("kubelet.yaml")).expect("a kubelet configuration");
        config["providers"][0].take()
    }

    /// A pull as the entry has the kubelet make it.
    async fn pull(&self, site: &Site) -> Outcome {
        let entry = self.entry();
        assert_eq!(entry["args"], json!(["--config", "/etc/artifactory-credential-provider/config.yaml"]));
        assert_eq!(entry["matchImages"], json!(["acme.jfrog.io"]), "the host of the file's route");
        let config = site.file("config.yaml", self.text("config.yaml").replace("acme.jfrog.io", &site.host()));
        let mut request = json!({
            "kind": "CredentialProviderRequest",
            "apiVersion": entry["apiVersion"],
            "image": site.image(),
        });
        if let Some(audience) = entry["tokenAttributes"]["serviceAccountTokenAudience"].as_str() {
            request["serviceAccountToken"] = json!(site.pod_token("app", audience));
        }
        let environment = site.environment("none");
        let outcome = run(&["--config", &config], &environment, request.to_string().as_bytes()).await;
        site.check_leaks(&outcome);
        outcome
    }
}

#[tokio::test]
async fn the_files_of_impersonation_lead_to_a_pull() {
    let example = Example("google-impersonation");
    let site = example.site().await;
    let (username, password) = example.pull(&site).await.credential(&site.host());
    assert_eq!(username, "images");
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
}

#[tokio::test]
async fn the_files_of_workload_identity_federation_lead_to_a_pull() {
    let example = Example("google-workload-identity");
    let site = example.site().await;
    let (username, password) = example.pull(&site).await.credential(&site.host());
    assert_eq!(username, "images");
    assert_eq!(site.read_manifest("docker-local", &username, &password).await, 200);
    let audience = &example.entry()["tokenAttributes"]["serviceAccountTokenAudience"];
    assert_eq!(example.pool_provider().oidc.allowed_audiences, [audience.as_str().expect("an audience")]);
}

#[tokio::test]
async fn the_credentials_file_leads_to_a_pull_by_default_credentials() {
    let example = Example("google-workload-identity");
    let site = example.site().await;
    let token = site.file("token", site.pod_token("app", "google-sts"));
    let url = site.cloud.url();
    let credentials = example.text("credentials.json").replace("/var/run/secrets/google/token", &token);
    let credentials =
        credentials.replace("https://sts.googleapis.com", &url).replace("https://iamcredentials.googleapis.com", &url);
    let credentials = site.file("credentials.json", credentials);
    let route = "identity: {gcpApplicationDefault: {audience: artifactory}}, oidcProvider: {name: google}";
    let config = format!("routes: [{{artifactoryUrl: '{}', {route}}}]", site.host());
    let config = site.file("config.yaml", config);
    let environment = site.environment_with("none", &[("GOOGLE_APPLICATION_CREDENTIALS", &credentials)]);
    let outcome = site.pull_in(&["--config", &config], &environment).await;
    assert_eq!(outcome.credential(&site.host()).0, "images");
}

#[test]
fn each_folder_explains_every_file_and_every_fact_in_it() {
    for example in [Example("google-impersonation"), Example("google-workload-identity")] {
        let readme = example.text("README.md");
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(example.0);
        for file in std::fs::read_dir(folder).expect("a folder") {
            let name = file.expect("a file").file_name().into_string().expect("a name");
            assert!(name == "README.md" || readme.contains(&format!("({name})")), "{}: {name}", example.0);
        }
    }
    let provider: Value =
        serde_json::from_str(&Example("google-workload-identity").text("pool-provider.json")).expect("JSON");
    let readme = Example("google-workload-identity").text("README.md");
    for fact in
        ["/oidc/issuerUri", "/oidc/allowedAudiences/0", "/attributeMapping/attribute.namespace", "/attributeCondition"]
    {
        let fact = provider.pointer(fact).and_then(Value::as_str).expect(fact);
        assert!(readme.contains(fact), "{fact}");
    }
}

#[tokio::test]
async fn both_identities_are_one_account_to_artifactory() {
    let (impersonation, federation) = (Example("google-impersonation"), Example("google-workload-identity"));
    for name in ["oidc-provider.json", "identity-mapping.json"] {
        assert_eq!(impersonation.text(name), federation.text(name), "{name}");
    }
}
