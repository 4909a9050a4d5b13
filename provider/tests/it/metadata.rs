//! What the metadata services can answer instead of an identity: exit code 4.

use std::time::Duration;

use artifactory_credential_provider::artifactory::ArtifactoryUrl;
use artifactory_credential_provider::endpoints::{InstanceMetadata, Region};
use artifactory_credential_provider::error::Error;
use artifactory_credential_provider::http::Http;
use artifactory_credential_provider::identity::IdentityError;
use artifactory_credential_provider::identity::aws::{CallerIdentity, InstanceRole};
use artifactory_credential_provider::time::Deadline;
use mock_kit::Fault;

use crate::site::Site;

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials/artifactory-pull";
const PARTITION: &str = "/latest/meta-data/services/partition";
const REGION: &str = "/latest/meta-data/placement/region";
const AZURE: &str = "/metadata/identity/oauth2/token";
const GOOGLE: &str = "/computeMetadata/v1/instance/service-accounts/*";

async fn aws_with(yaml: &str) -> Site {
    let world = mock_cloud::World::from_yaml(&format!("aws: {yaml}")).expect("a world");
    Site::with(world, mock_artifactory::World::default()).await
}

/// A pull that fails at the identity, before Artifactory is asked anything.
async fn refused(site: &Site, cloud: &str, changes: &[(&str, &str)]) -> String {
    let outcome = site.pull_in(&[], &site.environment_with(cloud, changes)).await;
    let explanation = site.named(outcome.failure(4));
    assert!(site.artifactory_requests().is_empty(), "{:?}", site.artifactory_requests());
    explanation
}

#[tokio::test]
async fn a_role_is_discovered_when_none_is_named() {
    let site = Site::start().await;
    let outcome = site.pull_in(&[], &site.environment_with("aws", &[("aws_role_name", "")])).await;
    outcome.response();
    assert_eq!(
        site.cloud_requests()[..3],
        ["PUT /latest/api/token".to_owned(), format!("GET {ROLES}"), format!("GET {CREDENTIALS}")]
    );
}

#[tokio::test]
async fn a_role_is_discovered_from_a_listing_that_ends_its_line() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(ROLES, 200, "artifactory-pull\n"));
    let outcome = site.pull_in(&[], &site.environment_with("aws", &[("aws_role_name", "")])).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-puller");
    assert!(site.cloud_requests().contains(&format!("GET {CREDENTIALS}")), "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn the_region_can_come_from_the_identity_document() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(REGION, 404, ""));
    let outcome = site.pull_in(&[], &site.environment_with("aws", &[("AWS_REGION", "")])).await;
    outcome.response();
    assert!(site.cloud_requests().contains(&"GET /latest/dynamic/instance-identity/document".to_owned()));
    assert_eq!(site.last_exchange().query, "region=us-east-1");
}

#[tokio::test]
async fn without_any_region_the_global_sts_is_signed_for() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(REGION, 404, ""));
    site.cloud.kit().faults.add(Fault::reply("/latest/dynamic/instance-identity/document", 404, ""));
    let outcome = site.pull_in(&[], &site.environment_with("aws", &[("AWS_REGION", "")])).await;
    outcome.response();
    let exchange = site.last_exchange();
    assert_eq!((exchange.query.as_str(), exchange.header("x-amz-region-set")), ("", Some("*")));
}

