//! What STS can answer to a pod's token.

use mock_kit::Fault;

use crate::site::Site;
use crate::workload::{opted_in, pull};

fn refusal(status: u16, code: &str, message: &str) -> Fault {
    let body = format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n    \
         <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  <RequestId>1</RequestId>\n</ErrorResponse>\n"
    );
    Fault::reply("/", status, body).header("content-type", "text/xml").on("POST")
}

fn attempts(site: &Site) -> usize {
    site.cloud_requests().iter().filter(|request| *request == "POST /").count()
}

/// Cause and hint of a refusal, and after how many attempts they were told.
async fn told(fault: Fault) -> String {
    let site = Site::start().await;
    site.cloud.kit().faults.add(fault);
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    let explanation = site.named(outcome.failure(4));
    let (_, told) = explanation.split_once("  caused by: ").expect("a cause");
    format!("{} x {told}", attempts(&site))
}

#[tokio::test]
async fn what_sts_refuses_is_explained() {
    let mut report = String::new();
    for (status, code, message) in [
        (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        (400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://issuer"),
        (400, "InvalidIdentityToken", "Incorrect token audience"),
        (
            400,
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider,  please reference \
             AssumeRoleWithWebIdentity documentation for requirements",
        ),
        (400, "ExpiredTokenException", "Token expired: current date/time 2 must be before the expiration date/time 1"),
        (400, "IDPCommunicationError", "The identity provider could not be reached"),
        (403, "IDPRejectedClaim", "The identity provider rejected the claim"),
        (403, "RegionDisabledException", "STS is not activated in this region for account:111122223333"),
        (400, "MalformedPolicyDocument", "The policy document is malformed"),
        (400, "PackedPolicyTooLarge", "Packed size of session tags consumes 101% of allotted space"),
        (
            400,
            "ValidationError",
            "1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length \
             greater than or equal to 20",
        ),
        (400, "Throttling", "Rate exceeded"),
        (400, "InvalidAction", "Could not find operation AssumeRoleWithWebIdentity for version 2011-06-15"),
    ] {
        report += &told(refusal(status, code, message)).await;
    }
    insta::assert_snapshot!(report, @r#"
    1 x AWS STS refused with `AccessDenied`: Not authorized to perform sts:AssumeRoleWithWebIdentity
      hint: the role's trust policy must allow sts:AssumeRoleWithWebIdentity with "Condition": {"StringEquals": {"http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF:aud": "sts.amazonaws.com", "http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF:sub": "system:serviceaccount:default:app"}}
    1 x AWS STS refused with `InvalidIdentityToken`: No OpenIDConnect provider found in your account for https://issuer
      hint: the role's account needs an IAM OIDC provider `http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF` with the client id `sts.amazonaws.com`
    1 x AWS STS refused with `InvalidIdentityToken`: Incorrect token audience
      hint: add the client id `sts.amazonaws.com` to the IAM OIDC provider `http://CLOUD/id/0123456789ABCDEF0123456789ABCDEF` of the role's account
    1 x AWS STS refused with `InvalidIdentityToken`: Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements
      hint: AWS must be able to read https://CLOUD/id/0123456789ABCDEF0123456789ABCDEF/.well-known/openid-configuration and the keys that it names
    1 x AWS STS refused with `ExpiredTokenException`: Token expired: current date/time 2 must be before the expiration date/time 1
      hint: check the node's clock; the kubelet sends a fresh token
    3 x AWS STS refused with `IDPCommunicationError`: The identity provider could not be reached
      hint: AWS could not read https://CLOUD/id/0123456789ABCDEF0123456789ABCDEF/.well-known/openid-configuration in time; the kubelet tries again
    1 x AWS STS refused with `IDPRejectedClaim`: The identity provider rejected the claim
      hint: check that the service account and the pod still exist, and the node's clock; the kubelet sends a fresh token
    1 x AWS STS refused with `RegionDisabledException`: STS is not activated in this region for account:111122223333
      hint: enable the region's STS in the account, or set `aws_region` (`region`)
    1 x AWS STS refused with `MalformedPolicyDocument`: The policy document is malformed
      hint: report this: the provider sends no session policy
    1 x AWS STS refused with `PackedPolicyTooLarge`: Packed size of session tags consumes 101% of allotted space
      hint: shorten the session tags that the issuer puts into the token
    1 x AWS STS refused with `ValidationError`: 1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20
      hint: check the role's ARN, as `eks.amazonaws.com/role-arn` (`roleArn`) has it, and its length
    3 x AWS STS refused with `Throttling`: Rate exceeded
      hint: the account's calls to STS are throttled; a longer `secret_ttl_seconds` (`tokenLifetime`) means fewer
    1 x AWS STS refused with `InvalidAction`: Could not find operation AssumeRoleWithWebIdentity for version 2011-06-15
      hint: check the role's ARN, its trust policy, and that STS is enabled in the region
    "#);
}

#[tokio::test]
async fn a_refusal_that_passes_is_tried_again() {
    for code in ["Throttling", "IDPCommunicationError"] {
        let site = Site::start().await;
        site.cloud.kit().faults.add(refusal(400, code, "later").times(2));
        let token = site.pod_token("app", "sts.amazonaws.com");
        let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
        assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
        assert_eq!(attempts(&site), 3, "{code}");
    }
}

#[tokio::test]
async fn credentials_that_are_over_when_they_come_are_asked_for_again() {
    let over = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
         <AccessKeyId>ASIAOLD</AccessKeyId><SecretAccessKey>old</SecretAccessKey><SessionToken>old</SessionToken>\
         <Expiration>2020-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
         </AssumeRoleWithWebIdentityResponse>";
    let site = Site::start().await;
    site.cloud.kit().faults.add(Fault::reply("/", 200, over).on("POST").times(1));
    let token = site.pod_token("app", "sts.amazonaws.com");
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    assert_eq!(outcome.credential(&site.host()).0, "aws-web-identity-puller");
    assert_eq!(attempts(&site), 2);
    site.cloud.kit().faults.add(Fault::reply("/", 200, over).on("POST"));
    let outcome = pull(&site, "aws", &token, &opted_in(), &[]).await;
    assert!(outcome.failure(4).contains("the role's credentials expire in 0 s"), "{}", outcome.stderr);
    assert_eq!(attempts(&site), 4);
}
