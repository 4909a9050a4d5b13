//! The API of Cognito, asked by the SDK's signer, and the issuers of its pools.

use mock_cloud::aws::cognito::{ResourceServer, UserPool};
use mock_cloud::aws::world::{Role, Trust};
use mock_cloud::{MockCloud, World};
use reqwest::Response;
use serde_json::{Value, json};

use crate::client::{get, header, json, start};
use crate::signer::{Call, Key, error};

const POOL: &str = "us-east-1_Artifacts";

async fn ask(cloud: &MockCloud, operation: &str, input: &Value) -> Response {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let key = Key::of_instance(cloud, "artifactory-pull").await;
    Call::new(&target, input).ask(cloud, &key).await
}

async fn start_with(user_pools: Vec<UserPool>) -> MockCloud {
    let mut world = World::default();
    world.aws.secrets.clear();
    world.aws.cognito.user_pools = user_pools;
    MockCloud::start(world).await.unwrap()
}

fn pool(name: &str, resource_servers: Vec<ResourceServer>) -> UserPool {
    UserPool {
        id: format!("us-east-1_{name}"),
        name: name.into(),
        domain: None,
        custom_domain: None,
        resource_servers,
        clients: Vec::new(),
    }
}

fn server(name: String) -> ResourceServer {
    ResourceServer { identifier: name.clone(), name, scopes: Vec::new() }
}

/// Every item of a listing, page by page, with the number of pages.
async fn all(cloud: &MockCloud, operation: &str, list: &str, mut input: Value) -> (Vec<String>, usize) {
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let answer = ask(cloud, operation, &input).await;
        assert_eq!(answer.status(), 200);
        let answer = json(answer).await;
        let page = answer[list].as_array().unwrap();
        assert!(page.len() <= usize::try_from(input["MaxResults"].as_u64().unwrap_or(50)).unwrap());
        names.extend(page.iter().map(|item| item["Name"].as_str().unwrap().to_owned()));
        pages += 1;
        match answer.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => return (names, pages),
        }
    }
}

#[tokio::test]
async fn the_built_in_pools_are_listed_by_name_and_id() {
    let cloud = start().await;
    let answer = ask(&cloud, "ListUserPools", &json!({"MaxResults": 60})).await;
    assert_eq!(header(&answer, "content-type"), Some("application/x-amz-json-1.1"));
    let answer = json(answer).await;
    assert_eq!(answer.get("NextToken"), None);
    let pools: Vec<_> =
        answer["UserPools"].as_array().unwrap().iter().map(|pool| (&pool["Name"], &pool["Id"])).collect();
    assert_eq!(pools.len(), 3);
    assert_eq!(pools[1], (&json!("artifactory-pool"), &json!(POOL)));
    assert!(answer["UserPools"][1]["CreationDate"].as_f64().unwrap() > 1e9);
}

#[tokio::test]
async fn the_pages_of_pools_hold_each_once_and_the_last_leads_nowhere() {
    let names: Vec<String> = (0..65).map(|index| format!("pool{index}")).collect();
    let cloud = start_with(names.iter().map(|name| pool(name, Vec::new())).collect()).await;
    for (size, pages) in [(60, 2), (13, 5), (50, 2)] {
        let listed = all(&cloud, "ListUserPools", "UserPools", json!({"MaxResults": size})).await;
        assert_eq!(listed, (names.clone(), pages), "{size}");
    }
}

#[tokio::test]
async fn resource_servers_come_by_fifty_unless_told() {
    let names: Vec<String> = (0..51).map(|index| format!("server{index}")).collect();
    let servers = names.iter().cloned().map(server).collect();
    let cloud = start_with(vec![pool("only", servers)]).await;
    let input = json!({"UserPoolId": "us-east-1_only"});
    let listed = all(&cloud, "ListResourceServers", "ResourceServers", input).await;
    assert_eq!(listed, (names.clone(), 2));
    let input = json!({"UserPoolId": "us-east-1_only", "MaxResults": 10});
    assert_eq!(all(&cloud, "ListResourceServers", "ResourceServers", input).await, (names, 6));
}

