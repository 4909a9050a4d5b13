//! Pulls where no cloud is named: the node's own files, or its metadata services, say which one it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mock_kit::Fault;

use crate::documents::variables;
use crate::program::{Outcome, request, run};
use crate::site::{CLOUDS, Site};

mod kept;
mod services;

const AWS: &str = "/latest/api/token";
const AZURE: &str = "/metadata/instance/compute";
const GOOGLE: &str = "/computeMetadata/v1/";

/// The requests that look for a cloud. A session with EC2's service is also what a proof begins with.
const PROBES: [&str; 3] = ["PUT /latest/api/token", "GET /metadata/instance/compute", "GET /computeMetadata/v1/"];

/// Nobody listens there.
const NOBODY: [(&str, &str); 3] = [
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9"),
    ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"),
    ("GCE_METADATA_HOST", "127.0.0.1:9"),
];

/// A node with files of its own, whose entry names no cloud.
struct Node {
    site: Site,
}

impl Node {
    /// A node whose firmware says nothing, in its first boot.
    async fn start() -> Self {
        let node = Self { site: Site::start().await };
        std::fs::create_dir_all(Path::new(&node.system()).join("run")).expect("a directory");
        node.boot("0d4f2a8e-53b1-4c1e-9a77-2f6f0c1b7a55");
        node
    }

    /// A node on whose address only one cloud's service is to be found.
    async fn on(cloud: &str) -> Self {
        let node = Self::start().await;
        node.move_to(cloud);
        node
    }

    fn move_to(&self, cloud: &str) {
        let faults = &self.site.cloud.kit().faults;
        faults.clear();
        for (other, path) in CLOUDS.into_iter().zip([AWS, AZURE, GOOGLE]) {
            if other != cloud {
                faults.add(Fault::reply(path, 404, ""));
            }
        }
    }

    /// The directory that stands for `/`.
    fn system(&self) -> String {
        format!("{}/system", self.site.directory())
    }

    fn write(&self, name: &str, content: &str) {
        let path = Path::new(&self.system()).join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        std::fs::write(path, content).expect("a file");
    }

    fn firmware(&self, facts: &[(&str, &str)]) {
        for (name, value) in facts {
            self.write(&format!("sys/class/dmi/id/{name}"), &format!("{value}\n"));
        }
    }

    fn boot(&self, id: &str) {
        self.write("proc/sys/kernel/random/boot_id", &format!("{id}\n"));
    }

    fn environment(&self, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = [("cloud_provider", ""), ("ARTIFACTORY_CREDENTIAL_PROVIDER_SYSTEM_ROOT", &self.system())];
        self.site.environment_with("none", &[&own[..], changes].concat())
    }

    async fn pull(&self, changes: &[(&str, &str)]) -> Outcome {
        self.site.pull_in(&[], &self.environment(changes)).await
    }

    /// The user whom a pull's identity becomes.
    async fn user(&self) -> String {
        self.pull(&[]).await.credential(&self.site.host()).0
    }

    /// A pull that fails with this code before Artifactory is asked anything, with the addresses of the test named.
    async fn refused(&self, code: i32, changes: &[(&str, &str)]) -> String {
        let outcome = self.pull(changes).await;
        assert!(self.site.artifactory_requests().is_empty(), "{:?}", self.site.artifactory_requests());
        self.site.named(outcome.failure(code))
    }

    /// The requests of the pulls so far that look for a cloud, sorted; they are forgotten.
    fn probes(&self) -> Vec<String> {
        let mut asked = self.site.cloud_requests();
        asked.retain(|request| PROBES.contains(&request.as_str()));
        asked.sort();
        self.site.cloud.kit().journal.clear();
        asked
    }
}

fn user_of(cloud: &str) -> &'static str {
    match cloud {
        "aws" => "aws-puller",
        "azure" => "azure-puller",
        _ => "mock-cloud/google-node",
    }
}

const NITRO: (&str, &str) = ("sys_vendor", "Amazon EC2");
const ASSET_TAG: (&str, &str) = ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77");
const PRODUCT: (&str, &str) = ("product_name", "Google Compute Engine");
const KVM: [(&str, &str); 2] = [("sys_vendor", "QEMU"), ("product_name", "Standard PC (Q35 + ICH9, 2009)")];

#[tokio::test]
async fn each_cloud_is_known_by_its_firmware_and_no_service_is_looked_for() {
    for (cloud, fact) in CLOUDS.into_iter().zip([NITRO, ASSET_TAG, PRODUCT]) {
        let node = Node::start().await;
        node.firmware(&[fact]);
        assert_eq!(node.user().await, user_of(cloud));
        let session = if cloud == "aws" { &PROBES[..1] } else { &[] };
        assert_eq!(node.probes(), session, "{cloud}");
        assert!(!Path::new(&node.system()).join("run/artifactory-credential-provider").exists(), "nothing to keep");
    }
}

