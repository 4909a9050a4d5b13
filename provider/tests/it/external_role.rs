//! Pulls on a role of another account, which the node's own credentials assume.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::program::Outcome;
use crate::round_trips::{asked, distant_site};
use crate::site::Site;

pub(crate) const ROLE: &str = "arn:aws:iam::444455556666:role/cross-account-pull";

/// A world whose cross-account role has no external id, knows long sessions, and trusts several roles.
const OPEN: &str = "
aws:
  roles:
    - name: artifactory-pull
      mayAssume: ['*']
      mayCall: [eks-auth:AssumeRoleForPodIdentity]
  otherRoles:
    - name: pod-identity-pull
      mayAssume: ['*']
      trust: {Statement: {Effect: Allow, Principal: {Service: pods.eks.amazonaws.com}, Action: [sts:AssumeRole, sts:TagSession]}}
    - name: web-identity-pull
      mayAssume: ['*']
      trust:
        Statement:
          Effect: Allow
          Principal: {Federated: 'arn:aws:iam::111122223333:oidc-provider/{kubernetes}'}
          Action: sts:AssumeRoleWithWebIdentity
    - name: middle
      mayAssume: ['*']
      trust: {Statement: {Effect: Allow, Principal: {AWS: 'arn:aws:iam::111122223333:role/artifactory-pull'}, Action: sts:AssumeRole}}
    - name: cross-account-pull
      account: '444455556666'
      maxSessionDuration: 43200
      trust:
        Statement:
          Effect: Allow
          Principal: {AWS: '111122223333'}
          Action: [sts:AssumeRole, sts:TagSession]
";

pub(crate) async fn open_site() -> Site {
    let world = mock_cloud::World::from_yaml(OPEN).expect("a world");
    Site::with(world, mock_artifactory::World::default()).await
}

/// A pull by a file with one route, whose identity has these keys beside the role.
pub(crate) async fn pull_by_file(site: &Site, keys: &str, changes: &[(&str, &str)]) -> Outcome {
    let identity = format!("identity: {{awsExternalRole: {{roleArn: '{ROLE}'{keys}}}}}");
    let config = site.file("config.yaml", format!("routes: [{{artifactoryUrl: '{}', {identity}}}]", site.host()));
    site.pull_in(&["--config", &config], &site.environment_with("none", changes)).await
}

/// The variables of the kubelet's entry, with some changed; no role's name, which this identity does not know.
pub(crate) fn variables(site: &Site, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut environment = site.environment_with("aws", changes);
    environment.insert("aws_auth_method".to_owned(), "assume_external_role".to_owned());
    environment.insert("aws_external_role_arn".to_owned(), ROLE.to_owned());
    environment.remove("aws_role_name");
    environment
}

/// The credentials of the instance's role, as anything on the instance gets them; the journal forgets the asking.
pub(crate) async fn role_credentials(site: &Site) -> Value {
    credentials_of(site, "artifactory-pull").await
}

async fn credentials_of(site: &Site, role: &str) -> Value {
    let (url, client) = (site.cloud.url(), site.client());
    let session = client.put(format!("{url}/latest/api/token")).header("x-aws-ec2-metadata-token-ttl-seconds", "60");
    let session = session.send().await.expect("an answer").text().await.expect("a session");
    let url = format!("{url}/latest/meta-data/iam/security-credentials/{role}");
    let reply = client.get(url).header("x-aws-ec2-metadata-token", session).send().await.expect("an answer");
    site.cloud.kit().journal.clear();
    serde_json::from_str(&reply.text().await.expect("credentials")).expect("JSON")
}

