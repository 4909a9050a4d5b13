//! A folder of `provider/examples`, one identity's set-up, loaded into the mocks as the cloud, Artifactory and the kubelet take it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mock_cloud::World;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::program::{Outcome, request, run};
use crate::site::Site;

mod world;

/// Artifactory's host in every example.
const REGISTRY: &str = "acme.jfrog.io";
/// Where the node keeps the program's own files, and where something else on it keeps a token.
const DIRECTORIES: [&str; 2] = ["/etc/artifactory-credential-provider", "/var/lib/artifactory-credential-provider"];
const CONFIG: &str = "/etc/artifactory-credential-provider/config.yaml";

/// The documents of one identity, as they are or with one text changed.
#[derive(Clone)]
pub(crate) struct Example {
    folder: &'static str,
    changes: Vec<Change>,
}

#[derive(Clone, Copy)]
struct Change {
    /// The file; `None` is all of them.
    file: Option<&'static str>,
    from: &'static str,
    to: &'static str,
}

impl Example {
    pub(crate) fn of(folder: &'static str) -> Self {
        Self { folder, changes: Vec::new() }
    }

    /// The same with another text in one file.
    pub(crate) fn with(mut self, file: &'static str, from: &'static str, to: &'static str) -> Self {
        let text = self.text(file);
        assert!(text.contains(from), "{}/{file} has no `{from}`", self.folder);
        self.changes.push(Change { file: Some(file), from, to });
        self
    }

    /// The same with another text in every file that has it.
    pub(crate) fn with_all(mut self, from: &'static str, to: &'static str) -> Self {
        self.changes.push(Change { file: None, from, to });
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(self.folder).join(name)
    }

    fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        let path = self.path(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.changed(text, Some(name))
    }

    fn changed(&self, text: String, file: Option<&str>) -> String {
        let changes = self.changes.iter().filter(|change| change.file.is_none() || change.file == file);
        changes.fold(text, |text, change| text.replace(change.from, change.to))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_str(&self.text(name)).unwrap_or_else(|error| panic!("{}/{name}: {error}", self.folder))
    }

    pub(crate) fn yaml(&self, name: &str) -> Value {
        serde_saphyr::from_str(&self.text(name)).unwrap_or_else(|error| panic!("{}/{name}: {error}", self.folder))
    }

    /// The kubelet's entry in one of the folder's files.
    fn entry(&self, file: &str) -> Value {
        let entry = self.yaml(file)["providers"][0].take();
        assert_eq!(entry["name"], env!("CARGO_PKG_NAME"), "the kubelet looks the binary up by the entry's name");
        assert_eq!(entry["matchImages"], json!([REGISTRY]), "the host of the route");
        entry
    }

    /// The mocks, set up in all that the folder says.
    pub(crate) async fn site(&self) -> Site {
        let site = self.unmapped_site().await;
        self.map(&site).await;
        site
    }

    /// The mocks before Artifactory knows whose user the identity is.
    pub(crate) async fn unmapped_site(&self) -> Site {
        let site = Site::with(self.world(), self.artifactory()).await;
        if self.has("oidc-provider.json") {
            site.administer("/access/api/v1/oidc", self.oidc_provider(&site).to_string()).await;
        }
        site
    }

    /// Puts the mapping there through the REST API.
    pub(crate) async fn map(&self, site: &Site) {
        if self.has("iam-role.json") {
            site.put("/access/api/v1/aws/iam_role", self.text("iam-role.json")).await;
        } else {
            let provider: Value = self.json("oidc-provider.json");
            let name = provider["name"].as_str().expect("a name");
            let mappings = format!("/access/api/v1/oidc/{name}/identity_mappings");
            site.administer(&mappings, self.text("identity-mapping.json")).await;
        }
    }

    /// The user that the identity becomes, who reads one repository.
    pub(crate) fn user(&self) -> String {
        let user = if self.has("iam-role.json") {
            self.json::<Value>("iam-role.json")["username"].take()
        } else {
            self.json::<Value>("identity-mapping.json")["token_spec"]["username"].take()
        };
        user.as_str().expect("a user").to_owned()
    }

    fn artifactory(&self) -> mock_artifactory::World {
        let mut world = mock_artifactory::World::default();
        world.providers.clear();
        world.iam_roles.clear();
        let mut user = world.user("aws-puller").expect("a user").clone();
        world.users.retain(|user| user.admin);
        user.name = self.user();
        world.users.push(user);
        world
    }