#[tokio::test]
async fn where_no_cloud_is_found_each_step_says_what_it_found() {
    let node = Node::start().await;
    node.firmware(&KVM);
    insta::assert_snapshot!(node.refused(4, &NOBODY).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and none was found: DMI decides nothing, `sys_vendor` is `QEMU`, `product_name` is `Standard PC (Q35 + ICH9, 2009)`; AWS at http://127.0.0.1:9: cannot connect: Connection refused; Azure at http://127.0.0.1:9: cannot connect: Connection refused; Google Cloud at http://127.0.0.1:9: cannot connect: Connection refused
      hint: set `cloud_provider` to one of: aws, azure, google, or let the node reach its cloud's metadata service
    ");
}

#[tokio::test]
async fn a_variable_that_the_found_cloud_needs_is_named_with_the_cloud() {
    let node = Node::start().await;
    node.firmware(&[ASSET_TAG]);
    insta::assert_snapshot!(node.refused(3, &[("azure_nodepool_client_id", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and the node is on Azure: `chassis_asset_tag` is `7783-7084-3265-9085-8269-3286-77`
      caused by: `azure_nodepool_client_id` is not set, which names the node pool's managed identity
      hint: set `azure_nodepool_client_id` in the `env` of the provider's entry in the kubelet's configuration, or use --config
    ");
    let node = Node::on("google").await;
    node.site.cloud.kit().faults.add(Fault::latency(GOOGLE, Duration::from_millis(100)));
    insta::assert_snapshot!(node.refused(3, &[("jfrog_oidc_audience", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and the node is on Google Cloud: its metadata service answered at http://CLOUD; AWS at http://CLOUD: answered 404; Azure at http://CLOUD: answered 404
      caused by: `jfrog_oidc_audience` is not set, which says which audience the ID token is for
      hint: set `jfrog_oidc_audience` in the `env` of the provider's entry in the kubelet's configuration, or use --config; if the node is on another cloud, set `cloud_provider` to one of: aws, azure, google
    ");
    let node = Node::start().await;
    node.firmware(&[NITRO]);
    insta::assert_snapshot!(node.refused(3, &[("aws_region", "moon")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and the node is on AWS: `sys_vendor` is `Amazon EC2`
      caused by: `aws_region` is `moon`, which is no region of a known AWS partition
      hint: set `aws_region` to a region such as `eu-central-1`, or leave it out
    ");
}

#[tokio::test]
async fn what_fails_on_a_cloud_that_was_found_says_how_it_was_found_and_what_the_others_answered() {
    let node = Node::start().await;
    let faults = &node.site.cloud.kit().faults;
    faults.add(Fault::latency(GOOGLE, Duration::from_millis(100)));
    faults.add(Fault::reply("/computeMetadata/v1/instance/*", 403, "concealed").header("metadata-flavor", "Google"));
    insta::assert_snapshot!(node.refused(4, &NOBODY[..2]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and the node is on Google Cloud: its metadata service answered at http://CLOUD; AWS at http://127.0.0.1:9: cannot connect: Connection refused; Azure at http://127.0.0.1:9: cannot connect: Connection refused
      caused by: the metadata server answered 403: concealed
      hint: check `jfrog_oidc_audience` (`audience`) and that metadata concealment is off; if the node is on another cloud, set `cloud_provider` to one of: aws, azure, google
    ");
    let node = Node::start().await;
    node.firmware(&[ASSET_TAG]);
    node.site.cloud.kit().faults.add(Fault::reply("/metadata/identity/*", 400, ""));
    insta::assert_snapshot!(node.refused(4, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and the node is on Azure: `chassis_asset_tag` is `7783-7084-3265-9085-8269-3286-77`
      caused by: Azure's instance metadata service answered 400
      hint: check that 169.254.169.254 is Azure's own service and no proxy or emulator
    ");
}

#[tokio::test]
async fn a_pull_whose_deadline_passes_on_a_found_cloud_has_the_deadlines_exit_code() {
    let node = Node::start().await;
    node.firmware(&[ASSET_TAG]);
    node.site.cloud.kit().faults.add(Fault::hang("*"));
    assert!(node.refused(6, &[("http_timeout_seconds", "1")]).await.contains("the node is on Azure"));
}

#[tokio::test]
async fn a_variable_of_another_cloud_is_not_missed() {
    let node = Node::start().await;
    node.firmware(&[NITRO]);
    let others = [
        ("azure_nodepool_client_id", ""),
        ("azure_tenant_id", "no/tenant"),
        ("jfrog_oidc_audience", ""),
        ("jfrog_oidc_provider_name", ""),
    ];
    node.pull(&others).await.response();
}

#[tokio::test]
async fn a_cloud_that_is_named_is_not_looked_for() {
    let node = Node::start().await;
    node.firmware(&[NITRO]);
    let outcome = node.pull(&[("cloud_provider", "google")]).await;
    assert_eq!(outcome.credential(&node.site.host()).0, user_of("google"));
    assert_eq!(node.probes(), [""; 0]);
}

#[tokio::test]
async fn an_image_that_no_route_serves_is_declined_before_a_cloud_is_looked_for() {
    let node = Node::start().await;
    let outcome = run(&[], &node.environment(&[]), &request("docker.io/library/nginx")).await;
    assert_eq!(outcome.response()["auth"], serde_json::json!({}));
    assert!(node.site.cloud_requests().is_empty());
}

#[tokio::test]
async fn one_entry_serves_a_fleet_on_two_clouds() {
    for (cloud, fact) in [("aws", NITRO), ("azure", ASSET_TAG)] {
        let node = Node::start().await;
        node.firmware(&[fact]);
        let mut environment = node.environment(&[]);
        environment.retain(|name, _| name.starts_with(|first: char| first.is_ascii_uppercase()));
        environment.extend(variables("any-cloud/kubelet.yaml"));
        for (name, example, here) in [
            ("artifactory_url", "acme.jfrog.io", node.site.host()),
            ("aws_role_name", "eks-node", "artifactory-pull".to_owned()),
            ("jfrog_oidc_provider_name", "azure", "mock-cloud".to_owned()),
        ] {
            assert_eq!(environment.insert(name.to_owned(), here).as_deref(), Some(example));
        }
        let outcome = node.site.pull_in(&[], &environment).await;
        assert_eq!(outcome.credential(&node.site.host()).0, user_of(cloud));
    }
}
