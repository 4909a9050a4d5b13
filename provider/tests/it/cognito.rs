//! Pulls on a client of a Cognito user pool, whose secret the node's role may read.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mock_cloud::World;
use mock_cloud::aws::cognito::{ResourceServer, UserPool};
use mock_kit::Fault;
use serde_json::{Value, json};

use crate::documents;
use crate::program::Outcome;
use crate::site::Site;

#[cfg(feature = "aws-sdk")]
mod chain;
mod refusals;

pub(crate) const TOKEN: &str = "/cognito/artifactory-demo/oauth2/token";
pub(crate) const SECRET: &str = "secretsmanager.GetSecretValue";
pub(crate) const POOLS: &str = "AWSCognitoIdentityProviderService.ListUserPools";
const DESCRIBE: &str = "AWSCognitoIdentityProviderService.DescribeUserPool";
const SERVERS: &str = "AWSCognitoIdentityProviderService.ListResourceServers";
const OPERATIONS: [&str; 4] = [SECRET, POOLS, DESCRIBE, SERVERS];

async fn site_with(change: impl FnOnce(&mut World)) -> Site {
    let mut world = World::default();
    change(&mut world);
    Site::with(world, mock_artifactory::World::default()).await
}

pub(crate) fn environment(site: &Site, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    site.environment_with("aws", &[&[("aws_auth_method", "cognito_oidc")], changes].concat())
}

async fn pull(site: &Site, changes: &[(&str, &str)]) -> Outcome {
    site.pull_in(&[], &environment(site, changes)).await
}

/// A pull by the file's keys, with what is needed beside them.
async fn pull_by_file(site: &Site, keys: &str) -> Outcome {
    pull_by_file_in(site, keys, &[]).await
}

/// The same with some variables set.
async fn pull_by_file_in(site: &Site, keys: &str, changes: &[(&str, &str)]) -> Outcome {
    let identity = format!("{{secretName: artifactory/cognito, scope: pull, {keys}}}");
    let config = format!(
        "routes: [{{artifactoryUrl: '{}', identity: {{awsCognito: {identity}}}, oidcProvider: {{name: cognito}}}}]",
        site.host()
    );
    let config = site.file("config.yaml", config);
    site.pull_in(&["--config", &config], &site.environment_with("none", changes)).await
}

fn assert_pulled(site: &Site, outcome: &Outcome) {
    assert_eq!(outcome.credential(&site.host()).0, "aws-cognito-puller");
}

/// A pull that fails at the identity, before Artifactory is asked anything.
async fn refused(site: &Site, changes: &[(&str, &str)]) -> String {
    let outcome = pull(site, changes).await;
    let explanation = site.named(outcome.failure(4));
    assert!(site.artifactory_requests().is_empty(), "{:?}", site.artifactory_requests());
    explanation
}

/// The calls to AWS in their order, by target or else by path.
fn calls(site: &Site) -> Vec<String> {
    let requests = site.cloud.kit().journal.requests();
    let own = requests.iter().filter(|request| !request.path.contains("/.well-known/"));
    own.map(|request| request.header("x-amz-target").map_or_else(|| request.path.clone(), str::to_owned)).collect()
}

fn count(site: &Site, call: &str) -> usize {
    calls(site).iter().filter(|seen| *seen == call).count()
}

fn pool(world: &mut World) -> &mut UserPool {
    &mut world.aws.cognito.user_pools[1]
}

fn named(id: &str, name: &str) -> UserPool {
    let id = id.to_owned();
    let name = name.to_owned();
    UserPool { id, name, domain: None, custom_domain: None, resource_servers: Vec::new(), clients: Vec::new() }
}

#[tokio::test]
async fn a_client_of_a_user_pool_pulls_in_the_fewest_requests() {
    let site = Site::start().await;
    let outcome = pull(&site, &[]).await;
    assert_pulled(&site, &outcome);
    let mut seen = calls(&site);
    assert_eq!(seen[..2], ["/latest/api/token", "/latest/meta-data/iam/security-credentials/artifactory-pull"]);
    assert_eq!(seen.last().map(String::as_str), Some(TOKEN));
    seen[2..6].sort();
    let mut expected = OPERATIONS;
    expected.sort_unstable();
    assert_eq!(seen[2..6], expected);
    assert_eq!(seen.len(), 7);
    let sent: Value = serde_json::from_str(&site.last_exchange().body).expect("JSON");
    assert_eq!(sent["provider_name"], "mock-cloud");
    assert_eq!(sent.get("audience"), None, "the token has no audience, and none is asked for");
}

