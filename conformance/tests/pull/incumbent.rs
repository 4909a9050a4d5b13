//! Entries as the incumbent's chart renders them are entries to a kubelet, and say what it sends.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::answer;
use super::node::Node;

const ENTRIES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../provider/vectors/incumbent");

/// Every entry, by its file.
fn entries() -> Vec<PathBuf> {
    let files = std::fs::read_dir(ENTRIES).unwrap().map(|file| file.unwrap().path());
    let entries: Vec<_> = files.filter(|path| path.extension().unwrap() != "md").collect();
    assert!(entries.len() >= 12, "{entries:?}");
    entries
}

/// A kubelet's configuration with one entry, whose file is JSON or YAML.
fn config(entry: &Path) -> String {
    let entry = std::fs::read_to_string(entry).unwrap();
    let entry = entry.trim_end().replace('\n', "\n  ");
    format!("apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- {entry}\n")
}

/// A cluster whose service account `app` has every annotation that an entry can ask for.
async fn cluster() -> mock_cloud::MockCloud {
    let mut world = mock_cloud::World::default();
    let account = world.kubernetes.service_accounts.iter_mut().find(|account| account.name == "app").unwrap();
    for name in ["azure.workload.identity/client-id", "iam.gke.io/gcp-service-account"] {
        account.annotations.insert(name.to_owned(), "x".to_owned());
    }
    mock_cloud::MockCloud::start(world).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubelet_takes_each_entry_of_the_incumbent_and_asks_the_program_of_its_name() {
    let cloud = cluster().await;
    let auth = answer(r#""cacheKeyType":"Registry","auth":{"acme.jfrog.io":{"username":"a","password":"hunter2"}}"#);
    let body = auth.replace("cat >/dev/null", "cat >\"$REQUEST\"");
    let pod = format!("namespace: default\nname: p\nuid: u\nserviceAccountName: app\nkubernetes: {}\n", cloud.url());
    for entry in entries() {
        let node = Node::new().program("jfrog-credentials-provider", &body);
        let (config, pod) = (node.file("config.yaml", &config(&entry)), node.file("pod.yaml", &pod));
        for version in ["1.34", "1.36"] {
            let image = "acme.jfrog.io/docker-local/hello:1";
            let output = node.pull_with(&config, &[image, "--pod", &pod, "--kubelet-version", version]);
            assert_eq!(output.code, Some(0), "{}: {}{}", entry.display(), output.stdout, output.stderr);
        }
        let request: Value = serde_json::from_str(&node.request()).unwrap();
        let attributes = std::fs::read_to_string(&entry).unwrap().contains("tokenAttributes");
        assert_eq!(request["serviceAccountToken"].is_string(), attributes, "{}", entry.display());
        assert_eq!(request["serviceAccountAnnotations"]["JFrogExchange"] == "true", attributes, "{}", entry.display());
    }
}
