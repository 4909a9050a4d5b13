//! Secrets Manager, asked by the SDK's signer.

use std::time::Duration;

use mock_cloud::aws::secrets_manager::{Content, Protection, Secret};
use mock_cloud::aws::world::{Role, Trust};
use mock_cloud::kubernetes::{Pod, TokenRequest};
use mock_cloud::{MockCloud, World};
use serde_json::{Value, json};

use crate::client::{client, get, header, json, start};
use crate::signer::{Call, Key, error};

const OPERATION: &str = "secretsmanager.GetSecretValue";

fn question(id: &str) -> Call<'static> {
    Call::new(OPERATION, &json!({ "SecretId": id }))
}

async fn key(cloud: &MockCloud) -> Key {
    Key::of_instance(cloud, "artifactory-pull").await
}

async fn start_with(secrets: Vec<Secret>) -> MockCloud {
    let mut world = World::default();
    world.aws.secrets = secrets;
    MockCloud::start(world).await.unwrap()
}

fn unix(cloud: &MockCloud) -> f64 {
    f64::from(u32::try_from(cloud.kit().clock.unix()).unwrap())
}

fn secret(name: &str, content: Content, protection: Protection) -> Secret {
    Secret { name: name.into(), content, protection }
}

#[tokio::test]
async fn the_built_in_secret_holds_the_id_and_the_secret_of_the_cognito_client() {
    let cloud = start().await;
    let answer = question("artifactory/cognito").ask(&cloud, &key(&cloud).await).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), Some("application/x-amz-json-1.1"));
    assert!(header(&answer, "x-amzn-requestid").is_some_and(|id| !id.is_empty()));
    let answer = json(answer).await;
    let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:artifactory/cognito-";
    assert_eq!(answer["ARN"].as_str().unwrap().strip_prefix(arn).unwrap().len(), 6);
    assert_eq!(answer["Name"], "artifactory/cognito");
    assert_eq!(answer["VersionStages"], json!(["AWSCURRENT"]));
    let made = answer["CreatedDate"].as_f64().unwrap() - unix(&cloud);
    assert!((-5.0..=1.0).contains(&made), "{made}");
    assert_eq!(answer.get("SecretBinary"), None);
    let value: Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(value["client-id"], "5artifactorypullclient0001");
    assert_eq!(value["client-secret"].as_str().unwrap().len(), 51);
    assert_eq!(value.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_secret_is_found_by_its_name_its_arn_and_its_arn_without_the_suffix() {
    let cloud = start_with(vec![secret("a", Content::Text("one".into()), Protection::None)]).await;
    let key = key(&cloud).await;
    let first = json(question("a").ask(&cloud, &key).await).await;
    let arn = first["ARN"].as_str().unwrap();
    for id in ["a", arn, &arn[..arn.len() - 7]] {
        assert_eq!(json(question(id).ask(&cloud, &key).await).await, first, "{id}");
    }
    for id in ["b", "A", &arn[..arn.len() - 1], &format!("{arn}x"), &arn.replace("111122223333", "444455556666")] {
        let (status, code, message) = error(question(id).ask(&cloud, &key).await).await;
        assert_eq!((status, code.as_str()), (400, "ResourceNotFoundException"), "{id}");
        assert_eq!(message, "Secrets Manager can't find the specified secret.");
    }
}

#[tokio::test]
async fn an_own_error_has_a_capital_message_and_one_of_all_services_a_small_one() {
    let cloud = start().await;
    let key = key(&cloud).await;
    let own = json(question("none").ask(&cloud, &key).await).await;
    assert_eq!(own.as_object().unwrap().keys().collect::<Vec<_>>(), ["Message", "__type"]);
    let guessed = Key { secret: "guess".into(), ..key };
    let common = json(question("none").ask(&cloud, &guessed).await).await;
    assert_eq!(common.as_object().unwrap().keys().collect::<Vec<_>>(), ["__type", "message"]);
}

#[tokio::test]
async fn a_role_without_the_permission_is_denied_whether_or_not_the_secret_exists() {
    let mut world = World::default();
    world.aws.roles = vec![Role::new("idle", Trust::Ec2)];
    let cloud = MockCloud::start(world).await.unwrap();
    let key = Key::of_instance(&cloud, "idle").await;
    for id in ["artifactory/cognito", "none"] {
        let (status, code, message) = error(question(id).ask(&cloud, &key).await).await;
        assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
        assert_eq!(
            message,
            format!(
                "User: arn:aws:sts::111122223333:assumed-role/idle/i-0123456789abcdef0 is not authorized to perform: \
                 secretsmanager:GetSecretValue on resource: {id} because no identity-based policy allows the \
                 secretsmanager:GetSecretValue action"
            )
        );
    }
}

#[tokio::test]
async fn a_permission_may_be_a_pattern_and_another_action_is_none() {
    for (action, status) in [("secretsmanager:*", 200), ("*", 200), ("secretsmanager:PutSecretValue", 400)] {
        let mut world = World::default();
        world.aws.roles = vec![Role { may_call: vec![action.into()], ..Role::new("one", Trust::Ec2) }];
        let cloud = MockCloud::start(world).await.unwrap();
        let key = Key::of_instance(&cloud, "one").await;
        let answer = question("artifactory/cognito").ask(&cloud, &key).await;
        assert_eq!(answer.status(), status, "{action}");
    }
}

#[tokio::test]
async fn each_way_to_sign_badly_has_its_own_name_and_is_status_400() {
    let cloud = start().await;
    let key = key(&cloud).await;
    let call = question("artifactory/cognito");
    let good = call.signed(&cloud, &key);
    let unsigned: Vec<_> = good.iter().filter(|(name, _)| name != "authorization").cloned().collect();
    let answer = error(call.send(&cloud, &unsigned).await).await;
    assert_eq!((answer.0, answer.1.as_str()), (400, "MissingAuthenticationTokenException"));
    let mut incomplete = unsigned.clone();
    incomplete.push(("authorization".into(), "AWS4-HMAC-SHA256 Credential=a".into()));
    assert_eq!(error(call.send(&cloud, &incomplete).await).await.1, "IncompleteSignatureException");
    for (other, code) in [
        (Key { id: "ASIAAAAAAAAAAAAAAAAA".into(), ..key.clone() }, "UnrecognizedClientException"),
        (Key { token: None, ..key.clone() }, "UnrecognizedClientException"),
        (Key { secret: "guess".into(), ..key.clone() }, "InvalidSignatureException"),
    ] {
        let answer = error(call.ask(&cloud, &other).await).await;
        assert_eq!((answer.0, answer.1.as_str()), (400, code));
    }
    let changed = question("artifactory/cognit0");
    let (_, code, message) = error(changed.send(&cloud, &good).await).await;
    assert_eq!(code, "InvalidSignatureException");
    assert!(message.starts_with("The request signature we calculated does not match"), "{message}");
    assert_eq!(call.send(&cloud, &good).await.status(), 200);
}

#[tokio::test]
async fn a_signature_is_for_this_service_and_the_region_of_the_endpoint() {
    let cloud = start().await;
    let key = key(&cloud).await;
    let elsewhere = Some("secretsmanager.eu-west-1.amazonaws.com");
    for (service, region, host, complaint) in [
        ("sts", "us-east-1", None, "Credential should be scoped to correct service: 'secretsmanager'. "),
        ("secretsmanager", "eu-west-1", None, "Credential should be scoped to a valid region. "),
        ("secretsmanager", "us-east-1", elsewhere, "Credential should be scoped to a valid region. "),
    ] {
        let call = Call { service, region, host, ..question("artifactory/cognito") };
        let (_, code, message) = error(call.ask(&cloud, &key).await).await;
        assert_eq!((code.as_str(), message.as_str()), ("InvalidSignatureException", complaint));
    }
    let here = Some("secretsmanager.us-east-1.amazonaws.com");
    let call = Call { host: here, ..question("artifactory/cognito") };
    assert_eq!(call.ask(&cloud, &key).await.status(), 200);
    let call = Call { region: "eu-west-1", host: elsewhere, ..question("artifactory/cognito") };
    assert_eq!(error(call.ask(&cloud, &key).await).await.1, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_key_of_one_partition_is_unknown_in_another() {
    let cloud = start().await;
    let host = Some("secretsmanager.cn-north-1.amazonaws.com.cn");
    let call = Call { region: "cn-north-1", host, ..question("artifactory/cognito") };
    let answer = error(call.ask(&cloud, &key(&cloud).await).await).await;
    assert_eq!(answer.1, "UnrecognizedClientException");
}

#[tokio::test]
async fn a_role_of_another_account_finds_nothing_in_its_own() {
    let world = World::from_yaml(
        "aws: {otherRoles: [{name: far, account: '444455556666', mayCall: ['*'], trust: {Version: '2012-10-17', \
         Statement: [{Effect: Allow, Principal: {Service: pods.eks.amazonaws.com}, Action: 'sts:*'}]}}], podIdentity: \
         {associations: [{namespace: default, serviceAccount: plain, role: 'arn:aws:iam::444455556666:role/far'}]}}",
    );
    let cloud = MockCloud::start(world.unwrap()).await.unwrap();
    let request = TokenRequest::bound("pods.eks.amazonaws.com", Pod::new("web-0"));
    let token = cloud.service_account_token("default", "plain", &request).unwrap().token;
    let far = get(&cloud, "/v1/credentials").header("authorization", token).send().await.unwrap();
    let far = json(far).await;
    assert_eq!(far["AccountId"], "444455556666");
    let far = Key::of(&far);
    assert_eq!(error(question("artifactory/cognito").ask(&cloud, &far).await).await.1, "ResourceNotFoundException");
    let pools = Call::new("AWSCognitoIdentityProviderService.ListUserPools", &json!({"MaxResults": 60}));
    assert_eq!(json(pools.ask(&cloud, &far).await).await["UserPools"], json!([]));
}

#[tokio::test]
async fn a_world_whose_secret_is_of_a_client_that_is_none_does_not_start() {
    let mut world = World::default();
    world.aws.cognito.user_pools.clear();
    let error = MockCloud::start(world).await.err().unwrap().to_string();
    assert!(error.contains("`artifactory/cognito`") && error.contains("`artifactory`"), "{error}");
}

#[tokio::test]
async fn credentials_that_are_over_are_said_to_be() {
    let cloud = start().await;
    let key = key(&cloud).await;
    cloud.kit().clock.advance(Duration::from_secs(7 * 3600));
    let (status, code, message) = error(question("artifactory/cognito").ask(&cloud, &key).await).await;
    assert_eq!((status, code.as_str()), (400, "ExpiredTokenException"));
    assert_eq!(message, "The security token included in the request is expired");
}

#[tokio::test]
async fn a_version_is_asked_for_by_its_stage_or_its_id() {
    let cloud = start().await;
    let key = key(&cloud).await;
    let version = json(question("artifactory/cognito").ask(&cloud, &key).await).await["VersionId"].clone();
    for (field, value, missing) in [
        ("VersionStage", json!("AWSCURRENT"), None),
        ("VersionId", version, None),
        ("VersionStage", json!("AWSPREVIOUS"), Some("staging label: AWSPREVIOUS")),
        ("VersionId", json!("0".repeat(32)), Some("VersionId: 00000000000000000000000000000000")),
    ] {
        let call = Call::new(OPERATION, &json!({"SecretId": "artifactory/cognito", field: value}));
        let answer = call.ask(&cloud, &key).await;
        match missing {
            None => assert_eq!(answer.status(), 200),
            Some(what) => {
                let text = format!("Secrets Manager can't find the specified secret value for {what}");
                assert_eq!(error(answer).await, (400, "ResourceNotFoundException".into(), text));
            }
        }
    }
}

#[tokio::test]
async fn bytes_come_as_base64_and_a_text_as_it_is() {
    let cloud = start_with(vec![
        secret("bytes", Content::Binary("AAEC".into()), Protection::None),
        secret("text", Content::Text("äß\n".into()), Protection::None),
    ])
    .await;
    let key = key(&cloud).await;
    let bytes = json(question("bytes").ask(&cloud, &key).await).await;
    assert_eq!((bytes["SecretBinary"].as_str(), bytes.get("SecretString")), (Some("AAEC"), None));
    let text = json(question("text").ask(&cloud, &key).await).await;
    assert_eq!((text["SecretString"].as_str(), text.get("SecretBinary")), (Some("äß\n"), None));
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_says_why() {
    for (protection, code) in [
        (Protection::Deleted, "InvalidRequestException"),
        (Protection::KeyBroken, "DecryptionFailure"),
        (Protection::KeyDenied, "AccessDeniedException"),
    ] {
        let cloud = start_with(vec![secret("a", Content::Text("value".into()), protection)]).await;
        let (status, name, message) = error(question("a").ask(&cloud, &key(&cloud).await).await).await;
        assert_eq!((status, name.as_str()), (400, code));
        assert!(!message.is_empty() && !message.contains("value"), "{message}");
    }
}

#[tokio::test]
async fn an_input_that_is_none_is_refused() {
    let cloud = start().await;
    let key = key(&cloud).await;
    for (body, code) in [
        ("{}", "ValidationException"),
        (r#"{"SecretId":""}"#, "ValidationException"),
        (r#"{"SecretId":5}"#, "SerializationException"),
        ("[]", "SerializationException"),
        ("nonsense", "SerializationException"),
    ] {
        let call = Call { body: body.into(), ..question("") };
        let (status, name, _) = error(call.ask(&cloud, &key).await).await;
        assert_eq!((status, name.as_str()), (400, code), "{body}");
    }
    let long = error(question(&"x".repeat(2049)).ask(&cloud, &key).await).await;
    assert_eq!(long.1, "ValidationException");
}

#[tokio::test]
async fn what_is_no_call_of_the_api_is_an_unknown_operation() {
    let cloud = start().await;
    let key = key(&cloud).await;
    let charset = Call { content_type: "application/x-amz-json-1.1; charset=utf-8", ..question("artifactory/cognito") };
    assert_eq!(charset.ask(&cloud, &key).await.status(), 200);
    let form = Call { content_type: "application/x-www-form-urlencoded", ..question("artifactory/cognito") };
    let other = Call { target: "secretsmanager.DeleteSecret", ..question("artifactory/cognito") };
    let mixed = Call {
        target: "AWSCognitoIdentityProviderService.GetSecretValue",
        host: Some("secretsmanager.us-east-1.amazonaws.com"),
        ..question("artifactory/cognito")
    };
    for call in [form, other, mixed] {
        let answer = error(call.ask(&cloud, &key).await).await;
        assert_eq!(answer, (400, "UnknownOperationException".into(), String::new()));
    }
    let get = client(None).get(cloud.url()).header("x-amz-target", OPERATION);
    let get = get.header("content-type", "application/x-amz-json-1.1").send().await.unwrap();
    assert_eq!(error(get).await.1, "UnknownOperationException");
}

#[tokio::test]
async fn what_a_secret_holds_is_a_secret_of_the_world() {
    let cloud = start_with(vec![secret("a", Content::Text("precious".into()), Protection::None)]).await;
    assert!(cloud.secrets().contains(&"precious".to_owned()));
}