#[tokio::test]
async fn the_examples_entry_pulls_with_the_examples_policy() {
    let (_, policy) = documents::example("aws-cognito/policy.json");
    let policy: Value = serde_json::from_str(&policy).expect("JSON");
    let actions = policy["Statement"].as_array().expect("statements").iter().map(|statement| &statement["Action"]);
    let actions = actions.flat_map(|action| action.as_array().cloned().unwrap_or_else(|| vec![action.clone()]));
    let actions: Vec<_> = actions.map(|action| action.as_str().expect("a text").to_owned()).collect();
    let site = site_with(|world| world.aws.roles[0].may_call = actions).await;
    let mut environment = environment(&site, &[]);
    environment.extend(documents::variables("aws-cognito/kubelet.yaml"));
    environment.insert("artifactory_url".to_owned(), site.host());
    assert_pulled(&site, &site.pull_in(&[], &environment).await);
}

#[tokio::test]
async fn what_does_not_depend_on_each_other_is_asked_side_by_side() {
    let site = Site::start().await;
    for (hanging, others) in
        [(SECRET, &[POOLS, DESCRIBE, SERVERS][..]), (POOLS, &[SECRET]), (DESCRIBE, &[SERVERS]), (SERVERS, &[DESCRIBE])]
    {
        site.cloud.kit().faults.clear();
        site.cloud.kit().journal.clear();
        site.cloud.kit().faults.add(Fault::hang("/").when("x-amz-target", hanging));
        pull(&site, &[("http_timeout_seconds", "3")]).await.failure(6);
        for other in others {
            assert_eq!(count(&site, other), 1, "{other} does not wait for {hanging}");
        }
    }
}

#[tokio::test]
async fn the_client_shows_its_secret_to_the_token_endpoint_alone_and_by_basic() {
    let site = Site::start().await;
    pull(&site, &[]).await.response();
    let requests = site.cloud.kit().journal.requests();
    let token = requests.iter().find(|request| request.path == TOKEN).expect("a token request");
    assert!(token.header("authorization").expect("a header").starts_with("Basic "));
    assert_eq!(token.body, "grant_type=client_credentials&scope=artifactory%2Fpull");
    for operation in OPERATIONS {
        let call = requests.iter().find(|request| request.header("x-amz-target") == Some(operation)).expect(operation);
        let service = if operation == SECRET { "secretsmanager" } else { "cognito-idp" };
        let authorization = call.header("authorization").expect("a signature");
        assert!(authorization.contains(&format!("/us-east-1/{service}/aws4_request")), "{authorization}");
        assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target"));
    }
}

#[tokio::test]
async fn the_region_can_come_from_aws_region_or_from_the_instance() {
    let site = site_with(|world| world.aws.region = "eu-central-1".to_owned()).await;
    let region = "/latest/meta-data/placement/region";
    assert_pulled(&site, &pull(&site, &[("AWS_REGION", "us-east-1"), ("aws_region", "eu-central-1")]).await);
    assert_eq!(count(&site, region), 0);
    assert_pulled(&site, &pull(&site, &[("AWS_REGION", "")]).await);
    assert_eq!(count(&site, region), 1);
}