#[tokio::test]
async fn a_size_out_of_bounds_is_an_invalid_parameter() {
    let cloud = start().await;
    let pools = |size: Value| ("ListUserPools", json!({ "MaxResults": size }));
    let servers = |size: i64| ("ListResourceServers", json!({"UserPoolId": POOL, "MaxResults": size}));
    for ((operation, input), value, constraint) in [
        (("ListUserPools", json!({})), "null", "not be null"),
        (pools(json!(0)), "'0'", "have value greater than or equal to 1"),
        (pools(json!(61)), "'61'", "have value less than or equal to 60"),
        (servers(0), "'0'", "have value greater than or equal to 1"),
        (servers(51), "'51'", "have value less than or equal to 50"),
    ] {
        let answer = ask(&cloud, operation, &input).await;
        assert_eq!(header(&answer, "x-amzn-errortype"), Some("InvalidParameterException:"));
        let text = format!(
            "1 validation error detected: Value {value} at 'maxResults' failed to satisfy constraint: Member must \
             {constraint}"
        );
        assert_eq!(header(&answer, "x-amzn-errormessage"), Some(&*text));
        assert_eq!(error(answer).await, (400, "InvalidParameterException".into(), text));
    }
    for size in [1, 60] {
        assert_eq!(ask(&cloud, "ListUserPools", &json!({"MaxResults": size})).await.status(), 200);
    }
}

#[tokio::test]
async fn a_token_that_was_not_handed_out_leads_to_no_page() {
    let cloud = start().await;
    let first = json(ask(&cloud, "ListUserPools", &json!({"MaxResults": 1})).await).await;
    let token = first["NextToken"].clone();
    let with = |token: &Value| json!({"MaxResults": 1, "NextToken": token});
    assert_eq!(ask(&cloud, "ListUserPools", &with(&token)).await.status(), 200);
    let altered = json!(token.as_str().unwrap().replacen(|_| true, "_", 1));
    for wrong in [altered, json!("1"), json!("")] {
        let answer = error(ask(&cloud, "ListUserPools", &with(&wrong)).await).await;
        assert_eq!((answer.0, answer.1.as_str()), (400, "InvalidParameterException"), "{wrong}");
    }
    let input = json!({"UserPoolId": POOL, "MaxResults": 1, "NextToken": token});
    assert_eq!(error(ask(&cloud, "ListResourceServers", &input).await).await.1, "InvalidParameterException");
}

#[tokio::test]
async fn a_pool_is_described_with_the_domains_that_it_has() {
    let mut world = World::default();
    world.aws.cognito.user_pools[2].custom_domain = Some("auth.example.com".into());
    let cloud = MockCloud::start(world).await.unwrap();
    let describe = async |id: &str| {
        json(ask(&cloud, "DescribeUserPool", &json!({ "UserPoolId": id })).await).await["UserPool"].clone()
    };
    let pool = describe(POOL).await;
    assert_eq!(pool["Name"], "artifactory-pool");
    assert_eq!(pool["Arn"], format!("arn:aws:cognito-idp:us-east-1:111122223333:userpool/{POOL}"));
    assert_eq!((pool["Domain"].as_str(), pool.get("CustomDomain")), (Some("artifactory-demo"), None));
    let own = describe("us-east-1_Partners0").await;
    assert_eq!((own.get("Domain"), own["CustomDomain"].as_str()), (None, Some("auth.example.com")));
    let none = describe("us-east-1_Employees").await;
    assert_eq!((none.get("Domain"), none.get("CustomDomain")), (None, None));
}

#[tokio::test]
async fn the_built_in_pool_has_the_scope_of_artifactory() {
    let cloud = start().await;
    let answer = json(ask(&cloud, "ListResourceServers", &json!({ "UserPoolId": POOL })).await).await;
    assert_eq!(
        answer["ResourceServers"][1],
        json!({
            "UserPoolId": POOL,
            "Identifier": "artifactory",
            "Name": "artifactory",
            "Scopes": [{"ScopeName": "pull", "ScopeDescription": "pull"}],
        })
    );
}