    /// The example's OIDC provider; only the place where keys are fetched is the mock's.
    fn oidc_provider(&self, site: &Site) -> Value {
        let mut provider: Value = self.json("oidc-provider.json");
        let issuer = provider["issuer_url"].as_str().expect("an issuer").to_owned();
        let name = issuer.strip_prefix("https://").expect("TLS");
        let (host, path) = name.split_once('/').unwrap_or((name, ""));
        let path = match host {
            "accounts.google.com" => "google",
            "oidc.example.com" => world::CLUSTER_PATH,
            _ => path,
        };
        provider["issuer_url"] = format!("{}/{path}", site.cloud.url()).into();
        provider["token_issuer"] = issuer.into();
        provider
    }

    /// A pull as the folder's entry has the kubelet make it.
    pub(crate) async fn pull(&self, site: &Site) -> Outcome {
        self.pull_with(site, "kubelet.yaml", &[]).await
    }

    /// The same by one of the folder's entries, with some variables set, or removed where they are empty.
    pub(crate) async fn pull_with(&self, site: &Site, file: &str, changes: &[(&str, &str)]) -> Outcome {
        let entry = self.entry(file);
        let mut arguments: Vec<&str> = Vec::new();
        let config;
        if let Some(given) = entry["args"].as_array() {
            assert_eq!(*given, [json!("--config"), json!(CONFIG)]);
            config = site.file("config.yaml", here(site, &self.text("config.yaml")));
            arguments = vec!["--config", &config];
        }
        let mut environment = self.environment(site, &entry);
        environment.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let outcome = run(&arguments, &environment, &self.request(site, &entry)).await;
        site.check_leaks(&outcome);
        outcome
    }

    /// The environment that the entry gives, and the mocks in the place of the clouds' hosts.
    fn environment(&self, site: &Site, entry: &Value) -> BTreeMap<String, String> {
        let mut environment = site.environment("none");
        let endpoint = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        environment.retain(|name, _| endpoint(name) && !name.ends_with("_REGION"));
        if self.folder == "aws-pod-identity" {
            let agent = format!("{}/v1/credentials", site.cloud.url());
            environment.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), agent);
        }
        for variable in entry["env"].as_array().into_iter().flatten() {
            let text = |key: &str| here(site, variable[key].as_str().expect("a text"));
            environment.insert(text("name"), text("value"));
        }
        if self.has("credentials.json") {
            site.file("credentials.json", here(site, &self.text("credentials.json")));
        }
        environment
    }

    /// The kubelet's request: with the pod's token and annotations where the entry asks for them.
    fn request(&self, site: &Site, entry: &Value) -> Vec<u8> {
        let mut kubelet: Value = serde_json::from_slice(&request(&site.image())).expect("JSON");
        kubelet["apiVersion"] = entry["apiVersion"].clone();
        let attributes = &entry["tokenAttributes"];
        if let Some(audience) = attributes["serviceAccountTokenAudience"].as_str() {
            kubelet["serviceAccountToken"] = site.pod_token("app", audience).into();
        }
        if self.has("service-account.yaml") {
            let account = self.yaml("service-account.yaml");
            assert_eq!(
                (&account["metadata"]["name"], &account["metadata"]["namespace"]),
                (&json!("app"), &json!("default"))
            );
            let asked = attributes["optionalServiceAccountAnnotationKeys"].as_array().expect("keys");
            let annotations = account["metadata"]["annotations"].as_object().expect("annotations").iter();
            let shown = annotations.filter(|(key, _)| asked.contains(&json!(key)));
            let shown: serde_json::Map<_, _> = shown.map(|(key, value)| (key.clone(), value.clone())).collect();
            kubelet["serviceAccountAnnotations"] = shown.into();
        }
        kubelet.to_string().into_bytes()
    }

    fn world(&self) -> World {
        world::of(self)
    }
}

/// The text with the mocks' hosts and the test's directory in the place of those it names.
fn here(site: &Site, text: &str) -> String {
    let mut text = text.replace(REGISTRY, &site.host());
    for host in ["https://sts.googleapis.com", "https://iamcredentials.googleapis.com"] {
        text = text.replace(host, &site.cloud.url());
    }
    DIRECTORIES.into_iter().fold(text, |text, directory| text.replace(directory, &site.directory()))
}
