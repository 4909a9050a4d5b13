//! What both programs read of the kubelet's own environment, and where they part.

use crate::site::Site;

#[tokio::test]
async fn ssl_cert_file_is_read_and_ssl_cert_dir_is_not() {
    let site = Site::start().await;
    site.pull("azure").await.response();
    let directory = site.directory();
    let changes = [("SSL_CERT_FILE", ""), ("SSL_CERT_DIR", directory.as_str())];
    let outcome = site.pull_in(&[], &site.environment_with("azure", &changes)).await;
    assert!(outcome.failure(5).contains("certificate"), "{}", outcome.stderr);
}