#[tokio::test]
async fn without_region_and_partition_nothing_is_signed() {
    let mut explanations = Vec::new();
    for partition in [Fault::reply(PARTITION, 404, ""), Fault::reply(PARTITION, 200, "aws-cn")] {
        let site = Site::start().await;
        site.cloud.kit().faults.add(Fault::reply(REGION, 404, ""));
        site.cloud.kit().faults.add(Fault::reply("/latest/dynamic/instance-identity/document", 404, ""));
        site.cloud.kit().faults.add(partition);
        explanations.push(refused(&site, "aws", &[("AWS_REGION", "")]).await);
    }
    assert_eq!(explanations[0], explanations[1]);
    insta::assert_snapshot!(explanations[0], @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance metadata service knows no region, nor that the instance is of the partition `aws`
      hint: set `aws_region` (`region`) to the region whose STS Artifactory can reach
    ");
}

#[tokio::test]
async fn a_metadata_service_that_must_not_be_asked_is_not() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "aws", &[("AWS_EC2_METADATA_DISABLED", "true")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance metadata service must not be asked, by `AWS_EC2_METADATA_DISABLED`
      hint: unset AWS_EC2_METADATA_DISABLED, or name an identity that needs no metadata service
    ");
    assert!(site.cloud_requests().is_empty(), "{:?}", site.cloud_requests());
    site.pull_in(&[], &site.environment_with("aws", &[("AWS_EC2_METADATA_DISABLED", "false")])).await.response();
}

/// Proves the instance's role at the first of these addresses that can be connected to.
async fn prove_at(addresses: &[&str]) -> Result<(), IdentityError> {
    let deadline = Deadline::after(Duration::from_secs(20));
    let region = Region::parse("us-east-1");
    let caller = CallerIdentity { region, token_lifetime: Duration::from_secs(60) };
    let role = InstanceRole { role_name: None, caller };
    let metadata = InstanceMetadata::At(addresses.iter().map(|&address| address.to_owned()).collect());
    let http = Http::metadata(deadline).expect("a client");
    role.prove(&http, &metadata, deadline).await.map(|_| ()).map_err(Into::into)
}

#[tokio::test]
async fn the_second_family_is_asked_when_the_first_cannot_be_connected_to() {
    let site = Site::start().await;
    prove_at(&["http://127.0.0.1:9", &site.cloud.url()]).await.expect("a proof");
    assert_eq!(site.cloud_requests().len(), 3, "one session, one listing, one role: {:?}", site.cloud_requests());
}

#[tokio::test]
async fn the_second_family_is_not_asked_when_the_first_answers() {
    let (site, other) = (aws_with("{imds: {enabled: false}}").await, Site::start().await);
    let error = prove_at(&[&site.cloud.url(), &other.cloud.url()]).await.expect_err("a refusal");
    assert!(error.to_string().contains("switched off"), "{error}");
    assert!(other.cloud_requests().is_empty(), "{:?}", other.cloud_requests());
}

#[tokio::test]
async fn a_service_that_neither_family_reaches_is_explained_with_both() {
    let source = prove_at(&["http://127.0.0.1:9", "http://127.0.0.2:9"]).await.expect_err("nobody listens");
    let artifactory = ArtifactoryUrl::parse("ARTIFACTORY").expect("a host");
    insta::assert_snapshot!(Error::Identity { artifactory, source }.report(), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot connect to the instance metadata service: at 127.0.0.1:9: cannot connect: Connection refused; at 127.0.0.2:9: cannot connect: Connection refused
      hint: check routes and firewall between the node and both addresses (is this an EC2 instance?)
    ");
}

#[tokio::test]
async fn version_1_is_never_used() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply("/latest/api/token", 404, ""));
    let explanation = refused(&site, "aws", &[]).await;
    insta::assert_snapshot!(explanation, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance metadata service answered 404 for a session token
      hint: check that 169.254.169.254 is EC2's own service and no proxy or emulator
    ");
    assert_eq!(site.cloud_requests(), ["PUT /latest/api/token"]);
}

#[tokio::test]
async fn a_service_that_is_switched_off_is_explained() {
    let site = aws_with("{imds: {enabled: false}}").await;
    insta::assert_snapshot!(refused(&site, "aws", &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance metadata service is switched off (status 403)
      hint: enable it: aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-tokens required
    ");
}

#[tokio::test]
async fn a_reply_eaten_by_the_hop_limit_is_explained() {
    let site = aws_with("{imds: {hopLimit: 1, hops: 1}}").await;
    let outcome = site.pull("aws").await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get a session token from the instance metadata service
      caused by: no answer within 2000 ms
      hint: raise the hop limit: aws ec2 modify-instance-metadata-options --instance-id INSTANCE --http-put-response-hop-limit 2; if it is high enough, check that the node reaches 169.254.169.254 (firewall)
    ");
    assert!(outcome.took.as_secs() < 4, "one wait and no more: {:?}", outcome.took);
}

#[tokio::test]
async fn an_instance_without_a_role_is_explained() {
    let site = aws_with("{roles: []}").await;
    insta::assert_snapshot!(refused(&site, "aws", &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance has no role
      hint: attach an instance profile with a role to the instance
    ");
}

#[tokio::test]
async fn a_role_that_is_not_the_instances_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "aws", &[("aws_role_name", "someone-elses")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance has no role `someone-elses`
      hint: set `aws_role_name` (`roleName`) to the name of the instance's role, or leave it out to use the one attached
    ");
}

#[tokio::test]
async fn several_roles_are_a_choice() {
    let site = aws_with("{roles: [{name: first}, {name: second}]}").await;
    insta::assert_snapshot!(refused(&site, "aws", &[("aws_role_name", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the instance has several roles: first, second
      hint: set `aws_role_name` (`roleName`) to one of them
    ");
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_explained() {
    let site = aws_with("{roles: [{name: artifactory-pull, trust: other}]}").await;
    insta::assert_snapshot!(refused(&site, "aws", &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the role's credentials were refused with code `AssumeRoleUnauthorizedAccess`: EC2 cannot assume the role artifactory-pull. Please see documentation at [redacted]
      hint: check the role's trust policy: ec2.amazonaws.com must be allowed sts:AssumeRole
    ");
}

#[tokio::test]
async fn credentials_that_end_within_the_deadline_are_refused() {
    let site = aws_with("{credentialsLifetimeSeconds: 30, renewal: never}").await;
    let explanation = refused(&site, "aws", &[]).await;
    let (before, rest) = explanation.split_once("expire in ").expect("the rest of their life");
    let (seconds, after) = rest.split_once(" s,").expect("seconds");
    assert!((1..=30).contains(&seconds.parse::<u32>().expect("a number")), "{explanation}");
    let asked = site.cloud_requests().iter().filter(|request| request.ends_with(CREDENTIALS)).count();
    assert_eq!(asked, 2, "they may be renewed in these moments");
    insta::assert_snapshot!(format!("{before}expire in N s,{after}"), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the role's credentials expire in N s, before the pull's deadline
      hint: the service that gave them has not renewed them; check the node's clock and the role's trust policy
    ");
}

#[tokio::test]
async fn credentials_that_are_over_are_asked_for_again_and_refused() {
    let site = aws_with("{credentialsLifetimeSeconds: 1, renewal: never}").await;
    let explanation = refused(&site, "aws", &[]).await;
    assert!(explanation.contains("the role's credentials expire in 0 s"), "{explanation}");
    let asked = site.cloud_requests().iter().filter(|request| request.ends_with(CREDENTIALS)).count();
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn credentials_that_are_renewed_meanwhile_are_used() {
    let site = Site::start().await;
    let old = r#"{"Code":"Success","AccessKeyId":"ASIAOLD","SecretAccessKey":"old","Token":"old","Expiration":"2020-01-01T00:00:00Z"}"#;
    site.cloud.kit().faults.add(Fault::reply(CREDENTIALS, 200, old).times(1));
    assert_eq!(site.pull("aws").await.credential(&site.host()).0, "aws-puller");
    let expected = ["PUT /latest/api/token".to_owned(), format!("GET {CREDENTIALS}"), format!("GET {CREDENTIALS}")];
    assert_eq!(site.cloud_requests()[..3], expected);
}

#[tokio::test]
async fn a_region_of_no_partition_is_never_sent_to() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(REGION, 200, "xx-nowhere-1"));
    insta::assert_snapshot!(refused(&site, "aws", &[("AWS_REGION", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: `xx-nowhere-1` is no region of a known AWS partition
      hint: set `aws_region` (`region`) to the region whose STS Artifactory can reach
    ");
}

#[tokio::test]
async fn an_identity_that_is_not_assigned_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "azure", &[("azure_nodepool_client_id", "00000000-0000-4000-8000-000000000000")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Azure's instance metadata service answered 400: invalid_request Identity not found
      hint: correct `azure_nodepool_client_id` (`clientId`, `objectId` or `resourceId`), or assign the identity: az vmss identity assign (az vm identity assign)
    ");
}

#[tokio::test]
async fn an_application_that_does_not_exist_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, "azure", &[("azure_app_uri", "api://nowhere")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Azure's instance metadata service answered 400: invalid_resource AADSTS500011: The resource principal named api://nowhere was not found in the tenant named 11111111-2222-4333-8444-555555555555. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sen...
      hint: set `azure_app_uri` (`resource`), or `azure_app_audience` (`audience`) of a federated identity, to an identifier URI of an application of the tenant
    ");
}

#[tokio::test]
async fn a_reply_without_a_token_is_explained() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(
        Fault::reply(AZURE, 200, r#"{"token_type":"Bearer","expires_in":3600}"#)
            .header("content-type", "application/json"),
    );
    insta::assert_snapshot!(refused(&site, "azure", &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: Azure's instance metadata service answered without an access token
      hint: check that 169.254.169.254 is Azure's own service and no proxy or emulator
    ");
}

#[tokio::test]
async fn the_default_account_serves_when_none_is_named() {
    let site = Site::start().await;
    site.pull_in(&[], &site.environment_with("google", &[("google_service_account_email", "")])).await.response();
    assert!(site.cloud_requests()[0].contains("/service-accounts/default/identity"));
}

#[tokio::test]
async fn something_else_on_the_address_is_not_believed() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(GOOGLE, 200, "eyJhbGciOiJub25lIn0.e30.x"));
    insta::assert_snapshot!(refused(&site, "google", &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: what answered is not the metadata server: the reply lacks `Metadata-Flavor: Google`
      hint: check that 169.254.169.254 is the metadata server and no proxy, and GCE_METADATA_HOST
    ");
}

#[tokio::test]
async fn a_reply_that_is_no_token_goes_nowhere() {
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply(GOOGLE, 200, "<html>sign in</html>").header("metadata-flavor", "Google"));
    insta::assert_snapshot!(refused(&site, "google", &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the metadata server answered with something that is no ID token
      hint: check `jfrog_oidc_audience` (`audience`) and that metadata concealment is off
    ");
}
