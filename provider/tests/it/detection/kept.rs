//! What a pull keeps for the others of the same boot, and what makes it of no use.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use mock_kit::Fault;

use super::{AZURE, GOOGLE, Node, PROBES, user_of};

impl Node {
    fn kept(&self) -> PathBuf {
        PathBuf::from(self.system()).join("run/artifactory-credential-provider/cloud")
    }

    /// A node on Azure whose first pull has kept that.
    async fn that_knows() -> Self {
        let node = Self::on("azure").await;
        assert_eq!(node.user().await, user_of("azure"));
        assert!(node.probes().contains(&PROBES[1].to_owned()), "the first pull looks");
        assert!(node.kept().exists());
        node
    }

    /// Whether the next pull looks for a cloud, and finds Azure either way.
    async fn looks_again(&self) -> bool {
        assert_eq!(self.user().await, user_of("azure"));
        !self.probes().is_empty()
    }
}

#[tokio::test]
async fn the_next_pull_of_a_boot_asks_no_other_service() {
    let node = Node::that_knows().await;
    assert!(!node.looks_again().await);
    assert!(!node.looks_again().await, "and so do the pulls after it");
}

#[tokio::test]
async fn what_is_kept_is_the_cloud_and_how_it_was_found_and_no_secret() {
    let node = Node::that_knows().await;
    let text = fs::read_to_string(node.kept()).expect("a file");
    insta::assert_snapshot!(node.site.named(&text), @r#"{"boot":"0d4f2a8e-53b1-4c1e-9a77-2f6f0c1b7a55","cloud":"azure","evidence":"its metadata service answered at http://CLOUD"}"#);
    for secret in node.site.cloud.secrets() {
        assert!(!text.contains(&secret), "a secret in the kept file");
    }
    let mode = |path: PathBuf| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    let directory = node.kept().parent().expect("a directory").to_owned();
    assert_eq!((mode(directory), mode(node.kept())), (0o700, 0o600));
}

#[tokio::test]
async fn another_boot_looks_again() {
    let node = Node::that_knows().await;
    node.boot("8b1f8a3e-0f0c-4a53-8a3b-5f0d9a6c2b11");
    assert!(node.looks_again().await);
    assert!(!node.looks_again().await, "the new boot keeps it again");
}

#[tokio::test]
async fn firmware_that_decides_is_asked_before_what_is_kept() {
    let node = Node::that_knows().await;
    node.move_to("google");
    node.firmware(&[super::PRODUCT]);
    assert_eq!(node.user().await, user_of("google"));
}

#[tokio::test]
async fn a_kept_file_that_others_could_have_written_is_ignored() {
    let node = Node::that_knows().await;
    fs::set_permissions(node.kept(), Permissions::from_mode(0o666)).expect("permissions");
    assert!(node.looks_again().await);
    assert!(!node.looks_again().await, "it is replaced by one that is sound");
    fs::set_permissions(node.kept().parent().expect("a directory"), Permissions::from_mode(0o777))
        .expect("permissions");
    assert!(node.looks_again().await);
    assert!(node.looks_again().await, "nothing is kept in such a directory");
}

#[tokio::test]
async fn a_kept_file_with_other_content_is_ignored() {
    let node = Node::that_knows().await;
    for content in ["", "google", r#"{"cloud":"google"}"#, r#"{"boot":"another","cloud":"google","evidence":""}"#] {
        fs::write(node.kept(), content).expect("a file");
        assert!(node.looks_again().await, "{content}");
        assert!(!node.looks_again().await, "it is replaced by one that is sound");
    }
}

#[tokio::test]
async fn where_nothing_can_be_kept_a_pull_goes_on_without() {
    let node = Node::on("azure").await;
    fs::remove_dir(PathBuf::from(node.system()).join("run")).expect("a directory");
    assert!(node.looks_again().await);
    assert!(node.looks_again().await);
}

#[tokio::test]
async fn a_cloud_that_proves_nothing_is_not_kept() {
    let node = Node::on("azure").await;
    node.site.cloud.kit().faults.add(Fault::reply("/metadata/identity/*", 400, ""));
    node.refused(4, &[]).await;
    assert!(!node.kept().exists());
}

#[tokio::test]
async fn a_kept_cloud_that_proves_nothing_any_more_is_looked_for_again() {
    let node = Node::that_knows().await;
    node.site.artifactory.kit().journal.clear();
    node.move_to("google");
    let faults = &node.site.cloud.kit().faults;
    faults.add(Fault::reply("/metadata/identity/*", 404, ""));
    node.refused(4, &[]).await;
    assert!(!node.kept().exists(), "one failure is enough");
    assert_eq!(node.user().await, user_of("google"));
    faults.clear();
    faults.add(Fault::hang(AZURE));
    faults.add(Fault::hang(GOOGLE));
    assert_eq!(node.user().await, user_of("google"), "which is kept in its turn");
}

#[tokio::test]
async fn a_kept_cloud_that_is_not_configured_says_how_it_was_found() {
    let node = Node::that_knows().await;
    node.site.artifactory.kit().journal.clear();
    insta::assert_snapshot!(node.refused(3, &[("azure_nodepool_client_id", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no cloud is named and the node is on Azure: an earlier pull of this boot found that its metadata service answered at http://CLOUD
      caused by: `azure_nodepool_client_id` is not set, which names the node pool's managed identity
      hint: set `azure_nodepool_client_id` in the `env` of the provider's entry in the kubelet's configuration, or use --config; if the node is on another cloud, set `cloud_provider` to one of: aws, azure, google
    ");
    assert!(!node.kept().exists());
}
