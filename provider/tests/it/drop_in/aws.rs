//! The variables of AWS.

use serde_json::Value;

use crate::cognito;
use crate::program::Outcome;
use crate::site::Site;

async fn pull(site: &Site, changes: &[(&str, &str)]) -> Outcome {
    site.pull_in(&[], &site.environment_with("aws", changes)).await
}

#[tokio::test]
async fn aws_auth_method_says_how_the_node_proves_itself() {
    for (method, user, exchange) in [
        ("", "aws-puller", "/access/api/v1/aws/token"),
        ("assume_role", "aws-puller", "/access/api/v1/aws/token"),
        ("cognito_oidc", "aws-cognito-puller", "/access/api/v1/oidc/token"),
    ] {
        let site = Site::start().await;
        let outcome = pull(&site, &[("aws_auth_method", method)]).await;
        assert_eq!(outcome.credential(&site.host()).0, user, "{method}");
        assert_eq!(site.last_exchange().path, exchange, "{method}");
    }
    let site = Site::start().await;
    for misspelt in ["Assume_Role", "web_identity"] {
        let outcome = pull(&site, &[("aws_auth_method", misspelt)]).await;
        assert!(outcome.failure(3).contains("to one of: assume_role, assume_external_role, cognito_oidc"));
    }
}

#[tokio::test]
async fn aws_role_name_is_a_name_or_an_arn() {
    let site = Site::start().await;
    for role in ["artifactory-pull", "arn:aws:iam::111122223333:role/artifactory-pull"] {
        site.cloud.kit().journal.clear();
        pull(&site, &[("aws_role_name", role)]).await.response();
        let asked = "GET /latest/meta-data/iam/security-credentials/artifactory-pull";
        assert!(site.cloud_requests().contains(&asked.to_owned()), "{role}: {:?}", site.cloud_requests());
    }
    let outcome = pull(&site, &[("aws_role_name", "dummy")]).await;
    assert!(outcome.failure(4).contains("`dummy`"), "{}", outcome.stderr);
}

#[tokio::test]
async fn aws_region_is_the_one_whose_sts_artifactory_asks() {
    let site = Site::start().await;
    for (variable, region) in [("eu-central-1", "eu-central-1"), ("", "us-east-1")] {
        site.cloud.kit().journal.clear();
        let changes = [("aws_region", variable), ("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")];
        pull(&site, &changes).await.response();
        let exchange = site.last_exchange();
        assert_eq!(exchange.query, format!("region={region}"));
        assert_eq!(exchange.header("x-amz-region-set"), Some(region));
        let asked = site.cloud_requests().contains(&"GET /latest/meta-data/placement/region".to_owned());
        assert_eq!(asked, variable.is_empty(), "the instance is asked where nothing names the region");
    }
}

#[cfg(feature = "aws-sdk")]
#[tokio::test]
async fn a_session_lasts_an_hour_unless_a_number_in_range_is_given() {
    let site = crate::external_role::open_site().await;
    for (value, seconds) in [("", "3600"), ("900", "900"), ("43201", "3600"), ("86400", "3600"), ("1h", "3600")] {
        let changes = [("aws_external_role_session_duration_seconds", value)];
        let outcome = site.pull_in(&[], &crate::external_role::variables(&site, &changes)).await;
        assert_eq!(outcome.credential(&site.host()).0, "aws-cross-account-puller", "{value}");
        let requests = site.cloud.kit().journal.requests();
        let call = requests.iter().rfind(|request| request.body.contains("Action=AssumeRole&")).expect("a call");
        assert!(call.body.contains(&format!("DurationSeconds={seconds}")), "{value}: {}", call.body);
    }
}

#[tokio::test]
async fn the_variables_of_cognito_say_what_is_asked_for() {
    let site = Site::start().await;
    site.pull_in(&[], &cognito::environment(&site, &[])).await.response();
    let requests = site.cloud.kit().journal.requests();
    let sent = |target: &str| -> Value {
        let of = |request: &&mock_kit::Recorded| request.header("x-amz-target").is_some_and(|it| it.ends_with(target));
        serde_json::from_str(&requests.iter().find(of).expect(target).body).expect("JSON")
    };
    assert_eq!(sent("GetSecretValue")["SecretId"], "artifactory/cognito", "secret_name");
    assert_eq!(sent("DescribeUserPool")["UserPoolId"], "us-east-1_Artifacts", "the id of user_pool_name");
    let token = requests.iter().find(|request| request.path == cognito::TOKEN).expect("a token request");
    assert!(token.body.contains("scope=artifactory%2Fpull"), "resource_server_name's id, user_pool_resource_scope");
    for name in ["secret_name", "user_pool_name", "resource_server_name", "user_pool_resource_scope"] {
        let unset = site.pull_in(&[], &cognito::environment(&site, &[(name, "")])).await;
        assert!(unset.failure(3).contains(&format!("`{name}` is not set")), "{}", unset.stderr);
        let other = site.pull_in(&[], &cognito::environment(&site, &[(name, "other")])).await;
        assert!(other.failure(4).contains("other"), "{name}: {}", other.stderr);
    }
}
