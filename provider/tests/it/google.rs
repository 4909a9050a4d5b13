//! Pulls on Google Cloud's identities beyond the VM's own, and what each of their services can refuse.

use mock_cloud::World;
use mock_kit::Fault;
use serde_json::{Value, json};

use crate::program::{Outcome, run};
use crate::site::Site;

pub(crate) const IMAGES: &str = "images@artifactory-demo.iam.gserviceaccount.com";
const NODE: &str = "artifactory-pull@artifactory-demo.iam.gserviceaccount.com";
pub(crate) const POOL_PROVIDER: &str =
    "projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/demo";
const ACCESS_TOKEN: &str = "GET /computeMetadata/v1/instance/service-accounts/default/token";
pub(crate) const STS: &str = "POST /v1/token";

/// The call that signs an ID token of an account.
pub(crate) fn signing(account: &str) -> String {
    format!("POST /v1/projects/-/serviceAccounts/{account}:generateIdToken")
}

/// A world whose Google Cloud is the built-in one with changes.
pub(crate) async fn changed(change: impl FnOnce(&mut mock_cloud::gcp::GcpWorld)) -> Site {
    let mut world = World::default();
    change(&mut world.gcp);
    Site::with(world, mock_artifactory::World::default()).await
}

/// A pull on one identity of a file, perhaps for a pod.
pub(crate) async fn pull(site: &Site, identity: &str, token: Option<&str>, changes: &[(&str, &str)]) -> Outcome {
    let provider = "oidcProvider: {name: google, audience: artifactory}";
    let config = format!("routes: [{{artifactoryUrl: '{}', identity: {{{identity}}}, {provider}}}]", site.host());
    let config = site.file("config.yaml", config);
    let mut request = json!({
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": site.image(),
    });
    if let Some(token) = token {
        request["serviceAccountToken"] = json!(token);
    }
    let environment = site.environment_with("none", changes);
    let outcome = run(&["--config", &config], &environment, request.to_string().as_bytes()).await;
    site.check_leaks(&outcome);
    outcome
}

fn impersonation(account: &str) -> String {
    format!("gcpImpersonation: {{serviceAccount: {account}, audience: artifactory}}")
}

pub(crate) fn federation(account: &str) -> String {
    format!(
        "gcpWorkloadIdentity: {{workloadIdentityProvider: {POOL_PROVIDER}, serviceAccount: {account}, audience: artifactory}}"
    )
}

/// A failure at the identity, before Artifactory is asked anything.
pub(crate) fn refused(site: &Site, outcome: &Outcome) -> String {
    let explanation = site.named(outcome.failure(4));
    assert!(site.artifactory_requests().is_empty(), "{:?}", site.artifactory_requests());
    explanation
}

/// The cloud's requests that the program made; Artifactory's to the issuer are not among them.
pub(crate) fn asked(site: &Site) -> Vec<String> {
    let requests = site.cloud_requests().into_iter();
    requests.filter(|request| !request.contains("/google/") && !request.contains("/id/")).collect()
}

#[tokio::test]
async fn the_vms_account_acts_as_another_in_two_requests() {
    let site = Site::start().await;
    let outcome = pull(&site, &impersonation(IMAGES), None, &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "google-images-puller");
    assert_eq!(asked(&site), [ACCESS_TOKEN.to_owned(), signing(IMAGES)]);
    let call = &site.cloud.kit().journal.requests()[1];
    let body: Value = serde_json::from_str(&call.body).expect("JSON");
    assert_eq!(body, json!({"audience": "artifactory", "includeEmail": true, "delegates": []}));
}

#[tokio::test]
async fn delegates_act_one_for_the_other() {
    let site = Site::start().await;
    let delegated = "delegated@artifactory-demo.iam.gserviceaccount.com";
    let explanation = refused(&site, &pull(&site, &impersonation(delegated), None, &[]).await);
    assert!(explanation.contains("IAM_PERMISSION_DENIED"), "{explanation}");
    let identity = format!(
        "gcpImpersonation: {{serviceAccount: {delegated}, audience: artifactory, delegates: [images-delegate@artifactory-demo.iam.gserviceaccount.com]}}"
    );
    let outcome = pull(&site, &identity, None, &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "google-delegated-puller");
}

