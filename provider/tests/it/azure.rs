//! Azure's identities: managed ones by every name, an application that trusts one, and a pod that becomes an application.

use mock_cloud::World;
use mock_cloud::azure::{AzureWorld, TokenVersion, UserAssigned};
use mock_kit::{Fault, Recorded};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::program::{Outcome, request, run};
use crate::site::Site;

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const APPLICATION: &str = "44444444-5555-4666-8777-888888888888";
const METADATA: &str = "GET /metadata/identity/oauth2/token";
const ENVIRONMENT: &str = "GET /metadata/instance/compute/azEnvironment";
const ENTRA: &str = "POST /11111111-2222-4333-8444-555555555555/oauth2/v2.0/token";
const EXCHANGE: &str = "api://AzureADTokenExchange";

/// Federated by the environment: what the incumbent does when nothing says otherwise.
const FEDERATED: (&str, &str) = ("azure_auth_method", "");

async fn site(change: impl FnOnce(&mut AzureWorld)) -> Site {
    let mut world = World::default();
    change(&mut world.azure);
    Site::with(world, mock_artifactory::World::default()).await
}

async fn federated(site: &Site, changes: &[(&str, &str)]) -> Outcome {
    let changes = [&[FEDERATED], changes].concat();
    site.pull_in(&[], &site.environment_with("azure", &changes)).await
}

/// A pull that fails at the identity, before Artifactory is asked anything.
async fn refused(site: &Site, changes: &[(&str, &str)]) -> String {
    let outcome = federated(site, changes).await;
    let explanation = site.named(outcome.failure(4));
    assert!(site.artifactory_requests().is_empty(), "{:?}", site.artifactory_requests());
    explanation
}

async fn by_file(site: &Site, identity: &str, kubelet: &[u8], changes: &[(&str, &str)]) -> Outcome {
    let route =
        format!("artifactoryUrl: '{}', identity: {{{identity}}}, oidcProvider: {{name: mock-cloud}}", site.host());
    let config = site.file("config.yaml", format!("routes: [{{{route}}}]"));
    let outcome = run(&["--config", &config], &site.environment_with("none", changes), kubelet).await;
    site.check_leaks(&outcome);
    outcome
}

/// What the program asked, without what Entra and Artifactory ask the issuers for.
fn asked(site: &Site) -> Vec<String> {
    let mut asked = site.cloud_requests();
    asked.retain(|request| !request.contains("/.well-known/") && !request.contains("/keys"));
    asked
}

fn entra_requests(site: &Site) -> Vec<Recorded> {
    let requests = site.cloud.kit().journal.requests();
    requests.into_iter().filter(|request| request.path.ends_with("/oauth2/v2.0/token")).collect()
}

fn pod_request(site: &Site, account: &str, audience: &str, annotations: &Value) -> Vec<u8> {
    let mut kubelet: Value = serde_json::from_slice(&request(&site.image())).expect("JSON");
    kubelet["serviceAccountToken"] = site.pod_token(account, audience).into();
    kubelet["serviceAccountAnnotations"] = annotations.clone();
    kubelet.to_string().into_bytes()
}

fn annotations() -> Value {
    json!({"JFrogExchange": "true", "azure.workload.identity/client-id": APPLICATION})
}

fn second_identity(azure: &mut AzureWorld) {
    azure.user_assigned.push(UserAssigned {
        name: "other".to_owned(),
        client_id: "22222222-0000-4000-8000-000000000002".to_owned(),
        object_id: "33333333-0000-4000-8000-000000000003".to_owned(),
    });
}