/// The same as the variables that hold a key.
pub(crate) async fn key_in_variables(site: &Site) -> [(&'static str, String); 3] {
    key_of(site, "artifactory-pull").await
}

/// The key of an instance's role of another name.
pub(crate) async fn key_of(site: &Site, role: &str) -> [(&'static str, String); 3] {
    let key = credentials_of(site, role).await;
    let part = |name: &str| key[name].as_str().expect("a text").to_owned();
    [
        ("AWS_ACCESS_KEY_ID", part("AccessKeyId")),
        ("AWS_SECRET_ACCESS_KEY", part("SecretAccessKey")),
        ("AWS_SESSION_TOKEN", part("Token")),
    ]
}

fn assert_crossed(site: &Site, outcome: &Outcome) {
    assert_eq!(outcome.credential(&site.host()).0, "aws-cross-account-puller");
    let exchange = site.last_exchange();
    assert!(exchange.header("authorization").expect("a signature").starts_with("AWS4-ECDSA-P256-SHA256"));
}

/// The parameters of the last `AssumeRole` call, by name.
fn assumption(site: &Site) -> BTreeMap<String, String> {
    let requests = site.cloud.kit().journal.requests();
    let call = requests.iter().rfind(|request| request.body.contains("Action=AssumeRole&")).expect("a call");
    assert!(call.header("authorization").expect("a signature").contains("/us-east-1/sts/aws4_request"));
    let pairs = call.body.split('&').filter_map(|pair| pair.split_once('='));
    let text = |value: &str| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
    pairs.map(|(name, value)| (name.to_owned(), text(value))).collect()
}

#[tokio::test]
async fn the_instances_role_assumes_the_other_accounts() {
    let site = Site::start().await;
    let outcome = pull_by_file(&site, ", externalId: artifactory-external-id", &[]).await;
    assert_crossed(&site, &outcome);
    assert_eq!(
        site.cloud_requests(),
        [
            "PUT /latest/api/token",
            "GET /latest/meta-data/iam/security-credentials/",
            "GET /latest/meta-data/iam/security-credentials/artifactory-pull",
            "POST /",
            "GET /",
        ],
        "the instance's role, one call to STS; then the STS call that Artifactory makes"
    );
    let asked = assumption(&site);
    assert_eq!(asked["RoleArn"], ROLE);
    assert_eq!(asked["ExternalId"], "artifactory-external-id");
    assert_eq!(asked["DurationSeconds"], "3600");
    assert!(asked["RoleSessionName"].starts_with("artifactory-pull"), "{}", asked["RoleSessionName"]);
    assert!(!asked.keys().any(|name| name.starts_with("Tags")));
    assert!(!serde_json::to_string(&site.last_exchange()).expect("JSON").contains("artifactory-external-id"));
}

#[tokio::test]
async fn every_key_reaches_sts() {
    let site = open_site().await;
    let keys = ", externalId: 'id:1/2', sessionName: pull@node-7, sessionDuration: 15m, tokenLifetime: 2h, \
                sessionTags: {team: shop, 'cost centre': ''}";
    assert_crossed(&site, &pull_by_file(&site, keys, &[]).await);
    let asked = assumption(&site);
    assert_eq!(asked["ExternalId"], "id:1/2");
    assert_eq!((asked["RoleSessionName"].as_str(), asked["DurationSeconds"].as_str()), ("pull@node-7", "900"));
    let tag = |index: u8| ["Key", "Value"].map(|part| asked[&format!("Tags.member.{index}.{part}")].as_str());
    assert_eq!([tag(1), tag(2)], [["cost centre", ""], ["team", "shop"]]);
    assert_eq!(site.last_exchange().body, r#"{"expires_in":7200}"#);
}

#[tokio::test]
async fn the_incumbents_variables_are_enough() {
    let site = open_site().await;
    let environment = variables(&site, &[("aws_external_role_session_duration_seconds", "900")]);
    assert_crossed(&site, &site.pull_in(&[], &environment).await);
    assert_eq!(assumption(&site)["DurationSeconds"], "900");
    assert_eq!(site.last_exchange().body, r#"{"expires_in":18000}"#);
}

#[tokio::test]
async fn keys_in_the_environment_need_no_metadata_service() {
    let site = open_site().await;
    let mut environment = variables(&site, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")]);
    environment.extend(key_in_variables(&site).await.map(|(name, value)| (name.to_owned(), value)));
    assert_crossed(&site, &site.pull_in(&[], &environment).await);
    assert_eq!(site.cloud_requests(), ["POST /", "GET /"]);
}

#[tokio::test]
async fn a_profile_can_hold_the_key() {
    let site = open_site().await;
    let key = role_credentials(&site).await;
    let credentials = format!(
        "[puller]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        key["AccessKeyId"].as_str().expect("a text"),
        key["SecretAccessKey"].as_str().expect("a text"),
        key["Token"].as_str().expect("a text"),
    );
    let credentials = site.file("credentials", credentials);
    let changes = [("AWS_PROFILE", "puller"), ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str())];
    assert_crossed(&site, &site.pull_in(&[], &variables(&site, &changes)).await);
    assert_eq!(site.cloud_requests(), ["POST /", "GET /"]);
}

#[tokio::test]
async fn a_profile_can_assume_a_role_of_its_own_first() {
    let site = open_site().await;
    let config = site.file(
        "aws-config",
        "[profile puller]\nrole_arn = arn:aws:iam::111122223333:role/middle\ncredential_source = Ec2InstanceMetadata\n",
    );
    let changes = [("AWS_PROFILE", "puller"), ("AWS_CONFIG_FILE", config.as_str())];
    assert_crossed(&site, &site.pull_in(&[], &variables(&site, &changes)).await);
    let posts = site.cloud_requests().iter().filter(|request| *request == "POST /").count();
    assert_eq!(posts, 2, "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn a_container_endpoint_can_give_the_key() {
    let site = open_site().await;
    let token = site.pod_token("pod-identity", "pods.eks.amazonaws.com");
    let (file, agent) = (site.file("token", &token), format!("{}/v1/credentials", site.cloud.url()));
    let changes =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &file)];
    let outcome = site.pull_in(&[], &variables(&site, &changes)).await;
    assert_crossed(&site, &outcome);
    assert_eq!(site.cloud_requests()[..2], ["GET /v1/credentials", "POST /"]);
    let agent = &site.cloud.kit().journal.requests()[0];
    assert_eq!(agent.header("authorization"), Some(token.as_str()));
}

#[tokio::test]
async fn a_token_file_can_give_the_key() {
    let site = open_site().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let file = site.file("token", &token);
    let changes = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/web-identity-pull"),
    ];
    assert_crossed(&site, &site.pull_in(&[], &variables(&site, &changes)).await);
    let posts = site.cloud_requests().iter().filter(|request| *request == "POST /").count();
    assert_eq!(posts, 2, "{:?}", site.cloud_requests());
}

#[tokio::test]
async fn the_region_comes_from_the_metadata_service_when_nothing_else_knows_it() {
    let site = open_site().await;
    let changes = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")];
    assert_crossed(&site, &site.pull_in(&[], &variables(&site, &changes)).await);
    assert_eq!(site.cloud_requests()[..2], ["PUT /latest/api/token", "GET /latest/meta-data/placement/region"]);
    assert_eq!(site.last_exchange().query, "region=us-east-1");
}

#[tokio::test]
async fn sts_is_asked_over_tls_with_the_systems_roots() {
    let site = open_site().await;
    let sts = site.cloud.tls_url();
    let outcome = site.pull_in(&[], &variables(&site, &[("AWS_ENDPOINT_URL_STS", sts.as_str())])).await;
    assert_crossed(&site, &outcome);
    let token = site.file("token", site.pod_token("app", "sts.amazonaws.com"));
    let changes = [
        ("AWS_ENDPOINT_URL_STS", sts.as_str()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/web-identity-pull"),
    ];
    assert_crossed(&site, &site.pull_in(&[], &variables(&site, &changes)).await);
}

#[tokio::test]
async fn no_proxy_stands_before_the_metadata_service_or_loopback() {
    let site = open_site().await;
    let proxy = "http://127.0.0.1:9";
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let changes: Vec<_> = names.into_iter().map(|name| (name, proxy)).collect();
    assert_crossed(&site, &site.pull_in(&[], &variables(&site, &changes)).await);
}

#[tokio::test]
async fn a_pod_that_opts_in_keeps_its_own_role() {
    let site = Site::start().await;
    let token = site.pod_token("app", "sts.amazonaws.com");
    let request = serde_json::json!({
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": site.image(),
        "serviceAccountToken": token,
        "serviceAccountAnnotations": {
            "JFrogExchange": "true",
            "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/web-identity-pull",
        },
    });
    let outcome = crate::program::run(&[], &variables(&site, &[]), request.to_string().as_bytes()).await;
    site.check_leaks(&outcome);
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
}

#[tokio::test]
async fn each_round_trip_is_needed() {
    let (sts, exchange) = ("POST /", "POST /access/api/v1/aws/token");
    let session = "PUT /latest/api/token";
    let roles = "GET /latest/meta-data/iam/security-credentials/";
    let role = "GET /latest/meta-data/iam/security-credentials/artifactory-pull";
    let site = distant_site().await;
    let outcome = pull_by_file(&site, ", externalId: artifactory-external-id", &[]).await;
    assert_eq!(asked(&site, &outcome), [[session], [roles], [role], [sts], [exchange]]);
    let site = distant_site().await;
    let key = key_in_variables(&site).await;
    let changes = key.each_ref().map(|(name, value)| (*name, value.as_str()));
    let outcome = pull_by_file(&site, ", externalId: artifactory-external-id", &changes).await;
    assert_eq!(asked(&site, &outcome), [[sts], [exchange]]);
}