#[tokio::test]
async fn without_any_region_nothing_is_called() {
    let site = Site::start().await;
    for path in ["/latest/meta-data/placement/region", "/latest/dynamic/instance-identity/document"] {
        site.cloud.kit().faults.add(Fault::reply(path, 404, ""));
    }
    insta::assert_snapshot!(refused(&site, &[("AWS_REGION", "")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: no AWS region is known in which the secret and the user pool are
      hint: set `aws_region` (`region`)
    ");
    assert!(!site.cloud_requests().iter().any(|request| request.starts_with("POST")));
}

#[tokio::test]
async fn a_domain_of_its_owners_serves_where_there_is_no_other() {
    let site = site_with(|world| {
        pool(world).domain = None;
        pool(world).custom_domain = Some("auth.example.com".to_owned());
    })
    .await;
    assert_pulled(&site, &pull(&site, &[]).await);
    assert_eq!(count(&site, "/cognito/auth.example.com/oauth2/token"), 1);
}

#[tokio::test]
async fn a_pool_and_a_server_on_later_pages_are_found() {
    let site = site_with(|world| {
        let pools = (0..130).map(|number| named(&format!("us-east-1_Other{number}"), &format!("other-{number}")));
        world.aws.cognito.user_pools.splice(0..0, pools);
        let pool = &mut world.aws.cognito.user_pools[131];
        let server = |number| ResourceServer {
            identifier: format!("id-{number}"),
            name: format!("server-{number}"),
            scopes: Vec::new(),
        };
        pool.resource_servers.splice(0..0, (0..110).map(server));
    })
    .await;
    assert_pulled(&site, &pull(&site, &[]).await);
    assert_eq!((count(&site, POOLS), count(&site, SERVERS)), (3, 3));
}

#[tokio::test]
async fn names_are_compared_as_they_are_and_then_without_case() {
    let site = site_with(|world| world.aws.cognito.user_pools.push(named("us-east-1_Upper", "ARTIFACTORY-POOL"))).await;
    assert_pulled(&site, &pull(&site, &[]).await);
    let site = Site::start().await;
    let changes = [("user_pool_name", "Artifactory-Pool"), ("resource_server_name", "Artifactory")];
    assert_pulled(&site, &pull(&site, &changes).await);
}

#[tokio::test]
async fn a_secret_may_hold_bytes() {
    let site = Site::start().await;
    let document = site.cloud.secrets().into_iter().find(|secret| secret.contains("client-secret")).expect("a client");
    let body = json!({"SecretBinary": STANDARD.encode(document)}).to_string();
    site.cloud.kit().faults.add(Fault::reply("/", 200, body).when("x-amz-target", SECRET));
    assert_pulled(&site, &pull(&site, &[]).await);
}

#[tokio::test]
async fn a_reply_may_be_as_large_as_a_pool_with_long_templates() {
    let site = Site::start().await;
    let body = json!({"UserPool": {"Domain": "artifactory-demo", "EmailVerificationMessage": "x".repeat(200_000)}});
    site.cloud.kit().faults.add(Fault::reply("/", 200, body.to_string()).when("x-amz-target", DESCRIBE));
    assert_pulled(&site, &pull(&site, &[]).await);
}

#[tokio::test]
async fn credentials_that_end_within_the_deadline_sign_nothing() {
    let world = World::from_yaml("aws: {credentialsLifetimeSeconds: 30, renewal: never}").expect("a world");
    let site = Site::with(world, mock_artifactory::World::default()).await;
    let explanation = refused(&site, &[]).await;
    assert!(explanation.contains("s, before the pull's deadline"), "{explanation}");
    assert!(!site.cloud_requests().iter().any(|request| request.starts_with("POST")));
}

#[tokio::test]
async fn a_pod_that_opts_in_uses_its_own_role_first() {
    let site = Site::start().await;
    let request = json!({
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": site.image(),
        "serviceAccountToken": site.pod_token("app", "sts.amazonaws.com"),
        "serviceAccountAnnotations": {
            "JFrogExchange": "true",
            "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/web-identity-pull",
        },
    });
    let outcome = crate::program::run(&[], &environment(&site, &[]), request.to_string().as_bytes()).await;
    site.check_leaks(&outcome);
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
}

#[tokio::test]
async fn what_the_file_knows_is_not_asked() {
    let site = Site::start().await;
    for (keys, unasked) in [
        ("userPoolName: artifactory-pool, resourceServerName: artifactory", &[][..]),
        ("userPoolId: us-east-1_Artifacts, resourceServerName: artifactory", &[POOLS]),
        ("userPoolName: artifactory-pool, resourceServerIdentifier: artifactory", &[SERVERS]),
        ("userPoolId: us-east-1_Artifacts, resourceServerIdentifier: artifactory", &[POOLS, SERVERS]),
        (
            &format!("tokenEndpoint: '{}{TOKEN}', resourceServerIdentifier: artifactory", site.cloud.tls_url()),
            &[POOLS, DESCRIBE, SERVERS],
        ),
    ] {
        site.cloud.kit().journal.clear();
        assert_pulled(&site, &pull_by_file(&site, keys).await);
        for operation in OPERATIONS {
            assert_eq!(count(&site, operation), usize::from(!unasked.contains(&operation)), "{keys}: {operation}");
        }
    }
}

#[tokio::test]
async fn keys_that_contradict_each_other_are_refused() {
    let site = Site::start().await;
    let explain = async |keys| site.named(pull_by_file(&site, keys).await.failure(3));
    insta::assert_snapshot!(explain("userPoolName: a, userPoolId: b, resourceServerName: c").await, @r"
    error: failed to read the configuration
      caused by: route 1: it needs exactly one of `userPoolName` and `userPoolId`
      hint: keep `userPoolId` where it is known, else `userPoolName`
    ");
    insta::assert_snapshot!(explain("userPoolName: a").await, @r"
    error: failed to read the configuration
      caused by: route 1: it needs exactly one of `resourceServerName` and `resourceServerIdentifier`
      hint: keep `resourceServerIdentifier` where it is known, else `resourceServerName`
    ");
    let known = "tokenEndpoint: 'https://x.example/oauth2/token', resourceServerIdentifier: a, userPoolId: b";
    insta::assert_snapshot!(explain(known).await, @r"
    error: failed to read the configuration
      caused by: route 1: `userPoolId` has no effect on this route
      hint: remove `userPoolId` from the route
    ");
    insta::assert_snapshot!(explain("tokenEndpoint: 'https://x.example/oauth2/token'").await, @r"
    error: failed to read the configuration
      caused by: route 1: `tokenEndpoint` needs `resourceServerIdentifier` beside it
      hint: add `resourceServerIdentifier` to the route, or leave `tokenEndpoint` out
    ");
    insta::assert_snapshot!(explain("tokenEndpoint: 'http://x.example/', resourceServerIdentifier: a").await, @r"
    error: failed to read the configuration
      caused by: `tokenEndpoint` is not the address of a cloud's service
      hint: unset `tokenEndpoint`, or set it to `https://` and a host (`http://` on loopback only)
    ");
}
