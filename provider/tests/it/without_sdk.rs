//! A build without the AWS SDK.

use crate::site::Site;

#[tokio::test]
async fn an_identity_that_needs_the_sdk_is_bad_configuration() {
    let site = Site::start().await;
    let role = "arn:aws:iam::444455556666:role/cross-account-pull";
    let changes = [("aws_auth_method", "assume_external_role"), ("aws_external_role_arn", role)];
    let outcome = site.pull_in(&[], &site.environment_with("aws", &changes)).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to read the configuration
      caused by: `assume_external_role` needs the AWS SDK, which this build does not have
      hint: use a build with the cargo feature `aws-sdk`, which is on by default, or do without `assume_external_role`
    ");
    let identity = format!("identity: {{awsExternalRole: {{roleArn: '{role}'}}}}");
    let config = site.file("config.yaml", format!("routes: [{{artifactoryUrl: '{}', {identity}}}]", site.host()));
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    assert!(outcome.failure(3).contains("`awsExternalRole` needs the AWS SDK"), "{}", outcome.stderr);
}

#[tokio::test]
async fn credentials_that_only_the_sdk_finds_are_bad_configuration() {
    let site = Site::start().await;
    let changes = [("aws_auth_method", "cognito_oidc"), ("AWS_PROFILE", "puller")];
    let outcome = site.pull_in(&[], &site.environment_with("aws", &changes)).await;
    insta::assert_snapshot!(site.named(outcome.failure(3)), @r"
    error: failed to read the configuration
      caused by: `AWS_PROFILE` needs the AWS SDK, which this build does not have
      hint: use a build with the cargo feature `aws-sdk`, which is on by default, or do without `AWS_PROFILE`
    ");
    let keys = "secretName: s, scope: pull, userPoolId: p, resourceServerIdentifier: r, credentials: defaultChain";
    let identity = format!("identity: {{awsCognito: {{{keys}}}}}, oidcProvider: {{name: cognito}}");
    let config = site.file("config.yaml", format!("routes: [{{artifactoryUrl: '{}', {identity}}}]", site.host()));
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    assert!(outcome.failure(3).contains("`defaultChain` needs the AWS SDK"), "{}", outcome.stderr);
}
