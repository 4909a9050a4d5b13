//! The calls signed with other credentials than those of the instance's role.

use super::{OPERATIONS, POOLS, assert_pulled, calls, count, environment, pull, pull_by_file_in, refused};
use crate::external_role::{key_in_variables, role_credentials};
use crate::program::Outcome;
use crate::site::Site;

const SERVICE: &str = "/latest/api/token";
const REGION: &str = "/latest/meta-data/placement/region";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
const NOBODY: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9");
const POOL: &str = "userPoolName: artifactory-pool, resourceServerName: artifactory";

/// A pull with the key in variables, by the incumbent's names.
async fn pull_with_key(site: &Site, changes: &[(&str, &str)]) -> Outcome {
    let mut environment = environment(site, changes);
    environment.extend(key_in_variables(site).await.map(|(name, value)| (name.to_owned(), value)));
    site.pull_in(&[], &environment).await
}

#[tokio::test]
async fn keys_in_the_environment_need_no_metadata_service() {
    let site = Site::start().await;
    let outcome = pull_with_key(&site, &[NOBODY]).await;
    assert_pulled(&site, &outcome);
    assert_eq!(calls(&site).len(), 5, "four calls and the token: {:?}", calls(&site));
    let key = key_in_variables(&site).await;
    assert_pulled(&site, &pull_with_key(&site, &[]).await);
    let requests = site.cloud.kit().journal.requests();
    for operation in OPERATIONS {
        let call = requests.iter().find(|request| request.header("x-amz-target") == Some(operation)).expect(operation);
        let authorization = call.header("authorization").expect("a signature");
        assert!(authorization.contains(&format!("Credential={}/", key[0].1)), "{authorization}");
    }
}

#[tokio::test]
async fn a_region_that_nothing_names_is_the_instances() {
    let site = Site::start().await;
    let outcome = pull_with_key(&site, &[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")]).await;
    assert_pulled(&site, &outcome);
    assert_eq!(calls(&site)[..2], [SERVICE, REGION]);
    assert!(!calls(&site).iter().any(|call| call.starts_with(ROLES)), "the instance's role has no part in it");
}

#[tokio::test]
async fn a_profile_can_hold_the_key() {
    let site = Site::start().await;
    let key = role_credentials(&site).await;
    let part = |name: &str| key[name].as_str().expect("a text").to_owned();
    let credentials = format!(
        "[puller]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        part("AccessKeyId"),
        part("SecretAccessKey"),
        part("Token"),
    );
    let credentials = site.file("credentials", credentials);
    let changes = [("AWS_PROFILE", "puller"), ("AWS_SHARED_CREDENTIALS_FILE", &credentials), NOBODY];
    assert_pulled(&site, &pull(&site, &changes).await);
    assert_eq!(calls(&site).len(), 5, "{:?}", calls(&site));
}

#[tokio::test]
async fn a_route_asks_for_the_chain_by_its_name_alone() {
    let site = Site::start().await;
    let key = key_in_variables(&site).await;
    let key = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let chain = format!("{POOL}, credentials: defaultChain");
    assert_pulled(&site, &pull_by_file_in(&site, &chain, &key).await);
    assert_eq!(count(&site, SERVICE), 0);
    for keys in [POOL.to_owned(), format!("{POOL}, credentials: instanceRole")] {
        site.cloud.kit().journal.clear();
        assert_pulled(&site, &pull_by_file_in(&site, &keys, &key).await);
        assert_eq!(count(&site, SERVICE), 1, "{keys}");
    }
}

#[tokio::test]
async fn the_instances_role_is_the_chains_last_source() {
    let site = Site::start().await;
    let chain = format!("{POOL}, credentials: defaultChain");
    assert_pulled(&site, &pull_by_file_in(&site, &chain, &[]).await);
    let agents = site.cloud.kit().journal.requests();
    let asked = agents.iter().find(|request| request.path.starts_with(ROLES)).expect("the role's credentials");
    assert!(asked.header("x-aws-ec2-metadata-token").is_some());
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_explained_and_none_behind_it_is_asked() {
    let site = Site::start().await;
    insta::assert_snapshot!(
        refused(&site, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/v1/credentials")]).await,
        @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cannot get AWS credentials from the container endpoint
      caused by: cannot connect: Connection refused
      hint: check name, port, routes and firewall between the node and the address of AWS_CONTAINER_CREDENTIALS_FULL_URI
    "
    );
    assert!(calls(&site).is_empty(), "{:?}", calls(&site));
}

#[tokio::test]
async fn words_and_names_beside_the_chain_that_have_no_meaning_are_refused() {
    let site = Site::start().await;
    let explain =
        async |keys: &str| site.named(pull_by_file_in(&site, &format!("{POOL}, {keys}"), &[]).await.failure(3));
    insta::assert_snapshot!(explain("credentials: defaultChain, roleName: node").await, @r"
    error: failed to read the configuration
      caused by: route 1: `roleName` has no effect on this route
      hint: remove `roleName` from the route
    ");
    insta::assert_snapshot!(explain("credentials: profile").await, @r"
    error: failed to read the configuration
      caused by: `credentials` is `profile`, which is not one of: instanceRole, defaultChain
      hint: set `credentials` to one of: instanceRole, defaultChain
    ");
    assert_eq!(count(&site, POOLS), 0);
}