#[tokio::test]
async fn a_pool_that_is_none_is_not_found_and_an_id_that_is_none_is_invalid() {
    let cloud = start().await;
    for operation in ["DescribeUserPool", "ListResourceServers"] {
        for (id, code, message) in [
            (
                json!("us-east-1_Nobody000"),
                "ResourceNotFoundException",
                "User pool us-east-1_Nobody000 does not exist.",
            ),
            (
                json!("nobody\n"),
                "InvalidParameterException",
                "1 validation error detected: Value 'nobody\n' at 'userPoolId' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+",
            ),
            (
                Value::Null,
                "InvalidParameterException",
                "1 validation error detected: Value null at 'userPoolId' failed to satisfy constraint: Member must not \
                 be null",
            ),
        ] {
            let answer = error(ask(&cloud, operation, &json!({ "UserPoolId": id })).await).await;
            assert_eq!(answer, (400, code.to_owned(), message.to_owned()));
        }
    }
}

#[tokio::test]
async fn each_operation_needs_its_own_permission() {
    let operations = [
        ("ListUserPools", json!({"MaxResults": 60}), "*"),
        ("DescribeUserPool", json!({ "UserPoolId": POOL }), "arn:aws:cognito-idp:us-east-1:111122223333:userpool/"),
        ("ListResourceServers", json!({ "UserPoolId": POOL }), "arn:aws:cognito-idp:us-east-1:111122223333:userpool/"),
    ];
    for (allowed, _, _) in &operations {
        let mut world = World::default();
        let may_call = vec![format!("cognito-idp:{allowed}")];
        world.aws.roles = vec![Role { may_call, ..Role::new("artifactory-pull", Trust::Ec2) }];
        let cloud = MockCloud::start(world).await.unwrap();
        for (operation, input, resource) in &operations {
            let answer = ask(&cloud, operation, input).await;
            if operation == allowed {
                assert_eq!(answer.status(), 200, "{operation}");
                continue;
            }
            let (status, code, message) = error(answer).await;
            assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
            let text = format!("is not authorized to perform: cognito-idp:{operation} on resource: {resource}");
            assert!(message.contains(&text), "{message}");
        }
    }
}

#[tokio::test]
async fn a_call_is_signed_for_this_service() {
    let cloud = start().await;
    let key = Key::of_instance(&cloud, "artifactory-pull").await;
    let target = "AWSCognitoIdentityProviderService.ListUserPools";
    let call = || Call::new(target, &json!({"MaxResults": 1}));
    let wrong = Call { service: "cognito-identity", ..call() };
    let (_, code, message) = error(wrong.ask(&cloud, &key).await).await;
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(message, "Credential should be scoped to correct service: 'cognito-idp'. ");
    let unsigned = call().send(&cloud, &[("x-amz-target".into(), target.into())]).await;
    assert_eq!(error(unsigned).await.1, "UnknownOperationException", "nor is it of the media type");
    let named = Call { host: Some("cognito-idp.us-east-1.amazonaws.com"), ..call() };
    assert_eq!(named.ask(&cloud, &key).await.status(), 200);
    let far = Call { region: "eu-west-1", host: Some("cognito-idp.eu-west-1.amazonaws.com"), ..call() };
    assert_eq!(json(far.ask(&cloud, &key).await).await["UserPools"], json!([]));
    let other = Call { target: "AWSCognitoIdentityProviderService.CreateUserPool", ..call() };
    assert_eq!(error(other.ask(&cloud, &key).await).await.1, "UnknownOperationException");
}

#[tokio::test]
async fn a_pool_publishes_what_cognito_does() {
    let cloud = start().await;
    let document = get(&cloud, &format!("/{POOL}/.well-known/openid-configuration"));
    let document = json(document.send().await.unwrap()).await;
    assert_eq!(document["issuer"], format!("{}/{POOL}", cloud.url()));
    assert_eq!(document["jwks_uri"], format!("{}/{POOL}/.well-known/jwks.json", cloud.url()));
    let domain = "https://artifactory-demo.auth.us-east-1.amazoncognito.com";
    assert_eq!(document["token_endpoint"], format!("{domain}/oauth2/token"));
    let keys = json(get(&cloud, &format!("/{POOL}/.well-known/jwks.json")).send().await.unwrap()).await;
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    let other = json(get(&cloud, "/us-east-1_Employees/.well-known/jwks.json").send().await.unwrap()).await;
    assert_ne!(other["keys"][0]["kid"], keys["keys"][0]["kid"]);
    for path in ["/us-east-1_Nobody000/.well-known/jwks.json", "/us-east-1_Nobody000/.well-known/openid-configuration"]
    {
        assert_eq!(get(&cloud, path).send().await.unwrap().status(), 404);
    }
}
