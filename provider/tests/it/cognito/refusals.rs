//! What Secrets Manager, the user pools and the token endpoint can answer instead of a token: exit code 4, or 6 in time.

use std::time::Duration;

use mock_cloud::aws::cognito::{Flow, ForbiddenFlow};
use mock_cloud::aws::secrets_manager::{Content, Protection};
use mock_kit::Fault;
use serde_json::json;

use super::{
    DESCRIBE, OPERATIONS, POOLS, SECRET, TOKEN, assert_pulled, count, named, pool, pull, pull_by_file, refused,
    site_with,
};
use crate::site::Site;

fn refusal(code: &str) -> Vec<u8> {
    json!({"__type": code, "message": "no"}).to_string().into_bytes()
}

#[tokio::test]
async fn a_right_that_the_role_lacks_is_named_with_its_statement() {
    for (action, change) in [
        ("secretsmanager:GetSecretValue", ("secret_name", "artifactory/cognito")),
        ("cognito-idp:ListUserPools", ("user_pool_name", "artifactory-pool")),
        ("cognito-idp:DescribeUserPool", ("user_pool_name", "artifactory-pool")),
        ("cognito-idp:ListResourceServers", ("user_pool_name", "artifactory-pool")),
    ] {
        let site = site_with(|world| world.aws.roles[0].may_call.retain(|allowed| allowed != action)).await;
        let explanation = refused(&site, &[change]).await;
        let refusal = format!("{action} in us-east-1 was refused with `AccessDeniedException`: ");
        assert!(explanation.contains(&refusal), "{explanation}");
        let (_, hint) = explanation.split_once("hint: ").expect("a hint");
        let resource = match action {
            "secretsmanager:GetSecretValue" => "arn:aws:secretsmanager:us-east-1:*:secret:artifactory/cognito-*",
            "cognito-idp:ListUserPools" => "*",
            _ => "arn:aws:cognito-idp:us-east-1:*:userpool/us-east-1_Artifacts",
        };
        let statement = format!("{{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"{resource}\"}}");
        assert!(hint.contains(&statement), "{hint}");
        assert_eq!(hint.contains("kms:Decrypt"), action.starts_with("secretsmanager"), "{hint}");
    }
}