#[tokio::test]
async fn an_application_that_trusts_the_managed_identity_pulls_in_three_round_trips() {
    let site = Site::start().await;
    let outcome = federated(&site, &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller");
    assert_eq!(asked(&site), [METADATA, ENTRA]);
    assert_eq!(site.artifactory_requests(), ["POST /access/api/v1/oidc/token"]);
    let entra = &entra_requests(&site)[0];
    assert!(entra.body.contains(&format!("scope={APPLICATION}%2F.default")), "the application itself");
    assert_eq!(entra.header("authorization"), None);
}

#[tokio::test]
async fn the_default_audience_and_cloud_are_found_when_nothing_names_them() {
    let site = Site::start().await;
    let outcome = federated(&site, &[("azure_app_audience", "")]).await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller");
    assert_eq!(asked(&site), [ENVIRONMENT, METADATA, ENTRA], "the audience depends on the cloud");
    let site = Site::start().await;
    let told = [("azure_app_audience", ""), ("azure_cloud_name", "AzureCloud")];
    federated(&site, &told).await.response();
    assert_eq!(asked(&site), [METADATA, ENTRA]);
}

#[tokio::test]
async fn a_managed_identity_is_chosen_by_each_of_its_names() {
    let site = site(second_identity).await;
    let resource_id = "/subscriptions/99999999-8888-4777-8666-555555555555/resourcegroups/MC_artifactory-demo_eastus/providers/Microsoft.ManagedIdentity/userAssignedIdentities/artifactory-demo-agentpool";
    for choice in [
        "clientId: 22222222-3333-4444-8555-666666666666".to_owned(),
        "objectId: 33333333-4444-4555-8666-777777777777".to_owned(),
        format!("resourceId: {resource_id}"),
    ] {
        let direct = format!("azureManagedIdentity: {{resource: 'api://{APPLICATION}', {choice}}}");
        let outcome = by_file(&site, &direct, &request(&site.image()), &[]).await;
        assert_eq!(outcome.credential(&site.host()).0, "azure-puller", "{choice}");
        let federated = format!(
            "azureFederated: {{tenantId: {TENANT}, clientId: {APPLICATION}, managedIdentity: {{{choice}}}, cloud: AzureCloud}}"
        );
        let outcome = by_file(&site, &federated, &request(&site.image()), &[]).await;
        assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller", "{choice}");
    }
}

#[tokio::test]
async fn several_identities_and_none_chosen_is_answered_with_what_to_set() {
    let site = site(second_identity).await;
    let identity = format!("azureManagedIdentity: {{resource: 'api://{APPLICATION}'}}");
    let outcome = by_file(&site, &identity, &request(&site.image()), &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Azure's instance metadata service answered 400: invalid_request Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request
      hint: set `azure_nodepool_client_id` (`clientId`, `objectId` or `resourceId`) to one of the VM's identities; az vmss identity show (az vm identity show) lists them
    ");
}

#[tokio::test]
async fn a_token_of_the_first_form_is_exchanged_as_well() {
    let site = site(|azure| azure.applications[0].requested_access_token_version = TokenVersion::V1).await;
    let v1 = ("jfrog_oidc_provider_name", "mock-cloud");
    let direct = site.environment_with("azure", &[v1, ("azure_app_uri", APPLICATION)]);
    assert_eq!(site.pull_in(&[], &direct).await.credential(&site.host()).0, "azure-puller");
    assert_eq!(federated(&site, &[v1]).await.credential(&site.host()).0, "azure-federated-puller");
}

#[tokio::test]
async fn an_application_without_a_credential_is_answered_with_the_one_it_needs() {
    let site = site(|azure| azure.applications[0].federated_credentials.clear()).await;
    insta::assert_snapshot!(refused(&site, &[]).await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID refused with `AADSTS70025`: The client '44444444-5555-4666-8777-888888888888' has no configured federated identity credentials.
      hint: give the application `44444444-5555-4666-8777-888888888888` a federated identity credential (a new one is seen after some minutes): {"issuer": "http://CLOUD/11111111-2222-4333-8444-555555555555/v2.0", "subject": "33333333-4444-4555-8666-777777777777", "audiences": ["api://AzureADTokenExchange"]}
    "#);
    assert_eq!(entra_requests(&site).len(), 3, "a credential that may not be seen yet is asked for three times");
}

#[tokio::test]
async fn a_credential_for_another_subject_is_answered_with_the_right_one() {
    let site = site(|azure| azure.applications[0].federated_credentials[0].subject = "someone-else".to_owned()).await;
    insta::assert_snapshot!(refused(&site, &[]).await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID refused with `AADSTS700213`: No matching federated identity record found for presented assertion subject '33333333-4444-4555-8666-777777777777'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. [redacted]
      hint: give the application `44444444-5555-4666-8777-888888888888` a federated identity credential (a new one is seen after some minutes): {"issuer": "http://CLOUD/11111111-2222-4333-8444-555555555555/v2.0", "subject": "33333333-4444-4555-8666-777777777777", "audiences": ["api://AzureADTokenExchange"]}
    "#);
}

#[tokio::test]
async fn a_subject_in_another_case_is_final_and_named() {
    let site = site(|azure| {
        let object_id = "3333333a-4444-4555-8666-777777777777";
        azure.user_assigned[0].object_id = object_id.to_owned();
        azure.applications[0].federated_credentials[0].subject = object_id.to_uppercase();
    })
    .await;
    insta::assert_snapshot!(refused(&site, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID refused with `AADSTS7002138`: No matching federated identity record found for presented assertion subject '3333333a-4444-4555-8666-777777777777'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presente...
      hint: write the subject of the application's federated identity credential as `3333333a-4444-4555-8666-777777777777`; upper and lower case count
    ");
    assert_eq!(entra_requests(&site).len(), 1);
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("azure_tenant_id", "99999999-2222-4333-8444-555555555555")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID refused with `AADSTS90002`: Tenant '99999999-2222-4333-8444-555555555555' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.
      hint: correct `azure_tenant_id` (`tenantId`), or `azure_cloud_name` (`cloud`) if the tenant is in another cloud
    ");
}

#[tokio::test]
async fn an_application_of_another_tenant_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("azure_app_client_id", "00000000-5555-4666-8777-888888888888")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID refused with `AADSTS700016`: Application with identifier '00000000-5555-4666-8777-888888888888' was not found in the directory '11111111-2222-4333-8444-555555555555'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your aut...
      hint: set `azure_app_client_id` (`clientId`) to the client id, not the object id, of an application of the tenant `11111111-2222-4333-8444-555555555555`
    ");
}

#[tokio::test]
async fn an_audience_that_the_tenant_does_not_know_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("azure_app_audience", "api://AzureADTokenExchangeChina")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Azure's instance metadata service answered 400: invalid_resource AADSTS500011: The resource principal named api://AzureADTokenExchangeChina was not found in the tenant named 11111111-2222-4333-8444-555555555555. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. ...
      hint: set `azure_app_uri` (`resource`), or `azure_app_audience` (`audience`) of a federated identity, to an identifier URI of an application of the tenant
    ");
    assert_eq!(asked(&site), [METADATA]);
}

#[tokio::test]
async fn every_other_code_has_its_own_remedy() {
    let site = Site::start().await;
    for (code, status, remedy) in [
        (700_024, 401, "node's clock"),
        (700_027, 401, "keys which `http://CLOUD/"),
        (90_061, 400, "must reach the keys"),
        (7_000_229, 401, "az ad sp create --id 44444444-"),
        (500_011, 400, "set `resource`"),
        (53_003, 400, "conditional access"),
        (700_212, 401, r#""audiences": ["api://AzureADTokenExchange"]"#),
        (50_034, 400, "https://login.microsoftonline.com/error?code=50034"),
        (90_033, 503, "throttled or failing"),
    ] {
        let body =
            json!({"error": "e", "error_description": format!("AADSTS{code}: no. Trace ID: t"), "error_codes": [code]});
        site.cloud.kit().faults.clear();
        let fault = Fault::reply(format!("/{TENANT}/oauth2/v2.0/token"), status, body.to_string());
        site.cloud.kit().faults.add(fault.header("content-type", "application/json"));
        let explanation = refused(&site, &[]).await;
        assert!(explanation.contains(&format!("refused with `AADSTS{code}`: no.")), "{explanation}");
        let (_, hint) = explanation.split_once("hint: ").expect("a hint");
        assert!(hint.contains(remedy), "{code}: {hint}");
    }
}

#[tokio::test]
async fn a_credential_that_is_seen_late_is_waited_for_a_little() {
    let late = site(|azure| azure.unseen_assertions = 2).await;
    assert_eq!(federated(&late, &[]).await.credential(&late.host()).0, "azure-federated-puller");
    assert_eq!(asked(&late), [METADATA, ENTRA, ENTRA, ENTRA]);
    let later = site(|azure| azure.unseen_assertions = 3).await;
    let explanation = refused(&later, &[]).await;
    assert!(explanation.contains("a new one is seen after some minutes"), "{explanation}");
    assert_eq!(entra_requests(&later).len(), 3);
}

#[tokio::test]
async fn a_reply_without_a_token_is_explained() {
    let site = Site::start().await;
    let fault =
        Fault::reply(format!("/{TENANT}/oauth2/v2.0/token"), 200, r#"{"token_type":"Bearer","expires_in":3599}"#);
    site.cloud.kit().faults.add(fault.header("content-type", "application/json"));
    insta::assert_snapshot!(refused(&site, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID answered without an access token
      hint: check AZURE_AUTHORITY_HOST, and that no proxy or captive portal answers for Entra ID
    ");
}

#[tokio::test]
async fn a_certificate_of_nobody_trusted_gets_no_assertion() {
    let site = Site::start().await;
    let other = mock_kit::Authority::generate();
    let bundle = site.file("other.pem", other.certificate_pem());
    insta::assert_snapshot!(refused(&site, &[("SSL_CERT_FILE", &bundle)]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get a token from Entra ID at `https://CLOUD-TLS`
      caused by: the server's certificate was refused: `CN=Mock server` is signed by another key than that of `CN=Mock certificate authority` in `DIRECTORY/other.pem`
      hint: replace the certificate of `CN=Mock certificate authority` in the file in SSL_CERT_FILE by the one that is in use
    ");
    assert!(entra_requests(&site).is_empty());
}

#[tokio::test]
async fn a_cloud_that_is_not_known_is_an_error_and_never_the_public_one() {
    let site = site(|azure| azure.environment = "AzureGermanCloud".to_owned()).await;
    insta::assert_snapshot!(refused(&site, &[("AZURE_AUTHORITY_HOST", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the VM is in the cloud `AzureGermanCloud`, whose Entra ID is not known
      hint: set `azure_cloud_name` (`cloud`) to one of AzureCloud, AzureUSGovernment, AzureChinaCloud, or AZURE_AUTHORITY_HOST to the cloud's login host
    ");
    assert!(entra_requests(&site).is_empty());
}

/// The first line that a proxy gets of a pull without an authority host; the proxy lets nothing through.
async fn login_host(environment: &str, changes: &[(&str, &str)]) -> (String, Vec<String>) {
    let site = site(|azure| {
        environment.clone_into(&mut azure.environment);
        let audiences = ["api://AzureADTokenExchangeUSGov", "api://AzureADTokenExchangeChina"];
        azure.applications[1].identifier_uris.extend(audiences.map(str::to_owned));
    })
    .await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    let line = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut buffer = vec![0; 1024];
        let length = stream.read(&mut buffer).await.expect("a request");
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.expect("written");
        String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or_default().to_owned()
    });
    let changes = [&[("AZURE_AUTHORITY_HOST", ""), ("HTTPS_PROXY", proxy.as_str())], changes].concat();
    refused(&site, &changes).await;
    (line.await.expect("a line"), asked(&site))
}

#[tokio::test]
async fn each_cloud_has_its_own_login_host_whoever_names_it() {
    for (environment, host) in [
        ("AzurePublicCloud", "login.microsoftonline.com"),
        ("AzureUSGovernmentCloud", "login.microsoftonline.us"),
        ("AzureChinaCloud", "login.partner.microsoftonline.cn"),
    ] {
        let (line, mut asked) = login_host(environment, &[]).await;
        assert_eq!(line, format!("CONNECT {host}:443 HTTP/1.1"), "{environment}");
        asked.sort();
        assert_eq!(asked, [METADATA, ENVIRONMENT], "beside each other, in one round trip");
    }
    let told = [("azure_cloud_name", "AzureUSGovernment"), ("azure_app_audience", "")];
    let (line, asked) = login_host("AzureChinaCloud", &told).await;
    assert_eq!(line, "CONNECT login.microsoftonline.us:443 HTTP/1.1");
    assert_eq!(asked, [METADATA], "a cloud that is told is not asked for");
}

#[tokio::test]
async fn a_pod_that_opts_in_becomes_its_application_in_one_request() {
    let site = Site::start().await;
    let kubelet = pod_request(&site, "app", EXCHANGE, &annotations());
    let outcome = by_file(&site, &format!("azureWorkloadIdentity: {{tenantId: {TENANT}}}"), &kubelet, &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller");
    assert_eq!(asked(&site), [ENTRA]);
    let told = format!(
        "azureWorkloadIdentity: {{tenantId: {TENANT}, clientId: {APPLICATION}, resource: 'api://{APPLICATION}'}}"
    );
    let outcome = by_file(&site, &told, &pod_request(&site, "app", EXCHANGE, &json!({})), &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "azure-federated-puller");
}

#[tokio::test]
async fn a_pod_without_the_opt_in_or_an_application_is_passed_over() {
    let site = Site::start().await;
    for (annotations, lacking) in [
        (json!({"azure.workload.identity/client-id": APPLICATION}), "JFrogExchange"),
        (json!({"JFrogExchange": "true"}), "azure.workload.identity/client-id"),
    ] {
        let kubelet = pod_request(&site, "app", EXCHANGE, &annotations);
        let outcome = by_file(&site, &format!("azureWorkloadIdentity: {{tenantId: {TENANT}}}"), &kubelet, &[]).await;
        assert!(outcome.failure(4).contains(&format!("lacks the annotation `{lacking}")), "{}", outcome.stderr);
    }
    assert!(asked(&site).is_empty());
}

#[tokio::test]
async fn a_pods_token_for_another_audience_is_not_shown_to_entra() {
    let site = Site::start().await;
    let identity = format!("azureWorkloadIdentity: {{tenantId: {TENANT}}}");
    let kubelet = pod_request(&site, "app", "artifactory", &annotations());
    let outcome = by_file(&site, &identity, &kubelet, &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the service account token is for `artifactory`, not for `api://AzureADTokenExchange`
      hint: set `tokenAttributes.serviceAccountTokenAudience` of the provider's entry to `api://AzureADTokenExchange`
    ");
    let kubelet = pod_request(&site, "app", EXCHANGE, &annotations());
    let china = format!("azureWorkloadIdentity: {{tenantId: {TENANT}, cloud: AzureChinaCloud}}");
    let outcome = by_file(&site, &china, &kubelet, &[]).await;
    assert!(outcome.failure(4).contains("`api://AzureADTokenExchangeChina`"), "{}", outcome.stderr);
    assert!(asked(&site).is_empty());
}

#[tokio::test]
async fn a_pod_that_no_credential_names_is_answered_with_the_one_it_needs() {
    let site = Site::start().await;
    let kubelet = pod_request(&site, "plain", EXCHANGE, &annotations());
    let outcome = by_file(&site, &format!("azureWorkloadIdentity: {{tenantId: {TENANT}}}"), &kubelet, &[]).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Entra ID refused with `AADSTS700213`: No matching federated identity record found for presented assertion subject 'system:serviceaccount:default:plain'. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. [redacted]
      hint: give the application `44444444-5555-4666-8777-888888888888` a federated identity credential (a new one is seen after some minutes): {"issuer": "http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF", "subject": "system:serviceaccount:default:plain", "audiences": ["api://AzureADTokenExchange"]}
    "#);
}