#[tokio::test]
async fn the_incumbents_entry_needs_one_request_for_the_vms_account_and_three_for_another() {
    let site = Site::start().await;
    let identity = |account: &str| format!("GET /computeMetadata/v1/instance/service-accounts/{account}/identity");
    site.pull("google").await.response();
    assert_eq!(asked(&site), [identity(NODE)]);
    site.cloud.kit().journal.clear();
    let changes = [("google_service_account_email", IMAGES), ("jfrog_oidc_provider_name", "google")];
    let outcome = site.pull_in(&[], &site.environment_with("google", &changes)).await;
    assert_eq!(outcome.credential(&site.host()).0, "google-images-puller");
    assert_eq!(asked(&site), [identity(IMAGES), ACCESS_TOKEN.to_owned(), signing(IMAGES)]);
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_explained() {
    let site = Site::start().await;
    let changes = [("google_service_account_email", "other@demo.iam.gserviceaccount.com")];
    let outcome = site.pull_in(&[], &site.environment_with("google", &changes)).await;
    insta::assert_snapshot!(refused(&site, &outcome), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's IAM Credentials API refused with `NOT_FOUND` for `other@demo.iam.gserviceaccount.com`: Not found; Gaia id not found for email other@demo.iam.gserviceaccount.com
      hint: there is no service account `other@demo.iam.gserviceaccount.com` or delegate: correct `serviceAccount` (`google_service_account_email`)
    ");
}

#[tokio::test]
async fn a_vm_without_any_account_is_explained() {
    let site = changed(|gcp| gcp.service_account = None).await;
    insta::assert_snapshot!(refused(&site, &pull(&site, &impersonation(IMAGES), None, &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the VM has no service account `default`
      hint: attach the service account to the node pool, or correct `google_service_account_email` (`serviceAccount`)
    ");
}

#[tokio::test]
async fn a_files_account_that_is_not_the_vms_is_not_acted_as() {
    let site = Site::start().await;
    let identity = format!("gcpMetadata: {{serviceAccount: {IMAGES}, audience: artifactory}}");
    insta::assert_snapshot!(refused(&site, &pull(&site, &identity, None, &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the VM has no service account `images@artifactory-demo.iam.gserviceaccount.com`
      hint: attach the service account to the node pool, or correct `google_service_account_email` (`serviceAccount`)
    ");
    assert_eq!(asked(&site).len(), 1);
}

#[tokio::test]
async fn nodes_without_the_scope_are_explained() {
    let site = changed(|gcp| {
        let account = gcp.service_account.as_mut().expect("an account");
        account.scopes = vec!["https://www.googleapis.com/auth/devstorage.read_only".to_owned()];
    })
    .await;
    insta::assert_snapshot!(refused(&site, &pull(&site, &impersonation(IMAGES), None, &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's IAM Credentials API refused with `ACCESS_TOKEN_SCOPE_INSUFFICIENT` for `images@artifactory-demo.iam.gserviceaccount.com`: Request had insufficient authentication scopes.
      hint: make a node pool with --scopes=https://www.googleapis.com/auth/cloud-platform (those of a pool cannot be changed), or attach the service account to the nodes, whose own ID token needs no scope (`gcpMetadata`)
    ");
    site.pull("google").await.response();
}

#[tokio::test]
async fn a_missing_role_is_explained_with_the_command() {
    let site = changed(|gcp| gcp.service_accounts.iter_mut().for_each(|account| account.policy.bindings.clear())).await;
    insta::assert_snapshot!(refused(&site, &pull(&site, &impersonation(IMAGES), None, &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's IAM Credentials API refused with `IAM_PERMISSION_DENIED` for `images@artifactory-demo.iam.gserviceaccount.com`: Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).
      hint: gcloud iam service-accounts add-iam-policy-binding images@artifactory-demo.iam.gserviceaccount.com --role=roles/iam.serviceAccountOpenIdTokenCreator --member=serviceAccount:NODE_ACCOUNT (delegates need roles/iam.serviceAccountTokenCreator)
    ");
    let token = site.pod_token("app", "google-sts");
    insta::assert_snapshot!(refused(&site, &pull(&site, &federation(IMAGES), Some(&token), &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's IAM Credentials API refused with `IAM_PERMISSION_DENIED` for `images@artifactory-demo.iam.gserviceaccount.com`: Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).
      hint: gcloud iam service-accounts add-iam-policy-binding images@artifactory-demo.iam.gserviceaccount.com --role=roles/iam.workloadIdentityUser --member=principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/subject/system:serviceaccount:default:app (delegates need roles/iam.serviceAccountTokenCreator)
    ");
}

#[tokio::test]
async fn other_refusals_of_the_api_have_their_own_hints() {
    let site = Site::start().await;
    let document = |status: u16, name: &str, reason: Option<&str>| {
        let mut error = json!({"code": status, "message": "refused", "status": name});
        if let Some(reason) = reason {
            error["details"] = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]);
        }
        json!({ "error": error }).to_string()
    };
    for (status, name, reason, hint) in [
        (403, "PERMISSION_DENIED", Some("SERVICE_DISABLED"), "gcloud services enable"),
        (403, "PERMISSION_DENIED", None, "add-iam-policy-binding"),
        (400, "INVALID_ARGUMENT", None, "`audience`"),
        (401, "UNAUTHENTICATED", Some("ACCESS_TOKEN_EXPIRED"), "the node's clock"),
        (429, "RESOURCE_EXHAUSTED", None, "throttled"),
    ] {
        site.cloud.kit().faults.clear();
        let path = signing(IMAGES).replace("POST ", "");
        site.cloud
            .kit()
            .faults
            .add(Fault::reply(&path, status, document(status, name, reason)).header("retry-after", "90"));
        let explanation = refused(&site, &pull(&site, &impersonation(IMAGES), None, &[]).await);
        let (_, given) = explanation.split_once("hint: ").expect("a hint");
        assert!(given.contains(hint), "{status} {reason:?}: {explanation}");
    }
}

#[tokio::test]
async fn a_pods_token_becomes_an_account_in_two_requests() {
    let site = Site::start().await;
    let token = site.pod_token("app", "google-sts");
    let outcome = pull(&site, &federation(IMAGES), Some(&token), &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "google-images-puller");
    assert_eq!(asked(&site), [STS.to_owned(), signing(IMAGES)], "no metadata server");
    assert!(!serde_json::to_string(&site.last_exchange()).expect("JSON").contains(&token), "the token is for Google");
    let requests = site.cloud.kit().journal.requests();
    let bearers = requests.iter().filter(|request| request.header("authorization").is_some());
    assert_eq!(bearers.count(), 1, "the access token goes to the IAM Credentials API only");
}

#[tokio::test]
async fn a_token_file_serves_the_node_of_any_cluster() {
    let site = Site::start().await;
    let file = site.file("token", format!("{}\n", site.pod_token("app", "google-sts")));
    let identity = federation(IMAGES).replace('}', &format!(", tokenFile: '{file}'}}"));
    let outcome = pull(&site, &identity, None, &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "google-images-puller");
    std::fs::remove_file(&file).expect("a file");
    insta::assert_snapshot!(site.named(pull(&site, &identity, None, &[]).await.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot read the token file `DIRECTORY/token`: No such file or directory (os error 2)
      hint: name a file that the kubelet's user can read in `tokenFile` (GOOGLE_APPLICATION_CREDENTIALS)
    ");
}

#[tokio::test]
async fn a_pull_without_a_pods_token_has_no_identity_of_the_pool() {
    let site = Site::start().await;
    let explanation = refused(&site, &pull(&site, &federation(IMAGES), None, &[]).await);
    assert!(explanation.contains("gcpWorkloadIdentity: the request carries no service account token"), "{explanation}");
}

#[tokio::test]
async fn a_token_that_the_pool_does_not_trust_is_explained_with_its_own_claims() {
    let site = Site::start().await;
    let token = site.pod_token("app", "vault");
    insta::assert_snapshot!(refused(&site, &pull(&site, &federation(IMAGES), Some(&token), &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's Security Token Service refused with `invalid_grant`: The audience in ID Token [vault] does not match the expected audience google-sts.
      hint: the token must be fresh and the pool's provider must trust its issuer and audience: set `tokenAttributes.serviceAccountTokenAudience` to one that the provider allows, or gcloud iam workload-identity-pools providers update-oidc PROVIDER --issuer-uri=http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF --allowed-audiences=vault
    ");
    assert_eq!(asked(&site), [STS]);
}

#[tokio::test]
async fn a_provider_that_is_disabled_is_explained() {
    let site = changed(|gcp| gcp.workload_identity_providers[0].disabled = true).await;
    let token = site.pod_token("app", "google-sts");
    insta::assert_snapshot!(refused(&site, &pull(&site, &federation(IMAGES), Some(&token), &[]).await), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's Security Token Service refused with `invalid_target`: The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.
      hint: check `workloadIdentityProvider`: gcloud iam workload-identity-pools providers list --workload-identity-pool POOL --location global must show it as ACTIVE
    "#);
}

#[tokio::test]
async fn an_attribute_condition_that_does_not_hold_is_explained() {
    let yaml = format!(
        "{{name: {POOL_PROVIDER}, attributeMapping: {{google.subject: assertion.sub}}, attributeCondition: \"google.subject == 'other'\", oidc: {{issuerUri: '{{kubernetes}}', allowedAudiences: [google-sts]}}}}"
    );
    let provider = serde_saphyr::from_str(&yaml).expect("a provider");
    let site = changed(|gcp| gcp.workload_identity_providers = vec![provider]).await;
    let token = site.pod_token("app", "google-sts");
    insta::assert_snapshot!(refused(&site, &pull(&site, &federation(IMAGES), Some(&token), &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Google's Security Token Service refused with `unauthorized_client`: The given credential is rejected by the attribute condition.
      hint: the provider's attribute condition must hold for a token of the subject `system:serviceaccount:default:app`: gcloud iam workload-identity-pools providers update-oidc PROVIDER --attribute-condition
    ");
}

/// GKE's metadata server, asked by the pod of a Kubernetes service account.
async fn gke(annotation: Option<&str>) -> Site {
    let workload = mock_cloud::gcp::GkeWorkload {
        namespace: "default".to_owned(),
        service_account: "app".to_owned(),
        annotation: annotation.map(str::to_owned),
    };
    changed(|gcp| gcp.metadata_server = mock_cloud::gcp::MetadataServer::Gke(workload)).await
}

#[tokio::test]
async fn gkes_metadata_server_is_told_apart_from_the_vms() {
    let identity = "gcpMetadata: {audience: artifactory}";
    let site = gke(None).await;
    insta::assert_snapshot!(refused(&site, &pull(&site, identity, None, &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: GKE's metadata server for pods answered 404: The Kubernetes service account (default/app) is not annotated with a target Google service account
      hint: run the provider in the node's network, as the kubelet does, to meet the VM's own server; in a pod, annotate its service account with `iam.gke.io/gcp-service-account` and grant it roles/iam.workloadIdentityUser
    ");
    let site = gke(Some("nobody@demo.iam.gserviceaccount.com")).await;
    let explanation = refused(&site, &pull(&site, identity, None, &[]).await);
    assert!(explanation.contains("GKE's metadata server for pods answered 404"), "{explanation}");
    let site = gke(Some(IMAGES)).await;
    let explanation = refused(&site, &pull(&site, identity, None, &[]).await);
    assert!(explanation.contains("answered 403"), "{explanation}");
}

#[tokio::test]
async fn a_name_that_is_no_pool_provider_is_refused_before_anything_is_asked() {
    let site = Site::start().await;
    let identity = federation(IMAGES).replace(POOL_PROVIDER, "demo");
    insta::assert_snapshot!(site.named(pull(&site, &identity, None, &[]).await.failure(3)), @r"
    error: failed to read the configuration
      caused by: `workloadIdentityProvider` is `demo`, which is no provider of a workload identity pool
      hint: set `workloadIdentityProvider` to `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`
    ");
    assert!(site.cloud_requests().is_empty());
}
