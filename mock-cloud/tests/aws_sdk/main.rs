//! The AWS SDK for Rust, its credential chain unchanged, judges the AWS mock.
//!
//! The chain reads the environment of its process, so that each test starts this test program once more, with an
//! environment of its own and [`caller`] as its only test. That process asks STS who it is and prints the ARN, or the
//! code of the error.

#[cfg(test)]
mod machine;

use std::io::Write as _;

use aws_config::BehaviorVersion;
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata as _};
use aws_smithy_http_client::Builder;

use machine::{MARK, Machine};

const WEB_IDENTITY_ROLE: &str = "arn:aws:iam::111122223333:role/web-identity-pull";
const INSTANCE: &str = "arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0";

#[tokio::test]
#[ignore = "the process of one caller, started by the other tests"]
async fn caller() {
    let http = Builder::new().build_http();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let outcome = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
    let line = match &outcome {
        Ok(identity) => identity.arn().unwrap_or_default().to_owned(),
        Err(error) => format!("{} {}", error.code().unwrap_or("-"), DisplayErrorContext(error)),
    };
    writeln!(std::io::stdout(), "{MARK}{line}").unwrap();
}

#[tokio::test]
async fn an_instance_is_its_role() {
    let machine = Machine::start().await;
    assert_eq!(machine.caller(&[]).await, INSTANCE);
}

#[tokio::test]
async fn a_token_file_is_a_web_identity() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("app", "sts.amazonaws.com"));
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", WEB_IDENTITY_ROLE),
        ("AWS_ROLE_SESSION_NAME", "sdk"),
    ];
    let arn = "arn:aws:sts::111122223333:assumed-role/web-identity-pull/sdk";
    assert_eq!(machine.caller(&variables).await, arn);
}

#[tokio::test]
async fn a_web_identity_of_another_audience_is_refused() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("app", "artifactory"));
    let variables = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", WEB_IDENTITY_ROLE)];
    let refusal = machine.caller(&variables).await;
    assert!(refusal.contains("InvalidIdentityToken") && refusal.contains("Incorrect token audience"), "{refusal}");
}

#[tokio::test]
async fn a_web_identity_that_the_role_does_not_trust_is_refused() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("plain", "sts.amazonaws.com"));
    let variables = [("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()), ("AWS_ROLE_ARN", WEB_IDENTITY_ROLE)];
    let refusal = machine.caller(&variables).await;
    assert!(refusal.contains("AccessDenied") && refusal.contains("sts:AssumeRoleWithWebIdentity"), "{refusal}");
}

#[tokio::test]
async fn a_pod_is_the_role_that_the_agent_gives() {
    let machine = Machine::start().await;
    let token = machine.file("token", &machine.pod_token("pod-identity", "pods.eks.amazonaws.com"));
    let agent = format!("{}/v1/credentials", machine.cloud.url());
    let variables =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &token)];
    let arn = machine.caller(&variables).await;
    assert!(arn.starts_with("arn:aws:sts::111122223333:assumed-role/pod-identity-pull/eks-"), "{arn}");
    let foreign = machine.file("token", &machine.pod_token("pod-identity", "sts.amazonaws.com"));
    let refusal = machine.caller(&[variables[0], ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &foreign)]).await;
    assert!(!refusal.starts_with("arn:"), "{refusal}");
}

#[tokio::test]
async fn a_profile_crosses_accounts_with_the_external_id_only() {
    let machine = Machine::start().await;
    let profile = |external_id: &str| {
        format!(
            "[default]\nrole_arn = arn:aws:iam::444455556666:role/cross-account-pull\nrole_session_name = sdk\n\
             external_id = {external_id}\ncredential_source = Ec2InstanceMetadata\n"
        )
    };
    let config = machine.file("config", &profile("artifactory-external-id"));
    let arn = machine.caller(&[("AWS_CONFIG_FILE", &config)]).await;
    assert_eq!(arn, "arn:aws:sts::444455556666:assumed-role/cross-account-pull/sdk");
    let config = machine.file("config", &profile("another"));
    let refusal = machine.caller(&[("AWS_CONFIG_FILE", &config)]).await;
    assert!(refusal.contains("AccessDenied") && refusal.contains(INSTANCE), "{refusal}");
}

#[tokio::test]
async fn keys_that_nobody_drew_are_refused() {
    let machine = Machine::start().await;
    let variables = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG")];
    let refusal = machine.caller(&variables).await;
    assert!(refusal.starts_with("InvalidClientTokenId "), "{refusal}");
}
