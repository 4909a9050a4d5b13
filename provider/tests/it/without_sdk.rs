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
      hint: use a build with the cargo feature `aws-sdk`, which is on by default, or another identity
    ");
    let identity = format!("identity: {{awsExternalRole: {{roleArn: '{role}'}}}}");
    let config = site.file("config.yaml", format!("routes: [{{artifactoryUrl: '{}', {identity}}}]", site.host()));
    let outcome = site.pull_in(&["--config", &config], &site.environment("none")).await;
    assert!(outcome.failure(3).contains("`awsExternalRole` needs the AWS SDK"), "{}", outcome.stderr);
}
