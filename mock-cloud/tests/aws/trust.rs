//! Trust policies, and the policies of the caller that they leave the last word.

use crate::assume_role::{assume, world};
use crate::instance::Instance;
use crate::question::error;

const OWN: &str = "arn:aws:iam::111122223333:role/target";
const FOREIGN: &str = "arn:aws:iam::444455556666:role/target";

/// Whether the instance role, whose policies let it assume some roles, gets a session of a role with such a trust policy.
async fn is_granted(role_arn: &str, trust: &str, may_assume: &str) -> bool {
    let account = role_arn.split(':').nth(4).unwrap();
    let yaml = format!(
        "
aws:
  roles:
    - {{name: artifactory-pull, mayAssume: [{may_assume}]}}
  otherRoles:
    - name: target
      account: '{account}'
      trust: {trust}
"
    );
    let instance = Instance::start(world(&yaml)).await;
    let answer = assume(&instance, &[("RoleArn", role_arn), ("RoleSessionName", "pull-1"), ("ExternalId", "agreed")]);
    if answer.status != 200 {
        assert_eq!(error(&answer).1, "AccessDenied", "{}", answer.body);
    }
    answer.status == 200
}

fn allowing(principal: &str) -> String {
    format!("{{Statement: [{{Effect: Allow, Principal: {principal}, Action: 'sts:AssumeRole'}}]}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_is_a_role_a_session_an_account_or_everyone() {
    for (principal, by_itself, with_policy) in [
        ("{AWS: 'arn:aws:iam::111122223333:role/artifactory-pull'}", true, true),
        ("{AWS: 'arn:aws:sts::111122223333:assumed-role/artifactory-pull/i-0123456789abcdef0'}", true, true),
        ("{AWS: ['arn:aws:iam::111122223333:role/x', 'arn:aws:iam::111122223333:role/artifactory-pull']}", true, true),
        ("{AWS: '*'}", true, true),
        ("'*'", true, true),
        ("{AWS: 'arn:aws:iam::111122223333:root'}", false, true),
        ("{AWS: '111122223333'}", false, true),
        ("{AWS: 'arn:aws:iam::444455556666:root'}", false, false),
        ("{AWS: 'arn:aws:iam::111122223333:role/other'}", false, false),
        ("{AWS: 'arn:aws:sts::111122223333:assumed-role/artifactory-pull/other'}", false, false),
        ("{Service: ec2.amazonaws.com}", false, false),
        ("{Federated: 'arn:aws:iam::111122223333:role/artifactory-pull'}", false, false),
    ] {
        let trust = allowing(principal);
        assert_eq!(is_granted(OWN, &trust, "").await, by_itself, "{principal}");
        assert_eq!(is_granted(OWN, &trust, "'arn:aws:iam::111122223333:role/targ*'").await, with_policy, "{principal}");
        assert!(!is_granted(FOREIGN, &trust, "").await, "{principal}");
        assert_eq!(is_granted(FOREIGN, &trust, "'arn:aws:iam::*:role/target'").await, with_policy, "{principal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_beats_what_another_statement_allows() {
    let allow = "{Effect: Allow, Principal: '*', Action: 'sts:*'}";
    let deny = |condition: &str| {
        format!("{{Effect: Deny, Principal: '*', Action: 'sts:AssumeRole', Condition: {{StringEquals: {condition}}}}}")
    };
    for (condition, granted) in [
        ("{sts:ExternalId: agreed}", false),
        ("{sts:ExternalId: other}", true),
        ("{sts:RoleSessionName: [other, pull-1]}", false),
    ] {
        let deny = deny(condition);
        for statements in [format!("[{allow}, {deny}]"), format!("[{deny}, {allow}]")] {
            assert_eq!(is_granted(OWN, &format!("{{Statement: {statements}}}"), "").await, granted, "{statements}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_ask_about_the_caller_and_the_session() {
    for (condition, granted) in [
        ("{ArnLike: {aws:PrincipalArn: 'arn:aws:iam::111122223333:role/artifactory-*'}}", true),
        ("{ArnLike: {aws:PrincipalArn: 'arn:aws:sts::111122223333:assumed-role/*'}}", false),
        ("{StringEquals: {aws:PrincipalAccount: '111122223333'}}", true),
        ("{StringEquals: {aws:PrincipalAccount: '444455556666'}}", false),
        ("{StringLike: {aws:userid: 'AROA*:i-0123456789abcdef0'}}", true),
        ("{StringLike: {aws:userid: '*:other'}}", false),
        ("{StringLike: {sts:RoleSessionName: 'pull-?'}}", true),
        ("{StringLike: {sts:RoleSessionName: 'pull-??'}}", false),
        ("{StringEquals: {STS:externalid: agreed}, StringLike: {sts:RoleSessionName: 'pull-*'}}", true),
        ("{StringEquals: {sts:ExternalId: agreed}, StringLike: {sts:RoleSessionName: 'push-*'}}", false),
        ("{StringEquals: {sts:ExternalId: agreed, sts:RoleSessionName: push-1}}", false),
    ] {
        let statement = format!("{{Effect: Allow, Principal: '*', Action: 'STS:assumerole', Condition: {condition}}}");
        assert_eq!(is_granted(OWN, &format!("{{Statement: {statement}}}"), "").await, granted, "{condition}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_must_be_the_one_that_is_attempted() {
    for (action, granted) in [
        ("'sts:AssumeRole'", true),
        ("'*'", true),
        ("['sts:TagSession', 'sts:AssumeRol?']", true),
        ("'sts:AssumeRoleWithWebIdentity'", false),
        ("'sts:TagSession'", false),
        ("[]", false),
    ] {
        let trust = format!("{{Statement: {{Effect: Allow, Principal: '*', Action: {action}}}}}");
        assert_eq!(is_granted(OWN, &trust, "").await, granted, "{action}");
    }
}