#[tokio::test]
async fn a_denied_secret_is_explained() {
    let site = site_with(|world| world.aws.roles[0].may_call.clear()).await;
    site.cloud.kit().faults.add(Fault::hang("/").when("x-amz-target", POOLS));
    insta::assert_snapshot!(refused(&site, &[]).await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: secretsmanager:GetSecretValue in us-east-1 was refused with `AccessDeniedException`: User: arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0 is not authorized to perform: secretsmanager:GetSecretValue on resource: artifactory/cognito because no identity-based policy allows the secretsmanager:GetSecretValue action
      hint: add to the role's policy: {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:us-east-1:*:secret:artifactory/cognito-*"}; and kms:Decrypt on the secret's key if it is your own
    "#);
}

#[tokio::test]
async fn an_unknown_secret_is_explained_with_its_name_and_region() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("secret_name", "artifactory/other")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: secretsmanager:GetSecretValue in us-east-1 was refused with `ResourceNotFoundException`: Secrets Manager can't find the specified secret.
      hint: set `secret_name` (`secretName`) to a secret of us-east-1 (an ARN for one of another account), or `aws_region` (`region`) to the region of `artifactory/other`
    ");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_explained() {
    let protected = async |protection| {
        let site = site_with(|world| world.aws.secrets[0].protection = protection).await;
        refused(&site, &[]).await
    };
    insta::assert_snapshot!(protected(Protection::Deleted).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: secretsmanager:GetSecretValue in us-east-1 was refused with `InvalidRequestException`: You can't perform this operation on the secret because it was marked for deletion.
      hint: restore the secret if it is scheduled for deletion (aws secretsmanager restore-secret)
    ");
    insta::assert_snapshot!(protected(Protection::KeyBroken).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: secretsmanager:GetSecretValue in us-east-1 was refused with `DecryptionFailure`: Secrets Manager can't decrypt the protected secret text using the provided KMS key.
      hint: check that the KMS key of the secret is enabled, and allow the role kms:Decrypt on it
    ");
    insta::assert_snapshot!(protected(Protection::KeyDenied).await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: secretsmanager:GetSecretValue in us-east-1 was refused with `AccessDeniedException`: Access to KMS is not allowed
      hint: add to the role's policy: {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "arn:aws:secretsmanager:us-east-1:*:secret:artifactory/cognito-*"}; and kms:Decrypt on the secret's key if it is your own
    "#);
}

#[tokio::test]
async fn a_secret_that_is_no_clients_names_the_key_and_never_a_value() {
    let holding = async |text: &str| {
        let site = site_with(|world| {
            let mut secret = world.aws.secrets[0].clone();
            secret.name = "artifactory/odd".to_owned();
            secret.content = Content::Text(text.to_owned());
            world.aws.secrets.push(secret);
        })
        .await;
        let explanation = refused(&site, &[("secret_name", "artifactory/odd")]).await;
        assert!(!explanation.contains("hunter2"), "{explanation}");
        explanation
    };
    insta::assert_snapshot!(holding("hunter2").await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the secret `artifactory/odd` is no JSON object with the texts `client-id` and `client-secret`
      hint: store {"client-id": "...", "client-secret": "..."} in the secret, as the user pool's app client has them
    "#);
    insta::assert_snapshot!(holding(r#"{"client-secret": "hunter2"}"#).await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the secret `artifactory/odd` has no `client-id`
      hint: store {"client-id": "...", "client-secret": "..."} in the secret, as the user pool's app client has them
    "#);
    insta::assert_snapshot!(holding(r#"{"client-id": "hunter2", "client-secret": ""}"#).await, @r#"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the secret `artifactory/odd` has no `client-secret`
      hint: store {"client-id": "...", "client-secret": "..."} in the secret, as the user pool's app client has them
    "#);
}

#[tokio::test]
async fn a_pool_that_cannot_be_chosen_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("user_pool_name", "artifacts")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: none of the 3 user pools in us-east-1 is named `artifacts`
      hint: set `user_pool_name` (`userPoolName`) to a user pool's name, or `aws_region` (`region`) to its region
    ");
    let site =
        site_with(|world| world.aws.cognito.user_pools.push(named("us-east-1_Second", "artifactory-pool"))).await;
    insta::assert_snapshot!(refused(&site, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: several user pools are named `artifactory-pool`: us-east-1_Artifacts, us-east-1_Second
      hint: set `userPoolId` to one of them in a configuration file, or rename one
    ");
}

#[tokio::test]
async fn a_pool_without_a_domain_is_explained() {
    let site = site_with(|world| pool(world).domain = None).await;
    insta::assert_snapshot!(refused(&site, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the user pool `us-east-1_Artifacts` has no domain
      hint: give it one: aws cognito-idp create-user-pool-domain --user-pool-id us-east-1_Artifacts --domain PREFIX
    ");
}

#[tokio::test]
async fn a_prefix_in_a_region_whose_hosts_are_not_known_is_never_guessed() {
    let site = site_with(|world| {
        world.aws.region = "cn-north-1".to_owned();
        for role in &mut world.aws.roles {
            role.may_assume.clear();
        }
        world.aws.other_roles.clear();
        world.aws.pod_identity.associations.clear();
    })
    .await;
    let changes = [("aws_region", "cn-north-1"), ("ARTIFACTORY_CREDENTIAL_PROVIDER_COGNITO_URL", "")];
    insta::assert_snapshot!(refused(&site, &changes).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the host of Cognito's own domains in cn-north-1 is not known
      hint: give the user pool a custom domain, or set `tokenEndpoint` and `resourceServerIdentifier` in a configuration file
    ");
    assert_eq!(count(&site, TOKEN), 0);
}

#[tokio::test]
async fn a_resource_server_that_cannot_be_chosen_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("resource_server_name", "images")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: none of the 2 resource servers of the user pool `us-east-1_Artifacts` is named `images`
      hint: set `resource_server_name` (`resourceServerName`) to one that this lists: aws cognito-idp list-resource-servers --user-pool-id us-east-1_Artifacts --max-results 50
    ");
    let site = site_with(|world| pool(world).resource_servers[0].name = "artifactory".to_owned()).await;
    insta::assert_snapshot!(refused(&site, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: several resource servers of the user pool `us-east-1_Artifacts` are named `artifactory`: billing, artifactory
      hint: set `resourceServerIdentifier` to one of them in a configuration file, or rename one
    ");
}

#[tokio::test]
async fn an_unknown_pool_id_is_explained() {
    let site = Site::start().await;
    let keys = "userPoolId: us-east-1_Nowhere, resourceServerIdentifier: artifactory";
    let outcome = pull_by_file(&site, keys).await;
    insta::assert_snapshot!(site.named(outcome.failure(4)), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cognito-idp:DescribeUserPool in us-east-1 was refused with `ResourceNotFoundException`: User pool us-east-1_Nowhere does not exist.
      hint: set `userPoolId` to the id of a user pool of us-east-1, or `aws_region` (`region`)
    ");
}

#[tokio::test]
async fn a_listing_that_does_not_end_is_refused() {
    let site = Site::start().await;
    let page = json!({"UserPools": [{"Id": "us-east-1_A", "Name": "a"}], "NextToken": "again"}).to_string();
    site.cloud.kit().faults.add(Fault::reply("/", 200, page).when("x-amz-target", POOLS));
    insta::assert_snapshot!(refused(&site, &[]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: cognito-idp:ListUserPools did not end after 167 pages
      hint: check that no proxy or emulator answers for Amazon Cognito
    ");
    assert_eq!(count(&site, POOLS), 167);
}

#[tokio::test]
async fn a_domain_that_is_none_is_refused() {
    let site = Site::start().await;
    let page = json!({"UserPool": {"Domain": "evil.example/"}}).to_string();
    site.cloud.kit().faults.add(Fault::reply("/", 200, page).when("x-amz-target", DESCRIBE));
    let explanation = refused(&site, &[]).await;
    assert!(explanation.contains("cognito-idp:DescribeUserPool was answered 200 in an unknown form"), "{explanation}");
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_is_explained() {
    let site = Site::start().await;
    insta::assert_snapshot!(refused(&site, &[("user_pool_resource_scope", "push")]).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the token endpoint `https://CLOUD-TLS/cognito/artifactory-demo/oauth2/token` refused the scope `artifactory/push` with `invalid_scope`
      hint: check `user_pool_resource_scope` (`scope`), and allow `artifactory/push` to the app client (AllowedOAuthScopes)
    ");
    for (answer, code) in
        [(ForbiddenFlow::UnauthorizedClient, "unauthorized_client"), (ForbiddenFlow::InvalidGrant, "invalid_grant")]
    {
        let site = site_with(|world| {
            world.aws.cognito.forbidden_flow = answer;
            pool(world).clients[0].flows = vec![Flow::Code];
        })
        .await;
        let explanation = refused(&site, &[]).await;
        assert!(explanation.contains(&format!("with `{code}`")), "{explanation}");
        assert!(explanation.contains("hint: allow the app client the flow `client_credentials`"), "{explanation}");
    }
}

#[tokio::test]
async fn a_secret_that_is_not_the_clients_own_is_explained() {
    let site = site_with(|world| {
        let document = r#"{"client-id": "5artifactorypullclient0001", "client-secret": "hunter2"}"#;
        world.aws.secrets[0].content = Content::Text(document.to_owned());
    })
    .await;
    let changes = [
        ("secret_name", "artifactory/cognito"),
        ("user_pool_name", "artifactory-pool"),
        ("resource_server_name", "artifactory"),
        ("user_pool_resource_scope", "pull"),
    ];
    insta::assert_snapshot!(refused(&site, &changes).await, @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: the token endpoint `https://CLOUD-TLS/cognito/artifactory-demo/oauth2/token` refused the scope `artifactory/pull` with `invalid_client`
      hint: store the `client-id` and the current `client-secret` of an app client of this user pool in the secret
    ");
}

#[tokio::test]
async fn a_clock_that_differs_is_explained() {
    let site = Site::start().await;
    site.cloud.kit().clock.advance(Duration::from_secs(20 * 60));
    site.cloud.kit().faults.add(Fault::hang("/").when("x-amz-target", POOLS));
    insta::assert_snapshot!(without_times(&refused(&site, &[]).await), @r"
    error: failed to prove an identity to `ARTIFACTORY`
      caused by: secretsmanager:GetSecretValue in us-east-1 was refused with `InvalidSignatureException`: Signature expired: TIME is now earlier than TIME (TIME - 15 min.)
      hint: check the node's clock (timedatectl), and that no proxy changes requests to AWS
    ");
}

/// An explanation with its times replaced.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| word.len() == 16 && word.ends_with('Z') && word.as_bytes()[8] == b'T';
    let words = text.split(' ').map(|word| match word.trim_start_matches('(') {
        time if is_time(time) => word.replace(time, "TIME"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn credentials_that_are_not_known_there_are_explained() {
    let site = Site::start().await;
    for code in ["UnrecognizedClientException", "ExpiredTokenException"] {
        site.cloud.kit().faults.clear();
        site.cloud.kit().faults.add(Fault::reply("/", 400, refusal(code)).when("x-amz-target", SECRET));
        let explanation = refused(&site, &[]).await;
        assert!(explanation.contains(&format!("refused with `{code}`: no")), "{explanation}");
        assert!(explanation.contains("hint: check the node's clock, and that the region"), "{explanation}");
    }
}

#[tokio::test]
async fn throttling_is_tried_three_times_and_explained() {
    for (operation, code) in
        OPERATIONS.map(|it| (it, "ThrottlingException")).into_iter().chain([(POOLS, "TooManyRequestsException")])
    {
        let site = Site::start().await;
        let throttled = || Fault::reply("/", 400, refusal(code)).when("x-amz-target", operation);
        site.cloud.kit().faults.add(throttled().times(2));
        assert_pulled(&site, &pull(&site, &[]).await);
        assert_eq!(count(&site, operation), 3, "{operation}");
        site.cloud.kit().journal.clear();
        site.artifactory.kit().journal.clear();
        site.cloud.kit().faults.add(throttled());
        let explanation = refused(&site, &[]).await;
        assert!(explanation.contains(&format!("was refused with `{code}`")), "{explanation}");
        assert!(explanation.contains("hint: a configuration file with `userPoolId`"), "{explanation}");
        assert_eq!(count(&site, operation), 3, "{operation}");
    }
}

#[tokio::test]
async fn a_service_that_fails_is_tried_three_times() {
    let faults = OPERATIONS.map(|it| (it, Fault::reply("/", 503, "").when("x-amz-target", it)));
    for (call, fault) in faults.into_iter().chain([(TOKEN, Fault::reply(TOKEN, 503, ""))]) {
        let site = Site::start().await;
        site.cloud.kit().faults.add(fault);
        let explanation = refused(&site, &[]).await;
        assert!(explanation.contains("answered 503 in an unknown form"), "{explanation}");
        assert_eq!(count(&site, call), 3, "{call}");
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_is_no_answer() {
    let page = |path: &str| Fault::reply(path, 200, "<html>sign in</html>").header("content-type", "text/html");
    let faults = OPERATIONS.map(|it| (it, page("/").when("x-amz-target", it)));
    for (call, fault) in faults.into_iter().chain([(TOKEN, page(TOKEN))]) {
        let site = Site::start().await;
        site.cloud.kit().faults.add(fault);
        let explanation = refused(&site, &[]).await;
        assert!(explanation.contains("answered 200 in an unknown form"), "{explanation}");
        assert!(explanation.contains("captive portal"), "{explanation}");
        assert_eq!(count(&site, call), 1, "{call}");
    }
}

#[tokio::test]
async fn a_service_that_hangs_ends_with_the_deadline() {
    let faults = OPERATIONS.map(|it| (it, Fault::hang("/").when("x-amz-target", it)));
    for (call, fault) in faults.into_iter().chain([(TOKEN, Fault::hang(TOKEN))]) {
        let site = Site::start().await;
        site.cloud.kit().faults.add(fault);
        let outcome = pull(&site, &[("http_timeout_seconds", "3")]).await;
        outcome.failure(6);
        assert!(outcome.took < Duration::from_secs(4), "{call} took {:?}", outcome.took);
        assert!(site.artifactory_requests().is_empty());
    }
}
