//! Pulls on Google's application default credentials.

use mock_kit::Fault;
use serde_json::{Value, json};

use crate::google::{IMAGES, POOL_PROVIDER, STS, asked, changed, pull, refused, signing};
use crate::program::Outcome;
use crate::site::Site;

/// The credentials file of a cluster, as gcloud writes it, with the mocks' addresses.
fn credentials(site: &Site, source: &Value) -> Value {
    let url = site.cloud.url();
    json!({
        "type": "external_account",
        "audience": format!("//iam.googleapis.com/{POOL_PROVIDER}"),
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{url}/v1/token"),
        "service_account_impersonation_url":
            format!("{url}/v1/projects/-/serviceAccounts/{IMAGES}:generateAccessToken"),
        "credential_source": source,
    })
}

async fn pull_by_default(site: &Site, credentials: &Value) -> Outcome {
    let file = site.file("adc.json", credentials.to_string());
    let changes = [("GOOGLE_APPLICATION_CREDENTIALS", file.as_str())];
    pull(site, "gcpApplicationDefault: {audience: artifactory}", None, &changes).await
}

#[tokio::test]
async fn application_default_credentials_are_taken_from_the_file_that_gcloud_writes() {
    let site = Site::start().await;
    let token = site.file("token", site.pod_token("app", "google-sts"));
    let document = site.file("token.json", json!({"id_token": site.pod_token("app", "google-sts")}).to_string());
    let json_format = json!({"type": "json", "subject_token_field_name": "id_token"});
    for source in [json!({"file": token}), json!({"file": document, "format": json_format})] {
        site.cloud.kit().journal.clear();
        let outcome = pull_by_default(&site, &credentials(&site, &source)).await;
        assert_eq!(outcome.credential(&site.host()).0, "google-images-puller", "{source}");
        assert_eq!(asked(&site), [STS.to_owned(), signing(IMAGES)]);
    }
}

#[tokio::test]
async fn the_subject_token_can_come_from_an_address_with_headers() {
    let site = Site::start().await;
    let reply = Fault::reply("/computeMetadata/v1/token", 200, site.pod_token("app", "google-sts"));
    site.cloud.kit().faults.add(reply);
    let url = format!("{}/computeMetadata/v1/token", site.cloud.url());
    let source = json!({"url": url, "headers": {"Metadata": "True"}});
    let outcome = pull_by_default(&site, &credentials(&site, &source)).await;
    assert_eq!(outcome.credential(&site.host()).0, "google-images-puller");
    assert_eq!(site.cloud.kit().journal.requests()[0].header("metadata"), Some("True"));
    site.cloud.kit().faults.clear();
    insta::assert_snapshot!(site.named(pull_by_default(&site, &credentials(&site, &source)).await.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the address of the subject token answered 403
      hint: check `credential_source.url` and its `headers`
    ");
}

#[tokio::test]
async fn an_account_on_top_of_federation_is_acted_as() {
    let site = changed(|gcp| {
        let pool = POOL_PROVIDER.split("/providers/").next().expect("a pool");
        let member = format!("principalSet://iam.googleapis.com/{pool}/*");
        gcp.service_accounts[0].policy.bindings[1].members = vec![member];
    })
    .await;
    let token = site.file("token", site.pod_token("app", "google-sts"));
    let mut source = credentials(&site, &json!({"file": token}));
    let url = source["service_account_impersonation_url"].take();
    let source = json!({"type": "impersonated_service_account", "service_account_impersonation_url": url, "delegates": [], "source_credentials": source});
    assert_eq!(pull_by_default(&site, &source).await.credential(&site.host()).0, "google-images-puller");
}

#[tokio::test]
async fn without_a_file_the_default_credentials_are_the_vms() {
    let site = Site::start().await;
    let changes = [("HOME", "/nonexistent")];
    let outcome = pull(&site, "gcpApplicationDefault: {audience: artifactory}", None, &changes).await;
    assert!(outcome.credential(&site.host()).0.contains('/'), "the group-scoped user of the node's account");
    assert_eq!(asked(&site).len(), 1);
}

#[tokio::test]
async fn credentials_with_a_stored_secret_are_refused() {
    let site = Site::start().await;
    let outcome = pull_by_default(&site, &json!({"type": "service_account", "private_key": "s3cret"})).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the application default credentials `DIRECTORY/adc.json` are of the kind `service_account`, which holds a key that does not expire
      hint: use workload identity federation: gcloud iam workload-identity-pools create-cred-config --service-account=ACCOUNT --credential-source-file=FILE
    ");
    let mut federation_only = credentials(&site, &json!({"file": "/nonexistent"}));
    federation_only.as_object_mut().expect("an object").remove("service_account_impersonation_url");
    insta::assert_snapshot!(refused(&site, &pull_by_default(&site, &federation_only).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the application default credentials `DIRECTORY/adc.json` name no service account to act as
      hint: Artifactory wants an ID token, and federation alone gives an access token: write the file anew with gcloud iam workload-identity-pools create-cred-config --service-account=ACCOUNT
    ");
    let mut unsafe_address = credentials(&site, &json!({"file": "/nonexistent"}));
    unsafe_address["token_url"] = json!("http://sts.example.com/v1/token");
    insta::assert_snapshot!(refused(&site, &pull_by_default(&site, &unsafe_address).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: `token_url` of the application default credentials `DIRECTORY/adc.json` is no address that is safe for a token
      hint: set `token_url` as gcloud writes it: `https://` and a host (`http://` on loopback or the link only)
    ");
    insta::assert_snapshot!(refused(&site, &pull_by_default(&site, &json!([])).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the application default credentials `DIRECTORY/adc.json` are not understood
      hint: write the file with gcloud iam workload-identity-pools create-cred-config
    ");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
}
